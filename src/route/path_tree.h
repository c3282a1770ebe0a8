// Which routes a path belongs to: radix trees over the bytes of canonical paths, walked once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/spec.h"

namespace fairlead::route {

// A route whose host and path fit, and what else it asks.
struct Candidate {
  RouteId route = kNone;
  int32_t conditions = kNone;  // in the router's list; kNone: takes whatever comes
};

// The trees of all hosts, in common arrays: what a walk touches lies close together.
class PathTrees {
 public:
  struct Entry {
    std::string_view path;  // as in RouteSpec
    bool exact = false;
    size_t rank = 0;  // of one path and kind, the smallest is asked first; no two are equal
    Candidate candidate;
  };
  // A candidate, and who is asked next when its conditions fail.
  struct Link {
    Candidate candidate;
    int32_t next = kNone;
  };
  struct Tree {
    int32_t root = kNone;
    int32_t catch_all = kNone;
  };

  Tree add(std::vector<Entry> entries);

  // The first to ask for this path: the exact entries, then those of the longest prefix, then
  // `after` leads to shorter ones, but for `/`. Null: none. No allocation; the cost is that of
  // comparing the path once.
  const Link* find(Tree tree, std::string_view path) const;
  // The prefix `/`, which every path is below, that of `OPTIONS *` included.
  const Link* catchAll(Tree tree) const { return linkAt(tree.catch_all); }
  const Link* after(const Link& link) const { return linkAt(link.next); }

 private:
  // A node stands for the text on the way to it. Children are neighbours in `nodes_`, sorted by the
  // first byte of their labels, which `first_bytes_` repeats for the search.
  struct Node {
    uint32_t label_begin = 0;  // in `labels_`
    uint32_t label_size = 0;
    uint32_t first_child = 0;
    uint32_t child_count = 0;
    int32_t exact = kNone;  // in `links_`: the first of the exact entries that end here
    int32_t prefix = kNone;
  };
  struct Range;  // entries below one node that is still to be built

  void buildNode(std::span<const Entry> entries, Range& range);
  int32_t addLinks(std::span<const Entry> entries, bool exact, int32_t otherwise);
  void addChildren(std::span<const Entry> entries, Range rest, std::vector<Range>& open);
  size_t addNode(char first);
  const Node* childOf(const Node& node, char first) const;
  const Link* linkAt(int32_t at) const {
    return at == kNone ? nullptr : &links_[static_cast<size_t>(at)];
  }
  std::string_view labelOf(const Node& node) const {
    return {labels_.data() + node.label_begin, node.label_size};
  }

  std::vector<Node> nodes_;
  std::vector<Link> links_;
  std::string first_bytes_;
  std::string labels_;
};

}  // namespace fairlead::route
