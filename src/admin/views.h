// Pools and servers as JSON: what the API answers with. Pure.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>

#include "base/time.h"
#include "upstream/status.h"

namespace fairlead::admin {

using Json = nlohmann::ordered_json;

// One moment on both clocks, so that times of the steady one can be told as times of day.
struct Moment {
  TimePoint steady{};
  std::chrono::microseconds wall{};  // since 1970, UTC
};
Moment currentMoment();

// In all of these a time has two members: `since` as RFC 3339 in UTC, and `for_seconds`, or for
// what is to come `next_check` and `next_check_in_seconds`; both null where there is no such time.
// States are words in lower_snake_case. `why` is a list of sentences.

// Without its servers, which are counted by their standing.
Json viewOf(const upstream::PoolStatus& pool, TimePoint now, const Moment& moment);
Json viewOf(const upstream::PoolStatus& pool, const upstream::ServerStatus& server, TimePoint now,
            const Moment& moment);

Json viewOfPools(const upstream::Status& status, const Moment& moment);
Json viewOfServers(const upstream::PoolStatus& pool, TimePoint now, const Moment& moment);

}  // namespace fairlead::admin
