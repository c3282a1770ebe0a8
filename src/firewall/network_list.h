// An immutable list of networks, up to millions: which of them, the longest, has an address?
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ip_address.h"
#include "firewall/boundaries.h"

namespace fairlead::firewall {

// Nested networks are laid flat when the list is built: the address space of each family becomes
// ranges that do not overlap, each with the longest network that has it.
class NetworkList {
 public:
  struct Entry {
    Cidr cidr;
    uint32_t line = 0;    // where it stands
    uint32_t column = 0;  // at most kLargestColumn
  };
  static constexpr uint32_t kLargestColumn = (1u << 24) - 1;

  NetworkList() = default;
  // Of the same network twice the one of the first line counts.
  explicit NetworkList(std::vector<Entry> entries);

  // The longest network that has the address.
  std::optional<Entry> find(const IpAddress& address) const;

  // Different networks.
  size_t count() const { return count_; }
  // Bytes of memory.
  size_t size() const { return v4_.size() + v6_.size(); }

 private:
  // What is left of an entry: its network is the address that was looked for, masked.
  struct Record {
    uint32_t line = 0;
    uint32_t column : 24 = 0;
    uint32_t bits : 8 = kNothing;
  };
  static constexpr uint32_t kNothing = 255;

  Boundaries<uint32_t, Record> v4_;
  Boundaries<WideKey, Record> v6_;
  size_t count_ = 0;

  template <typename Key>
  friend class Flattening;
};

}  // namespace fairlead::firewall
