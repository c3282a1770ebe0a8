// What one worker counts of one pool: plain stores of one writer, read by the control thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "upstream/latency_histogram.h"

namespace fairlead::upstream {

// A number that one thread grows and others read.
class Count {
 public:
  void add(uint64_t more) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct alignas(64) Tally {
  Count answers;               // response heads that came
  Count latency_ns;            // sum of their times
  Count timeouts;              // answers that did not come in time
  LatencyHistogram latencies;  // filled only while a percentile of it is needed
};

}  // namespace fairlead::upstream
