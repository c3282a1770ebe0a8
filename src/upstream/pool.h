// A pool as all workers share it: its servers, its policy and its settings.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/endpoint.h"
#include "upstream/settings.h"

namespace fairlead::upstream {

// Immutable but for the endpoints' live state and `retrying`. Part of the snapshot.
struct Pool {
  std::string name;
  std::vector<std::shared_ptr<balance::Endpoint>> servers;
  std::vector<balance::Endpoint*> endpoints;  // the same, as balancers want them
  const balance::Policy* policy = nullptr;
  TimeoutSettings timeouts;
  RetrySettings retry;
  HealthSettings health;
  alignas(64) mutable std::atomic<uint32_t> retrying{0};  // requests that are in a retry now

  bool checked() const { return health.inForceFor(endpoints.size()); }
  // Could any server take a request, as far as is known? One that was never checked could.
  bool mayServe() const {
    return std::ranges::any_of(endpoints, [](const balance::Endpoint* endpoint) {
      return endpoint->weight > 0 &&
             endpoint->health.load(std::memory_order_relaxed) != balance::Health::Down;
    });
  }
  uint32_t inFlight() const {
    uint32_t sum = 0;
    for (const balance::Endpoint* endpoint : endpoints)
      sum += endpoint->in_flight.load(std::memory_order_relaxed);
    return sum;
  }
};

}  // namespace fairlead::upstream
