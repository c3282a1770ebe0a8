// Counting servers by their standing.
#include "admin/summary.h"

#include <algorithm>

namespace fairlead::admin {
namespace {

using upstream::BreakerState;
using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Standing;

bool isUsable(const ServerStatus& server) {
  return server.standing == Standing::Ready || server.standing == Standing::Warming;
}

// The lowest tier with a usable server takes all requests.
void countTiers(const PoolStatus& pool, Summary& summary) {
  uint32_t lowest = UINT32_MAX;
  for (const ServerStatus& server : pool.servers)
    if (isUsable(server)) lowest = std::min(lowest, server.tier);
  if (lowest == UINT32_MAX) return;
  summary.tier = lowest;
  summary.standing_by =
      static_cast<uint32_t>(std::ranges::count_if(pool.servers, [&](const ServerStatus& server) {
        return isUsable(server) && server.tier > lowest;
      }));
}

PoolState stateOf(const PoolStatus& pool, const Summary& summary) {
  if (pool.breaker == BreakerState::Open) return PoolState::Down;
  if (summary.serving == 0) return summary.fails_open ? PoolState::Degraded : PoolState::Down;
  const bool all_full = summary.serving == summary.of(Standing::Full);
  const bool has_missing = !std::ranges::all_of(pool.servers, isWell);
  const bool is_doubtful = pool.breaker == BreakerState::HalfOpen || pool.suspect_network;
  return all_full || has_missing || is_doubtful ? PoolState::Degraded : PoolState::Ok;
}

}  // namespace

std::string_view nameOf(PoolState state) {
  switch (state) {
    case PoolState::Ok:
      return "ok";
    case PoolState::Degraded:
      return "degraded";
    case PoolState::Down:
      break;
  }
  return "down";
}

bool isWell(const ServerStatus& server) {
  switch (server.standing) {
    case Standing::Drained:  // as somebody wanted it
    case Standing::Full:
    case Standing::Warming:
    case Standing::Ready:
      return true;
    case Standing::Unresolved:
    case Standing::Unknown:
    case Standing::Down:
    case Standing::Ejected:
    case Standing::Deferred:
      break;
  }
  return false;
}

Summary summaryOf(const PoolStatus& pool) {
  Summary summary;
  for (const ServerStatus& server : pool.servers)
    ++summary.by_standing[static_cast<size_t>(server.standing)];
  summary.total = static_cast<uint32_t>(pool.servers.size());
  summary.serving =
      summary.of(Standing::Ready) + summary.of(Standing::Warming) + summary.of(Standing::Full);
  summary.fails_open = summary.serving == 0 && summary.of(Standing::Ejected) > 0;
  countTiers(pool, summary);
  summary.state = stateOf(pool, summary);
  return summary;
}

}  // namespace fairlead::admin
