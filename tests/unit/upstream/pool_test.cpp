// What a pool makes of addresses, of states and of reports.
#include "upstream/pool.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{1000s};

SocketAddress at(std::string_view ip, uint16_t port = 80) { return {*IpAddress::parse(ip), port}; }

ServerSpec named(const char* host, const char* name = "") {
  return {.name = name, .address = std::string(host) + ":80", .host = host, .port = 80, .zone = {}};
}

std::string namesOf(const Pool& pool) {
  std::string text;
  for (const auto& server : pool.roster()->servers)
    text += (text.empty() ? "" : " ") + server->name;
  return text;
}

// --- rosters

struct RosterRow {
  const char* name;
  const char* host;
  const char* given_name;
  std::vector<SocketAddress> addresses;
  const char* expected;
  bool is_checked;
};

TEST(Roster, HasAServerForEachAddress) {
  const RosterRow rows[] = {
      {"a literal", "10.0.0.1", "", {at("10.0.0.1")}, "10.0.0.1:80", false},
      {"a name of one address", "api", "", {at("10.0.0.1")}, "api:80", false},
      {"of two",
       "api",
       "",
       {at("10.0.0.1"), at("10.0.0.2")},
       "api:80@10.0.0.1 api:80@10.0.0.2",
       true},
      {"with a name of its own",
       "api",
       "blue",
       {at("10.0.0.1"), at("::2")},
       "blue@10.0.0.1 blue@::2",
       true},
      {"not resolved", "api", "", {}, "api:80", false},
      {"both families of this machine are one server",
       "localhost",
       "",
       {at("127.0.0.1"), at("::1")},
       "localhost:80",
       false},
      {"another name of this machine's addresses has two",
       "api",
       "",
       {at("127.0.0.1"), at("127.0.0.2")},
       "api:80@127.0.0.1 api:80@127.0.0.2",
       true},
  };
  for (const RosterRow& row : rows) {
    SCOPED_TRACE(row.name);
    PoolSettings settings = poolOf({});
    settings.servers.push_back(named(row.host, row.given_name));
    Pool pool(std::move(settings));
    pool.adopt({row.addresses});
    EXPECT_EQ(namesOf(pool), row.expected);
    EXPECT_EQ(pool.checked(), row.is_checked);
    if (row.addresses.empty()) {
      EXPECT_EQ(serverOf(pool, 0).active.load(), ActiveHealth::Unresolved);
    }
  }
}

TEST(Roster, KeepsServersThatStay) {
  PoolSettings settings = poolOf({});
  settings.servers = {named("api"), named("10.0.0.9")};
  Pool pool(std::move(settings));
  ASSERT_TRUE(pool.adopt({{at("10.0.0.1"), at("10.0.0.2")}, {at("10.0.0.9")}}));
  const std::shared_ptr<const Roster> before = pool.roster();
  const uint32_t version = pool.rosterVersion();
  EXPECT_FALSE(pool.adopt({{at("10.0.0.1"), at("10.0.0.2")}, {at("10.0.0.9")}}));
  EXPECT_EQ(pool.rosterVersion(), version) << "nothing changed";

  ASSERT_TRUE(pool.adopt({{at("10.0.0.2"), at("10.0.0.3")}, {at("10.0.0.9")}}));
  EXPECT_GT(pool.rosterVersion(), version);
  EXPECT_EQ(namesOf(pool), "api:80@10.0.0.2 api:80@10.0.0.3 10.0.0.9:80");
  const auto& now = pool.roster()->servers;
  EXPECT_EQ(now[0], before->servers[1]);
  EXPECT_EQ(now[2], before->servers[2]);
  EXPECT_EQ(before->servers[0]->name, "api:80@10.0.0.1") << "who uses it may go on";
}

// --- what may be ejected

TEST(Pool, NeverEjectsMoreThanHalfAndNeverTheLast) {
  struct Row {
    const char* name;
    size_t servers;
    std::vector<size_t> down;
    size_t may_go;  // how many can be ejected, one after another
  };
  const Row rows[] = {
      {"one of one", 1, {}, 0},
      {"one of two", 2, {}, 1},
      {"one of three", 3, {}, 1},
      {"two of four", 4, {}, 2},
      {"five of ten", 10, {}, 5},
      {"the last that is up", 2, {1}, 0},
      {"two of four, one down", 4, {3}, 2},
      {"two of four, two down", 4, {2, 3}, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    std::vector<SocketAddress> addresses;
    for (size_t i = 0; i < row.servers; ++i)
      addresses.push_back(at("10.0.0.1", static_cast<uint16_t>(8000 + i)));
    const auto pool = makePool(poolOf(addresses));
    for (const size_t number : row.down) setActive(*pool, number, ActiveHealth::Down, kNow);
    size_t gone = 0;
    for (size_t i = 0; i < row.servers; ++i) {
      if (std::ranges::find(row.down, i) != row.down.end() ||
          !pool->mayEject(serverOf(*pool, i), kNow))
        continue;
      serverOf(*pool, i).passive.eject(EjectReason::Consecutive, kNow,
                                       pool->settings.health.passive);
      pool->refreshShares(kNow);
      ++gone;
    }
    EXPECT_EQ(gone, row.may_go);
  }
}

// --- reports

class ReportTest : public testing::Test {
 protected:
  void fail(size_t times) {
    for (size_t i = 0; i < times; ++i)
      pool_->report(serverOf(*pool_, 0), {.failed = true, .began = kNow}, kNow);
  }
  Standing standing(size_t number = 0) const { return standingOf(serverOf(*pool_, number), kNow); }

  std::unique_ptr<Pool> pool_ = makePool(poolOf({at("10.0.0.1"), at("10.0.0.2")}));
};

TEST_F(ReportTest, FailuresInARowTakeAServerOut) {
  fail(4);
  EXPECT_EQ(standing(), Standing::Ready);
  fail(1);
  EXPECT_EQ(standing(), Standing::Ejected);
  EXPECT_EQ(serverOf(*pool_, 0).share.load(), 0u);
  EXPECT_EQ(standing(1), Standing::Ready);
  EXPECT_EQ(serverOf(*pool_, 0).requests.load(), 5u);
  EXPECT_EQ(serverOf(*pool_, 0).failures.load(), 5u);
}

TEST_F(ReportTest, AnAnswerEndsTheRow) {
  fail(4);
  pool_->report(serverOf(*pool_, 0), {.failed = false, .began = kNow}, kNow);
  fail(4);
  EXPECT_EQ(standing(), Standing::Ready);
}

TEST_F(ReportTest, RetryAfterTakesAServerOutForThatLong) {
  pool_->report(serverOf(*pool_, 0), {.failed = true, .began = kNow, .retry_after = Duration{20s}},
                kNow);
  EXPECT_EQ(standing(), Standing::Deferred);
  EXPECT_EQ(standingOf(serverOf(*pool_, 0), kNow + 19s), Standing::Deferred);
  EXPECT_EQ(standingOf(serverOf(*pool_, 0), kNow + 21s), Standing::Ready);
}

TEST_F(ReportTest, TheLastOneStays) {
  setActive(*pool_, 1, ActiveHealth::Down, kNow);
  fail(50);
  EXPECT_EQ(standing(), Standing::Ready);
}

TEST_F(ReportTest, OffCountsOnly) {
  PoolSettings settings = poolOf({at("10.0.0.1"), at("10.0.0.2")});
  settings.health.passive.on = false;
  pool_ = makePool(std::move(settings));
  fail(50);
  EXPECT_EQ(standing(), Standing::Ready);
  EXPECT_EQ(serverOf(*pool_, 0).failures.load(), 50u);
}

// --- in all

TEST(Pool, MayServeUntilAllAreDown) {
  const auto pool = makePool(poolOf({at("10.0.0.1"), at("10.0.0.2")}));
  EXPECT_TRUE(pool->mayServe());
  setActive(*pool, 0, ActiveHealth::Down, kNow);
  EXPECT_TRUE(pool->mayServe());
  setActive(*pool, 1, ActiveHealth::Unknown, kNow);
  EXPECT_TRUE(pool->mayServe()) << "it might turn out well";
  setActive(*pool, 1, ActiveHealth::Down, kNow);
  EXPECT_FALSE(pool->mayServe());
}

// --- what is made once for all workers

TEST(Roster, HasTheGroundworkOfItsGroups) {
  for (const char* policy : {"p2c", "maglev"}) {
    SCOPED_TRACE(policy);
    PoolSettings settings = poolOf({at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")}, policy);
    settings.servers[2].tier = 1;
    const Pool pool(std::move(settings));
    ASSERT_EQ(pool.roster()->groups.size(), 2u);
    for (const ServerGroup& group : pool.roster()->groups)
      EXPECT_EQ(group.groundwork != nullptr, std::string_view(policy) == "maglev");
  }
}

// A worker goes over to a new roster with its next request, which may be hours later.
TEST(Roster, IsFreedByItsPoolWhenNobodyHasItAnyMore) {
  Pool pool(poolOf({at("10.0.0.1"), at("10.0.0.2")}, "maglev"));
  std::shared_ptr<const Roster> of_worker = pool.roster();
  const std::weak_ptr<const Roster> watched = of_worker;
  ASSERT_TRUE(pool.adopt({{at("10.0.0.1")}, {at("10.0.0.3")}}));
  EXPECT_EQ(pool.oldRosters(), 1u);
  of_worker.reset();
  EXPECT_FALSE(watched.expired()) << "freed by the worker";
  pool.freeOldRosters();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(pool.oldRosters(), 0u);
  // Without anybody who has it, at once.
  ASSERT_TRUE(pool.adopt({{at("10.0.0.1")}, {at("10.0.0.4")}}));
  EXPECT_EQ(pool.oldRosters(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
