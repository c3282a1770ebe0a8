// How long the turns of one loop are, and how much of the time it is busy: written by the loop's
// thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/count.h"
#include "base/latency_histogram.h"
#include "base/time.h"

namespace fairlead::io {

// One turn, by the wall clock: what everybody else on this loop waited for.
struct LongTurn {
  Duration length{};
  TimePoint at{};  // its end, or now while it lasts
};

// What a meter says at one moment. A turn that has not ended counts with what it took so far.
struct TurnFacts {
  uint64_t turns = 0;               // that have ended, since the start
  Duration busy{};                  // their lengths together
  double busy_share = 0;            // of the last minute, or of the time since the start
  LongTurn longest;                 // since the start
  LongTurn longest_lately;          // of the last minute
  std::optional<Duration> p99;      // of the last 10 to 20 seconds; nothing without a turn
  std::optional<Duration> running;  // the turn that has not ended: its length so far
};

// On lines of its own. Everything is a relaxed store of the one writer; a reader may see the length
// of one turn with the end of another.
class alignas(64) TurnMeter {
 public:
  explicit TurnMeter(TimePoint start) : start_(start) {}

  // The loop has something to do. The writer only, as `end`.
  void begin(TimePoint now) { began_.store(now.time_since_epoch().count(), kRelaxed); }
  void end(TimePoint now);

  TurnFacts facts(TimePoint now) const;

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  static constexpr Duration kSpan = std::chrono::seconds(10);  // of a slot
  static constexpr uint64_t kSpans = 6;                        // complete ones in the last minute
  static constexpr Duration::rep kIdle = 0;

  struct Peak {
    std::atomic<Duration::rep> length{0};
    std::atomic<Duration::rep> at{0};

    void raise(Duration span, TimePoint now);
    LongTurn read() const;
  };
  // A minute slides by in steps of a slot: the writer takes the oldest anew.
  struct Slot {
    std::atomic<uint64_t> span{UINT64_MAX};  // which 10 s of the clock; UINT64_MAX: none
    std::atomic<Duration::rep> busy{0};
    Peak peak;
  };

  static uint64_t spanOf(TimePoint now) {
    return static_cast<uint64_t>(now.time_since_epoch().count() / kSpan.count());
  }
  Slot& slotAt(TimePoint now);
  void addLately(TurnFacts& facts, TimePoint now) const;
  static void addRunning(TurnFacts& facts, Duration length, TimePoint now);

  std::atomic<Duration::rep> began_{kIdle};  // the turn under way, or kIdle
  Count turns_;
  Count busy_;  // nanoseconds
  Peak longest_;
  std::array<Slot, kSpans + 1> slots_;
  LatencyHistogram lengths_;
  const TimePoint start_;
};

}  // namespace fairlead::io
