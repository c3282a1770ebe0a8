// The reactor: errands, turns, sleeping, waking and stopping, and who is told of which readiness.
#include "io/reactor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/drive.h"
#include "support/sockets.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;
using test::runUntil;

// An errand that does what the test says.
struct Doing : Errand {
  explicit Doing(std::function<void()> what)
      : Errand([](Errand& errand) { static_cast<Doing&>(errand).run(); }), run(std::move(what)) {}
  std::function<void()> run;
};

TEST(Errands, RunAtTheEndOfTheTurn) {
  Reactor reactor;
  int runs = 0;
  Doing errand([&] { ++runs; });
  reactor.soon(errand);
  EXPECT_TRUE(errand.pending());
  EXPECT_EQ(runs, 0);
  reactor.turn(1h);  // does not wait: there is something to do
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(errand.pending());
  reactor.turn(0ns);
  EXPECT_EQ(runs, 1);
}

TEST(Errands, AskedForTwiceRunOnce) {
  Reactor reactor;
  int runs = 0;
  Doing errand([&] { ++runs; });
  reactor.soon(errand);
  reactor.soon(errand);
  reactor.turn(0ns);
  EXPECT_EQ(runs, 1);
}

TEST(Errands, AskedForByAnErrandWaitForTheNextTurn) {
  Reactor reactor;
  std::vector<std::string> notes;
  Doing second([&] { notes.push_back("second"); });
  Doing first([&] {
    notes.push_back("first");
    reactor.soon(second);
  });
  reactor.soon(first);
  reactor.turn(0ns);
  EXPECT_EQ(notes, std::vector<std::string>{"first"});
  reactor.turn(1h);
  EXPECT_EQ(notes, (std::vector<std::string>{"first", "second"}));
}

TEST(Errands, AShareOfThemRunsInATurn) {
  constexpr size_t kErrands = 5 * Reactor::kErrandsPerTurn + 1;
  Reactor reactor;
  size_t runs = 0;
  std::vector<std::unique_ptr<Doing>> errands;
  for (size_t i = 0; i < kErrands; ++i) {
    errands.push_back(std::make_unique<Doing>([&] { ++runs; }));
    reactor.soon(*errands.back());
  }
  for (size_t turns = 1; turns <= 6; ++turns) {
    reactor.turn(1h);  // does not wait
    EXPECT_EQ(runs, std::min(kErrands, turns * Reactor::kErrandsPerTurn));
  }
}

// Those that were asked for first are not overtaken for ever by those that ask again and again.
TEST(Errands, NobodyIsLeftOver) {
  Reactor reactor;
  std::vector<std::unique_ptr<Doing>> busy;
  for (size_t i = 0; i < 2 * Reactor::kErrandsPerTurn; ++i)
    busy.push_back(std::make_unique<Doing>([&reactor, &busy, i] { reactor.soon(*busy[i]); }));
  int runs = 0;
  Doing patient([&] { ++runs; });
  reactor.soon(patient);
  for (const auto& errand : busy) reactor.soon(*errand);
  for (int turn = 0; turn < 3; ++turn) reactor.turn(0ns);
  EXPECT_EQ(runs, 1);
}

TEST(Errands, WhatIsLeftForTheNextTurnMayBeCancelled) {
  Reactor reactor;
  size_t runs = 0;
  std::vector<std::unique_ptr<Doing>> errands;
  for (size_t i = 0; i < 2 * Reactor::kErrandsPerTurn; ++i) {
    errands.push_back(std::make_unique<Doing>([&] { ++runs; }));
    reactor.soon(*errands.back());
  }
  reactor.turn(0ns);
  EXPECT_EQ(runs, Reactor::kErrandsPerTurn);
  errands.clear();
  reactor.turn(0ns);
  EXPECT_EQ(runs, Reactor::kErrandsPerTurn);
}

TEST(Errands, OneThatAsksForItselfLetsTheTurnEnd) {
  Reactor reactor;
  int runs = 0;
  Doing errand([&] {
    ++runs;
    reactor.soon(errand);
  });
  reactor.soon(errand);
  for (int turn = 1; turn <= 3; ++turn) {
    reactor.turn(0ns);
    EXPECT_EQ(runs, turn);
  }
}

struct RemovalRow {
  const char* name;
  bool destroy;
};

TEST(Errands, MayBeTakenBackByAnotherOfTheSameTurn) {
  for (const RemovalRow& row : {RemovalRow{"cancelled", false}, RemovalRow{"destroyed", true}}) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    int runs = 0;
    std::vector<std::unique_ptr<Doing>> errands(5);
    for (size_t i = 0; i < errands.size(); ++i)
      errands[i] = std::make_unique<Doing>([&, i] {
        ++runs;
        for (size_t other = 0; other < errands.size(); ++other) {
          if (other == i || !errands[other]) continue;
          row.destroy ? errands[other].reset() : errands[other]->cancel();
        }
      });
    for (const auto& errand : errands) reactor.soon(*errand);
    reactor.turn(0ns);
    EXPECT_EQ(runs, 1);
  }
}

// --- coroutines

Task<void> countTurns(Reactor& reactor, int turns, std::string& order, char mark) {
  for (int i = 0; i < turns; ++i) {
    order += mark;
    co_await NextTurn(reactor);
  }
}

TEST(NextTurn, EverybodyHasATurn) {
  Reactor reactor;
  Scope scope([](std::exception_ptr bug) { std::rethrow_exception(bug); });
  std::string order;
  scope.spawn(countTurns(reactor, 5, order, 'a'));
  scope.spawn(countTurns(reactor, 5, order, 'b'));
  runUntil(reactor, [&] { return scope.size() == 0; });
  ASSERT_EQ(order.size(), 10u);
  for (size_t i = 0; i < order.size(); i += 2) EXPECT_NE(order[i], order[i + 1]) << order;
}

TEST(NextTurn, DroppingCancels) {
  Reactor reactor;
  std::string order;
  Task<void> task = countTurns(reactor, 5, order, 'a');
  task.start();
  task.drop();
  reactor.turn(0ns);
  EXPECT_EQ(order, "a");
}

Task<void> sleepFor(Reactor& reactor, Duration span) { co_await Sleep(reactor, span); }

TEST(Sleep, IsNeverShort) {
  for (const Duration span : {Duration{1ns}, Duration{1ms}, Duration{10ms}, Duration{30ms}}) {
    SCOPED_TRACE(span.count());
    Reactor reactor;
    const TimePoint begin = reactor.now();
    test::complete(reactor, sleepFor(reactor, span));
    EXPECT_GE(reactor.now() - begin, span);
  }
}

TEST(Sleep, OfNothingDoesNotWait) {
  Reactor reactor;
  for (const Duration span : {Duration{0}, Duration{-1s}}) {
    Task<void> task = sleepFor(reactor, span);
    task.start();
    EXPECT_TRUE(task.done());
  }
}

TEST(Sleep, DroppingCancels) {
  Reactor reactor;
  Task<void> task = sleepFor(reactor, 1ms);
  task.start();
  EXPECT_TRUE(reactor.timers().next().has_value());
  task.drop();
  runUntil(reactor, [&] { return !reactor.timers().next(); });
}

TEST(Reactor, ATurnWaitsForTheNextTimerOnly) {
  Reactor reactor;
  Task<void> task = sleepFor(reactor, 5ms);
  task.start();
  while (!task.done()) reactor.turn(1h);
  EXPECT_TRUE(task.done());
}

// --- other threads

TEST(Reactor, WakesFromAnotherThread) {
  Reactor reactor;
  std::thread other([&] { reactor.wake(); });
  reactor.turn(1h);
  other.join();
}

TEST(Reactor, StopsFromAnotherThread) {
  Reactor reactor;
  std::thread other([&] { reactor.stop(); });
  reactor.run();
  other.join();
}

TEST(Reactor, StopFinishesTheTurn) {
  Reactor reactor;
  int runs = 0;
  Doing last([&] { ++runs; });
  Doing first([&] {
    reactor.stop();
    ++runs;
  });
  reactor.soon(last);
  reactor.soon(first);
  reactor.run();
  EXPECT_EQ(runs, 2);
}

// --- readiness

struct Told final : Source {
  void onReady(Readiness readiness) override {
    seen.push_back(readiness);
    if (then) then();
  }
  bool sawReadable() const {
    return std::ranges::any_of(seen, [](const Readiness& r) { return r.readable; });
  }
  std::vector<Readiness> seen;
  std::function<void()> then;
};

struct ReadinessRow {
  const char* name;
  void (*happens)(test::Peer&);
  Readiness expected;
};

TEST(Reactor, TellsWhatHappened) {
  const ReadinessRow rows[] = {
      {"nothing", [](test::Peer&) {}, {false, true, false, false}},
      {"bytes came", [](test::Peer& peer) { peer.send("x"); }, {true, true, false, false}},
      {"the peer ended", [](test::Peer& peer) { peer.finish(); }, {true, true, true, false}},
      {"the peer reset", [](test::Peer& peer) { peer.reset(); }, {true, true, true, true}},
  };
  for (const ReadinessRow& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    Told told;
    ASSERT_TRUE(reactor.watch(pair.near.get(), told));
    row.happens(peer);
    runUntil(reactor, [&] { return !told.seen.empty(); });
    const Readiness& last = told.seen.back();
    EXPECT_EQ(last.readable, row.expected.readable);
    EXPECT_EQ(last.writable, row.expected.writable);
    EXPECT_EQ(last.peer_finished, row.expected.peer_finished);
    EXPECT_EQ(last.broken, row.expected.broken);
    reactor.unwatch(pair.near.get());
  }
}

TEST(Reactor, TellsEachChangeOnce) {
  Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  test::Peer peer(std::move(pair.far));
  Told told;
  ASSERT_TRUE(reactor.watch(pair.near.get(), told));
  test::settle(reactor);
  const size_t first = told.seen.size();
  test::settle(reactor);
  EXPECT_EQ(told.seen.size(), first);
  peer.send("x");
  runUntil(reactor, [&] { return told.seen.size() > first; });
  test::settle(reactor);
  EXPECT_EQ(told.seen.size(), first + 1);
  reactor.unwatch(pair.near.get());
}

TEST(Reactor, TellsNobodyWhoLeftInTheSameTurn) {
  Reactor reactor;
  test::SocketPair one = test::tcpPair();
  test::SocketPair two = test::tcpPair();
  Told first;
  Told second;
  first.then = [&] { reactor.unwatch(two.near.get()); };
  second.then = [&] { reactor.unwatch(one.near.get()); };
  ASSERT_TRUE(reactor.watch(one.near.get(), first));
  ASSERT_TRUE(reactor.watch(two.near.get(), second));
  reactor.turn(1s);  // both are writable
  EXPECT_EQ(first.seen.size() + second.seen.size(), 1u);
}

TEST(Reactor, ANewOwnerOfADescriptorHearsNothingOfTheOldOne) {
  Reactor reactor;
  test::SocketPair one = test::tcpPair();
  test::SocketPair two = test::tcpPair();
  Told actor;
  Told old_owner;
  Told new_owner;
  test::Peer(std::move(two.far)).finish();
  const int number = two.near.get();
  const auto replace = [&] {
    if (two.near.get() == number && old_owner.seen.empty()) {
      reactor.unwatch(number);
      two = test::tcpPair();
      int moved = ::dup2(two.near.get(), number);
      ASSERT_EQ(moved, number);
      two.near = Descriptor(moved);
      ASSERT_TRUE(reactor.watch(number, new_owner));
    }
  };
  actor.then = replace;
  ASSERT_TRUE(reactor.watch(one.near.get(), actor));
  ASSERT_TRUE(reactor.watch(number, old_owner));
  reactor.turn(1s);
  EXPECT_FALSE(new_owner.sawReadable());
  test::settle(reactor);
  EXPECT_FALSE(new_owner.sawReadable())
      << "the end of the old connection was told to the new owner";
  reactor.unwatch(one.near.get());
  reactor.unwatch(number);
}

}  // namespace
}  // namespace fairlead::io
