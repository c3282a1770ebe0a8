// A pool at work on one worker: choosing a server, and getting a connection to it.
#pragma once

#include <memory>
#include <optional>

#include "balance/balancer.h"
#include "base/random.h"
#include "upstream/connection_pool.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

// One request counted on one server, while it lives.
class InFlight {
 public:
  InFlight() = default;
  explicit InFlight(balance::Endpoint& endpoint) : endpoint_(&endpoint) {}  // counted already
  InFlight(InFlight&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  InFlight& operator=(InFlight&& other) noexcept {
    if (this != &other) {
      end();
      endpoint_ = std::exchange(other.endpoint_, nullptr);
    }
    return *this;
  }
  ~InFlight() { end(); }
  void end() {
    if (endpoint_)
      std::exchange(endpoint_, nullptr)->in_flight.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  balance::Endpoint* endpoint_ = nullptr;
};

// A retry under way, counted against the pool's budget while it lives.
class RetryTicket {
 public:
  RetryTicket() = default;
  // Empty when the budget is used up.
  static std::optional<RetryTicket> take(const Pool& pool);
  RetryTicket(RetryTicket&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  RetryTicket& operator=(RetryTicket&& other) noexcept {
    if (this != &other) {
      giveBack();
      pool_ = std::exchange(other.pool_, nullptr);
    }
    return *this;
  }
  ~RetryTicket() { giveBack(); }
  explicit operator bool() const { return pool_ != nullptr; }

 private:
  explicit RetryTicket(const Pool& pool) : pool_(&pool) {}
  void giveBack() {
    if (pool_) std::exchange(pool_, nullptr)->retrying.fetch_sub(1, std::memory_order_relaxed);
  }
  const Pool* pool_ = nullptr;
};

struct Chosen {
  balance::EndpointId id = balance::kNoEndpoint;
  balance::Endpoint* endpoint = nullptr;
  InFlight in_flight;
};

// One thread; outlives the leases of its connections.
class Upstream {
 public:
  Upstream(const Pool& pool, io::Reactor& reactor, io::BufferPool& buffers, Random& random,
           size_t idle_per_server);

  const Pool& pool() const { return pool_; }
  // A server that may be used and was not tried, counted in flight; NoServer when there is none.
  Result<Chosen> choose(const balance::Tried& tried, uint64_t key);
  ConnectionPool& connections() { return connections_; }

 private:
  const Pool& pool_;
  Random& random_;
  std::unique_ptr<balance::Balancer> balancer_;
  ConnectionPool connections_;
};

}  // namespace fairlead::upstream
