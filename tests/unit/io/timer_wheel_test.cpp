// The timer wheel: tables of spans, what callbacks may do, and a model that it has to agree with.
#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 4ms;
constexpr Duration kDay = 24h;
const TimePoint kStart = TimePoint{} + 1000h;

// Notes when it fires.
struct Alarm : Timer {
  Alarm() : Timer(fire) {}
  static void fire(Timer& timer, TimePoint now) {
    auto& self = static_cast<Alarm&>(timer);
    ++self.fired;
    self.at = now;
  }
  int fired = 0;
  TimePoint at{};
};

struct SpanRow {
  const char* name;
  Duration span;
};

const SpanRow kSpans[] = {
    {"nothing", 0ns},
    {"less than a tick", 1ms},
    {"a nanosecond less than a tick", kTick - 1ns},
    {"a tick", kTick},
    {"a nanosecond more than a tick", kTick + 1ns},
    {"the last tick of level 0", 63 * kTick},
    {"the first tick of level 1", 64 * kTick},
    {"a nanosecond before level 1", 64 * kTick - 1ns},
    {"ten seconds", 10s},
    {"the last tick of level 1", 4095 * kTick},
    {"the first tick of level 2", 4096 * kTick},
    {"75 seconds", 75s},
    {"the last tick of level 2", (64 * 4096 - 1) * kTick},
    {"an hour", 1h},
    {"the last tick of level 3", (int64_t{1} << 24) * kTick - kTick},
    {"two days", 2 * kDay},
    {"the last tick of level 4", (int64_t{1} << 30) * kTick - kTick},
    {"beyond the last level", (int64_t{1} << 30) * kTick},
    {"far beyond the last level", 120 * kDay},
};

// Not only from tick zero, where every level begins.
const SpanRow kBegins[] = {{"from the start", 0ns},
                           {"from the second tick", kTick},
                           {"from within level 1", 100 * kTick + 1ms},
                           {"from within level 2", 5000 * kTick},
                           {"from the end of level 2", (64 * 4096 - 1) * kTick},
                           {"from within level 3", 2h}};

// Brings the wheel to this time: without any timer it would not move.
void turnTo(TimerWheel& wheel, TimePoint now) {
  Alarm alarm;
  wheel.arm(alarm, now);
  wheel.advance(now);
}

TEST(TimerWheel, FiresWithinATickAfterItsDueTime) {
  for (const SpanRow& begin : kBegins) {
    for (const SpanRow& span : kSpans) {
      SCOPED_TRACE(std::string(begin.name) + ": " + span.name);
      TimerWheel wheel(kStart);
      const TimePoint armed_at = kStart + begin.span;
      turnTo(wheel, armed_at);
      Alarm alarm;
      wheel.arm(alarm, armed_at + span.span);
      EXPECT_TRUE(alarm.armed());
      wheel.advance(armed_at + span.span - 1ns);
      EXPECT_EQ(alarm.fired, 0) << "early";
      wheel.advance(armed_at + span.span + kTick);
      EXPECT_EQ(alarm.fired, 1);
      EXPECT_FALSE(alarm.armed());
      EXPECT_EQ(wheel.next(), std::nullopt);
    }
  }
}

// Whoever waits for `next` wakes up a few times on the way, a level each, and never too late.
TEST(TimerWheel, NextLeadsThereInFewSteps) {
  for (const SpanRow& begin : kBegins) {
    for (const SpanRow& span : kSpans) {
      SCOPED_TRACE(std::string(begin.name) + ": " + span.name);
      TimerWheel wheel(kStart);
      const TimePoint armed_at = kStart + begin.span;
      turnTo(wheel, armed_at);
      Alarm alarm;
      wheel.arm(alarm, armed_at + span.span);
      TimePoint now = armed_at;
      int steps = 0;
      for (; !alarm.fired && steps < 50; ++steps) {
        ASSERT_TRUE(wheel.next().has_value());
        ASSERT_LE(*wheel.next(), armed_at + span.span + kTick) << "too late";
        now = std::max(now, *wheel.next());
        wheel.advance(now);
      }
      EXPECT_EQ(alarm.fired, 1);
      EXPECT_LE(steps, 10);
    }
  }
}

TEST(TimerWheel, NothingArmedMeansNoNext) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next(), std::nullopt);
  Alarm alarm;
  wheel.arm(alarm, kStart + 10s);
  EXPECT_NE(wheel.next(), std::nullopt);
  alarm.cancel();
  wheel.advance(kStart + 20s);
  EXPECT_EQ(wheel.next(), std::nullopt);
  EXPECT_EQ(alarm.fired, 0);
}

TEST(TimerWheel, IsExactAfterALongTimeWithoutTimers) {
  TimerWheel wheel(kStart);
  const TimePoint now = kStart + 30 * kDay;
  wheel.advance(now);
  Alarm alarm;
  wheel.arm(alarm, now + 10ms);
  wheel.advance(now + 9ms);
  EXPECT_EQ(alarm.fired, 0);
  wheel.advance(now + 10ms + kTick);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, ArmingAgainMoves) {
  const std::pair<Duration, Duration> rows[] = {{10s, 1s}, {1s, 10s}, {1ms, 1h}, {1h, 1ms}};
  for (const auto& [first, second] : rows) {
    SCOPED_TRACE(std::to_string(first.count()) + " then " + std::to_string(second.count()));
    TimerWheel wheel(kStart);
    Alarm alarm;
    wheel.arm(alarm, kStart + first);
    wheel.arm(alarm, kStart + second);
    wheel.advance(kStart + second - 1ns);
    EXPECT_EQ(alarm.fired, 0);
    wheel.advance(kStart + second + kTick);
    EXPECT_EQ(alarm.fired, 1);
    wheel.advance(kStart + 2h);
    EXPECT_EQ(alarm.fired, 1);
  }
}

TEST(TimerWheel, ArmByOnlyMovesToAnEarlierTime) {
  TimerWheel wheel(kStart);
  Alarm alarm;
  wheel.armBy(alarm, kStart + 5s);
  wheel.armBy(alarm, kStart + 9s);
  EXPECT_EQ(alarm.due(), kStart + 5s);
  wheel.armBy(alarm, kStart + 2s);
  EXPECT_EQ(alarm.due(), kStart + 2s);
}

TEST(TimerWheel, ATimerLeavesWithItsOwner) {
  TimerWheel wheel(kStart);
  Alarm stays;
  {
    Alarm goes;
    wheel.arm(goes, kStart + 1s);
    wheel.arm(stays, kStart + 1s);
  }
  wheel.advance(kStart + 2s);
  EXPECT_EQ(stays.fired, 1);
}

// --- shares

// Notes its number when it fires.
struct Numbered : Timer {
  Numbered(std::vector<size_t>& into, size_t own) : Timer(fire), notes(into), number(own) {}
  static void fire(Timer& timer, TimePoint) {
    auto& self = static_cast<Numbered&>(timer);
    self.notes.push_back(self.number);
  }
  std::vector<size_t>& notes;
  size_t number;
};

struct CrowdRow {
  const char* name;
  Duration first;    // when the first is due
  Duration between;  // of two in a row
  size_t count;
};

const CrowdRow kCrowds[] = {
    {"all at once", 1s, 0ns, 10'000},
    {"all at once, a level up", 20s, 0ns, 10'000},
    {"all at once, two levels up", 2h, 0ns, 10'000},
    {"a tick apart", 100ms, kTick, 1'000},
    {"several a tick", 60s, kTick / 8, 5'000},
};

TEST(TimerWheel, AShareOfACrowdFiresAtATime) {
  constexpr size_t kMost = 32;
  for (const CrowdRow& row : kCrowds) {
    SCOPED_TRACE(row.name);
    TimerWheel wheel(kStart);
    std::vector<size_t> notes;
    std::vector<std::unique_ptr<Numbered>> crowd;
    for (size_t i = 0; i < row.count; ++i) {
      crowd.push_back(std::make_unique<Numbered>(notes, i));
      wheel.arm(*crowd[i], kStart + row.first + static_cast<Duration::rep>(i) * row.between);
    }
    const TimePoint late = kStart + 3h;
    wheel.advance(kStart + row.first - 1ns, kMost);
    EXPECT_TRUE(notes.empty()) << "early";
    size_t calls = 0;
    for (size_t before = 0; notes.size() < row.count; before = notes.size(), ++calls) {
      ASSERT_TRUE(wheel.next().has_value());
      ASSERT_LE(*wheel.next(), late) << "forgot the others";
      wheel.advance(late, kMost);
      ASSERT_LE(notes.size() - before, kMost);
      ASSERT_LT(calls, row.count) << "does not come to an end";
    }
    EXPECT_EQ(wheel.next(), std::nullopt);
    // Those of one tick have no order among them.
    for (size_t i = 1; i < notes.size(); ++i)
      ASSERT_LE(crowd[notes[i - 1]]->due(), crowd[notes[i]]->due() + kTick);
  }
}

// Whether they wait in a slot or on their way down from another level.
TEST(TimerWheel, WhatIsLeftForTheNextCallMayGoOrMove) {
  for (const Duration span : {Duration(1s), Duration(20s)}) {
    SCOPED_TRACE(span.count());
    TimerWheel wheel(kStart);
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 200; ++i) {
      alarms.push_back(std::make_unique<Alarm>());
      wheel.arm(*alarms.back(), kStart + span);
    }
    const TimePoint now = kStart + span + kTick;
    wheel.advance(now, 3);
    int fired = 0;
    for (size_t i = 0; i < alarms.size(); ++i) {
      if (alarms[i]->fired > 0) {
        ++fired;
      } else if (i % 3 == 0) {
        alarms[i].reset();
      } else if (i % 3 == 1) {
        wheel.arm(*alarms[i], now + 10s);
      }
    }
    EXPECT_LE(fired, 3);
    wheel.advance(now);
    for (size_t i = 0; i < alarms.size(); ++i)
      if (alarms[i] && alarms[i]->fired == 0) EXPECT_EQ(alarms[i]->due(), now + 10s);
    wheel.advance(now + 10s + kTick);
    for (const auto& alarm : alarms) EXPECT_TRUE(!alarm || alarm->fired == 1);
    EXPECT_EQ(wheel.next(), std::nullopt);
  }
}

// --- what callbacks may do

// Runs what the test gives it.
struct Action : Timer {
  explicit Action(TimerWheel& owner) : Timer(fire), wheel(owner) {}
  static void fire(Timer& timer, TimePoint now) {
    auto& self = static_cast<Action&>(timer);
    ++self.fired;
    if (self.cancels) self.cancels->cancel();
    if (self.arms) self.wheel.arm(*self.arms, now + self.after);
    if (self.ends) self.ends->reset();
  }
  TimerWheel& wheel;
  int fired = 0;
  Timer* cancels = nullptr;
  Timer* arms = nullptr;
  Duration after{0};
  std::unique_ptr<Alarm>* ends = nullptr;
};

TEST(TimerWheel, ACallbackMayArmItselfAgain) {
  TimerWheel wheel(kStart);
  Action action(wheel);
  action.arms = &action;
  action.after = 10ms;
  wheel.arm(action, kStart + 10ms);
  for (int round = 1; round <= 100; ++round) wheel.advance(kStart + round * (10ms + kTick));
  EXPECT_EQ(action.fired, 100);
  EXPECT_TRUE(action.armed());
}

TEST(TimerWheel, ArmingForTheSameMomentInACallbackEnds) {
  TimerWheel wheel(kStart);
  Action action(wheel);
  action.arms = &action;
  wheel.arm(action, kStart + 1s);
  wheel.advance(kStart + 1s + kTick);
  EXPECT_GE(action.fired, 1);
  EXPECT_LE(action.fired, 3);
}

TEST(TimerWheel, ACallbackMayCancelOneOfTheSameTick) {
  TimerWheel wheel(kStart);
  Action first(wheel);
  Action second(wheel);
  first.cancels = &second;
  second.cancels = &first;
  wheel.arm(first, kStart + 1s);
  wheel.arm(second, kStart + 1s);
  wheel.advance(kStart + 2s);
  EXPECT_EQ(first.fired + second.fired, 1);
}

TEST(TimerWheel, ACallbackMayDestroyOneOfTheSameTick) {
  TimerWheel wheel(kStart);
  auto victim = std::make_unique<Alarm>();
  Action before(wheel);
  Action after(wheel);
  before.ends = &victim;
  after.ends = &victim;
  wheel.arm(before, kStart + 1s);
  wheel.arm(*victim, kStart + 1s);
  wheel.arm(after, kStart + 1s);
  wheel.advance(kStart + 2s);
  EXPECT_EQ(victim, nullptr);
  EXPECT_EQ(before.fired + after.fired, 2);
}

TEST(TimerWheel, ACallbackMayArmAnother) {
  TimerWheel wheel(kStart);
  Action action(wheel);
  Alarm alarm;
  action.arms = &alarm;
  action.after = 5s;
  wheel.arm(action, kStart + 1s);
  wheel.advance(kStart + 1s + kTick);
  EXPECT_TRUE(alarm.armed());
  wheel.advance(kStart + 5s);
  EXPECT_EQ(alarm.fired, 0);
  wheel.advance(kStart + 6s + 2 * kTick);
  EXPECT_EQ(alarm.fired, 1);
}

// --- the model

// A world of timers, some of which act on others when they fire; beside it a sorted list of what is
// due.
class World {
 public:
  static constexpr size_t kTimers = 60;

  explicit World(uint64_t seed) : random_(seed), wheel_(kStart), now_(kStart) {
    for (size_t i = 0; i < kTimers; ++i) timers_.push_back(std::make_unique<Actor>(*this, i));
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      for (uint64_t n = random_.below(4); n > 0; --n) act(now_);
      checkNext();
      now_ += span();
      advance();
      checkNothingIsLate();
    }
  }
  uint64_t fired() const { return fired_; }

 private:
  // At once, or share by share with things done in between.
  void advance() {
    if (random_.below(2) == 0) return wheel_.advance(now_);
    wheel_.advance(now_, random_.below(3));
    while (wheel_.next() && *wheel_.next() <= now_) {
      if (random_.below(4) == 0) act(now_);
      wheel_.advance(now_, 1 + random_.below(3));
    }
  }

  struct Actor : Timer {
    Actor(World& in, size_t number) : Timer(fire), world(in), id(number) {}
    static void fire(Timer& timer, TimePoint now) {
      auto& self = static_cast<Actor&>(timer);
      self.world.onFired(self, now);
    }
    World& world;
    size_t id;
    std::multimap<TimePoint, size_t>::iterator entry;
    bool listed = false;
  };

  // Spans of every level, and moments that lie exactly on a tick.
  Duration span() {
    static constexpr Duration kScales[] = {kTick, 64 * kTick, 4096 * kTick, 64 * 4096 * kTick};
    const Duration scale = kScales[random_.below(16) == 0 ? 3 : random_.below(3)];
    Duration result(
        static_cast<Duration::rep>(random_.below(static_cast<uint64_t>(scale.count()))));
    if (random_.below(4) == 0) result = result / kTick * kTick;
    return result;
  }
  Duration farSpan() { return random_.below(50) == 0 ? 40 * kDay + 100 * span() : span(); }

  void unlist(Actor& actor) {
    if (actor.listed) due_.erase(actor.entry);
    actor.listed = false;
  }
  void act(TimePoint now) {
    Actor& actor = *timers_[random_.below(kTimers)];
    unlist(actor);
    if (random_.below(4) == 0) return actor.cancel();
    const bool in_the_past = random_.below(10) == 0;
    const TimePoint due = in_the_past ? now - span() : now + farSpan();
    wheel_.arm(actor, due);
    actor.entry = due_.emplace(std::max(due, now), actor.id);
    actor.listed = true;
  }
  void onFired(Actor& actor, TimePoint now) {
    EXPECT_EQ(now, now_);
    EXPECT_TRUE(actor.listed) << "fired without being armed";
    EXPECT_GE(now, actor.due()) << "early";
    unlist(actor);
    ++fired_;
    for (uint64_t n = random_.below(3); n > 0; --n) act(now);
  }
  void checkNext() {
    if (due_.empty()) return;
    ASSERT_TRUE(wheel_.next().has_value());
    EXPECT_LE(*wheel_.next(), due_.begin()->first + kTick) << "next is late";
  }
  void checkNothingIsLate() {
    if (due_.empty()) return;
    EXPECT_GT(due_.begin()->first + kTick, now_) << "late";
  }

  Random random_;
  TimerWheel wheel_;
  TimePoint now_;
  std::multimap<TimePoint, size_t> due_;
  std::vector<std::unique_ptr<Actor>> timers_;
  uint64_t fired_ = 0;
};

TEST(TimerWheel, AgreesWithASortedList) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    world.run(2000);
    EXPECT_GT(world.fired(), 1000u);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace fairlead::io
