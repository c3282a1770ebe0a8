// Health: the short forms, what answers are expected, what is sent, and passive checks.
#include "upstream/health_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/upstream/values.h"

namespace fairlead::upstream {
namespace {

using testing::ElementsAre;
using testing::Pair;

Value health(std::string key, Value value) {
  return mapping({{"path", scalar("/up")}, {std::move(key), std::move(value)}});
}

TEST(HealthSettings, TakesAPathAMappingOrOff) {
  HealthSettings health;
  EXPECT_TRUE(health.on);
  EXPECT_FALSE(health.explicit_on);
  readInto(health, scalar("/ready"));
  EXPECT_EQ(health.path.value, "/ready");
  EXPECT_TRUE(health.explicit_on);
  readInto(health, texts({{"every", "5s"}, {"fall", "1"}, {"passive", "off"}}));
  EXPECT_EQ(health.path.value, "/ready");
  EXPECT_EQ(health.every.value, 5s);
  EXPECT_EQ(health.fall.value, 1u);
  EXPECT_FALSE(health.passive.on);
  readInto(health, scalar("off"));
  EXPECT_FALSE(health.on);
  readInto(health, mapping({}));
  EXPECT_TRUE(health.on);
}

TEST(HealthSettings, OffSwitchesPassiveChecksOffAsWell) {
  const struct {
    const char* name;
    std::vector<Value> levels;  // outer first
    bool active;
    bool passive;
  } rows[] = {
      {"nothing said", {}, true, true},
      {"off", {scalar("off")}, false, false},
      {"off, then on", {scalar("off", 1), mapping({}, 2)}, true, true},
      {"off, then a path", {scalar("off", 1), scalar("/up", 2)}, true, true},
      {"off twice, then on", {scalar("off", 1), scalar("off", 2), mapping({}, 3)}, true, true},
      {"passive off stays off",
       {texts({{"passive", "off"}}), scalar("off", 2), mapping({}, 3)},
       true,
       false},
      {"passive on again", {scalar("off"), mapping({{"passive", mapping({})}})}, true, true},
      {"passive alone", {texts({{"passive", "off"}})}, true, false},
  };
  for (const auto& row : rows) {
    HealthSettings health;
    for (const Value& level : row.levels) readInto(health, level);
    EXPECT_EQ(health.on, row.active) << row.name;
    EXPECT_EQ(health.passive.on, row.passive) << row.name;
  }
}

TEST(HealthExpect, BeginsWithTheBuiltInStatuses) {
  const HealthExpect expect;
  EXPECT_THAT(expect.status.value, ElementsAre(HealthExpect::Range{200, 399}));
  EXPECT_EQ(leavesOf(expect.show()), "status=200-399");
}

TEST(HealthExpect, TakesStatusesAndPatterns) {
  const struct {
    const char* name;
    Value value;
    const char* shown;
  } rows[] = {
      {"nothing", mapping({}), "status=200-399"},
      {"one status", texts({{"status", "204"}}), "status=204"},
      {"a range", texts({{"status", "200-299"}}), "status=200-299"},
      {"the ends", texts({{"status", "100-599"}}), "status=100-599"},
      {"a range of one", texts({{"status", "200-200"}}), "status=200"},
      {"a list", mapping({{"status", list({"200", "301-302", "404"})}}), "status=200,301-302,404"},
      {"a body", texts({{"body", "^ok$"}}), "status=200-399 body=^ok$"},
      {"fields", mapping({{"headers", texts({{"X-Ok", "yes"}, {"X-Load", "^[0-9]$"}})}}),
       "status=200-399 headers.X-Ok=yes headers.X-Load=^[0-9]$"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(leavesOf(readOf<HealthExpect>(row.value).show()), row.shown) << row.name;
}

TEST(HealthExpect, MergesFieldsByNameAndReplacesTheRest) {
  HealthExpect expect;
  readInto(expect, mapping({{"status", list({"200", "204"})},
                            {"body", scalar("ok")},
                            {"headers", texts({{"X-A", "a"}, {"X-B", "b"}, {"X-C", "c"}})}}));
  readInto(expect, mapping({{"status", scalar("205")},
                            {"headers", texts({{"x-a", "A"}, {"X-B", "off"}, {"X-D", "d"}})}}));
  EXPECT_EQ(leavesOf(expect.show()),
            "status=205 body=ok headers.X-C=c headers.x-a=A headers.X-D=d");
  readInto(expect, texts({{"body", "off"}}));
  EXPECT_EQ(expect.body.value, "");
}

TEST(HealthSettings, SendsFieldsThatMergeByName) {
  auto settings = readOf<HealthSettings>(
      health("headers", texts({{"Authorization", "Bearer x"}, {"X-A", "a"}, {"X-B", "b"}})));
  readInto(settings,
           mapping({{"headers", mapping({{"x-a", scalar("2", 7)}, {"X-B", scalar("off", 7)}})}}));
  EXPECT_THAT(settings.headers, ElementsAre(Pair("Authorization", "Bearer x"), Pair("x-a", "2")));
  ASSERT_EQ(settings.header_origins.size(), 2u);
  EXPECT_EQ(settings.header_origins[0].line, 1u);
  EXPECT_EQ(settings.header_origins[1].line, 7u);
}

TEST(HealthSettings, TellsWhichKeysOnlyHttpChecksHave) {
  const auto keys = [](const HealthSettings& settings) {
    std::vector<std::string_view> names;
    for (const auto& given : settings.keysOfHttp()) names.push_back(given.key);
    return names;
  };
  EXPECT_THAT(keys(HealthSettings()), ElementsAre());
  const auto tcp = readOf<HealthSettings>(texts({{"every", "1s"}, {"port", "81"}}));
  EXPECT_THAT(keys(tcp), ElementsAre());
  EXPECT_FALSE(tcp.meansHttp());
  const auto all =
      readOf<HealthSettings>(mapping({{"method", scalar("HEAD")},
                                      {"host", scalar("a")},
                                      {"headers", texts({{"X-A", "a"}})},
                                      {"expect", mapping({{"status", scalar("200")},
                                                          {"body", scalar("ok")},
                                                          {"headers", texts({{"X-B", "b"}})}})}}));
  EXPECT_THAT(keys(all), ElementsAre("method", "host", "status", "body", "headers", "headers"));
  EXPECT_FALSE(all.meansHttp());
  EXPECT_TRUE(readOf<HealthSettings>(scalar("/up")).meansHttp());
}

TEST(HealthSettings, ShowsWhatItsChecksHave) {
  EXPECT_EQ(leavesOf(HealthSettings().show()),
            "every=2s timeout=1s fall=3 rise=2 passive.consecutive=5 passive.failures=50% "
            "passive.min_requests=20 passive.window=10s passive.eject=10s passive.max_eject=5m");
  auto settings = readOf<HealthSettings>(mapping({{"path", scalar("/up")},
                                                  {"host", scalar("a")},
                                                  {"port", scalar("81")},
                                                  {"headers", texts({{"X-A", "a"}})},
                                                  {"passive", scalar("off")}}));
  EXPECT_EQ(leavesOf(settings.show()),
            "path=/up method=GET host=a every=2s timeout=1s fall=3 rise=2 port=81 "
            "expect.status=200-399 headers.X-A=a passive=off");
  settings.path = {};
  EXPECT_EQ(leavesOf(settings.show()), "every=2s timeout=1s fall=3 rise=2 port=81 passive=off")
      << "what a TCP connect does not have";
}

TEST(PassiveSettings, MergesKeyByKey) {
  PassiveSettings passive;
  readInto(passive, texts({{"consecutive", "3"}, {"eject", "1s"}, {"max_eject", "5s"}}));
  readInto(passive, scalar("off"));
  EXPECT_EQ(leavesOf(passive.show()), "=off");
  readInto(passive, texts({{"failures", "80%"}, {"window", "5s"}, {"min_requests", "7"}}));
  EXPECT_EQ(leavesOf(passive.show()),
            "consecutive=3 failures=80% min_requests=7 window=5s eject=1s max_eject=5s");
}

TEST(HealthSettings, RefusesWithASentence) {
  const struct {
    Value value;
    const char* message;
  } rows[] = {
      {scalar("ready"), "`ready` is not a path"},
      {texts({{"every", "0s"}}), "`0s` is too short"},
      {texts({{"method", "get"}}), "`get` is not known here"},
      {texts({{"host", "a b"}}), "`a b` is not a host"},
      {texts({{"slow_start", "off"}}), "`slow_start` cannot stand here"},
      {texts({{"passive", "on"}}), "passive cannot be a single value"},
      {health("expect", texts({{"status", "99"}})), "`99` is not a status"},
      {health("expect", texts({{"status", "600"}})), "`600` is not a status"},
      {health("expect", texts({{"status", "300-200"}})), "`300-200` is not a status"},
      {health("expect", texts({{"status", "200-"}})), "`200-` is not a status"},
      {health("expect", texts({{"status", "-200"}})), "`-200` is not a status"},
      {health("expect", texts({{"status", "200-300-400"}})), "`200-300-400` is not a status"},
      {health("expect", mapping({{"status", list({})}})), "no answer would ever be good"},
      {health("expect", texts({{"body", "("}})), "`(` is not a regular expression: missing ): ("},
      {health("headers", texts({{"Host", "a"}})), "`Host` cannot be set here"},
      {health("headers", texts({{"te", "trailers"}})), "`te` cannot be set here"},
      {health("headers", texts({{"X A", "a"}})), "`X A` is not the name of a header field"},
      {health("headers", texts({{"X-A", "a\r\nX-B: b"}})), "this cannot stand in a header field"},
      {health("passive", texts({{"eject", "6m"}})), "`max_eject` is shorter than `eject`"},
  };
  for (const auto& row : rows) EXPECT_EQ(faultOf<HealthSettings>(row.value), row.message);
}

}  // namespace
}  // namespace fairlead::upstream
