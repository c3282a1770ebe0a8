// Breaker, limit and queue: their short forms, how levels merge, and what is shown of them.
#include "upstream/overload_settings.h"

#include <gtest/gtest.h>

#include "unit/upstream/values.h"

namespace fairlead::upstream {
namespace {

TEST(BreakerSettings, IsOnWithAMapping) {
  const struct {
    const char* name;
    std::vector<Value> levels;  // outer first
    const char* shown;
  } rows[] = {
      {"nothing said", {}, "=off"},
      {"an empty mapping", {mapping({})}, "errors=50% min_requests=20 window=10s open=5s"},
      {"all of it",
       {texts({{"errors", "10%"}, {"min_requests", "5"}, {"window", "1s"}, {"open", "100ms"}})},
       "errors=10% min_requests=5 window=1s open=100ms"},
      {"inner over outer",
       {texts({{"errors", "10%"}, {"open", "1s"}}), texts({{"open", "2s"}})},
       "errors=10% min_requests=20 window=10s open=2s"},
      {"off within", {mapping({}), scalar("off")}, "=off"},
      {"on again",
       {texts({{"errors", "10%"}}), scalar("off"), mapping({})},
       "errors=10% min_requests=20 window=10s open=5s"},
  };
  for (const auto& row : rows) {
    BreakerSettings breaker;
    for (const Value& level : row.levels) readInto(breaker, level);
    EXPECT_EQ(leavesOf(breaker.show()), row.shown) << row.name;
  }
}

TEST(LimitSettings, IsAWordOrANumber) {
  const struct {
    const char* text;
    LimitMode mode;
    uint32_t fixed;
    bool enforced;
  } rows[] = {
      {"off", LimitMode::Off, 0, false},
      {"observe", LimitMode::Observe, 0, false},
      {"adaptive", LimitMode::Adaptive, 0, true},
      {"1", LimitMode::Fixed, 1, true},
      {"1000000", LimitMode::Fixed, 1'000'000, true},
  };
  for (const auto& row : rows) {
    LimitSettings limit;
    readInto(limit, scalar("7"));
    readInto(limit, scalar(row.text));
    EXPECT_EQ(limit.mode.value, row.mode) << row.text;
    EXPECT_EQ(limit.fixed, row.fixed) << row.text;
    EXPECT_EQ(limit.isEnforced(), row.enforced) << row.text;
    EXPECT_EQ(limit.show().text, row.text);
  }
  EXPECT_EQ(LimitSettings().mode.value, LimitMode::Observe);
}

TEST(QueueSettings, IsANumberAMappingOrOff) {
  const struct {
    const char* name;
    std::vector<Value> levels;  // outer first
    const char* shown;
  } rows[] = {
      {"nothing said", {}, "=off"},
      {"a number", {scalar("50")}, "limit=50 timeout=1s"},
      {"an empty mapping", {mapping({})}, "limit=1000 timeout=1s"},
      {"a timeout alone", {texts({{"timeout", "10ms"}})}, "limit=1000 timeout=10ms"},
      {"both", {texts({{"limit", "5"}, {"timeout", "2s"}})}, "limit=5 timeout=2s"},
      {"a timeout over a number",
       {scalar("50"), texts({{"timeout", "2s"}})},
       "limit=50 timeout=2s"},
      {"a number over a timeout",
       {texts({{"timeout", "2s"}}), scalar("50")},
       "limit=50 timeout=2s"},
      {"off within", {scalar("50"), scalar("off")}, "=off"},
      {"on again",
       {texts({{"timeout", "2s"}}), scalar("off"), mapping({})},
       "limit=1000 timeout=2s"},
  };
  for (const auto& row : rows) {
    QueueSettings queue;
    for (const Value& level : row.levels) readInto(queue, level);
    EXPECT_EQ(leavesOf(queue.show()), row.shown) << row.name;
  }
}

TEST(OverloadSettings, RefuseWithASentence) {
  EXPECT_EQ(faultOf<BreakerSettings>(scalar("on")), "breaker cannot be a single value");
  EXPECT_EQ(faultOf<BreakerSettings>(texts({{"errors", "0%"}})), "`0%` is too little");
  EXPECT_EQ(faultOf<BreakerSettings>(texts({{"errors", "101%"}})), "`101%` is more than 100%");
  EXPECT_EQ(faultOf<BreakerSettings>(texts({{"window", "99ms"}})), "`99ms` is too short");
  EXPECT_EQ(faultOf<LimitSettings>(scalar("on")), "`on` is not known here");
  EXPECT_EQ(faultOf<LimitSettings>(scalar("")), "`` is not known here");
  EXPECT_EQ(faultOf<LimitSettings>(scalar("0")), "0 is too small");
  EXPECT_EQ(faultOf<LimitSettings>(scalar("-5")), "`-5` is negative");
  EXPECT_EQ(faultOf<LimitSettings>(mapping({})), "this cannot be a mapping");
  EXPECT_EQ(faultOf<QueueSettings>(scalar("0")), "0 is too small");
  EXPECT_EQ(faultOf<QueueSettings>(list({"5"})), "queue cannot be a list");
  EXPECT_EQ(faultOf<QueueSettings>(texts({{"timeout", "off"}})), "`off` is not a duration");
}

}  // namespace
}  // namespace fairlead::upstream
