// Something to await that opens when a test says so; for tasks without a reactor.
#pragma once

#include <coroutine>
#include <utility>

namespace fairlead::test {

// One waiter at a time; may be used again after it was opened. Dropping the waiter is noticed.
class Gate {
 public:
  class Wait {
   public:
    explicit Wait(Gate& gate) : gate_(gate) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (gate_.waiting_) gate_.waiting_ = {};
    }
    bool await_ready() const { return gate_.open_; }
    void await_suspend(std::coroutine_handle<> waiting) { gate_.waiting_ = waiting; }
    void await_resume() const {}

   private:
    Gate& gate_;
  };

  Wait operator co_await() { return Wait(*this); }
  bool awaited() const { return static_cast<bool>(waiting_); }
  // Whoever waits goes on at once; who comes later does not wait.
  void open() {
    open_ = true;
    if (waiting_) std::exchange(waiting_, {}).resume();
  }
  // Whoever waits goes on at once; who comes later waits.
  void pass() {
    if (waiting_) std::exchange(waiting_, {}).resume();
  }

 private:
  std::coroutine_handle<> waiting_;
  bool open_ = false;
};

}  // namespace fairlead::test
