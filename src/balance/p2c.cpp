// `p2c`: the less loaded of two random servers (Mitzenmacher 2001), as cheap with ten thousand as
// with ten.
#include "balance/better_of_two.h"
#include "balance/load.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

bool isBetter(const Endpoint& challenger, const Endpoint& first, TimePoint /*now*/) {
  return isLessLoaded(challenger, first);
}

}  // namespace

std::unique_ptr<Balancer> makeP2c(std::span<Endpoint* const> endpoints,
                                  const BalanceSettings& /*settings*/, Random& /*random*/) {
  return std::make_unique<BetterOfTwo<isBetter>>(endpoints);
}

}  // namespace fairlead::balance
