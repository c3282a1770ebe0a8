// How busy a server is for its weight, and which of two is less so.
#pragma once

#include <cstdint>
#include <span>

#include "balance/balancer.h"

namespace fairlead::balance {

// One look at what other threads change.
struct Load {
  uint64_t in_flight = 0;
  uint64_t weight = 0;  // effective

  static Load of(const Endpoint& endpoint) {
    return {endpoint.in_flight.load(std::memory_order_relaxed), effectiveWeight(endpoint)};
  }
  // Would it carry less for its weight than `other`, were each given the request?
  bool isLessThan(const Load& other) const {
    return (in_flight + 1) * other.weight < (other.in_flight + 1) * weight;
  }
};

// Of two servers that were drawn by weight, does the challenger carry less? Between two idle ones
// the draw stands, so that a quiet pool is shared by weight as well.
inline bool isLessLoaded(const Endpoint& challenger, const Endpoint& first) {
  const Load load = Load::of(challenger);
  const Load first_load = Load::of(first);
  if (load.in_flight == 0 && first_load.in_flight == 0) return false;
  return load.isLessThan(first_load);
}

// The eligible endpoint that carries the least for its weight, or kNoEndpoint. Looks at all of
// them.
EndpointId leastLoaded(std::span<Endpoint* const> endpoints, const Choice& choice, Random& random);

}  // namespace fairlead::balance
