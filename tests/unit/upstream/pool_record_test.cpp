// A pool over virtual time: a thousand servers without a burst, additions, suspicion of the
// network, and the pulse.
#include "upstream/pool_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimePoint kBegin{1h};

SocketAddress addressNumber(size_t number) {
  const std::string text = "10." + std::to_string(number >> 16) + "." +
                           std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
  return {*IpAddress::parse(text), 80};
}

PoolSettings poolOfSize(size_t servers) {
  std::vector<SocketAddress> addresses;
  for (size_t i = 0; i < servers; ++i) addresses.push_back(addressNumber(i));
  return poolOf(addresses);
}

// Records on one thread in virtual time; every check passes at once.
class World {
 public:
  PoolRecord& add(PoolSettings settings) {
    pools_.push_back(std::make_unique<Pool>(std::move(settings)));
    records_.push_back(std::make_unique<PoolRecord>(
        *pools_.back(), PoolRecord::Chance{first_checks_, random_},
        [this](const PoolEvent& event) { told_.push_back(sentenceOf(event)); }, now_));
    return *records_.back();
  }
  Pool& pool(size_t number = 0) { return *pools_[number]; }
  PoolRecord& record(size_t number = 0) { return *records_[number]; }
  ServerWatch& server(size_t number) { return *record().servers()[number]; }

  TimePoint now() const { return now_; }
  void goTo(TimePoint time) { now_ = time; }
  void pass(Duration span) { now_ += span; }
  void result(size_t number, bool passed) {
    server(number).onCheckBegun();
    record().onResult(server(number),
                      {.at = now_, .passed = passed, .words = passed ? "passed" : "failed"}, now_);
  }
  // Makes all checks until then as they are due; returns when they were made.
  std::vector<TimePoint> checkUntil(TimePoint end) {
    std::multimap<TimePoint, std::pair<PoolRecord*, ServerWatch*>> due;
    for (const auto& record : records_)
      for (const auto& watch : record->servers())
        if (watch->nextCheck()) due.insert({*watch->nextCheck(), {record.get(), watch.get()}});
    std::vector<TimePoint> times;
    while (!due.empty() && due.begin()->first < end) {
      const auto [at, who] = *due.begin();
      due.erase(due.begin());
      now_ = at;
      times.push_back(at);
      who.second->onCheckBegun();
      who.first->onResult(*who.second, {.at = at, .passed = true, .words = {}}, at);
      due.insert({*who.second->nextCheck(), who});
    }
    now_ = end;
    return times;
  }
  std::vector<std::string> takeTold() { return std::exchange(told_, {}); }

 private:
  TimePoint now_ = kBegin;
  FirstChecks first_checks_;
  Random random_{11};
  std::vector<std::string> told_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<std::unique_ptr<PoolRecord>> records_;
};

size_t mostWithin(std::vector<TimePoint> times, Duration window) {
  std::ranges::sort(times);
  size_t most = 0;
  for (size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

struct CrowdRow {
  const char* name;
  size_t pools;
  size_t servers;  // each
};

TEST(PoolRecord, AThousandServersAreCheckedWithoutABurst) {
  const CrowdRow rows[] = {{"one pool", 1, 1000}, {"a hundred pools", 100, 10}};
  for (const CrowdRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world;
    for (size_t i = 0; i < row.pools; ++i) world.add(poolOfSize(row.servers));
    EXPECT_FALSE(world.record().decided());
    const std::vector<TimePoint> first = world.checkUntil(kBegin + 500ms);
    EXPECT_GE(first.size(), 1000u);  // some had their second one already: phases are random
    for (size_t i = 0; i < row.pools; ++i) EXPECT_TRUE(world.record(i).decided());
    EXPECT_LE(mostWithin(first, 50ms), 140u);  // 100 first ones, and few second ones

    const std::vector<TimePoint> settling = world.checkUntil(kBegin + 4s);
    EXPECT_LE(mostWithin(settling, 50ms), 60u);
    const std::vector<TimePoint> later = world.checkUntil(kBegin + 64s);
    EXPECT_NEAR(static_cast<double>(later.size()), 30'000, 1500);  // 1,000 every 2 s
    EXPECT_LE(mostWithin(later, 50ms), 60u);                       // 25 on average
    EXPECT_LE(mostWithin(later, 1s), 620u);
  }
}

TEST(PoolRecord, IsDecidedWhenAllThatCanBeCheckedWere) {
  World world;
  PoolSettings settings = poolOfSize(2);
  settings.servers.push_back(
      {.name = {}, .address = "shop.test:80", .host = "shop.test", .port = 80, .zone = {}});
  world.add(settings);
  EXPECT_FALSE(world.record().decided());
  world.result(0, true);
  EXPECT_FALSE(world.record().decided());
  world.result(1, false);
  EXPECT_TRUE(world.record().decided());
  EXPECT_THAT(world.takeTold(), ElementsAre("pool test: server 10.0.0.0:80 is up",
                                            "pool test: server 10.0.0.1:80 is down: failed"));
  EXPECT_EQ(world.server(2).server().active.load(), ActiveHealth::Unresolved);
  EXPECT_EQ(world.pool().roster()->servers[0]->share.load(), balance::kWholeShare);
  EXPECT_EQ(world.pool().roster()->servers[1]->share.load(), 0u);
}

TEST(PoolRecord, APoolWithoutChecksIsDecidedAtOnce) {
  World world;
  world.add(poolOfSize(1));
  EXPECT_TRUE(world.record().decided());
  EXPECT_EQ(world.pool().roster()->servers[0]->share.load(), balance::kWholeShare);
  EXPECT_EQ(world.record().status(kBegin).check, "not checked");
}

TEST(PoolRecord, KnowsWhetherThePoolMayServe) {
  World world;
  world.add(poolOfSize(2));
  EXPECT_TRUE(world.pool().mayServe());
  world.result(0, false);
  EXPECT_TRUE(world.pool().mayServe());
  world.result(1, false);
  EXPECT_FALSE(world.pool().mayServe());
  world.result(1, true);
  world.result(1, true);
  EXPECT_TRUE(world.pool().mayServe());
}

PoolSettings poolOfName() {
  PoolSettings settings;
  settings.name = "test";
  settings.servers.push_back(
      {.name = {}, .address = "shop.test:80", .host = "shop.test", .port = 80, .zone = {}});
  return settings;
}

Standing standingOfServer(World& world, size_t number) {
  return standingOf(world.server(number).server(), world.now());
}

TEST(PoolRecord, FollowsTheRoster) {
  World world;
  PoolSettings settings = poolOfName();
  settings.health.explicit_on = true;
  world.add(settings);
  const auto adopt = [&](std::vector<SocketAddress> addresses) {
    ASSERT_TRUE(world.pool().adopt({std::move(addresses)}));
    world.record().adopt(world.now());
  };
  EXPECT_EQ(standingOfServer(world, 0), Standing::Unresolved);

  // The name is answered while the program starts: no slow start.
  world.pass(200ms);
  adopt({addressNumber(1)});
  EXPECT_FALSE(world.record().decided());
  world.result(0, true);
  EXPECT_EQ(standingOfServer(world, 0), Standing::Ready);

  // A second address joins later. The first one keeps what is known of it, though its name differs
  // now that there are two.
  world.pass(1min);
  adopt({addressNumber(1), addressNumber(2)});
  ASSERT_EQ(world.record().servers().size(), 2u);
  EXPECT_EQ(world.server(0).status(world.now()).results.size(), 1u);
  EXPECT_EQ(standingOfServer(world, 1), Standing::Unknown);
  EXPECT_EQ(world.server(1).nextCheck(), world.now());
  world.result(1, true);
  EXPECT_EQ(standingOfServer(world, 0), Standing::Ready);
  EXPECT_EQ(standingOfServer(world, 1), Standing::Warming);

  // The first one goes.
  adopt({addressNumber(2)});
  ASSERT_EQ(world.record().servers().size(), 1u);
  EXPECT_EQ(world.server(0).status(world.now()).results.size(), 1u);
  EXPECT_EQ(standingOfServer(world, 0), Standing::Warming);
}

TEST(PoolRecord, BeginsToCheckWhenThereAreTwo) {
  World world;
  world.add(poolOfName());
  const auto adopt = [&](std::vector<SocketAddress> addresses) {
    ASSERT_TRUE(world.pool().adopt({std::move(addresses)}));
    world.record().adopt(world.now());
  };
  adopt({addressNumber(1)});
  EXPECT_EQ(standingOfServer(world, 0), Standing::Ready);
  EXPECT_FALSE(world.server(0).nextCheck());

  world.pass(1min);
  adopt({addressNumber(1), addressNumber(2)});
  EXPECT_TRUE(world.server(0).nextCheck());
  EXPECT_EQ(standingOfServer(world, 0), Standing::Ready);  // until a check says otherwise
  EXPECT_EQ(standingOfServer(world, 1), Standing::Unknown);

  adopt({addressNumber(2)});
  EXPECT_FALSE(world.server(0).nextCheck());
  EXPECT_EQ(standingOfServer(world, 0), Standing::Warming);  // an addition
}

struct SuspicionRow {
  const char* name;
  std::vector<std::string> results;  // of each server, one every 2 s
  bool suspect;
  std::vector<std::string> told;  // of the network
  Duration timeout = 1s;
};

TEST(PoolRecord, SuspectsTheNetworkOfThisHost) {
  const std::string all =
      "pool test: all 2 servers failed their checks within one interval, and "
      "all were fine before: suspect this host's network";
  const std::string those =
      "pool test: all 2 servers that were up failed their checks within one "
      "interval, and all were fine before: suspect this host's network";
  const std::string well =
      "pool test: server 10.0.0.0:80 passed its check: this host's network is "
      "not suspected any more";
  const SuspicionRow rows[] = {
      {"all fail", {"+-", "+-"}, true, {all}},
      {"it is said once", {"+---", "+---"}, true, {all}},
      {"one is still fine", {"+---", "++++"}, false, {}},
      {"a pool of one", {"+----"}, false, {}},
      {"never fine", {"---", "---"}, false, {}},
      {"one was down before, two fail", {"---", "++-", "++-"}, true, {those}},
      {"one was down before, one fails", {"----", "+++-"}, false, {}},
      {"one goes down much later than the other", {"+-----", "+++++-"}, false, {}},
      {"one after the other within an interval", {"+--", "++-"}, true, {all}},
      {"the other was fine after it", {"+----", "+++--"}, false, {}, 20s},
      {"over when one passes", {"+-+", "+--"}, false, {all, well}},
      {"and again", {"+-+-", "+-+-"}, true, {all, well, all}},
  };
  for (const SuspicionRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world;
    PoolSettings settings = poolOfSize(row.results.size());
    settings.health.explicit_on = true;
    settings.health.timeout = row.timeout;
    world.add(settings);
    for (size_t round = 0; round < row.results[0].size(); ++round, world.pass(2s))
      for (size_t i = 0; i < row.results.size(); ++i) world.result(i, row.results[i][round] == '+');
    const PoolStatus status = world.record().status(world.now());
    EXPECT_EQ(status.suspect_network, row.suspect);
    std::vector<std::string> told = world.takeTold();
    std::erase_if(told, [](const std::string& line) { return !line.contains("network"); });
    EXPECT_EQ(told, row.told);
  }
}

TEST(PoolRecord, ThePulseNoticesWhatWorkersDid) {
  World world;
  PoolSettings settings = poolOfSize(2);
  settings.slow_start = 10s;
  world.add(settings);
  world.result(0, true);
  world.result(1, true);
  world.takeTold();
  EXPECT_EQ(world.record().nextPulse() - world.now(), PoolRecord::kCalmPulse);

  // Five failures in a row, as a worker reports them.
  Server& server = world.server(0).server();
  for (int i = 0; i < 5; ++i)
    world.pool().report(server,
                        {.failed = true, .began = world.now(), .latency = {}, .retry_after = {}},
                        world.now());
  world.pass(500ms);
  world.record().pulse(world.now());
  EXPECT_THAT(
      world.takeTold(),
      ElementsAre("pool test: server 10.0.0.0:80 is ejected for 10s: 5 consecutive failures"));
  EXPECT_EQ(world.record().nextPulse() - world.now(), PoolRecord::kBriskPulse);
  EXPECT_EQ(server.share.load(), 0u);

  world.pass(9500ms);
  world.record().pulse(world.now());
  EXPECT_THAT(world.takeTold(),
              ElementsAre("pool test: server 10.0.0.0:80 is let back: its time is over"));
  EXPECT_EQ(server.share.load(), balance::kWholeShare / 10);
  world.pass(5s);
  world.record().pulse(world.now());
  EXPECT_NEAR(server.share.load(), 0.55 * balance::kWholeShare, 2);
  EXPECT_EQ(world.record().nextPulse() - world.now(), PoolRecord::kBriskPulse);
  world.pass(5s);
  world.record().pulse(world.now());
  EXPECT_EQ(server.share.load(), balance::kWholeShare);
  EXPECT_EQ(server.warming_since.load(), 0);
  EXPECT_EQ(world.record().nextPulse() - world.now(), PoolRecord::kCalmPulse);
}

TEST(PoolRecord, APauseThatWasAskedForEndsWithThePulse) {
  World world;
  world.add(poolOfSize(2));
  world.result(0, true);
  world.result(1, true);
  world.takeTold();
  Server& server = world.server(0).server();
  world.pool().report(server,
                      {.failed = true, .began = world.now(), .latency = {}, .retry_after = 2s},
                      world.now());
  EXPECT_EQ(server.share.load(), 0u);
  world.record().pulse(world.now());
  EXPECT_THAT(world.takeTold(), ElementsAre("pool test: server 10.0.0.0:80 gets no requests for "
                                            "2s: it asked for that with Retry-After"));
  world.pass(2s);
  world.record().pulse(world.now());
  EXPECT_EQ(server.share.load(), balance::kWholeShare);
  EXPECT_THAT(world.takeTold(), IsEmpty());
}

TEST(PoolRecord, ShortEjectionsAreNotOverlooked) {
  World world;
  PoolSettings settings = poolOfSize(2);
  settings.health.passive.eject = Duration{400ms};
  world.add(settings);
  EXPECT_EQ(world.record().nextPulse() - world.now(), 200ms);
}

// Counts how often somebody is called, and lets nobody in.
struct Callers final : Waiters {
  void call(uint64_t, Call what) override {
    if (what == Call::Try) ++called;
  }
  int called = 0;
};

struct PlacesRow {
  const char* name;
  uint32_t pool_limit;
  uint32_t pool_in_flight;
  uint32_t server_limit;  // of each of two
  uint32_t server_in_flight;
  int called;  // of three who wait
};

TEST(PoolRecord, CallsThoseWhoWaitWhenThereArePlaces) {
  const PlacesRow rows[] = {
      {"no limits", 0, 5, 0, 5, 3},
      {"the pool has room for two", 7, 5, 0, 0, 2},
      {"the pool is full", 5, 5, 0, 0, 0},
      {"the servers have room for one each", 0, 0, 4, 3, 2},
      {"the servers are full", 0, 0, 4, 4, 0},
      {"the pool has room and the servers are full", 7, 5, 4, 4, 0},
  };
  for (const PlacesRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world;
    PoolSettings settings = poolOfSize(2);
    settings.queue.limit = 10;
    settings.max_requests = row.pool_limit;
    for (ServerSpec& server : settings.servers) server.max_requests = row.server_limit;
    world.add(settings);
    world.result(0, true);
    world.result(1, true);
    Pool& pool = world.pool();
    pool.in_flight = row.pool_in_flight;
    for (const auto& server : pool.roster()->servers) server->in_flight = row.server_in_flight;
    Callers callers;
    for (uint64_t ticket = 1; ticket <= 3; ++ticket)
      EXPECT_EQ(pool.waiting.enter({.home = &callers, .ticket = ticket, .since = world.now()},
                                   world.now()),
                WaitingRoom::Welcome::Waits);
    world.record().pulse(world.now());
    EXPECT_EQ(callers.called, row.called);
    EXPECT_EQ(world.record().nextPulse() - world.now(), PoolRecord::kBriskPulse);
  }
}

TEST(PoolRecord, FillsTheStatusOfThePool) {
  World world;
  PoolSettings settings = poolOfSize(3);
  settings.health.path = std::string("/healthz");
  settings.health.every = Duration{5s};
  settings.max_requests = 100;
  settings.queue.limit = 20;
  settings.limit.mode = LimitMode::Fixed;
  settings.limit.fixed = 60;
  world.add(settings);
  for (size_t i = 0; i < 3; ++i) world.result(i, true);
  world.server(1).server().in_flight = 4;
  world.pool().retrying = 2;
  const PoolStatus status = world.record().status(world.now());
  EXPECT_EQ(status.name, "test");
  EXPECT_EQ(status.balance, "p2c");
  EXPECT_EQ(status.check, "GET /healthz every 5s");
  EXPECT_EQ(status.fall, 3u);
  EXPECT_EQ(status.rise, 2u);
  ASSERT_EQ(status.servers.size(), 3u);
  EXPECT_EQ(status.servers[1].in_flight, 4u);
  EXPECT_EQ(status.in_flight, 4u);
  EXPECT_EQ(status.max_requests, 100u);
  EXPECT_EQ(status.queue_limit, 20u);
  EXPECT_EQ(status.waiting, 0u);
  EXPECT_EQ(status.retrying, 2u);
  EXPECT_EQ(status.retry_budget, 0.2);
  EXPECT_EQ(status.breaker, BreakerState::Off);
  EXPECT_EQ(status.limit_mode, LimitMode::Fixed);
  EXPECT_EQ(status.limit, 60u);
  EXPECT_FALSE(status.suspect_network);
}

}  // namespace
}  // namespace fairlead::upstream
