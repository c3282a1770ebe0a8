// A sorted array with a directory before it that adapts to where its keys lie: a search reads few
// cache lines, and branches on none of what it finds there.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fairlead::firewall {

using WideKey = unsigned __int128;  // an IPv6 address

// Values for ranges of keys: the value of a boundary holds from its key up to the next one's. The
// first key is the least that there is.
//
// The directory is a trie compressed by levels: a node divides the stretch of its keys into slots
// of equal width, as many as make a slot a few keys. A slot has the place where its keys begin, or,
// with many of them, a node of its own. The nodes on a way are bounded by the bits of a key, since
// each one decides at least one of them; lists as they are need one or two.
template <typename Key, typename Value>
class Boundaries {
 public:
  struct Boundary {
    Key key{};
    Value value{};
  };

  Boundaries() = default;
  explicit Boundaries(std::span<const Boundary> sorted) {
    if (sorted.empty()) return;
    values_.reserve(sorted.size());
    // Two lines more than there are keys, so that every step ends within the array.
    lines_.resize(sorted.size() / kInLine + 2);
    for (const Boundary& boundary : sorted) {
      lines_[values_.size() / kInLine].keys[values_.size() % kInLine] = boundary.key;
      values_.push_back(boundary.value);
    }
    nodes_.emplace_back();
    divide(0, {1, sorted.size()});
    slots_.shrink_to_fit();
    nodes_.shrink_to_fit();
  }

  bool empty() const { return values_.empty(); }

  // Not when empty.
  const Value& find(const Key& key) const {
    const Node* node = nodes_.data();
    uint32_t slot = slots_[node->first + node->slotOf(key)];
    while ((slot & kIsNode) != 0) {
      node = &nodes_[slot & ~kIsNode];
      slot = slots_[node->first + node->slotOf(key)];
    }
    // What lies before the keys of the slot is not above the key. The values come from memory while
    // the keys do; two lines at once nearly always have all that are asked for.
    __builtin_prefetch(values_.data() + slot - 1);
    size_t line = slot / kInLine;
    uint32_t in_step = 0;
    size_t up_to = 0;
    do {
      in_step = lines_[line].upTo(key) + lines_[line + 1].upTo(key);
      up_to = line * kInLine + in_step;
      line += 2;
    } while (in_step == 2 * kInLine && up_to < values_.size());
    return values_[std::min(up_to, values_.size()) - 1];
  }

  // Bytes of memory.
  size_t size() const {
    return lines_.capacity() * sizeof(Line) + values_.capacity() * sizeof(Value) +
           slots_.capacity() * sizeof(uint32_t) + nodes_.capacity() * sizeof(Node);
  }

 private:
  static constexpr size_t kInLine = 64 / sizeof(Key);
  static constexpr size_t kMeanInSlot = kInLine > 4 ? 6 : 4;
  static constexpr size_t kMostInSlot = 2 * kInLine;
  static constexpr uint32_t kIsNode = 1u << 31;

  // A line of the cache.
  struct alignas(64) Line {
    std::array<Key, kInLine> keys = filled();

    // How many keys are not above this one. All are compared: that is quicker than to guess where
    // to stop.
    uint32_t upTo(const Key& key) const {
      uint32_t count = 0;
      for (const Key& candidate : keys) count += candidate <= key ? 1 : 0;
      return count;
    }
    static constexpr std::array<Key, kInLine> filled() {
      std::array<Key, kInLine> last;
      last.fill(static_cast<Key>(~Key{0}));
      return last;
    }
  };
  // What lies before its least key belongs to its first slot, what lies behind to its last one.
  struct Node {
    Key least{};
    uint32_t first = 0;  // slot
    uint32_t last = 0;   // slot, from `first`
    int shift = 0;       // bits of a slot's width

    uint32_t slotOf(const Key& key) const {
      const Key distance = key > least ? static_cast<Key>(key - least) : Key{0};
      return static_cast<uint32_t>(std::min<Key>(distance >> shift, last));
    }
  };
  // Positions of boundaries.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
    size_t count() const { return end - begin; }
  };

  const Key& keyAt(size_t position) const {
    return lines_[position / kInLine].keys[position % kInLine];
  }

  static int bitWidth(Key key) {
    if constexpr (sizeof(Key) <= 8) return static_cast<int>(std::bit_width(key));
    const auto high = static_cast<uint64_t>(key >> 64);
    return high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                     : static_cast<int>(std::bit_width(static_cast<uint64_t>(key)));
  }

  // Makes node `number` divide the keys of the range.
  void divide(size_t number, Range range) {
    Node node{.first = static_cast<uint32_t>(slots_.size())};
    if (range.count() > 0) {
      node.least = keyAt(range.begin);
      const Key stretch = static_cast<Key>(keyAt(range.end - 1) - node.least);
      const int wanted = static_cast<int>(std::bit_width(range.count() / kMeanInSlot));
      node.shift = std::max(0, bitWidth(stretch) - std::max(1, wanted));
      node.last = static_cast<uint32_t>(stretch >> node.shift);
    }
    nodes_[number] = node;
    slots_.resize(slots_.size() + node.last + 1);
    for (uint32_t slot = 0; slot <= node.last; ++slot) {
      Range keys{range.begin, range.begin};
      while (keys.end < range.end && node.slotOf(keyAt(keys.end)) == slot) ++keys.end;
      range.begin = keys.end;
      slots_[node.first + slot] = slotFor(keys);
    }
  }

  uint32_t slotFor(Range keys) {
    if (keys.count() <= kMostInSlot) return static_cast<uint32_t>(keys.begin);
    const size_t number = nodes_.size();
    nodes_.emplace_back();
    divide(number, keys);
    return static_cast<uint32_t>(number) | kIsNode;
  }

  std::vector<Line> lines_;
  std::vector<Value> values_;    // of the keys
  std::vector<uint32_t> slots_;  // the position of the first key, or the number of a node
  std::vector<Node> nodes_;      // the first is the root
};

}  // namespace fairlead::firewall
