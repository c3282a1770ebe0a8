// All policies by the name that `balance:` uses: one line each.
#include <algorithm>
#include <array>

#include "balance/policies.h"

namespace fairlead::balance {
namespace {

constexpr std::array<Policy, 4> kPolicies{{
    {"p2c", "the less loaded of two random servers, by weight", makeP2c},
    {"round_robin", "each server in turn, as evenly spread as the weights allow", makeRoundRobin},
    {"random", "a random server, by weight", makeRandom},
    {"least_connections", "the server with the fewest requests in flight, by weight",
     makeLeastConnections},
}};

}  // namespace

std::span<const Policy> policies() { return kPolicies; }

const Policy* findPolicy(std::string_view name) {
  const auto* found = std::ranges::find(kPolicies, name, &Policy::name);
  return found == kPolicies.end() ? nullptr : found;
}

}  // namespace fairlead::balance
