// Active health checks: once per server and process, on the control thread, never on a worker.
#pragma once

#include <functional>
#include <string>

#include "base/random.h"
#include "io/buffer_pool.h"
#include "io/reactor.h"
#include "task/scope.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

// Counts results in a row; pure. The first result decides, later ones need `fall` or `rise`.
class HealthCounter {
 public:
  HealthCounter(uint32_t fall, uint32_t rise) : fall_(fall), rise_(rise) {}
  // The state after one more result.
  balance::Health onResult(bool passed);
  balance::Health state() const { return state_; }

 private:
  uint32_t fall_;
  uint32_t rise_;
  uint32_t in_a_row_ = 0;  // results that speak against the state
  balance::Health state_ = balance::Health::Unknown;
};

// One change of a server's state, for the log.
struct HealthChange {
  const Pool& pool;
  const balance::Endpoint& endpoint;
  balance::Health from;
  balance::Health to;
  std::string reason;  // "connect refused", "GET /healthz answered 500"
};

// Runs the checks of pools on one reactor. Pools must outlive it.
class HealthChecker {
 public:
  using OnChange = std::function<void(const HealthChange&)>;
  HealthChecker(io::Reactor& reactor, io::BufferPool& buffers, Random& random, OnChange on_change);

  // Begins to check every server of the pool, or marks them up when the pool is not checked.
  void add(const Pool& pool);
  // Has every server had its first result?
  bool decided() const { return undecided_ == 0; }

 private:
  Task<void> checkForever(const Pool& pool, balance::Endpoint& endpoint);
  Task<std::string> probe(const Pool& pool, balance::Endpoint& endpoint);  // empty: passed
  Task<std::string> probeAddress(const HealthSettings& settings, const balance::Endpoint& endpoint,
                                 SocketAddress address, TimePoint deadline);
  Duration nextPause(const HealthSettings& settings);

  io::Reactor& reactor_;
  io::BufferPool& buffers_;
  Random& random_;
  OnChange on_change_;
  size_t undecided_ = 0;
  Scope checks_;
};

}  // namespace fairlead::upstream
