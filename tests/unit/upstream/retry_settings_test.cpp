// Retries and hedging: their built-in values, their short forms and their refusals.
#include "upstream/retry_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/upstream/values.h"

namespace fairlead::upstream {
namespace {

using testing::ElementsAre;

TEST(RetrySettings, BeginsWithTheBuiltInValues) {
  const RetrySettings retry;
  EXPECT_EQ(retry.attempts.value, 1u);
  EXPECT_EQ(retry.when.value, RetryWhen());
  EXPECT_DOUBLE_EQ(retry.budget, 0.2);
  EXPECT_EQ(retry.per_try.value, 0s);
  EXPECT_EQ(retry.buffer.value, 65536u);
  EXPECT_FALSE(retry.hedge.on);
  EXPECT_DOUBLE_EQ(retry.hedge.quantile, 0.95);
  EXPECT_DOUBLE_EQ(retry.hedge.budget, 0.05);
}

TEST(RetrySettings, CanBeSwitchedOffAndTuned) {
  auto retry = readOf<RetrySettings>(mapping({{"hedge", mapping({})}}));
  EXPECT_TRUE(retry.hedge.on);
  readInto(retry, scalar("off"));
  EXPECT_EQ(retry.attempts.value, 0u);
  EXPECT_FALSE(retry.hedge.on) << "a hedge is an attempt as well";
  readInto(retry, mapping({{"attempts", scalar("3")},
                           {"budget", scalar("50%")},
                           {"when", list({"connect", "504", "502", "502"})},
                           {"per_try", scalar("200ms")},
                           {"buffer", scalar("1MiB")}}));
  EXPECT_EQ(retry.attempts.value, 3u);
  EXPECT_DOUBLE_EQ(retry.budget, 0.5);
  EXPECT_TRUE(retry.when.value.connect);
  EXPECT_FALSE(retry.when.value.reset);
  EXPECT_THAT(retry.when.value.statuses, ElementsAre(502, 504));
  EXPECT_EQ(retry.per_try.value, 200ms);
  EXPECT_EQ(retry.buffer.value, 1u << 20);
  readInto(retry, texts({{"per_try", "off"}, {"buffer", "off"}}));
  EXPECT_EQ(retry.per_try.value, 0s);
  EXPECT_EQ(retry.buffer.value, 0u);
  EXPECT_EQ(retry.attempts.value, 3u);
}

TEST(RetrySettings, KeepsAtMost16MiB) {
  EXPECT_EQ(readOf<RetrySettings>(texts({{"buffer", "16MiB"}})).buffer.value, 16u << 20);
  EXPECT_EQ(faultOf<RetrySettings>(texts({{"buffer", "16777217B"}})),
            "`16777217B` is more than may be kept of a body");
}

TEST(HedgeSettings, SayWhenARequestIsLate) {
  const struct {
    const char* name;
    std::vector<Value> levels;  // outer first
    const char* shown;
  } rows[] = {
      {"off", {scalar("off")}, "=off"},
      {"on", {mapping({})}, "after=p95 budget=5%"},
      {"lowest", {texts({{"after", "p50"}})}, "after=p50 budget=5%"},
      {"highest", {texts({{"after", "p99"}, {"budget", "0.5%"}})}, "after=p99 budget=0.5%"},
      {"a time", {texts({{"after", "100ms"}})}, "after=100ms budget=5%"},
      {"a time over a percentile",
       {texts({{"after", "p90"}}), texts({{"after", "1s"}})},
       "after=1s budget=5%"},
      {"a percentile over a time",
       {texts({{"after", "1s"}}), texts({{"after", "p90"}})},
       "after=p90 budget=5%"},
      {"on again",
       {texts({{"after", "p90"}, {"budget", "1%"}}), scalar("off"), mapping({})},
       "after=p90 budget=1%"},
      {"off within", {texts({{"after", "p90"}}), scalar("off")}, "=off"},
  };
  for (const auto& row : rows) {
    HedgeSettings hedge;
    for (const Value& level : row.levels) readInto(hedge, level);
    EXPECT_EQ(leavesOf(hedge.show()), row.shown) << row.name;
  }
}

TEST(RetrySettings, RefusesWithASentence) {
  const struct {
    Value value;
    const char* message;
  } rows[] = {
      {texts({{"when", "500"}}), "`500` is not known here"},
      {texts({{"attempts", "11"}}), "11 is too large"},
      {texts({{"per_try", "0s"}}), "`0s` is too short"},
      {texts({{"hedge", "on"}}), "hedge cannot be a single value"},
      {mapping({{"hedge", texts({{"after", "p49"}})}}),
       "`p49` is no time after which an answer is late"},
      {mapping({{"hedge", texts({{"after", "p05"}})}}),
       "`p05` is no time after which an answer is late"},
      {mapping({{"hedge", texts({{"after", ""}})}}), "`` is not a duration"},
      {mapping({{"hedge", texts({{"after", "off"}})}}),
       "`off` is no time after which an answer is late"},
      {mapping({{"hedge", texts({{"budget", "0%"}})}}), "`0%` is too little"},
  };
  for (const auto& row : rows) EXPECT_EQ(faultOf<RetrySettings>(row.value), row.message);
}

}  // namespace
}  // namespace fairlead::upstream
