// One event loop a worker: everything that waits, waits here. The epoll engine behind it is
// exchangeable.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/descriptor.h"
#include "io/timer_wheel.h"
#include "io/turn_meter.h"

namespace fairlead::io {

// What the engine saw on a descriptor.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool peer_finished = false;  // the peer will send no more
  bool broken = false;         // both directions are dead: reset, or an error
};

// Something with a descriptor that the reactor tells of readiness, edge-triggered.
class Source {
 public:
  virtual void onReady(Readiness readiness) = 0;

 protected:
  ~Source() = default;
};

// Something to be run at the end of a turn, outside of whatever runs now; for waking another
// coroutine without running inside of it. Intrusive: it leaves the list when it is destroyed.
class Errand {
 public:
  using Run = void (*)(Errand&);
  explicit Errand(Run run) : run_(run) {}
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  ~Errand() { cancel(); }

  bool pending() const { return previous_ != nullptr; }
  void cancel() {
    if (!previous_) return;
    *previous_ = next_;
    if (next_) next_->previous_ = previous_;
    previous_ = nullptr;
  }

 private:
  friend class Reactor;
  Run run_;
  Errand* next_ = nullptr;
  Errand** previous_ = nullptr;
};

// All calls on the thread that runs it, but `wake` and `stop`, which any thread may use.
class Reactor {
 public:
  // The shares of one turn, which stays under 1 ms: the first request of a client may take 70 us
  // with the connection to a server that it needs (5 to 20 us when there is one), and what errands
  // and timers do takes some microseconds each.
  static constexpr int kEventsPerTurn = 12;
  static constexpr size_t kTimersPerTurn = 32;
  static constexpr size_t kErrandsPerTurn = 16;

  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  // Read once a turn; what a request sees as time.
  TimePoint now() const { return now_; }
  // Reads the clock anew, for work that took long.
  void refreshNow();
  TimerWheel& timers() { return timers_; }
  // How long its turns are. Any thread may read.
  const TurnMeter& meter() const { return meter_; }

  // Runs turns until `stop`; then finishes the turn that it is in.
  void run();
  // Waits at most `longest` for something to happen and handles it. What is due beyond a turn's
  // share of events, timers and errands is left to the next turn, which does not wait then: whoever
  // comes meanwhile waits for one share and not for all.
  void turn(Duration longest);
  void stop();
  // Makes a turn end its wait at once.
  void wake();

  // One registration for a descriptor's whole life, for reading and writing. False: out of memory.
  bool watch(int fd, Source& source);
  // Before the descriptor is closed; readiness that was collected already is not delivered any
  // more.
  void unwatch(int fd);

  // Runs the errand at the end of this turn, or in the next when called by another errand; later
  // when there are many.
  void soon(Errand& errand);

 private:
  struct Registration {
    Source* source = nullptr;
    uint32_t generation = 0;
  };

  int waitMilliseconds(Duration longest) const;
  void fetchSource(uint64_t token) const;
  void dispatch(uint64_t token, uint32_t events);
  void runErrands();

  Descriptor epoll_;
  Descriptor wake_;
  TimePoint now_;
  TimerWheel timers_;
  std::vector<Registration> registrations_;  // by descriptor
  Errand* errands_ = nullptr;                // asked for since the last ones fell due
  Errand* due_errands_ = nullptr;
  std::atomic<bool> stopping_{false};
  TurnMeter meter_;
};

// co_await NextTurn(reactor): lets everybody else have a turn first.
class NextTurn {
 public:
  explicit NextTurn(Reactor& reactor) : reactor_(reactor) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    errand_.waiting = waiting;
    reactor_.soon(errand_);
  }
  void await_resume() const {}

 private:
  struct Resume : Errand {
    Resume() : Errand([](Errand& errand) { static_cast<Resume&>(errand).waiting.resume(); }) {}
    std::coroutine_handle<> waiting;
  };
  Reactor& reactor_;
  Resume errand_;
};

// co_await Sleep(reactor, span): goes on after at least `span`. Dropping the coroutine cancels it.
class Sleep {
 public:
  Sleep(Reactor& reactor, Duration span) : reactor_(reactor), span_(span) {}
  bool await_ready() const { return span_.count() <= 0; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    reactor_.timers().arm(timer_, reactor_.now() + span_);
  }
  void await_resume() const {}

 private:
  struct Wakeup : Timer {
    explicit Wakeup(Sleep& sleep) : Timer(fire), owner(sleep) {}
    static void fire(Timer& timer, TimePoint) {
      static_cast<Wakeup&>(timer).owner.waiting_.resume();
    }
    Sleep& owner;
  };

  Reactor& reactor_;
  Duration span_;
  std::coroutine_handle<> waiting_;
  Wakeup timer_{*this};
};

}  // namespace fairlead::io
