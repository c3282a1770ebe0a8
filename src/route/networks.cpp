// Networks either lie within one another or apart; without the inner ones a binary search finds.
#include "route/networks.h"

#include <algorithm>
#include <iterator>

namespace fairlead::route {
namespace {

constexpr int kV4Bits = 96;  // of the 128-bit form that all IPv4 addresses share

// The wider of two networks with one address sorts first, so that what lies within comes after.
void dropInner(std::vector<Cidr>& networks) {
  std::ranges::sort(networks);
  std::vector<Cidr> outer;
  for (const Cidr& network : networks)
    if (outer.empty() || !outer.back().contains(network.network())) outer.push_back(network);
  networks = std::move(outer);
}

}  // namespace

Networks::Networks(std::span<const Cidr> all) {
  for (const Cidr& network : all)
    (network.bits() >= kV4Bits && network.network().isV4() ? v4_ : v6_).push_back(network);
  dropInner(v4_);
  dropInner(v6_);
}

bool Networks::contains(const IpAddress& address) const {
  const std::vector<Cidr>& networks = address.isV4() ? v4_ : v6_;
  const auto after = std::ranges::upper_bound(networks, address, {}, &Cidr::network);
  return after != networks.begin() && std::prev(after)->contains(address);
}

std::vector<Cidr> Networks::list() const {
  std::vector<Cidr> all = v4_;
  all.insert(all.end(), v6_.begin(), v6_.end());
  return all;
}

}  // namespace fairlead::route
