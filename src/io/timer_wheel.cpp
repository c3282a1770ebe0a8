// The wheel: level L holds what is due within 64^(L+1) ticks; when a level wraps, the next one
// spills into it.
#include "io/timer_wheel.h"

#include <algorithm>
#include <utility>

namespace fairlead::io {

void Timer::cancel() {
  if (!armed()) return;
  *previous_ = next_;
  if (next_) next_->previous_ = previous_;
  next_ = nullptr;
  previous_ = nullptr;
}

uint64_t TimerWheel::tickCeil(TimePoint at) const {
  if (at <= start_) return 0;
  const Duration::rep ticks = (at - start_).count() / kTick.count();
  return static_cast<uint64_t>(ticks) + 1;
}

void TimerWheel::arm(Timer& timer, TimePoint due) {
  timer.cancel();
  timer.due_ = due;
  insert(timer);
  if (due < hint_) hint_ = due;
}

void TimerWheel::insert(Timer& timer) {
  uint64_t due = tickCeil(timer.due_);
  if (due <= tick_) due = tick_ + 1;
  uint64_t ahead = due - tick_;
  unsigned level = 0;
  while (level + 1 < kLevels && ahead >= (uint64_t{1} << (kBits * (level + 1)))) ++level;
  const uint64_t reach = uint64_t{1} << (kBits * kLevels);
  if (ahead >= reach) due = tick_ + reach - 1;
  link(timer, level, static_cast<unsigned>(due >> (kBits * level)) % kSlots);
}

void TimerWheel::link(Timer& timer, unsigned level, unsigned slot) {
  Timer*& head = slots_[level][slot];
  timer.next_ = head;
  timer.previous_ = &head;
  if (head) head->previous_ = &timer.next_;
  head = &timer;
}

// When a level wraps, the slot of the next one whose time has come is taken out, to be spilled.
void TimerWheel::beginTick(uint64_t tick) {
  tick_ = tick;
  for (unsigned level = 1; level < kLevels; ++level) {
    if (tick_ % (uint64_t{1} << (kBits * level)) != 0) break;
    Timer*& slot = slots_[level][static_cast<unsigned>(tick_ >> (kBits * level)) % kSlots];
    spilling_[level] = std::exchange(slot, nullptr);
    if (spilling_[level]) spilling_[level]->previous_ = &spilling_[level];
  }
}

// Puts the timers of the slots that were taken out where they belong now. False: some are left.
bool TimerWheel::spill(Allowance& left) {
  for (Timer*& head : spilling_) {
    while (Timer* timer = head) {
      if (left.moves-- == 0) return false;
      timer->cancel();
      // What is due in this very tick belongs in the slot that fires next.
      if (tickCeil(timer->due_) <= tick_) {
        link(*timer, 0, static_cast<unsigned>(tick_ % kSlots));
      } else {
        insert(*timer);
      }
    }
  }
  return true;
}

// False: there was not enough allowance for all that is due in this tick.
bool TimerWheel::finishTick(TimePoint now, Allowance& left) {
  if (!spill(left)) return false;
  while (Timer* timer = slots_[0][tick_ % kSlots]) {
    if (left.firings-- == 0) return false;
    timer->cancel();
    timer->callback_(*timer, now);
  }
  return true;
}

void TimerWheel::advance(TimePoint now, size_t most) {
  if (now < hint_) return;
  Allowance left{.firings = most,
                 .moves = most < SIZE_MAX / kMovesPerFiring ? most * kMovesPerFiring : SIZE_MAX};
  const auto target = static_cast<uint64_t>((now - start_).count() / kTick.count());
  uint64_t next = tick_;  // what the call before left of it
  while (next <= target) {
    if (next != tick_) beginTick(next);
    if (!finishTick(now, left)) {
      hint_ = start_ + static_cast<Duration::rep>(tick_) * kTick;
      return;
    }
    next = nextOccupied();
  }
  tick_ = target;
  hint_ = next == kNoTick ? kNever : start_ + static_cast<Duration::rep>(next) * kTick;
}

// A timer is at most 64 slots ahead on its level, so the slot of `tick_` itself holds what comes
// last.
uint64_t TimerWheel::nextOccupied() const {
  uint64_t best = kNoTick;
  for (unsigned level = 0; level < kLevels; ++level) {
    const uint64_t base = tick_ >> (kBits * level);
    for (uint64_t slot = base + 1; slot <= base + kSlots; ++slot) {
      if (!slots_[level][slot % kSlots]) continue;
      best = std::min(best, slot << (kBits * level));
      break;
    }
  }
  return best;
}

}  // namespace fairlead::io
