// Pools for tests, put together by hand.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "upstream/pool.h"

namespace fairlead::upstream {

inline ServerSpec serverAt(const SocketAddress& address) {
  return {.name = {},
          .address = address.text(),
          .host = address.ip.text(),
          .port = address.port,
          .zone = {}};
}

inline PoolSettings poolOf(const std::vector<SocketAddress>& addresses,
                           std::string_view policy = "p2c") {
  PoolSettings settings;
  settings.name = "test";
  settings.balance.policy = balance::findPolicy(policy);
  for (const SocketAddress& address : addresses) settings.servers.push_back(serverAt(address));
  return settings;
}

inline Server& serverOf(const Pool& pool, size_t number) { return *pool.roster()->servers[number]; }

inline void setActive(Pool& pool, size_t number, ActiveHealth health, TimePoint now = {}) {
  serverOf(pool, number).active = health;
  pool.refreshShares(now);
}

// All servers are up.
inline std::unique_ptr<Pool> makePool(PoolSettings settings) {
  auto pool = std::make_unique<Pool>(std::move(settings));
  for (size_t i = 0; i < pool->roster()->servers.size(); ++i) setActive(*pool, i, ActiveHealth::Up);
  return pool;
}

}  // namespace fairlead::upstream
