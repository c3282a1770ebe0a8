// What becomes of requests that are too many, or that would fail: limits, a queue, a breaker.
#pragma once

#include "base/settings.h"
#include "upstream/status.h"

namespace fairlead::upstream {

using namespace std::chrono_literals;

extern const Section kBreakerKeys;
extern const Section kQueueKeys;

// When so many requests of a pool fail that it gets none for a while.
struct BreakerSettings {
  Setting<bool> on{false};
  Setting<double> errors{0.5};         // this share of a window's requests opens it
  Setting<uint32_t> min_requests{20};  // fewer in a window open nothing
  Setting<Duration> window{10s};
  Setting<Duration> open{5s};  // then probes are let in

  void read(const Value& value, Diagnostics& out);  // `off`; a mapping, also an empty one, is on
  Value show() const;
};

// How many requests may be in flight to a pool at once, by its latency or by a number.
struct LimitSettings {
  Setting<LimitMode> mode{LimitMode::Observe};
  Setting<uint32_t> fixed{0};  // LimitMode::Fixed only

  bool isEnforced() const {
    return mode.value == LimitMode::Fixed || mode.value == LimitMode::Adaptive;
  }
  void read(const Value& value, Diagnostics& out);
  Value show() const;
};

// Requests that wait until a limit lets them through.
struct QueueSettings {
  Setting<uint32_t> limit{0};  // so many wait; 0: no queue
  Setting<Duration> timeout{1s};

  void read(const Value& value, Diagnostics& out);  // `off`; a number is `limit`
  Value show() const;
};

}  // namespace fairlead::upstream
