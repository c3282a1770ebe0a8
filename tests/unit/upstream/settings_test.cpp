// Timeouts, retries and health: their built-in values, their short forms and their refusals.
#include "upstream/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::upstream {
namespace {

using testing::ElementsAre;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Value scalar(std::string text) {
  Value value;
  value.kind = Value::Kind::Scalar;
  value.text = std::move(text);
  value.mark = {0, 1, 1, 1};
  return value;
}

Value mapping(const Pairs& pairs) {
  Value value;
  value.kind = Value::Kind::Map;
  value.mark = {0, 1, 1, 1};
  for (const auto& [key, text] : pairs) value.entries.push_back({scalar(key), scalar(text)});
  return value;
}

template <typename T>
std::string faultOf(const Value& value) {
  T settings;
  Diagnostics out;
  settings.read(value, out);
  return out.all().empty() ? "" : out.all().front().message;
}

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
  Diagnostics out;
  timeouts.read(mapping({{"connect", "1s"}, {"response", "5s"}, {"min_rate", "1KiB/s"}}), out);
  timeouts.read(mapping({{"response", "off"}, {"total", "2m"}}), out);
  EXPECT_TRUE(out.all().empty());
  EXPECT_EQ(timeouts.connect.value, 1s);
  EXPECT_EQ(timeouts.response.value, 0s);
  EXPECT_EQ(timeouts.total.value, 2min);
  EXPECT_EQ(timeouts.min_rate.value, 1024u);
  EXPECT_TRUE(timeouts.idle.origin.isBuiltIn());
}

TEST(RetrySettings, CanBeSwitchedOffAndTuned) {
  RetrySettings retry;
  EXPECT_EQ(retry.attempts.value, 1u);
  EXPECT_DOUBLE_EQ(retry.budget.value, 0.2);
  Diagnostics out;
  retry.read(scalar("off"), out);
  EXPECT_EQ(retry.attempts.value, 0u);

  Value value = mapping({{"attempts", "3"}, {"budget", "50%"}});
  Value when;
  when.kind = Value::Kind::List;
  when.items = {scalar("connect"), scalar("504"), scalar("502"), scalar("502")};
  value.entries.push_back({scalar("when"), when});
  retry.read(value, out);
  EXPECT_TRUE(out.all().empty());
  EXPECT_EQ(retry.attempts.value, 3u);
  EXPECT_DOUBLE_EQ(retry.budget.value, 0.5);
  EXPECT_TRUE(retry.when.value.connect);
  EXPECT_FALSE(retry.when.value.reset);
  EXPECT_THAT(retry.when.value.statuses, ElementsAre(502, 504));
}

TEST(HealthSettings, TakesAPathAMappingOrOff) {
  HealthSettings health;
  EXPECT_TRUE(health.on.value);
  EXPECT_FALSE(health.explicit_on);
  Diagnostics out;
  health.read(scalar("/ready"), out);
  EXPECT_EQ(health.path.value, "/ready");
  EXPECT_TRUE(health.explicit_on);
  health.read(mapping({{"every", "5s"}, {"fall", "1"}, {"passive", "off"}}), out);
  EXPECT_EQ(health.path.value, "/ready");
  EXPECT_EQ(health.every.value, 5s);
  EXPECT_EQ(health.fall.value, 1u);
  health.read(scalar("off"), out);
  EXPECT_FALSE(health.on.value);
  health.read(mapping({}), out);
  EXPECT_TRUE(health.on.value);
  EXPECT_TRUE(out.all().empty());
}

TEST(Settings, RefusesWithASentence) {
  EXPECT_EQ(faultOf<HealthSettings>(scalar("ready")), "`ready` is not a path");
  EXPECT_EQ(faultOf<HealthSettings>(mapping({{"every", "0s"}})), "`0s` is too short");
  EXPECT_EQ(faultOf<HealthSettings>(mapping({{"passive", "on"}})),
            "`passive` is not supported by this version");
  EXPECT_EQ(faultOf<HealthSettings>(mapping({{"method", "get"}})), "`get` is not known here");
  EXPECT_EQ(faultOf<HealthSettings>(mapping({{"host", "a b"}})), "`a b` is not a host");
  EXPECT_EQ(faultOf<RetrySettings>(mapping({{"when", "500"}})), "`500` is not known here");
  EXPECT_EQ(faultOf<RetrySettings>(mapping({{"attempts", "11"}})), "11 is too large");
  EXPECT_EQ(faultOf<TimeoutSettings>(mapping({{"conect", "1s"}})),
            "unknown key `conect` in timeouts");
  EXPECT_EQ(faultOf<TimeoutSettings>(mapping({{"connect", "10"}})),
            "the duration `10` has no unit");
}

}  // namespace
}  // namespace fairlead::upstream
