// Time as the whole program speaks of it: a monotonic clock that is passed in, never asked for
// below.
#pragma once

#include <chrono>
#include <cstdint>

namespace fairlead {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

// `from + span`, where a span of zero or less means "no limit".
inline TimePoint deadlineAfter(TimePoint from, Duration span) {
  return span.count() <= 0 ? kNever : from + span;
}

}  // namespace fairlead
