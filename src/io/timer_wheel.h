// Timers by the hundred thousand: a hierarchical wheel with constant-time arm and cancel; pure,
// takes `now`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace fairlead::io {

// Something that wants to be told once. Intrusive: lives inside its owner and leaves the wheel with
// it.
class Timer {
 public:
  using Callback = void (*)(Timer&, TimePoint now);
  explicit Timer(Callback callback) : callback_(callback) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  bool armed() const { return previous_ != nullptr; }
  TimePoint due() const { return due_; }
  void cancel();

 private:
  friend class TimerWheel;
  Callback callback_;
  TimePoint due_{};
  Timer* next_ = nullptr;
  Timer** previous_ = nullptr;  // what points at this one
};

// Five levels of 64 slots over ticks of 4 ms: a timer fires in the first `advance` at or after its
// due time, up to one tick late, never early. Beyond 48 days it is looked at again then. One
// thread.
class TimerWheel {
 public:
  explicit TimerWheel(TimePoint start) : start_(start) {}

  // Arms, or moves, a timer.
  void arm(Timer& timer, TimePoint due);
  // Moving a deadline later costs nothing: the owner looks at its own deadline when the timer fires
  // and arms it again. So this arms only when the timer is not armed, or is armed for later than
  // `due`.
  void armBy(Timer& timer, TimePoint due) {
    if (!timer.armed() || due < timer.due_) arm(timer, due);
  }
  // Fires the timers that are due, `most` of them at the most: the others stay for the next call,
  // before any that are due later, and `next` says that there are some. Callbacks may arm and
  // cancel any timer, their own included.
  void advance(TimePoint now, size_t most = SIZE_MAX);
  // No timer fires before this; nothing when none is armed. May be too early after a cancel, never
  // late.
  std::optional<TimePoint> next() const {
    return hint_ == kNever ? std::nullopt : std::optional(hint_);
  }

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(4);
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1u << kBits;
  static constexpr unsigned kLevels = 5;
  static constexpr uint64_t kNoTick = UINT64_MAX;

  uint64_t tickCeil(TimePoint at) const;
  void insert(Timer& timer);
  void link(Timer& timer, unsigned level, unsigned slot);
  // A timer is moved from level to level at a small part of the cost of firing one.
  static constexpr size_t kMovesPerFiring = 16;
  struct Allowance {
    size_t firings;
    size_t moves;
  };

  void beginTick(uint64_t tick);
  bool finishTick(TimePoint now, Allowance& left);
  bool spill(Allowance& left);
  // The next tick after `tick_` at which a slot of any level is to be emptied, or kNoTick.
  uint64_t nextOccupied() const;

  TimePoint start_;
  // Everything due before this tick has fired, and what is due in it but for what an allowance left
  // over: in `spilling_`, and in its own slot of level 0, where no timer is put that is due later.
  // Lags while nothing is due.
  uint64_t tick_ = 0;
  TimePoint hint_ =
      kNever;  // nothing is due before: `advance` and `next` cost a comparison until then
  std::array<std::array<Timer*, kSlots>, kLevels> slots_{};
  std::array<Timer*, kLevels> spilling_{};  // slots whose time has come, on their way down
};

}  // namespace fairlead::io
