// Signals as events: blocked in every thread, read from one descriptor.
#pragma once

#include "io/descriptor.h"
#include "io/reactor.h"
#include "task/task.h"

namespace fairlead::control {

// Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 for the process (call before any thread starts) and
// ignores SIGPIPE.
void blockSignals();

// co_await signals.next(): the next signal's number. One waiter; one thread.
class Signals final : public io::Source {
 public:
  explicit Signals(io::Reactor& reactor);
  ~Signals();

  class NextOp {
   public:
    explicit NextOp(Signals& signals) : signals_(signals) {}
    bool await_ready() { return (number_ = signals_.read()) != 0; }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiting_ = waiting;
      signals_.waiting_ = this;
    }
    int await_resume() const { return number_; }

   private:
    friend class Signals;
    Signals& signals_;
    std::coroutine_handle<> waiting_;
    int number_ = 0;
  };
  NextOp next() { return NextOp(*this); }

  void onReady(io::Readiness readiness) override;

 private:
  int read();  // 0: none

  io::Reactor& reactor_;
  io::Descriptor fd_;
  NextOp* waiting_ = nullptr;
};

}  // namespace fairlead::control
