// What workers gave back to the heap goes back to the system: now and then, and on a thread that
// serves nobody.
#pragma once

#include <malloc.h>

#include <algorithm>

#include "io/reactor.h"

namespace fairlead::control {

// While the heap is trimmed (3 ms for some tens of MiB) whoever asks it for memory waits, so it is
// done seldom. One thread.
class SpareMemory {
 public:
  explicit SpareMemory(io::Reactor& reactor) : reactor_(reactor) {}

  // Some was given back: it goes soon, but not so soon after the last time.
  void give() {
    if (!trimming_.armed()) reactor_.timers().arm(trimming_, std::max(reactor_.now(), not_before_));
  }

 private:
  static constexpr Duration kAtMostEvery = std::chrono::seconds(10);

  struct Trimming : io::Timer {
    explicit Trimming(SpareMemory& memory)
        : Timer([](Timer& timer, TimePoint now) { static_cast<Trimming&>(timer).owner.trim(now); }),
          owner(memory) {}
    SpareMemory& owner;
  };
  void trim(TimePoint now) {
    not_before_ = now + kAtMostEvery;
    ::malloc_trim(0);
  }

  io::Reactor& reactor_;
  TimePoint not_before_{};
  Trimming trimming_{*this};
};

}  // namespace fairlead::control
