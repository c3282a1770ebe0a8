// Spans and times as the members of views have them.
#pragma once

#include <chrono>
#include <cmath>
#include <string>

#include "admin/views.h"
#include "base/timestamp.h"

namespace fairlead::admin {

// To a millisecond: what people read.
inline double secondsOf(Duration span) {
  return std::round(std::chrono::duration<double>(span).count() * 1e3) / 1e3;
}
// To a microsecond: of what is quick.
inline double exactSecondsOf(Duration span) {
  return std::round(std::chrono::duration<double>(span).count() * 1e6) / 1e6;
}

// RFC 3339, UTC.
inline std::string timeText(TimePoint time, const Moment& moment) {
  return timestampText(moment.wall +
                       std::chrono::duration_cast<std::chrono::microseconds>(time - moment.steady));
}

}  // namespace fairlead::admin
