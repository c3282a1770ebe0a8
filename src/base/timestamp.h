// Wall-clock time as text: RFC 3339 in UTC with milliseconds, and as fields of HTTP have it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

// Writes "2026-01-02T03:04:05.678Z" to `out`, kTimestampText bytes, no terminator. Years 0 to 9999;
// what lies outside is clamped.
inline constexpr size_t kTimestampText = 24;
void formatTimestamp(std::chrono::microseconds since_epoch, char* out);
std::string timestampText(std::chrono::microseconds since_epoch);
// The same text read back; nothing else is one.
std::optional<std::chrono::microseconds> parseTimestamp(std::string_view text);

// Writes an IMF-fixdate (RFC 9110 section 5.6.7), "Fri, 02 Jan 2026 03:04:05 GMT", in the same way.
inline constexpr size_t kHttpDateText = 29;
void formatHttpDate(std::chrono::seconds since_epoch, char* out);

}  // namespace fairlead
