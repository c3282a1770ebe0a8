// A pool in a few numbers: how many of its servers stand how, and what that makes of the pool.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "upstream/status.h"

namespace fairlead::admin {

// What a client of the pool notices.
enum class PoolState : uint8_t {
  Ok,
  Degraded,  // it serves, with less than it should have
  Down,      // its requests are answered 503
};
std::string_view nameOf(PoolState state);

struct Summary {
  static constexpr size_t kStandings = static_cast<size_t>(upstream::Standing::Ready) + 1;

  std::array<uint32_t, kStandings> by_standing{};
  uint32_t total = 0;
  uint32_t serving = 0;      // may get requests: ready, warming or full; those that stand by, too
  uint32_t standing_by = 0;  // of those: ready, while servers of a lower tier are usable
  uint32_t tier = 0;         // the one in use
  bool fails_open = false;   // only ejected servers are left, and they get requests all the same
  PoolState state = PoolState::Ok;

  uint32_t of(upstream::Standing standing) const {
    return by_standing[static_cast<size_t>(standing)];
  }
};

Summary summaryOf(const upstream::PoolStatus& pool);

// It serves, or somebody wanted that it does not: nothing to look into.
bool isWell(const upstream::ServerStatus& server);

}  // namespace fairlead::admin
