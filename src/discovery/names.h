// What looking up a name brings.
#pragma once

#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace fairlead::discovery {

// The `ttl` of what never changes.
inline constexpr Duration kForEver = Duration::max();

struct Names {
  std::vector<IpAddress> addresses{};  // IPv4 first, sorted, each once, at least one
  Duration ttl{};                      // when to look again
  // One family answered and the other did not: what was known of that one still holds.
  bool partial = false;
};

}  // namespace fairlead::discovery
