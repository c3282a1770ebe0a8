// Where requests of all workers wait for a place in a pool, in the order in which they are let in.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

#include "base/time.h"
#include "upstream/settings.h"
#include "upstream/shedding.h"

namespace fairlead::upstream {

// Who is told when a request's wait is over.
class Waiters {
 public:
  enum class Call : uint8_t {
    Try,   // there may be a place
    Shed,  // a request of a higher priority took its place in the queue
  };
  // Any thread, with no lock held. `ticket` is what `WaitingRoom::Guest` said; it may be of a
  // request that is gone.
  virtual void call(uint64_t ticket, Call what) = 0;

 protected:
  ~Waiters() = default;
};

// Touched only when a pool is full: a mutex is good enough.
class WaitingRoom {
 public:
  struct Guest {
    Waiters* home = nullptr;
    uint64_t ticket = 0;  // unique within `home`
    Priority priority = Priority::Normal;
    TimePoint since{};
  };
  enum class Welcome : uint8_t { Waits, Full, Shed };
  // How a wait ended.
  enum class Going : uint8_t { Placed, TimedOut, Gone };

  explicit WaitingRoom(const QueueSettings& settings) : settings_(settings), policy_(settings) {}

  // Does anybody wait, or was called and has not been heard of yet? Newcomers stand behind those.
  bool any() const { return expected_.load(std::memory_order_seq_cst) > 0; }
  // A newcomer.
  Welcome enter(const Guest& guest, TimePoint now);
  // One who was called and found no place: back to where it stood.
  void enterAgain(const Guest& guest);
  // One who was called has done with waiting.
  void answered(TimePoint since, Going going, TimePoint now);
  // One who was not called does not wait any longer. False: it was called just now.
  bool leave(const Guest& guest, Going going, TimePoint now);
  // There may be a place: calls the next one.
  void callNext();

  size_t waiting() const;

 private:
  using Queue = std::deque<Guest>;
  Queue& queueOf(Priority priority) { return queues_[static_cast<size_t>(priority)]; }
  Waiting countLocked() const;
  void noteLocked(TimePoint since, Going going, TimePoint now);

  const QueueSettings& settings_;
  mutable std::mutex mutex_;
  std::array<Queue, 3> queues_;  // by priority; the oldest in front
  QueuePolicy policy_;
  std::atomic<uint32_t> expected_{0};
};

}  // namespace fairlead::upstream
