// How long a server takes to answer, as an average that believes bad news at once and good news
// slowly.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace fairlead::balance {

// An exponentially weighted moving average that is sensitive to peaks: a slower answer than the
// average replaces it, or doubles it when it is slower yet; faster ones pull it down with the time
// constant kTau, and so does time alone, so that a server that was slow once is tried again. Any
// thread; all threads' answers count in one figure.
class LatencyAverage {
 public:
  static constexpr Duration kTau = std::chrono::seconds{10};

  // An answer took `latency`. `now` may lie a little behind another thread's.
  void observe(Duration latency, TimePoint now);
  // What the next answer is expected to take; zero without any answer so far.
  Duration at(TimePoint now) const;
  // Was there an answer yet?
  bool known() const { return packed_.load(std::memory_order_relaxed) != 0; }

 private:
  // A float of seconds in the upper half, the tick of the last change in the lower; 0: no answer.
  std::atomic<uint64_t> packed_{0};
};

}  // namespace fairlead::balance
