// A pool at work on one worker: its servers with their connections, sticky clients, and the queue.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "balance/balancer.h"
#include "base/random.h"
#include "io/mailbox.h"
#include "upstream/chooser.h"
#include "upstream/connection_pool.h"
#include "upstream/hedge_budget.h"
#include "upstream/permit.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

class Upstream;

// While it lives, the slot stays, also when its server leaves the roster.
class SlotUse {
 public:
  SlotUse() = default;
  SlotUse(Upstream& upstream, Slot& slot) : upstream_(&upstream), slot_(&slot) { ++slot.users; }
  SlotUse(SlotUse&& other) noexcept
      : upstream_(other.upstream_), slot_(std::exchange(other.slot_, nullptr)) {}
  SlotUse& operator=(SlotUse&& other) noexcept {
    if (this != &other) {
      end();
      upstream_ = other.upstream_;
      slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
  }
  ~SlotUse() { end(); }

  explicit operator bool() const { return slot_ != nullptr; }
  Slot* get() const { return slot_; }
  Slot& operator*() const { return *slot_; }
  Slot* operator->() const { return slot_; }
  void end();

 private:
  friend class Chosen;
  Upstream* upstream_ = nullptr;
  Slot* slot_ = nullptr;
};

// One request counted on one server, while it lives.
class Chosen {
 public:
  Chosen() = default;
  Chosen(Upstream& upstream, Slot& slot) : use_(upstream, slot) {}  // counted already
  Chosen(Chosen&&) noexcept = default;
  Chosen& operator=(Chosen&& other) noexcept {
    if (this != &other) {
      end();
      use_ = std::move(other.use_);
      is_quiet_ = other.is_quiet_;
    }
    return *this;
  }
  ~Chosen() { end(); }

  explicit operator bool() const { return static_cast<bool>(use_); }
  Slot& slot() const { return *use_; }
  Server& server() const { return *use_->server; }
  // Leaves it to the permit that goes with it, and ends later, to say that there is a place.
  void keepQuiet() { is_quiet_ = true; }
  void end();

 private:
  SlotUse use_;
  bool is_quiet_ = false;
};

// What a worker lends to its upstreams; outlives them.
struct UpstreamParts {
  io::Reactor& reactor;
  io::BufferPool& buffers;
  Random& random;
  io::Mailbox& mailbox;
  size_t idle_per_server = 256;  // idle connections that this worker keeps to each server
  size_t worker = 0;             // its number
};

// One thread, but for `call`; outlives the leases of its connections.
class Upstream final : public Waiters {
 public:
  Upstream(Pool& pool, const UpstreamParts& parts);

  Pool& pool() const { return pool_; }
  const PoolSettings& settings() const { return pool_.settings; }
  Tally& tally() const { return *pool_.tallies[parts_.worker]; }
  ConnectionPool& connections() { return connections_; }
  io::Reactor& reactor() const { return parts_.reactor; }
  // Of the requests of this worker.
  HedgeBudget& hedges() { return hedges_; }

  bool hasQueue() const { return pool_.settings.queue.limit.value > 0; }

  // As Chooser's; the server's connections come with it. `wanted`: a sticky client's own.
  Result<Chosen> choose(const balance::Tried& tried, uint64_t key = 0,
                        const Slot* wanted = nullptr);
  bool hasOther(const balance::Tried& tried);

  // A sticky client's server by its token, or by the session that the server gave it; empty when it
  // is not known (any more).
  SlotUse stickyByToken(std::string_view token);
  SlotUse stickyBySession(uint64_t session);
  std::string_view tokenOf(const Slot& slot) const {
    return chooser_.roster().tokens.tokenOf(slot.number);
  }
  void learn(uint64_t session, const Server& server);

  // co_await WaitForPlace(...) gives nothing when there may be a place, else why not.
  class WaitForPlace;
  void call(uint64_t ticket, Call what) override;

 private:
  friend class Chosen;
  friend class SlotUse;
  void adopt();
  void answerCall(uint64_t ticket, Call what);

  Pool& pool_;
  UpstreamParts parts_;
  ConnectionPool connections_;
  Chooser chooser_;
  HedgeBudget hedges_;
  std::vector<std::vector<Slot*>> slots_;  // by group, as the chooser's picks count them
  uint64_t next_ticket_ = 1;
  std::unordered_map<uint64_t, WaitForPlace*> waiting_;  // called by ticket
};

// A request's wait in its pool's queue, again and again until there is a place. Lives in the frame
// of the coroutine that waits. `until`: the latest time, beside the queue's own timeout.
class Upstream::WaitForPlace {
 public:
  WaitForPlace(Upstream& upstream, Priority priority, TimePoint until);
  WaitForPlace(const WaitForPlace&) = delete;
  WaitForPlace& operator=(const WaitForPlace&) = delete;
  ~WaitForPlace();

  // Told after a call that there was a place, or that there was none.
  void foundPlace();

  // The client has gone: the wait ends with this failure. Its coroutine runs inside of this call.
  void giveUp() { end(FailureKind::ClientGone); }

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiting);  // false: goes on at once
  Result<void> await_resume();

 private:
  friend class Upstream;
  struct Clock : io::Timer {
    explicit Clock(WaitForPlace& wait) : Timer(fire), owner(wait) {}
    static void fire(Timer& timer, TimePoint) {
      static_cast<Clock&>(timer).owner.end(FailureKind::QueueTimeout);
    }
    WaitForPlace& owner;
  };

  void end(std::optional<FailureKind> failure);
  void sayGone(WaitingRoom::Going going);

  Upstream& upstream_;
  WaitingRoom::Guest guest_;
  TimePoint until_;
  std::coroutine_handle<> waiting_;
  std::optional<FailureKind> failure_;
  enum class State : uint8_t { New, InRoom, Called, Gone } state_ = State::New;
  Clock clock_{*this};
};

}  // namespace fairlead::upstream
