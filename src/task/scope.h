// Where tasks of the same parent live: it keeps them until they end, and ends them when it goes.
#pragma once

#include <cstddef>
#include <exception>

#include "task/task.h"

namespace fairlead {

// A set of independent tasks, each dropped when it ends. One thread. Destroying the scope drops
// what still runs; it must not be destroyed by one of its own tasks.
class Scope {
 public:
  // Called with what escaped from a task. Nothing on the way of a request throws, so that is a bug:
  // without another wish it ends the program, with the exception's message.
  using OnBug = void (*)(std::exception_ptr);
  Scope() : Scope(endProgram) {}
  explicit Scope(OnBug on_bug) : on_bug_(on_bug) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { clear(); }

  // Runs the task until its first wait.
  void spawn(Task<void> task) {
    Root root = run(std::move(task), *this);
    root.handle.promise().link(*this);
    root.handle.resume();
  }
  size_t size() const { return size_; }
  // Drops all.
  void clear() {
    while (first_) first_->handle().destroy();
  }

 private:
  // A self-owned frame around one task: linked while it lives, gone when the task ends.
  struct Root {
    struct promise_type {
      static void* operator new(size_t bytes) { return FramePool::allocate(bytes); }
      static void operator delete(void* frame, size_t bytes) noexcept {
        FramePool::release(frame, bytes);
      }
      Root get_return_object() noexcept { return {handle()}; }
      std::coroutine_handle<promise_type> handle() noexcept {
        return std::coroutine_handle<promise_type>::from_promise(*this);
      }
      std::suspend_always initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() noexcept { scope_->on_bug_(std::current_exception()); }

      void link(Scope& scope) noexcept {
        scope_ = &scope;
        next_ = scope.first_;
        if (next_) next_->previous_ = this;
        scope.first_ = this;
        ++scope.size_;
      }
      ~promise_type() {
        if (!scope_) return;
        (previous_ ? previous_->next_ : scope_->first_) = next_;
        if (next_) next_->previous_ = previous_;
        --scope_->size_;
      }

      Scope* scope_ = nullptr;
      promise_type* next_ = nullptr;
      promise_type* previous_ = nullptr;
    };
    std::coroutine_handle<promise_type> handle;
  };

  static Root run(Task<void> task, Scope&) { co_await std::move(task); }
  // Thrown out of a noexcept function: std::terminate tells what it was.
  static void endProgram(std::exception_ptr bug) { std::rethrow_exception(std::move(bug)); }

  OnBug on_bug_;
  Root::promise_type* first_ = nullptr;
  size_t size_ = 0;
};

}  // namespace fairlead
