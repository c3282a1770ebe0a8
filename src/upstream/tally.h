// What one worker counts of one pool: plain stores of one writer, read by the control thread.
#pragma once

#include "base/count.h"
#include "base/latency_histogram.h"

namespace fairlead::upstream {

struct alignas(64) Tally {
  Count answers;               // response heads that came
  Count latency_ns;            // sum of their times
  Count timeouts;              // answers that did not come in time
  LatencyHistogram latencies;  // filled only while a percentile of it is needed
};

}  // namespace fairlead::upstream
