// The way through tiers and zones, and who is taken when nobody is well.
#include "upstream/chooser.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{1000s};

// A server of a table: its name, where it stands, and how it is.
struct Given {
  const char* name;
  uint32_t tier = 0;
  const char* zone = "";
  enum How : uint8_t { Ready, Down, Ejected, Deferred, Draining, Full, Weightless } how = Ready;
};

void put(Server& server, Given::How how) {
  switch (how) {
    case Given::Ready:
    case Given::Weightless:
      break;
    case Given::Down:
      server.active = ActiveHealth::Down;
      break;
    case Given::Ejected:
      server.passive.eject(EjectReason::Consecutive, kNow, {});
      break;
    case Given::Deferred:
      server.passive.defer(30s, kNow);
      break;
    case Given::Draining:
      server.draining = true;
      break;
    case Given::Full:
      server.max_requests = 1;
      ASSERT_TRUE(server.beginRequest());
      break;
  }
}

std::unique_ptr<Pool> poolLike(const std::vector<Given>& servers, std::string_view own_zone) {
  PoolSettings settings = poolOf({});
  settings.own_zone = own_zone;
  for (const Given& given : servers) {
    ServerSpec spec = serverAt({*IpAddress::parse("10.0.0.1"), 80});
    spec.address += given.name;  // so that no two are the same
    spec.name = given.name;
    spec.tier = given.tier;
    spec.zone = given.zone;
    spec.weight = given.how == Given::Weightless ? 0 : 1;
    settings.servers.push_back(spec);
  }
  auto pool = makePool(std::move(settings));
  for (size_t i = 0; i < servers.size(); ++i) put(serverOf(*pool, i), servers[i].how);
  pool->refreshShares(kNow);
  return pool;
}

// The names of all that get requests, "a b"; or why there is none.
std::string chosenFrom(Pool& pool, const balance::Tried& tried = {}) {
  Random random(7);
  Chooser chooser(pool, random);
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    const Result<Pick> pick = chooser.choose({.tried = tried}, kNow);
    if (!pick) return std::string(nameOf(pick.error().kind));
    names.insert(pick->server->name);
    pick->server->endRequest();
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

struct Row {
  const char* name;
  std::vector<Given> servers;
  const char* own_zone;
  const char* expected;
};

class ChooserRows : public testing::TestWithParam<Row> {};

const Row kRows[] = {
    {"all_are_well", {{"a"}, {"b"}}, "", "a b"},
    {"the_first_tier_has_all", {{"a"}, {"b"}, {"spare", 1}}, "", "a b"},
    {"one_that_is_well_is_a_tier", {{"a"}, {"b", 0, "", Given::Down}, {"spare", 1}}, "", "a"},
    {"the_next_tier_takes_over",
     {{"a", 0, "", Given::Down}, {"b", 0, "", Given::Draining}, {"spare", 1}, {"last", 2}},
     "",
     "spare"},
    {"the_third_tier",
     {{"a", 0, "", Given::Down}, {"spare", 1, "", Given::Down}, {"last", 2}},
     "",
     "last"},
    {"a_full_tier_overflows", {{"a", 0, "", Given::Full}, {"spare", 1}}, "", "spare"},
    {"the_spare_before_an_ejected_one", {{"a", 0, "", Given::Ejected}, {"spare", 1}}, "", "spare"},
    {"numbers_of_tiers_may_have_gaps", {{"far", 9}, {"near", 3}}, "", "near"},
    {"the_own_zone", {{"a", 0, "east"}, {"b", 0, "west"}, {"c", 0, "east"}}, "east", "a c"},
    {"another_zone_when_it_must_be",
     {{"a", 0, "east", Given::Down}, {"b", 0, "west"}, {"c", 0, ""}},
     "east",
     "b c"},
    {"the_own_zone_is_full", {{"a", 0, "east", Given::Full}, {"b", 0, "west"}}, "east", "b"},
    {"a_tier_goes_before_a_zone", {{"a", 0, "west"}, {"b", 1, "east"}}, "east", "a"},
    {"zones_do_not_matter_without_an_own", {{"a", 0, "east"}, {"b", 0, "west"}}, "", "a b"},
    {"all_ejected_is_better_than_nobody",
     {{"a", 0, "", Given::Ejected}, {"b", 0, "", Given::Ejected}},
     "",
     "a"},
    {"fails_open_to_the_ejected_alone",
     {{"a", 0, "", Given::Down}, {"b", 0, "", Given::Ejected}, {"c", 0, "", Given::Deferred}},
     "",
     "b"},
    {"never_to_one_that_is_down", {{"a", 0, "", Given::Down}}, "", "no_server"},
    {"never_to_one_that_asked_for_a_rest", {{"a", 0, "", Given::Deferred}}, "", "no_server"},
    {"never_to_one_that_drains", {{"a", 0, "", Given::Draining}}, "", "no_server"},
    {"never_to_one_of_no_weight", {{"a", 0, "", Given::Weightless}}, "", "no_server"},
    {"all_are_full", {{"a", 0, "", Given::Full}, {"b", 0, "", Given::Full}}, "", "overloaded"},
    {"full_rather_than_ejected",
     {{"a", 0, "", Given::Full}, {"b", 0, "", Given::Ejected}},
     "",
     "overloaded"},
    {"nobody_is_there", {}, "", "no_server"},
};

INSTANTIATE_TEST_SUITE_P(Rows, ChooserRows, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(ChooserRows, TakeTheServersThatShouldServe) {
  const auto pool = poolLike(GetParam().servers, GetParam().own_zone);
  EXPECT_EQ(chosenFrom(*pool), GetParam().expected);
}

TEST(Chooser, GoesOnToTheNextTierWhenAllOfOneWereTried) {
  const auto pool = poolLike({{"a"}, {"b"}, {"spare", 1}}, "");
  balance::Tried tried;
  tried.add(serverOf(*pool, 0));
  EXPECT_EQ(chosenFrom(*pool, tried), "b");
  tried.add(serverOf(*pool, 1));
  EXPECT_EQ(chosenFrom(*pool, tried), "spare");
  tried.add(serverOf(*pool, 2));
  EXPECT_EQ(chosenFrom(*pool, tried), "no_server");
}

// An ejection that is over needs nobody to say so: the share of the server is refreshed by the
// pool's watch, and what fails open looks at the clock.
TEST(Chooser, WhoIsFullIsSaidToBeSo) {
  const auto pool = poolLike({{"a", 0, "", Given::Full}, {"b", 0, "", Given::Down}}, "");
  Random random(7);
  Chooser chooser(*pool, random);
  EXPECT_FALSE(chooser.mightFit());
  serverOf(*pool, 0).endRequest();
  EXPECT_TRUE(chooser.mightFit());
  pool->limit_now.store(0);
  EXPECT_FALSE(chooser.mightFit()) << "the pool itself is full";
}

struct WantedRow {
  const char* name;
  Given::How how;
  bool was_tried;
  const char* expected;  // who gets 20 requests that want "b"
};

TEST(Chooser, AStickyClientGetsItsServerWhenThatIsUsable) {
  const WantedRow rows[] = {
      {"well", Given::Ready, false, "b"},
      {"down", Given::Down, false, "a"},
      {"full", Given::Full, false, "a"},
      {"ejected", Given::Ejected, false, "a"},
      {"asked for a rest", Given::Deferred, false, "a"},
      {"tried before", Given::Ready, true, "a"},
  };
  for (const WantedRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto pool = poolLike({{"a"}, {"b", 1, "", row.how}}, "");
    Random random(7);
    Chooser chooser(*pool, random);
    balance::Tried tried;
    if (row.was_tried) tried.add(serverOf(*pool, 1));
    const Pick wanted{.server = &serverOf(*pool, 1), .group = 1, .id = 0};
    for (int i = 0; i < 20; ++i) {
      const Result<Pick> pick = chooser.choose({.tried = tried, .wanted = &wanted}, kNow);
      ASSERT_TRUE(pick);
      EXPECT_EQ(pick->server->name, row.expected);
      pick->server->endRequest();
    }
  }
}

TEST(Chooser, GoesOverToAnotherRoster) {
  PoolSettings settings = poolOf({});
  settings.servers.push_back(
      {.name = "api", .address = "api:80", .host = "api", .port = 80, .zone = {}});
  const auto pool = std::make_unique<Pool>(std::move(settings));
  Random random(7);
  Chooser chooser(*pool, random);
  EXPECT_EQ(chosenFrom(*pool), "no_server") << "its name is not known yet";
  const SocketAddress one{*IpAddress::parse("10.0.0.1"), 80};
  const SocketAddress two{*IpAddress::parse("10.0.0.2"), 80};
  ASSERT_TRUE(pool->adopt({{one, two}}));
  EXPECT_TRUE(chooser.adopt());
  EXPECT_FALSE(chooser.adopt()) << "it has it already";
  setActive(*pool, 0, ActiveHealth::Up, kNow);
  setActive(*pool, 1, ActiveHealth::Up, kNow);
  EXPECT_EQ(chosenFrom(*pool), "api@10.0.0.1 api@10.0.0.2");
}

}  // namespace
}  // namespace fairlead::upstream
