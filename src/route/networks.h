// A set of networks, for one question: is this address in any of them?
#pragma once

#include <span>
#include <vector>

#include "base/ip_address.h"

namespace fairlead::route {

class Networks {
 public:
  Networks() = default;
  explicit Networks(std::span<const Cidr> all);

  // One binary search.
  bool contains(const IpAddress& address) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }
  // Without the networks that lie within others: IPv4 first, then by address.
  std::vector<Cidr> list() const;

 private:
  // Sorted and without overlap. Apart, because `::/0` and its like hold no IPv4 address.
  std::vector<Cidr> v4_;
  std::vector<Cidr> v6_;
};

}  // namespace fairlead::route
