// The average and its time stamp share one word, so that neither is ever seen without the other.
#include "balance/latency_average.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fairlead::balance {
namespace {

// Time stamps count ticks of 2^16 ns (66 us), which wrap around after 78 hours: a figure that old
// may pass for a fresh one, and fades like that.
constexpr int kTickBits = 16;
// The most that one answer makes of the average: a slow server soon gives more of them, and where
// times have a long tail, one alone says nothing of its server.
constexpr float kMostRise = 2;
// A stamp that is up to this many ticks (two minutes) ahead is another thread's, not 78 hours old.
constexpr uint32_t kMostAhead = uint32_t{1} << 21;

struct Figure {
  float seconds;
  uint32_t tick;

  static Figure of(uint64_t word) {
    return {std::bit_cast<float>(static_cast<uint32_t>(word >> 32)), static_cast<uint32_t>(word)};
  }
  uint64_t packed() const { return uint64_t{std::bit_cast<uint32_t>(seconds)} << 32 | tick; }
};

uint32_t tickOf(TimePoint now) {
  return static_cast<uint32_t>(now.time_since_epoch().count() >> kTickBits);
}

// Ticks since `then`; none if it lies ahead.
uint32_t age(uint32_t then, uint32_t now) {
  const uint32_t ticks = now - then;
  return ticks > UINT32_MAX - kMostAhead ? 0 : ticks;
}

// What is left of the weight that a figure had that many ticks ago.
float remaining(uint32_t ticks) {
  constexpr auto kTicksPerTau =
      static_cast<float>(LatencyAverage::kTau.count()) / static_cast<float>(1 << kTickBits);
  return std::exp(-static_cast<float>(ticks) / kTicksPerTau);
}

uint64_t withAnswer(uint64_t word, float seconds, uint32_t tick) {
  if (word == 0) return Figure{seconds, tick}.packed();
  const Figure figure = Figure::of(word);
  const uint32_t ticks = age(figure.tick, tick);
  seconds = std::min(seconds, kMostRise * figure.seconds);
  if (seconds > figure.seconds) return Figure{seconds, ticks == 0 ? figure.tick : tick}.packed();
  if (ticks == 0) return word;
  const float old = remaining(ticks);
  return Figure{figure.seconds * old + seconds * (1 - old), tick}.packed();
}

}  // namespace

// A failed exchange means that another thread's answer was written; within a tick only slower
// answers than the average are, so the loop ends after a few turns.
void LatencyAverage::observe(Duration latency, TimePoint now) {
  constexpr float kLeast = 1e-9F;  // so that no figure is 0
  const float seconds =
      std::max(std::chrono::duration_cast<std::chrono::duration<float>>(latency).count(), kLeast);
  const uint32_t tick = tickOf(now);
  uint64_t word = packed_.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t next = withAnswer(word, seconds, tick);
    if (next == word) return;
    if (packed_.compare_exchange_weak(word, next, std::memory_order_relaxed)) return;
  }
}

Duration LatencyAverage::at(TimePoint now) const {
  const uint64_t word = packed_.load(std::memory_order_relaxed);
  if (word == 0) return Duration{0};
  const Figure figure = Figure::of(word);
  const float seconds = figure.seconds * remaining(age(figure.tick, tickOf(now)));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<float>(seconds));
}

}  // namespace fairlead::balance
