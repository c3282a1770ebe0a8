// Pools for tests, put together by hand.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "upstream/pool.h"

namespace fairlead::upstream {

// A server that is up.
inline balance::Endpoint& addServer(Pool& pool, const SocketAddress& address) {
  auto endpoint = std::make_shared<balance::Endpoint>();
  endpoint->address = address.text();
  endpoint->name = address.text();
  endpoint->host = address.ip.text();
  endpoint->port = address.port;
  endpoint->addresses.set({address});
  endpoint->health.store(balance::Health::Up);
  pool.servers.push_back(endpoint);
  pool.endpoints.push_back(endpoint.get());
  return *endpoint;
}

inline std::unique_ptr<Pool> makePool(std::string_view policy = "p2c") {
  auto pool = std::make_unique<Pool>();
  pool->name = "test";
  pool->policy = balance::findPolicy(policy);
  return pool;
}

}  // namespace fairlead::upstream
