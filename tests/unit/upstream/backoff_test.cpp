// Back-off: the bounds of each wait, and that it is spread evenly below them.
#include "upstream/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  uint32_t retry;
  Duration bound;
};

TEST(Backoff, WaitsAnythingUpToItsBound) {
  const Row rows[] = {
      {"no retry", 0, 0ms},     {"the first goes at once", 1, 0ms},
      {"the second", 2, 25ms},  {"the third", 3, 50ms},
      {"the fourth", 4, 100ms}, {"the seventh", 7, 800ms},
      {"the eighth", 8, 1s},    {"the tenth", 10, 1s},
      {"many", 1000, 1s},       {"more than a shift can hold", UINT32_MAX, 1s},
  };
  constexpr int kDraws = 4000;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Random random(7);
    Duration longest{};
    Duration shortest = Duration::max();
    Duration sum{};
    for (int i = 0; i < kDraws; ++i) {
      const Duration wait = backoffBefore(row.retry, random);
      longest = std::max(longest, wait);
      shortest = std::min(shortest, wait);
      sum += wait;
    }
    EXPECT_LE(longest, row.bound);
    EXPECT_GE(longest, row.bound * 99 / 100);
    EXPECT_GE(shortest, 0ms);
    EXPECT_LE(shortest, row.bound / 100);
    EXPECT_NEAR(static_cast<double>((sum / kDraws).count()),
                static_cast<double>(row.bound.count()) / 2,
                static_cast<double>(row.bound.count()) * 0.02);
  }
}

TEST(Backoff, IsTheSameFromTheSameSeed) {
  Random one(3);
  Random two(3);
  for (uint32_t retry = 1; retry < 12; ++retry)
    EXPECT_EQ(backoffBefore(retry, one), backoffBefore(retry, two));
}

}  // namespace
}  // namespace fairlead::upstream
