// A pool as all workers share it: its servers now, its settings, and what is counted of it.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/settings.h"
#include "upstream/circuit_breaker.h"
#include "upstream/learned_sessions.h"
#include "upstream/server.h"
#include "upstream/settings.h"
#include "upstream/sticky_table.h"
#include "upstream/tally.h"
#include "upstream/waiting_room.h"

namespace fairlead::upstream {

// Servers that stand in for each other.
struct ServerGroup {
  std::vector<balance::Endpoint*> endpoints;
  // What the pool's policy has worked out of them for all workers; nullptr: nothing.
  std::shared_ptr<const balance::Groundwork> groundwork;
};

// The servers of a pool at one time: immutable, replaced whole when a name gets other addresses.
// What the lists share are the servers themselves. All that takes long to work out of a list stands
// here, so that it is done once and not by workers.
struct Roster {
  std::vector<std::shared_ptr<Server>> servers;
  // The ones to be preferred first: by tier, and within a tier those of fairlead's own zone before
  // the others.
  std::vector<ServerGroup> groups;
  StickyTable tokens;  // of all servers, in their order; empty in pools without a sticky cookie
};

// What came of an attempt, as far as it speaks for or against the server.
struct AttemptReport {
  bool failed = false;  // no connection, no answer in time, or 502 to 504
  TimePoint began{};
  std::optional<Duration> latency{};      // to the response head, when one came
  std::optional<Duration> retry_after{};  // of a 503
};

// What the configuration says of a pool; never changes.
struct PoolSettings {
  std::string name;
  std::vector<ServerSpec> servers;
  std::string own_zone;  // fairlead's; empty: zones do not matter
  balance::BalanceSettings balance;
  TimeoutSettings timeouts;
  RetrySettings retry;
  HealthSettings health;
  Duration slow_start{10s};  // zero: off
  StickySettings sticky;
  std::string sticky_secret;  // the key of the cookies' signatures
  LimitSettings limit;
  QueueSettings queue;
  BreakerSettings breaker;
  uint32_t max_requests = 0;  // in flight at once; 0: no limit
  SendProxyProtocol send_proxy_protocol = SendProxyProtocol::Off;
  size_t workers = 1;  // how many threads use it
};

// Part of the snapshot. The settings never change; everything else is shared live state.
class Pool {
 public:
  explicit Pool(PoolSettings given);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  const PoolSettings settings;
  const std::string& name() const { return settings.name; }

  // --- servers. The roster is read by any thread, and replaced by the control thread.

  std::shared_ptr<const Roster> roster() const;
  // Grows with each roster, so that a worker sees cheaply that there is another.
  uint32_t rosterVersion() const { return version_.load(std::memory_order_acquire); }
  // One list of addresses for each of `settings.servers`; empty: the name does not resolve. Servers
  // that were there stay the same objects. New ones are Unknown, or Unresolved. False: nothing
  // changed.
  bool adopt(const std::vector<std::vector<SocketAddress>>& addresses);
  // Frees the rosters that were replaced and that no worker has any more: their tables are large,
  // and a worker has better things to do. The control thread.
  void freeOldRosters();
  size_t oldRosters() const { return old_rosters_.size(); }

  // Are its servers checked? Built-in for two and more, else only when asked for.
  bool checked() const { return checked_.load(std::memory_order_relaxed); }
  // Could any server take a request, as far as is known? One that was never checked could.
  bool mayServe() const { return may_serve_.load(std::memory_order_relaxed); }
  // After anything changed that decides about the servers' shares. Any thread.
  void refreshShares(TimePoint now);

  // May another server be ejected? Never more than half of those that are well, never the last.
  bool mayEject(const Server& server, TimePoint now) const;

  // Counts an attempt for or against its server; may take that out. Any thread.
  void report(Server& server, const AttemptReport& report, TimePoint now);

  // --- requests

  uint32_t inFlight() const;
  // The most requests in flight that are let in now; UINT32_MAX: no limit.
  uint32_t limitNow() const { return limit_now.load(std::memory_order_relaxed); }
  // Is there anything that may hold up or refuse a request of this pool?
  bool isGuarded() const { return guarded_; }

  alignas(64) std::atomic<uint32_t> in_flight{0};  // counted only when `isGuarded`
  std::atomic<uint32_t> limit_now{UINT32_MAX};     // set by the control thread
  alignas(64) std::atomic<uint32_t> retrying{0};   // requests that are in a retry now
  CircuitBreaker breaker;
  WaitingRoom waiting;
  std::unique_ptr<LearnedSessions> learned;  // when `sticky` learns
  // What each worker counted; a worker writes its own only.
  std::vector<std::unique_ptr<Tally>> tallies;
  std::atomic<Duration::rep> hedge_after{0};  // nanoseconds; 0: not known yet

 private:
  std::shared_ptr<Server> keepOrMake(const Roster& before, const ServerSpec& spec,
                                     std::vector<SocketAddress> where, bool several) const;

  mutable std::mutex mutex_;  // of the pointer only
  std::shared_ptr<const Roster> roster_;
  std::vector<std::shared_ptr<const Roster>> old_rosters_;  // the control thread's
  std::atomic<uint32_t> version_{1};
  std::atomic<bool> may_serve_{true};
  std::atomic<bool> checked_{false};
  bool guarded_ = false;
};

}  // namespace fairlead::upstream
