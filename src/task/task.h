// One coroutine type: lazy, owned by whoever holds it, cancelled by dropping it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "task/frame_pool.h"

namespace fairlead {

template <typename T = void>
class Task;

namespace detail {

// What all promises share: where to go on when the coroutine ends, and frames from the pool.
class PromiseBase {
 public:
  static void* operator new(size_t bytes) { return FramePool::allocate(bytes); }
  static void operator delete(void* frame, size_t bytes) noexcept {
    FramePool::release(frame, bytes);
  }

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      return ended.promise().continuation_;
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  // An exception means a bug; it travels to whoever awaits, and ends at the worker's edge.
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void rethrow() const {
    if (error_) [[unlikely]]
      std::rethrow_exception(error_);
  }

  std::coroutine_handle<> continuation_ = std::noop_coroutine();

 private:
  std::exception_ptr error_;
};

template <typename T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <typename Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() { rethrow(); }
};

}  // namespace detail

// A coroutine that has not ended, or whose result was not taken. Nothing runs before it is awaited
// or started; dropping it ends it where it stands, with the destructors of its locals. A task must
// not be dropped by code that the task itself is running.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      drop();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { drop(); }

  // Runs it until its first wait, without anybody awaiting it yet. It may be awaited later.
  void start() { handle_.resume(); }
  bool done() const { return handle_.done(); }
  explicit operator bool() const { return static_cast<bool>(handle_); }
  // After done().
  T take() { return handle_.promise().take(); }

  // Ends it where it stands.
  void drop() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

  // Awaits a task that was not started.
  auto operator co_await() && noexcept { return Awaiter{handle_}; }

  // Awaits the end of a task that was started.
  struct Joiner {
    Handle handle;
    bool await_ready() const noexcept { return handle.done(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      handle.promise().continuation_ = waiting;
    }
    T await_resume() { return handle.promise().take(); }
  };
  Joiner join() noexcept { return {handle_}; }

 private:
  struct Awaiter {
    Handle handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
      handle.promise().continuation_ = waiting;
      return handle;
    }
    T await_resume() { return handle.promise().take(); }
  };

  Handle handle_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace fairlead
