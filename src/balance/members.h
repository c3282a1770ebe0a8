// The endpoints of a list in an order that does not depend on their places in it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace fairlead::balance {

// An endpoint with a weight, as consistent hashing knows it.
struct Member {
  uint64_t seed = 0;  // hash of its identity; no two members have the same
  EndpointId id = 0;
  uint32_t weight = 1;
  double per_weight = 1;  // 1 / weight
};

// In the order of their identities. Endpoints of weight 0 are left out.
std::vector<Member> membersOf(std::span<Endpoint* const> endpoints);

}  // namespace fairlead::balance
