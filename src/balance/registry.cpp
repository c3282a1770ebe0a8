// All policies by the name that `balance:` uses: one line each.
#include <algorithm>
#include <array>

#include "balance/policies.h"

namespace fairlead::balance {
namespace {

constexpr bool kKeyed = true;

// A balancer on groundwork that nobody else uses.
template <LayGroundwork* lay>
std::unique_ptr<Balancer> makeAlone(std::span<Endpoint* const> endpoints,
                                    const BalanceSettings& settings, Random& /*random*/) {
  return lay(endpoints)->balancer(endpoints, settings);
}

constexpr std::array<Policy, 9> kPolicies{{
    {"p2c", "the less loaded of two random servers, by weight", !kKeyed, makeP2c},
    {"round_robin", "each server in turn, as evenly spread as the weights allow", !kKeyed,
     makeRoundRobin},
    {"random", "a random server, by weight", !kKeyed, makeRandom},
    {"least_connections", "the server with the fewest requests in flight, by weight", !kKeyed,
     makeLeastConnections},
    {"least_latency", "of two random servers the one that should answer sooner, by weight", !kKeyed,
     makeLeastLatency},
    {"first", "the first server of the list that is not full", !kKeyed, makeFirst},
    {"maglev", "the server that the key has in a table, shared out exactly by weight", kKeyed,
     makeAlone<layMaglev>, layMaglev},
    {"ring", "the server that follows the key on a ring, where few keys ever move", kKeyed,
     makeAlone<layRing>, layRing},
    {"rendezvous", "the server that draws the best number for the key, by weight", kKeyed,
     makeAlone<layRendezvous>, layRendezvous},
}};

}  // namespace

std::span<const Policy> policies() { return kPolicies; }

const Policy* findPolicy(std::string_view name) {
  const auto* found = std::ranges::find(kPolicies, name, &Policy::name);
  return found == kPolicies.end() ? nullptr : found;
}

}  // namespace fairlead::balance
