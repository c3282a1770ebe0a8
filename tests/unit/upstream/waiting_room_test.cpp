// Who is called when a place becomes free, who has to go, and that nobody is forgotten.
#include "upstream/waiting_room.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;
using Going = WaitingRoom::Going;
using Welcome = WaitingRoom::Welcome;

const TimePoint kNow{1000s};

QueueSettings queueOf(uint32_t limit) {
  QueueSettings settings;
  settings.limit = limit;
  return settings;
}

// Notes who was called: "1 2 x3", with an x for one that has to go.
class Home final : public Waiters {
 public:
  void call(uint64_t ticket, Call what) override {
    if (!calls_.empty()) calls_ += ' ';
    calls_ += (what == Call::Shed ? "x" : "") + std::to_string(ticket);
  }
  std::string takeCalls() { return std::exchange(calls_, {}); }

 private:
  std::string calls_;
};

class WaitingRoomTest : public testing::Test {
 protected:
  explicit WaitingRoomTest(uint32_t limit = 4) : settings_(queueOf(limit)) {}

  WaitingRoom::Guest guest(uint64_t ticket, Priority priority = Priority::Normal) {
    return {.home = &home_, .ticket = ticket, .priority = priority, .since = kNow};
  }
  Welcome enter(uint64_t ticket, Priority priority = Priority::Normal) {
    return room_.enter(guest(ticket, priority), kNow);
  }
  std::string callAll() {
    while (room_.waiting() > 0) room_.callNext();
    return home_.takeCalls();
  }

  Home home_;
  QueueSettings settings_;
  WaitingRoom room_{settings_};
};

TEST_F(WaitingRoomTest, BeginsEmpty) {
  EXPECT_FALSE(room_.any());
  room_.callNext();
  EXPECT_EQ(home_.takeCalls(), "");
}

TEST_F(WaitingRoomTest, CallsTheOldestFirstUntilHalfFull) {
  enter(1);
  enter(2);
  EXPECT_EQ(callAll(), "1 2");
}

TEST_F(WaitingRoomTest, CallsTheNewestFirstBeyondHalf) {
  for (uint64_t ticket = 1; ticket <= 4; ++ticket) enter(ticket);
  EXPECT_EQ(callAll(), "4 3 1 2");
}

TEST_F(WaitingRoomTest, CallsByPriority) {
  enter(1, Priority::Batch);
  enter(2, Priority::Critical);
  EXPECT_EQ(callAll(), "2 1");
  enter(3, Priority::Batch);
  enter(4, Priority::Normal);
  EXPECT_EQ(callAll(), "4 3");
}

TEST_F(WaitingRoomTest, IsFullAtItsLimit) {
  for (uint64_t ticket = 1; ticket <= 4; ++ticket) EXPECT_EQ(enter(ticket), Welcome::Waits);
  EXPECT_EQ(enter(5), Welcome::Full);
  EXPECT_EQ(room_.waiting(), 4u);
  EXPECT_EQ(home_.takeCalls(), "");
}

TEST_F(WaitingRoomTest, TheNewestOfALowerPriorityMakesRoom) {
  enter(1, Priority::Normal);
  enter(2, Priority::Batch);
  enter(3, Priority::Batch);
  enter(4, Priority::Critical);
  EXPECT_EQ(enter(5, Priority::Critical), Welcome::Waits);
  EXPECT_EQ(home_.takeCalls(), "x3");
  EXPECT_EQ(enter(6, Priority::Normal), Welcome::Waits);
  EXPECT_EQ(home_.takeCalls(), "x2");
  EXPECT_EQ(enter(7, Priority::Normal), Welcome::Full) << "its own kind does not make room";
  EXPECT_EQ(enter(8, Priority::Batch), Welcome::Full);
  EXPECT_EQ(room_.waiting(), 4u);
}

// --- those who were called count until they answer, so that newcomers stay behind them

TEST_F(WaitingRoomTest, WhoIsCalledIsExpected) {
  enter(1);
  room_.callNext();
  EXPECT_EQ(room_.waiting(), 0u);
  EXPECT_TRUE(room_.any());
  room_.answered(kNow, Going::Placed, kNow);
  EXPECT_FALSE(room_.any());
}

TEST_F(WaitingRoomTest, WhoFoundNoPlaceStandsWhereItStood) {
  WaitingRoom::Guest first = guest(1);
  room_.enter(first, kNow);
  room_.callNext();
  EXPECT_EQ(home_.takeCalls(), "1");
  WaitingRoom::Guest second = guest(2);
  second.since = kNow + 1ms;
  room_.enter(second, kNow + 1ms);
  room_.enterAgain(first);
  EXPECT_EQ(callAll(), "1 2");
  EXPECT_TRUE(room_.any());
  room_.answered(kNow, Going::Placed, kNow);
  room_.answered(kNow, Going::Gone, kNow);
  EXPECT_FALSE(room_.any());
}

TEST_F(WaitingRoomTest, WhoLeavesIsNotCalled) {
  enter(1);
  enter(2);
  EXPECT_TRUE(room_.leave(guest(1), Going::TimedOut, kNow + 1s));
  EXPECT_FALSE(room_.leave(guest(1), Going::TimedOut, kNow + 1s)) << "it is not there any more";
  EXPECT_EQ(callAll(), "2");
}

TEST_F(WaitingRoomTest, WhoWasCalledJustNowCannotLeave) {
  enter(1);
  room_.callNext();
  EXPECT_FALSE(room_.leave(guest(1), Going::Gone, kNow));
  EXPECT_TRUE(room_.any()) << "the call is on its way, and its answer will count";
}

TEST_F(WaitingRoomTest, TicketsAreThoseOfTheirHome) {
  Home other;
  enter(1);
  room_.enter({.home = &other, .ticket = 1, .since = kNow}, kNow);
  EXPECT_TRUE(room_.leave({.home = &other, .ticket = 1, .since = kNow}, Going::Gone, kNow));
  EXPECT_EQ(callAll(), "1");
  EXPECT_EQ(other.takeCalls(), "");
}

// --- many threads

struct Counting final : Waiters {
  void call(uint64_t, Call what) override { (what == Call::Try ? called : shed).fetch_add(1); }
  std::atomic<uint64_t> called{0};
  std::atomic<uint64_t> shed{0};
};

TEST(WaitingRoomOfManyThreads, CallsOrShedsEachWhoEnteredOnce) {
  const QueueSettings settings = queueOf(50);
  WaitingRoom room(settings);
  Counting home;
  std::atomic<uint64_t> entered{0};
  std::atomic<uint64_t> left{0};
  const auto come = [&](uint64_t from) {
    for (uint64_t i = 0; i < 20'000; ++i) {
      const WaitingRoom::Guest guest{.home = &home,
                                     .ticket = from + i,
                                     .priority = static_cast<Priority>(i % 3),
                                     .since = kNow};
      if (room.enter(guest, kNow) != Welcome::Waits) continue;
      entered.fetch_add(1);
      if (i % 7 == 0 && room.leave(guest, Going::Gone, kNow)) left.fetch_add(1);
    }
  };
  std::atomic<bool> over{false};
  std::vector<std::thread> guests;
  for (uint64_t i = 0; i < 3; ++i) guests.emplace_back(come, i << 32);
  std::thread caller([&] {
    while (!over.load()) room.callNext();
  });
  for (std::thread& thread : guests) thread.join();
  over.store(true);
  caller.join();
  while (room.waiting() > 0) room.callNext();
  EXPECT_EQ(home.called.load() + home.shed.load() + left.load(), entered.load());
  EXPECT_GT(home.called.load(), 0u);
  for (uint64_t i = 0; i < home.called.load(); ++i) room.answered(kNow, Going::Placed, kNow);
  EXPECT_FALSE(room.any());
}

}  // namespace
}  // namespace fairlead::upstream
