// Slow start: the growing share of its weight that a server gets after it came (back) into use.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fairlead::upstream {

// In parts of 1024 (balance::Endpoint::share): a straight line from a tenth at `since` to the whole
// at `since + length`. A length of zero or less: the whole at once.
uint32_t shareAt(TimePoint since, TimePoint now, Duration length);

}  // namespace fairlead::upstream
