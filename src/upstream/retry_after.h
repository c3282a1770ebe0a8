// Retry-After (RFC 9110 section 10.2.3): reading a server's, and making fairlead's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace fairlead::upstream {

// The pause that a field value asks for: a number of seconds, or a date in any of the three forms
// of RFC 9110 section 5.6.7; a date in the past asks for none. Longer pauses become
// kLongestRetryAfter. Nothing when the value is neither, by the letter: `value` has no spaces
// around it, and the day of the week fits the date.
inline constexpr Duration kLongestRetryAfter = std::chrono::hours(24);
std::optional<Duration> retryAfterOf(std::string_view value,
                                     std::chrono::system_clock::time_point now);

// Seconds to tell a client: from `base_seconds` to twice that and one more, so that those who were
// refused together do not come back together.
uint32_t jitteredRetryAfter(uint32_t base_seconds, Random& random);

}  // namespace fairlead::upstream
