// A pool watched by the control thread: its servers' checks as they are due, and its pulse.
#pragma once

#include <unordered_map>

#include "io/reactor.h"
#include "task/scope.h"
#include "upstream/health_check.h"
#include "upstream/pool_record.h"

namespace fairlead::upstream {

// What the watches of all pools share. What is referred to outlives them.
struct WatchParts {
  io::Reactor& reactor;
  Prober& prober;
  FirstChecks& first_checks;
  Random& random;
};

// The thread of the reactor. Everything that it knows is in the record; here it meets the clock.
class PoolWatch {
 public:
  using OnEvent = PoolRecord::OnEvent;
  // Begins with the servers that are in the roster. The pool outlives it. `on_event` must not
  // change or end the watch.
  PoolWatch(Pool& pool, const WatchParts& parts, OnEvent on_event);
  PoolWatch(const PoolWatch&) = delete;
  PoolWatch& operator=(const PoolWatch&) = delete;

  // After the pool's roster changed.
  void adopt();
  bool decided() const { return record_.decided(); }
  PoolStatus status(TimePoint now) { return record_.status(now); }

 private:
  struct Pulse : io::Timer {
    explicit Pulse(PoolWatch& watch)
        : Timer([](Timer& timer, TimePoint now) { static_cast<Pulse&>(timer).owner.pulse(now); }),
          owner(watch) {}
    PoolWatch& owner;
  };

  void beginChecks();
  Task<void> checkForever(ServerWatch& watch);
  void pulse(TimePoint now);

  const Pool& pool_;
  WatchParts parts_;
  HealthCheck check_;
  PoolRecord record_;
  std::unordered_map<const Server*, Scope> checks_;  // dropped before the record's watches
  Pulse pulse_{*this};
};

}  // namespace fairlead::upstream
