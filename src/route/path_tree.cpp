// Building and walking the radix trees of paths.
#include "route/path_tree.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::route {
namespace {

// The prefix `/` is kept as the empty text: every path, `*` of OPTIONS included, is below it.
std::string_view keyOf(const PathTrees::Entry& entry) {
  return !entry.exact && entry.path == "/" ? std::string_view() : entry.path;
}

size_t commonLength(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

struct PathTrees::Range {
  size_t node = 0;
  size_t begin = 0;
  size_t end = 0;
  size_t depth = 0;           // bytes of the keys that the way to the node has used
  int32_t enclosing = kNone;  // the first link of the longest prefix that all keys are below
};

PathTrees::Tree PathTrees::add(std::vector<Entry> entries) {
  Tree tree;
  if (entries.empty()) return tree;
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(keyOf(e), e.rank); });
  const auto ends = std::ranges::find_if(entries, [](const Entry& e) { return !keyOf(e).empty(); });
  const std::span<const Entry> all(entries);
  const auto catch_all = all.first(static_cast<size_t>(ends - entries.begin()));
  tree.catch_all = addLinks(catch_all, false, kNone);
  if (catch_all.size() == all.size()) return tree;
  tree.root = static_cast<int32_t>(addNode('\0'));
  std::vector<Range> open{
      {.node = nodes_.size() - 1, .begin = catch_all.size(), .end = all.size()}};
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    buildNode(all, range);
    addChildren(all, range, open);
  }
  return tree;
}

// Gives the node its label, what all keys of the range have in common, and the entries that end
// there. The range is left with the entries that go on.
void PathTrees::buildNode(std::span<const Entry> entries, Range& range) {
  const std::string_view first = keyOf(entries[range.begin]);
  const size_t end = commonLength(first, keyOf(entries[range.end - 1]));
  Node& node = nodes_[range.node];
  node.label_begin = static_cast<uint32_t>(labels_.size());
  node.label_size = static_cast<uint32_t>(end - range.depth);
  labels_.append(first.substr(range.depth, node.label_size));
  range.depth = end;
  size_t here = range.begin;
  while (here < range.end && keyOf(entries[here]).size() == end) ++here;
  const auto ending = entries.subspan(range.begin, here - range.begin);
  node.prefix = addLinks(ending, false, range.enclosing);
  node.exact = addLinks(ending, true, node.prefix == kNone ? range.enclosing : node.prefix);
  range.begin = here;
}

// A chain of the entries of one kind, from the last of which `otherwise` is next. Returns the first
// of them, or kNone.
int32_t PathTrees::addLinks(std::span<const Entry> entries, bool exact, int32_t otherwise) {
  const auto first = static_cast<int32_t>(links_.size());
  for (const Entry& entry : entries)
    if (entry.exact == exact)
      links_.push_back({entry.candidate, static_cast<int32_t>(links_.size()) + 1});
  if (static_cast<int32_t>(links_.size()) == first) return kNone;
  links_.back().next = otherwise;
  return first;
}

void PathTrees::addChildren(std::span<const Entry> entries, Range rest, std::vector<Range>& open) {
  const size_t parent = rest.node;
  const int32_t prefix = nodes_[parent].prefix;
  nodes_[parent].first_child = static_cast<uint32_t>(nodes_.size());
  while (rest.begin < rest.end) {
    const char first = keyOf(entries[rest.begin])[rest.depth];
    size_t end = rest.begin + 1;
    while (end < rest.end && keyOf(entries[end])[rest.depth] == first) ++end;
    const int32_t enclosing = prefix != kNone && first == '/' ? prefix : rest.enclosing;
    open.push_back({addNode(first), rest.begin, end, rest.depth, enclosing});
    ++nodes_[parent].child_count;
    rest.begin = end;
  }
}

size_t PathTrees::addNode(char first) {
  nodes_.emplace_back();
  first_bytes_.push_back(first);
  return nodes_.size() - 1;
}

const PathTrees::Link* PathTrees::find(Tree tree, std::string_view path) const {
  int32_t best = kNone;
  const Node* node = tree.root == kNone ? nullptr : &nodes_[static_cast<size_t>(tree.root)];
  for (size_t at = 0; node; node = childOf(*node, path[at])) {
    if (!path.substr(at).starts_with(labelOf(*node))) break;
    at += node->label_size;
    if (at == path.size()) {
      if (node->exact != kNone) return linkAt(node->exact);
      return linkAt(node->prefix != kNone ? node->prefix : best);
    }
    if (node->prefix != kNone && path[at] == '/') best = node->prefix;
  }
  return linkAt(best);
}

const PathTrees::Node* PathTrees::childOf(const Node& node, char first) const {
  if (node.child_count == 0) return nullptr;
  const char* begin = first_bytes_.data() + node.first_child;
  const void* found = std::memchr(begin, first, node.child_count);
  if (!found) return nullptr;
  return nodes_.data() + (static_cast<const char*>(found) - first_bytes_.data());
}

}  // namespace fairlead::route
