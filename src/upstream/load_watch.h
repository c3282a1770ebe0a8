// What follows from a pool's load over time: its adaptive limit, when hedging begins, and what its
// circuit breaker did. Pure: takes `now`.
#pragma once

#include <cstdint>
#include <optional>

#include "upstream/concurrency_limit.h"
#include "upstream/pool.h"
#include "upstream/pool_event.h"
#include "upstream/status.h"

namespace fairlead::upstream {

// Reads what the workers counted; writes the pool's `limit_now` and `hedge_after`. The control
// thread.
class LoadWatch {
 public:
  // The pool outlives it.
  explicit LoadWatch(Pool& pool);

  void pulse(TimePoint now, PoolEvents& events);
  // Is there anything to be seen soon?
  bool isInMotion() const {
    return has_traffic_ || breaker_ == BreakerState::Open || breaker_ == BreakerState::HalfOpen;
  }
  void addTo(PoolStatus& status, TimePoint now) const;

 private:
  struct Sums {
    uint64_t answers = 0;
    uint64_t latency_ns = 0;
    uint64_t timeouts = 0;
  };
  Sums sums() const;
  void feedLimit(TimePoint now);
  void publishLimit(TimePoint now);
  void publishHedge(TimePoint now);
  void watchBreaker(TimePoint now, PoolEvents& events);

  Pool& pool_;
  ConcurrencyLimit limit_;
  BreakerState breaker_;  // as last seen
  Sums seen_;
  TimePoint seen_at_{};
  TimePoint hedged_at_{};
  bool has_traffic_ = false;  // since the pulse before
};

}  // namespace fairlead::upstream
