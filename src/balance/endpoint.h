// One server as all workers share it: facts that never change, and live state in relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/ip_address.h"

namespace fairlead::balance {

enum class Health : uint8_t { Unknown, Up, Down };

// The addresses of a server's name: replaced whole when the name is resolved again. Any thread;
// only new connections ask for them, so a lock is cheap enough.
class ResolvedAddresses {
 public:
  std::vector<SocketAddress> get() const {
    const std::lock_guard lock(mutex_);
    return list_;
  }
  void set(std::vector<SocketAddress> list) {
    const std::lock_guard lock(mutex_);
    list_ = std::move(list);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<SocketAddress> list_;
};

// Lives on a cache line of its own, so that workers touching different servers do not disturb each
// other. Kept alive by the snapshot; keyed by pool and server text, so that it survives reloads.
struct alignas(64) Endpoint {
  // Live state, written by any thread with relaxed order.
  std::atomic<uint32_t> in_flight{0};
  std::atomic<Health> health{Health::Unknown};
  std::atomic<uint32_t> preferred_address{0};  // index into `addresses` that connected last

  // Facts, set before the endpoint is shared.
  alignas(64) std::string name;  // what logs call it: the `name` key, else `address`
  std::string address;           // as configured: "localhost:8081"
  std::string host;
  uint16_t port = 0;
  uint32_t weight = 1;          // 0: no new requests
  uint32_t max_requests = 0;    // in flight at once; 0: no limit
  ResolvedAddresses addresses;  // empty while the name does not resolve
};

// May new requests be sent to it?
inline bool isUsable(const Endpoint& endpoint) {
  return endpoint.health.load(std::memory_order_relaxed) == Health::Up && endpoint.weight > 0 &&
         (endpoint.max_requests == 0 ||
          endpoint.in_flight.load(std::memory_order_relaxed) < endpoint.max_requests);
}

}  // namespace fairlead::balance
