// Wall-clock time as text: RFC 3339, UTC, milliseconds.
#pragma once

#include <chrono>
#include <cstddef>

namespace fairlead {

// Writes "2026-01-02T03:04:05.678Z" to `out`, kTimestampText bytes, no terminator. Years 0 to 9999;
// what lies outside is clamped.
inline constexpr size_t kTimestampText = 24;
void formatTimestamp(std::chrono::microseconds since_epoch, char* out);

}  // namespace fairlead
