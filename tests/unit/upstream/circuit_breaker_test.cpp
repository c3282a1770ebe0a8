// The circuit breaker: its stories as a line of events each, and exact probes under many threads.
#include "upstream/circuit_breaker.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace fairlead::upstream {
namespace {

TimePoint at(Duration since) { return TimePoint(since); }

BreakerSettings switchedOn() {
  BreakerSettings settings;
  settings.on = true;
  return settings;
}

char letterOf(Admit how) { return how == Admit::Pass ? 'p' : how == Admit::Probe ? '?' : 'x'; }
char letterOf(BreakerState state) {
  return state == BreakerState::Off      ? 'O'
         : state == BreakerState::Closed ? 'c'
         : state == BreakerState::Open   ? 'o'
                                         : 'h';
}

// Plays a line of events and writes down what it sees:
//   +N -N     N requests pass at once and end well, or failed
//   a         one asks to be admitted: p (passes), ? (a probe), x (refused)
//   gI bI fI  the I-th of those ends well, failed, or without a verdict
//   wN        N tenths of a second pass
//   s         the state: c(losed), o(pen), h(alf-open), O(ff)
class Story {
 public:
  explicit Story(const BreakerSettings& settings) : settings_(settings) {}

  std::string play(std::string_view events) {
    while (!events.empty()) {
      const char kind = events.front();
      events.remove_prefix(1);
      size_t number = 0;
      while (!events.empty() && events.front() >= '0' && events.front() <= '9') {
        number = number * 10 + static_cast<size_t>(events.front() - '0');
        events.remove_prefix(1);
      }
      happen(kind, number);
    }
    return seen_;
  }

 private:
  void happen(char kind, size_t number) {
    switch (kind) {
      case '+':
      case '-':
        for (size_t i = 0; i < number; ++i)
          breaker_.record(breaker_.admit(now_, settings_), kind == '-', now_, settings_);
        return;
      case 'a':
        tickets_.push_back(breaker_.admit(now_, settings_));
        seen_ += letterOf(tickets_.back().how);
        return;
      case 'g':
      case 'b':
        return breaker_.record(tickets_.at(number), kind == 'b', now_, settings_);
      case 'f':
        return breaker_.forget(tickets_.at(number));
      case 'w':
        now_ += static_cast<int>(number) * 100ms;
        return;
      case 's':
        seen_ += letterOf(breaker_.state(now_, settings_));
        return;
      default:
        break;  // a space
    }
  }

  BreakerSettings settings_;
  CircuitBreaker breaker_;
  TimePoint now_ = at(1000s);
  std::vector<BreakerTicket> tickets_;
  std::string seen_;
};

struct StoryRow {
  const char* name;
  std::string_view events;
  std::string_view seen;
};

TEST(CircuitBreaker, PlaysItsStories) {
  const StoryRow rows[] = {
      {"closed at first", "s a", "cp"},
      {"too few requests", "-19 s", "c"},
      {"half of them", "+10 -10 s", "c"},
      {"more than half", "+9 -11 s", "o"},
      {"open refuses", "-20 a w49 a s", "xxo"},
      {"old failures are forgotten", "-19 w110 -1 s", "c"},
      {"only a failure opens", "-19 +1 s", "c"},
      {"the end of open is half-open", "-20 w50 s", "h"},
      {"three probes and no more", "-20 w50 a a a a a", "???xx"},
      {"three good ones close", "-20 w50 a a a g0 g1 s g2 s a", "???hcp"},
      {"one after the other", "-20 w50 a g0 a g1 a g2 s", "???c"},
      {"an end makes room for the next", "-20 w50 a a a g0 a a", "????x"},
      {"a bad one opens again", "-20 w50 a a a b0 s a", "???ox"},
      {"a bad one after good ones", "-20 w50 a g0 a g1 a b2 s", "???o"},
      {"open anew for the whole time", "-20 w50 a b0 w49 s w1 s", "?oh"},
      {"good ones in a row begin anew", "-20 w50 a g0 a g1 a b2 w50 a g3 s a g4 a g5 s",
       "????h??c"},
      {"a late end of the last period", "-20 w50 a a b0 w50 a b1 s g2 g1 g1 s", "???hh"},
      {"closed begins without old failures", "-20 w50 a g0 a g1 a g2 -19 s -1 s", "???co"},
      {"a late failure from before it opened", "a a a a -20 w50 a g4 a g5 a g6 -18 b0 b1 b2 s -1 s",
       "pppp???cc"},
      {"a forgotten probe makes room", "-20 w50 a a a f0 a a", "????x"},
      {"forgotten probes say nothing", "-20 w50 a f0 a f1 a f2 s", "???h"},
      {"a forgotten pass says nothing", "a f0 -19 s", "pc"},
      {"a refused one has no end", "-20 a g0 b0 f0 s w50 a a a a", "xo???x"},
      {"lost probes are given up", "-20 w50 a a a w49 a w1 a a a a", "???x???x"},
      {"a lost one's good end still counts", "-20 w50 a a a w50 a g0 g1 s g2 s", "????hc"},
      {"a lost one's good end makes no room", "-20 w50 a a a w50 a a a g0 a", "??????x"},
      {"a lost one's bad end opens", "-20 w50 a a a w50 a b0 s", "????o"},
      {"a lost one is forgotten", "-20 w50 a a a w50 a a a f0 a", "??????x"},
      {"two lost of three", "-20 w50 a a a g0 a g3 a g4 s", "?????c"},
  };
  for (const StoryRow& row : rows) {
    SCOPED_TRACE(row.name);
    Story story(switchedOn());
    EXPECT_EQ(story.play(row.events), row.seen);
  }
}

TEST(CircuitBreaker, LetsEverythingPassWhenItIsOff) {
  Story story(BreakerSettings{});
  EXPECT_EQ(story.play("s -100 s a"), "OOp");
}

TEST(CircuitBreaker, TellsUntilWhenAndWhy) {
  const BreakerSettings settings = switchedOn();
  CircuitBreaker breaker;
  EXPECT_EQ(breaker.openUntil(at(1000s)), std::nullopt);
  for (int i = 0; i < 24; ++i)
    breaker.record(breaker.admit(at(1000s), settings), i % 3 != 0, at(1000s), settings);
  EXPECT_EQ(breaker.openUntil(at(1001s)), at(1005s));
  EXPECT_EQ(breaker.openUntil(at(1005s)), std::nullopt);
  EXPECT_EQ(describe(breaker.openedBecause(), settings.window),
            "65 % of 20 requests failed in 10s");
}

TEST(CircuitBreaker, NeverWedgesWithAFractionOfAMillisecond) {
  BreakerSettings settings = switchedOn();
  settings.open = Duration(1500us);
  CircuitBreaker breaker;
  const TimePoint now = at(1000s + 700ns);
  for (int i = 0; i < 20; ++i) breaker.record(breaker.admit(now, settings), true, now, settings);
  EXPECT_EQ(breaker.admit(now + 1500us, settings).how, Admit::Refuse);  // rounded up
  EXPECT_EQ(breaker.admit(now + 2ms, settings).how, Admit::Probe);
}

// --- threads

CircuitBreaker& open(CircuitBreaker& breaker, const BreakerSettings& settings) {
  for (int i = 0; i < 20; ++i)
    breaker.record(breaker.admit(at(1s), settings), true, at(1s), settings);
  return breaker;
}

TEST(CircuitBreaker, LetsThreeProbesInHoweverManyAsk) {
  constexpr int kThreads = 4;
  const BreakerSettings settings = switchedOn();
  for (int round = 0; round < 200; ++round) {
    CircuitBreaker breaker;
    open(breaker, settings);
    std::atomic<int> waiting{kThreads};
    std::atomic<uint32_t> probes{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        for (int i = 0; i < 5; ++i)
          if (breaker.admit(at(10s), settings).how == Admit::Probe) ++probes;
      });
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(probes, CircuitBreaker::kProbes);
  }
}

TEST(CircuitBreaker, KeepsItsBoundWhileProbesComeAndGo) {
  constexpr int kThreads = 4;
  const BreakerSettings settings = switchedOn();
  CircuitBreaker breaker;
  open(breaker, settings);
  std::atomic<uint32_t> out{0};
  std::atomic<uint32_t> most{0};
  std::atomic<uint32_t> all{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const BreakerTicket ticket = breaker.admit(at(10s), settings);
        if (ticket.how != Admit::Probe) continue;
        const uint32_t now_out = ++out;
        uint32_t seen = most;
        while (seen < now_out && !most.compare_exchange_weak(seen, now_out)) {
        }
        ++all;
        --out;
        breaker.forget(ticket);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, CircuitBreaker::kProbes);
  EXPECT_GE(all, 100u);
  EXPECT_EQ(breaker.state(at(10s), settings), BreakerState::HalfOpen);
}

}  // namespace
}  // namespace fairlead::upstream
