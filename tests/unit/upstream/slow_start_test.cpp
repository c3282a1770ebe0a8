// Slow start: the line from a tenth to the whole.
#include "upstream/slow_start.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  Duration passed;
  Duration length;
  uint32_t share;
};

TEST(SlowStart, GrowsFromATenthToTheWhole) {
  const Row rows[] = {
      {"at once", 0s, 10s, 102},
      {"a tenth of the way", 1s, 10s, 194},
      {"half of the way", 5s, 10s, 563},
      {"almost there", 9999ms, 10s, 1023},
      {"there", 10s, 10s, 1024},
      {"long after", 24h, 10s, 1024},
      {"off", 0s, 0s, 1024},
      {"a clock that is behind", -1s, 10s, 102},
      {"behind, and off", -1s, 0s, 1024},
      {"a year, half of it", 4380h, 8760h, 563},
      {"the shortest", 1ns, 1ns, 1024},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const TimePoint since = TimePoint(1000h);
    EXPECT_EQ(shareAt(since, since + row.passed, row.length), row.share);
  }
}

TEST(SlowStart, NeverFalls) {
  const TimePoint since = TimePoint(5s);
  uint32_t before = 0;
  for (Duration passed = 0s; passed <= 3s; passed += 1ms) {
    const uint32_t share = shareAt(since, since + passed, 3s);
    ASSERT_GE(share, before);
    ASSERT_LE(share, 1024u);
    before = share;
  }
}

}  // namespace
}  // namespace fairlead::upstream
