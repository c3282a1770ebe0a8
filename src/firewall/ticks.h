// Time as the table of clients keeps it: sixteenths of a nanosecond in one word.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace fairlead::firewall {

// Of the steady clock. Fine enough for the interval of a million requests a second to be right to
// 0.01 %, and not used up before the machine has run for 36 years.
using Ticks = uint64_t;

inline constexpr Ticks kTicksPerNanosecond = 16;
inline constexpr Ticks kTicksForever = UINT64_MAX;

// Negative spans are 0; what does not fit is for ever.
constexpr Ticks ticksOf(Duration span) {
  const auto nanoseconds = static_cast<uint64_t>(std::max<int64_t>(span.count(), 0));
  return nanoseconds >= kTicksForever / kTicksPerNanosecond ? kTicksForever
                                                            : nanoseconds * kTicksPerNanosecond;
}
constexpr Ticks ticksOf(TimePoint time) { return ticksOf(time.time_since_epoch()); }

// Rounded up: after that long it is over.
constexpr Duration durationOf(Ticks span) {
  if (span == kTicksForever) return Duration::max();
  return Duration(static_cast<int64_t>(span / kTicksPerNanosecond) +
                  (span % kTicksPerNanosecond != 0));
}
constexpr TimePoint timeOf(Ticks ticks) { return TimePoint(durationOf(ticks)); }

constexpr Ticks saturatingSum(Ticks a, Ticks b) {
  return a > kTicksForever - b ? kTicksForever : a + b;
}

}  // namespace fairlead::firewall
