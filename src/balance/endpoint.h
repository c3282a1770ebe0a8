// One server as balancers see it: facts that never change, and live state in relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>

#include "balance/latency_average.h"

namespace fairlead::balance {

// Parts of its weight that an endpoint gets when nothing holds it back.
inline constexpr uint32_t kWholeShare = 1024;

// On a cache line of its own, so that workers touching different servers do not disturb each other.
struct alignas(64) Endpoint {
  // Live state; any thread, relaxed order.
  std::atomic<uint32_t> in_flight{0};
  // 0: may not be chosen (down, ejected, draining ...); between: slow start.
  std::atomic<uint32_t> share{kWholeShare};
  LatencyAverage latency;

  // Facts, set before the endpoint is shared.
  uint32_t weight = 1;        // 0: no new requests
  uint32_t max_requests = 0;  // in flight at once; 0: no limit
  // Hash of its address: the same in every list and every run, as consistent hashing stands on it.
  uint64_t identity = 0;
};

inline bool isFull(const Endpoint& endpoint) {
  return endpoint.max_requests != 0 &&
         endpoint.in_flight.load(std::memory_order_relaxed) >= endpoint.max_requests;
}

// May new requests be sent to it?
inline bool isUsable(const Endpoint& endpoint) {
  return endpoint.share.load(std::memory_order_relaxed) > 0 && endpoint.weight > 0 &&
         !isFull(endpoint);
}

// Its weight in parts of kWholeShare, as much of it as it gets at the moment.
inline uint64_t effectiveWeight(const Endpoint& endpoint) {
  return uint64_t{endpoint.weight} * endpoint.share.load(std::memory_order_relaxed);
}

}  // namespace fairlead::balance
