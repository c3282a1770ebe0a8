// Counts of one writer: no number is lost, and a reader never sees one fall.
#include "upstream/tally.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

TEST(Count, Adds) {
  Count count;
  EXPECT_EQ(count.read(), 0u);
  count.add(1);
  count.add(0);
  count.add(41);
  EXPECT_EQ(count.read(), 42u);
}

TEST(Count, ComesRoundAtItsEnd) {
  Count count;
  count.add(UINT64_MAX);
  EXPECT_EQ(count.read(), UINT64_MAX);
  count.add(2);
  EXPECT_EQ(count.read(), 1u);
}

TEST(Count, NeverFallsUnderTheEyesOfAReader) {
  constexpr uint64_t kAll = 1'000'000;
  Count count;
  std::atomic<bool> fell{false};
  {
    std::jthread reader([&] {
      uint64_t before = 0;
      while (before < kAll) {
        const uint64_t now = count.read();
        if (now < before) fell = true;
        before = now;
      }
    });
    for (uint64_t i = 0; i < kAll; ++i) count.add(1);
  }
  EXPECT_FALSE(fell);
  EXPECT_EQ(count.read(), kAll);
}

// Two workers that wrote to one line of the cache would slow each other down.
TEST(Tally, SharesNoCacheLineWithAnother) {
  EXPECT_EQ(alignof(Tally), 64u);
  EXPECT_EQ(sizeof(Tally) % 64, 0u);
}

TEST(Tally, IsThereForEachWorkerOfAPool) {
  PoolSettings settings = poolOf({});
  settings.workers = 3;
  const Pool pool(std::move(settings));
  ASSERT_EQ(pool.tallies.size(), 3u);
  pool.tallies[1]->answers.add(5);
  EXPECT_EQ(pool.tallies[0]->answers.read(), 0u);
  EXPECT_EQ(pool.tallies[1]->answers.read(), 5u);
  EXPECT_EQ(pool.tallies[2]->answers.read(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
