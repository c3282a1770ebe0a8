// Durations, sizes, shares and rates as configuration text, both ways; pure functions over text.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/time.h"

namespace fairlead::units {

// Why a text is no such quantity, and what was probably meant ("" when nobody can tell).
struct Fault {
  std::string message;
  std::string meant;
};

template <typename T>
using Parsed = std::expected<T, Fault>;

inline constexpr Duration kLongest = std::chrono::hours{24 * 365};

Parsed<Duration> parseDuration(std::string_view text);  // 250ms 2s 5m 1h 1.5s
Parsed<uint64_t> parseSize(std::string_view text);      // 512B 64KiB 1MiB 2GiB
Parsed<double> parsePercent(std::string_view text);     // 20% -> 0.2
Parsed<double> parseRate(std::string_view text);        // 100/s 20/m 5/h -> per second
// Decimal digits only: no sign, no leading zero, no 0x.
Parsed<uint64_t> parseCount(std::string_view text);

// The shortest text that the parsers above read back to the same value.
std::string formatDuration(Duration span);
std::string formatSize(uint64_t bytes);
std::string formatPercent(double share);

// For people: 1,000,000.
std::string formatCount(uint64_t count);

}  // namespace fairlead::units
