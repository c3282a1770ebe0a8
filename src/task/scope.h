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

  // A coroutine that is made for a scope, and is its own owner: linked while it lives, gone when it
  // ends. Whatever is spawned often is one itself and saves the frame around a task.
  struct Root;

  // Runs it until its first wait.
  void spawn(Root root);
  void spawn(Task<void> task);
  size_t size() const { return size_; }
  // Drops all.
  void clear();

 private:
  class Place;  // of a root in its scope

  static Root run(Task<void> task);
  // Thrown out of a noexcept function: std::terminate tells what it was.
  static void endProgram(std::exception_ptr bug) { std::rethrow_exception(std::move(bug)); }

  OnBug on_bug_;
  Place* first_ = nullptr;
  size_t size_ = 0;
};

class Scope::Place {
 public:
  explicit Place(std::coroutine_handle<> root) : root_(root) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (!scope_) return;
    (previous_ ? previous_->next_ : scope_->first_) = next_;
    if (next_) next_->previous_ = previous_;
    --scope_->size_;
  }

  void link(Scope& scope) noexcept {
    scope_ = &scope;
    next_ = scope.first_;
    if (next_) next_->previous_ = this;
    scope.first_ = this;
    ++scope.size_;
  }
  std::coroutine_handle<> root() const { return root_; }

 protected:
  void tellBug() noexcept { scope_->on_bug_(std::current_exception()); }

 private:
  std::coroutine_handle<> root_;
  Scope* scope_ = nullptr;
  Place* next_ = nullptr;
  Place* previous_ = nullptr;
};

struct Scope::Root {
  struct promise_type : Place {
    promise_type() : Place(std::coroutine_handle<promise_type>::from_promise(*this)) {}
    static void* operator new(size_t bytes) { return FramePool::allocate(bytes); }
    static void operator delete(void* frame, size_t bytes) noexcept {
      FramePool::release(frame, bytes);
    }
    Root get_return_object() noexcept { return {*this}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { tellBug(); }
  };
  promise_type& promise;
};

inline void Scope::spawn(Root root) {
  root.promise.link(*this);
  root.promise.root().resume();
}
inline void Scope::clear() {
  while (first_) first_->root().destroy();
}
inline Scope::Root Scope::run(Task<void> task) { co_await std::move(task); }
inline void Scope::spawn(Task<void> task) { spawn(run(std::move(task))); }

}  // namespace fairlead
