// One server of a pool as all threads share it: what it is, how it is, and why it gets requests or
// not.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "balance/endpoint.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "upstream/passive_health.h"
#include "upstream/slow_start.h"
#include "upstream/status.h"

namespace fairlead::upstream {

// Counts one in, unless there are `limit` already.
inline bool countIn(std::atomic<uint32_t>& in_flight, uint32_t limit) {
  if (in_flight.fetch_add(1, std::memory_order_seq_cst) < limit) return true;
  in_flight.fetch_sub(1, std::memory_order_seq_cst);
  return false;
}

// Why there is no server for a request.
inline Failure noServer() {
  return {.kind = FailureKind::NoServer, .step = Step::Choose, .side = Side::Upstream};
}
inline Failure overloaded() {
  return {.kind = FailureKind::Overloaded, .step = Step::Choose, .side = Side::Fairlead};
}

// A server as the configuration names it. A name with several addresses becomes several servers.
struct ServerSpec {
  std::string name;     // what logs call it; empty: the address
  std::string address;  // as written: "localhost:8081"
  std::string host;     // without brackets
  uint16_t port = 0;
  uint32_t weight = 1;
  uint32_t max_requests = 0;
  uint32_t tier = 0;
  std::string zone;
};

// The addresses that need nobody to be asked: a literal one, or loopback for `localhost`. Empty for
// other names.
std::vector<SocketAddress> knownAddresses(const ServerSpec& spec);

// Kept alive by the rosters that list it, and by whoever still uses a connection to it.
struct Server final : balance::Endpoint {
  // `several`: the name has other addresses too, so that logs tell them apart. No address: the name
  // does not resolve yet.
  Server(const ServerSpec& spec, std::vector<SocketAddress> where, bool several);

  // Written with each answer, like what stands in Endpoint: behind that, on the same line, because
  // each line that workers share has to travel between their CPUs (server_lines_test.cpp holds it).
  std::atomic<uint64_t> requests{0};           // attempts that got as far as this server
  std::atomic<uint64_t> failures{0};           // of those
  std::atomic<uint32_t> preferred_address{0};  // index into `addresses` that connected last

  // Facts.
  std::string name;                      // what logs call it
  std::string address;                   // as configured; what a Host field would say
  std::string host;                      // of `address`
  std::vector<SocketAddress> addresses;  // tried in turn; several only for `localhost`
  uint32_t tier = 0;
  std::string zone;

  // Health; any thread reads. `active` and `warming_since` are written by the control thread.
  std::atomic<ActiveHealth> active{ActiveHealth::Unknown};
  std::atomic<bool> draining{false};
  std::atomic<TimePoint::rep> warming_since{0};  // the begin of its slow start; 0: it is warm
  PassiveHealth passive;

  // Counts a request in flight; false: it has as many as it may.
  bool beginRequest() { return countIn(in_flight, max_requests != 0 ? max_requests : UINT32_MAX); }
  void endRequest() { in_flight.fetch_sub(1, std::memory_order_seq_cst); }

  bool activeSaysWell() const {
    const ActiveHealth health = active.load(std::memory_order_relaxed);
    return health == ActiveHealth::Up || health == ActiveHealth::Unchecked;
  }
  // Does nothing but a passive ejection keep it from being chosen?
  bool mayFailOpen(TimePoint now) const {
    return activeSaysWell() && weight > 0 && !draining.load(std::memory_order_relaxed) &&
           passive.ejected(now) && !passive.deferred(now) && !balance::isFull(*this);
  }
};

// The first reason that holds, in the order of Standing.
Standing standingOf(const Server& server, TimePoint now);

// What `share` should be now: nothing for one that may not be chosen, part of it in slow start.
uint32_t shareNow(const Server& server, Duration slow_start, TimePoint now);
// Sets it. Any thread may find that something changed; all of them compute the same.
inline void refreshShare(Server& server, Duration slow_start, TimePoint now) {
  server.share.store(shareNow(server, slow_start, now), std::memory_order_relaxed);
}

}  // namespace fairlead::upstream
