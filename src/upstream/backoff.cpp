// Exponential bounds, uniform waits.
#include "upstream/backoff.h"

#include <algorithm>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirst = 25ms;
constexpr Duration kLongest = 1s;
constexpr uint32_t kMostDoublings = 6;  // beyond it the longest holds anyway
static_assert(kFirst * (1 << kMostDoublings) > kLongest);

}  // namespace

Duration backoffBefore(uint32_t retry, Random& random) {
  if (retry < 2) return Duration::zero();
  const Duration bound = std::min(kLongest, kFirst * (1 << std::min(retry - 2, kMostDoublings)));
  return Duration(random.below(static_cast<uint64_t>(bound.count()) + 1));
}

}  // namespace fairlead::upstream
