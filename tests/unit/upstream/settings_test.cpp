// Timeouts: their built-in values, and how levels merge.
#include "upstream/settings.h"

#include <gtest/gtest.h>

#include "unit/upstream/values.h"

namespace fairlead::upstream {
namespace {

TEST(TimeoutSettings, BeginsWithTheBuiltInValues) {
  const TimeoutSettings timeouts;
  EXPECT_EQ(timeouts.head.value, 10s);
  EXPECT_EQ(timeouts.body.value, 30s);
  EXPECT_EQ(timeouts.min_rate.value, 500u);
  EXPECT_EQ(timeouts.idle.value, 75s);
  EXPECT_EQ(timeouts.connect.value, 2s);
  EXPECT_EQ(timeouts.response.value, 60s);
  EXPECT_EQ(timeouts.total.value, 0s);
  EXPECT_EQ(timeouts.tunnel.value, 1h);
  EXPECT_EQ(timeouts.upstream_idle.value, 4s);
}

TEST(TimeoutSettings, InnerReadsOverOuterKeyByKey) {
  TimeoutSettings timeouts;
  readInto(timeouts, texts({{"connect", "1s"}, {"response", "5s"}, {"min_rate", "1KiB/s"}}));
  readInto(timeouts, texts({{"response", "off"}, {"total", "2m"}}));
  EXPECT_EQ(timeouts.connect.value, 1s);
  EXPECT_EQ(timeouts.response.value, 0s);
  EXPECT_EQ(timeouts.total.value, 2min);
  EXPECT_EQ(timeouts.min_rate.value, 1024u);
  EXPECT_TRUE(timeouts.idle.origin.isBuiltIn());
}

TEST(TimeoutSettings, RefusesWithASentence) {
  EXPECT_EQ(faultOf<TimeoutSettings>(texts({{"conect", "1s"}})),
            "unknown key `conect` in timeouts");
  EXPECT_EQ(faultOf<TimeoutSettings>(texts({{"connect", "10"}})), "the duration `10` has no unit");
}

}  // namespace
}  // namespace fairlead::upstream
