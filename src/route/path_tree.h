// Which route a path belongs to: a radix tree over the bytes of canonical paths, walked once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/router.h"

namespace fairlead::route {

class PathTree {
 public:
  struct Entry {
    std::string_view path;  // as in RouteSpec
    bool exact = false;
    RouteId route = kNone;
  };

  PathTree() = default;
  // Of two entries that cannot be told apart, the one with the lower id counts.
  explicit PathTree(std::vector<Entry> entries);

  // An exact entry, else the longest prefix, else kNone. No allocation; the cost is that of
  // comparing the path once.
  RouteId find(std::string_view path) const;

 private:
  // A node stands for the text on the way to it. Children are neighbours in `nodes_`, sorted by the
  // first byte of their labels, which `first_bytes_` repeats for the search.
  struct Node {
    uint32_t label_begin = 0;  // in `labels_`
    uint32_t label_size = 0;
    uint32_t first_child = 0;
    uint32_t child_count = 0;
    RouteId exact = kNone;
    RouteId prefix = kNone;
  };
  struct Range;  // entries below one node that is still to be built

  size_t buildNode(std::span<const Entry> entries, const Range& range);
  void addChildren(std::span<const Entry> entries, Range rest, std::vector<Range>& open);
  const Node* childOf(const Node& node, char first) const;
  std::string_view labelOf(const Node& node) const {
    return {labels_.data() + node.label_begin, node.label_size};
  }

  std::vector<Node> nodes_;
  std::string first_bytes_;
  std::string labels_;
};

}  // namespace fairlead::route
