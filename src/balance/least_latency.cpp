// `least_latency`: of two random servers the one that should answer sooner, at the cost of p2c.
#include "balance/better_of_two.h"
#include "balance/load.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

// What a request given to it now would wait, were the server to work through its requests one after
// the other.
double expectedWait(const Endpoint& endpoint, const Load& load, TimePoint now) {
  return static_cast<double>(endpoint.latency.at(now).count()) *
         static_cast<double>(load.in_flight + 1);
}

// A server that never answered is tried first, by one request at a time; beyond that load alone
// compares it with others. Between two idle servers the draw was by weight already.
bool isSooner(const Endpoint& challenger, const Endpoint& first, TimePoint now) {
  const Load load = Load::of(challenger);
  const Load first_load = Load::of(first);
  const bool is_known = challenger.latency.known();
  const bool is_first_known = first.latency.known();
  if (is_known != is_first_known && (is_known ? first_load : load).in_flight == 0) return !is_known;
  if (!is_known || !is_first_known) return isLessLoaded(challenger, first);
  const double wait = expectedWait(challenger, load, now);
  const double first_wait = expectedWait(first, first_load, now);
  if (load.in_flight == 0 && first_load.in_flight == 0) return wait < first_wait;
  return wait * static_cast<double>(first_load.weight) <
         first_wait * static_cast<double>(load.weight);
}

}  // namespace

std::unique_ptr<Balancer> makeLeastLatency(std::span<Endpoint* const> endpoints,
                                           const BalanceSettings& /*settings*/,
                                           Random& /*random*/) {
  return std::make_unique<BetterOfTwo<isSooner>>(endpoints);
}

}  // namespace fairlead::balance
