// Building and walking the radix tree of paths.
#include "route/path_tree.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::route {
namespace {

// The prefix `/` is kept as the empty text: every path, `*` of OPTIONS included, is below it.
std::string_view keyOf(const PathTree::Entry& entry) {
  return !entry.exact && entry.path == "/" ? std::string_view() : entry.path;
}

size_t commonLength(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

struct PathTree::Range {
  size_t node = 0;
  size_t begin = 0;
  size_t end = 0;
  size_t depth = 0;  // bytes of the keys that the way to the node has used
};

PathTree::PathTree(std::vector<Entry> entries) {
  if (entries.empty()) return;
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(keyOf(e), e.route); });
  nodes_.emplace_back();
  first_bytes_.push_back('\0');
  std::vector<Range> open{{0, 0, entries.size(), 0}};
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    range.depth = buildNode(entries, range);
    // Keys that end here sort first; the others go on in children.
    while (range.begin < range.end && keyOf(entries[range.begin]).size() == range.depth)
      ++range.begin;
    addChildren(entries, range, open);
  }
}

// Gives the node its label, what all keys of the range have in common, and the routes that end
// there. Returns the bytes of the keys that are used up then.
size_t PathTree::buildNode(std::span<const Entry> entries, const Range& range) {
  const std::string_view first = keyOf(entries[range.begin]);
  const size_t end = commonLength(first, keyOf(entries[range.end - 1]));
  Node& node = nodes_[range.node];
  node.label_begin = static_cast<uint32_t>(labels_.size());
  node.label_size = static_cast<uint32_t>(end - range.depth);
  labels_.append(first.substr(range.depth, node.label_size));
  for (size_t i = range.begin; i < range.end && keyOf(entries[i]).size() == end; ++i) {
    RouteId& slot = entries[i].exact ? node.exact : node.prefix;
    if (slot == kNone) slot = entries[i].route;
  }
  return end;
}

void PathTree::addChildren(std::span<const Entry> entries, Range rest, std::vector<Range>& open) {
  const size_t parent = rest.node;
  nodes_[parent].first_child = static_cast<uint32_t>(nodes_.size());
  while (rest.begin < rest.end) {
    const char first = keyOf(entries[rest.begin])[rest.depth];
    size_t end = rest.begin + 1;
    while (end < rest.end && keyOf(entries[end])[rest.depth] == first) ++end;
    open.push_back({nodes_.size(), rest.begin, end, rest.depth});
    nodes_.emplace_back();
    first_bytes_.push_back(first);
    ++nodes_[parent].child_count;
    rest.begin = end;
  }
}

RouteId PathTree::find(std::string_view path) const {
  RouteId best = kNone;
  if (nodes_.empty()) return best;
  const Node* node = nodes_.data();
  for (size_t at = 0; node; node = childOf(*node, path[at])) {
    if (!path.substr(at).starts_with(labelOf(*node))) return best;
    at += node->label_size;
    if (at == path.size()) {
      if (node->exact != kNone) return node->exact;
      return node->prefix != kNone ? node->prefix : best;
    }
    // The root's own prefix is `/`, which holds for whatever follows.
    if (node->prefix != kNone && (at == 0 || path[at] == '/')) best = node->prefix;
  }
  return best;
}

const PathTree::Node* PathTree::childOf(const Node& node, char first) const {
  if (node.child_count == 0) return nullptr;
  const char* begin = first_bytes_.data() + node.first_child;
  const void* found = std::memchr(begin, first, node.child_count);
  if (!found) return nullptr;
  return nodes_.data() + (static_cast<const char*>(found) - first_bytes_.data());
}

}  // namespace fairlead::route
