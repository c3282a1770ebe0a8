// A limited number of places, and a line of tasks before them.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/intrusive_list.h"
#include "io/reactor.h"

namespace fairlead::discovery {

// One thread. Outlives its places and whoever waits for one.
class Places {
 public:
  Places(io::Reactor& reactor, size_t count) : reactor_(reactor), free_(count) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // Given back when destroyed.
  class Place {
   public:
    explicit Place(Places& places) : places_(&places) {}
    Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_) places_->giveBack();
    }

   private:
    Places* places_;
  };

  // co_await places.take(): a place, first come first served. Dropping the coroutine leaves the
  // line.
  class [[nodiscard]] Take : IntrusiveNode<Take>, io::Errand {
   public:
    explicit Take(Places& places)
        : Errand([](Errand& errand) { static_cast<Take&>(errand).waiting_.resume(); }),
          places_(places) {}
    ~Take() {
      if (granted_) places_.giveBack();
    }
    bool await_ready() {
      if (places_.free_ == 0) return false;
      --places_.free_;
      granted_ = true;
      return true;
    }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiting_ = waiting;
      places_.line_.pushFront(*this);
    }
    Place await_resume() {
      granted_ = false;
      return Place(places_);
    }

   private:
    friend class Places;
    friend class IntrusiveList<Take>;
    Places& places_;
    std::coroutine_handle<> waiting_;
    bool granted_ = false;  // it has the place, and has not yet been told
  };
  Take take() { return Take(*this); }

 private:
  // The next in the line gets it at the end of the turn.
  void giveBack() {
    Take* const next = line_.back();
    if (!next) {
      ++free_;
      return;
    }
    line_.remove(*next);
    next->granted_ = true;
    reactor_.soon(*next);
  }

  io::Reactor& reactor_;
  size_t free_;
  IntrusiveList<Take> line_;
};

}  // namespace fairlead::discovery
