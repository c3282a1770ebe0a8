// How long a retry waits before it goes: full jitter, so that clients that failed together do not
// come back together.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace fairlead::upstream {

// Before the `retry`-th retry of a request, counted from 1. The first goes at once; the n-th after
// it waits for anything between nothing and 25 ms x 2^(n-1), at most 1 s.
Duration backoffBefore(uint32_t retry, Random& random);

}  // namespace fairlead::upstream
