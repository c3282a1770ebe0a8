// A request's place in its pool, and its shares of the pool's budgets.
#include "upstream/permit.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;
using Comes = Permit::Comes;

const TimePoint kNow{1000s};

PoolSettings onePlace() {
  PoolSettings settings = poolOf({{*IpAddress::parse("10.0.0.1"), 80}});
  settings.max_requests = 1;
  return settings;
}

TEST(Permit, IsCountedWhileItLives) {
  const auto pool = makePool(onePlace());
  {
    Result<Permit> one = Permit::take(*pool, Comes::New, kNow);
    ASSERT_TRUE(one);
    EXPECT_EQ(pool->in_flight.load(), 1u);
    const Result<Permit> second = Permit::take(*pool, Comes::New, kNow);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, FailureKind::Overloaded);
    EXPECT_EQ(second.error().side, Side::Fairlead);
    const Permit moved = std::move(*one);
    EXPECT_EQ(pool->in_flight.load(), 1u);
    one->giveBack();  // it holds nothing any more
    EXPECT_EQ(pool->in_flight.load(), 1u);
  }
  EXPECT_EQ(pool->in_flight.load(), 0u);
  EXPECT_TRUE(Permit::take(*pool, Comes::New, kNow));
}

TEST(Permit, FollowsTheLimitOfNow) {
  const auto pool = makePool(onePlace());
  pool->limit_now.store(2);
  const Result<Permit> one = Permit::take(*pool, Comes::New, kNow);
  const Result<Permit> two = Permit::take(*pool, Comes::New, kNow);
  EXPECT_TRUE(one && two);
  pool->limit_now.store(1);  // those that are in stay in
  EXPECT_FALSE(Permit::take(*pool, Comes::New, kNow));
}

struct Deaf final : Waiters {
  void call(uint64_t, Call) override { ++calls; }
  int calls = 0;
};

TEST(Permit, NewcomersStandBehindThoseWhoWait) {
  PoolSettings settings = onePlace();
  settings.queue.limit = 10;
  const auto pool = makePool(std::move(settings));
  Deaf home;
  const WaitingRoom::Guest guest{.home = &home, .ticket = 1, .since = kNow};
  ASSERT_EQ(pool->waiting.enter(guest, kNow), WaitingRoom::Welcome::Waits);
  EXPECT_FALSE(Permit::take(*pool, Comes::New, kNow)) << "there is a place, but not for this one";
  {
    const Result<Permit> called = Permit::take(*pool, Comes::FromQueue, kNow);
    EXPECT_TRUE(called);
    EXPECT_EQ(home.calls, 0);
  }
  EXPECT_EQ(home.calls, 1) << "the place was given back, so the next one is called";
}

TEST(Permit, TheBreakerHearsHowRequestsEnd) {
  PoolSettings settings = onePlace();
  settings.max_requests = 0;
  settings.breaker.on = true;
  settings.breaker.min_requests = 4;
  const auto pool = makePool(std::move(settings));
  const auto request = [&](std::optional<bool> failed) {
    Result<Permit> permit = Permit::take(*pool, Comes::New, kNow);
    if (!permit) return std::string(nameOf(permit.error().kind));
    if (failed) permit->judge(*failed, kNow);
    return std::string("let in");
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(request(std::nullopt), "let in") << "nothing is known";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(request(true), "let in");
  EXPECT_EQ(request(false), "breaker_open");
  EXPECT_EQ(pool->in_flight.load(), 0u) << "one that was refused is not counted";
}

struct BudgetRow {
  const char* name;
  uint32_t used;
  uint32_t in_flight;
  double share;
  bool within;
};

TEST(BudgetTicket, IsAShareAndNeverUnderItsFloor) {
  const BudgetRow rows[] = {
      {"nothing in flight", 0, 0, 0.2, true},
      {"the third of a quiet pool", 2, 1, 0.2, true},
      {"the fourth of a quiet pool", 3, 1, 0.2, false},
      {"a fifth of 100", 19, 100, 0.2, true},
      {"more than a fifth of 100", 20, 100, 0.2, false},
      {"a fifth of 15 is the floor", 3, 15, 0.2, false},
      {"a fifth of 16 is above it", 3, 16, 0.2, true},
      {"a share of nothing leaves the floor", 2, 1000, 0.0, true},
      {"and no more than the floor", 3, 1000, 0.0, false},
      {"everything", 99, 100, 1.0, true},
      {"more than everything", 100, 100, 1.0, false},
  };
  for (const BudgetRow& row : rows) {
    SCOPED_TRACE(row.name);
    std::atomic<uint32_t> used{row.used};
    {
      const auto ticket = BudgetTicket::take(used, row.in_flight, row.share, 3);
      EXPECT_EQ(ticket.has_value(), row.within);
      EXPECT_EQ(used.load(), row.used + (row.within ? 1 : 0));
    }
    EXPECT_EQ(used.load(), row.used);
  }
}

TEST(BudgetTicket, OfManyThreadsAddUp) {
  constexpr uint32_t kMost = 3;
  std::atomic<uint32_t> used{0};
  std::atomic<uint32_t> held{0};
  std::atomic<bool> exceeded{false};
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const auto ticket = BudgetTicket::take(used, 0, 0.2, kMost);
      if (!ticket) continue;
      if (held.fetch_add(1) >= kMost) exceeded.store(true);
      held.fetch_sub(1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded.load());
  EXPECT_EQ(used.load(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
