// Who may take a key, and rendezvous over all members.
#include "balance/keyed.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "balance/load.h"
#include "balance/settings.h"

namespace fairlead::balance {
namespace {

// 1 - hash / 2^64, in steps that a double has.
double lowerLimitOf(uint64_t hash) {
  return static_cast<double>(static_cast<int64_t>(~hash >> 11)) * 0x1.0p-53;
}

// The exponentially distributed number that a hash stands for, -ln(hash / 2^64), to four digits and
// never below 1 - hash / 2^64. With the leading zeros taken off, what is left is in [1/2, 1) and
// has a Pade approximant around 1. Only sums, products and quotients: every machine has the same.
double exponentialOf(uint64_t hash) {
  const int zeros = std::countl_zero(hash | 1);
  const double t = lowerLimitOf(hash << zeros);
  const double above = t * (60 - t * (60 - t * 11));
  const double below = 60 - t * (90 - t * (36 - t * 3));
  return zeros * std::numbers::ln2 + above / below;
}

}  // namespace

KeyOrder::KeyOrder(std::span<Endpoint* const> endpoints, const std::vector<Member>& members,
                   const BalanceSettings& settings)
    : endpoints_(endpoints), members_(members), bound_(endpoints, settings.bounded_load) {}

// The lower bits of a place stay below the share or do not, whatever the upper ones are: a part of
// an endpoint's places that only grows as the share does.
bool KeyOrder::takes(EndpointId id, uint64_t place, const Choice& choice) {
  const Endpoint& endpoint = *endpoints_[id];
  if (!isEligible(choice, endpoint)) return false;
  const uint64_t part = place % kWholeShare;
  return part < endpoint.share.load(std::memory_order_relaxed) && bound_.allows(endpoint, choice);
}

// Numbers are drawn from exponential distributions whose rates are the weights: the least of them
// is an endpoint's with the probability of its part, and depends on the others in nothing else.
// Most are seen to be too large by their lower limits.
template <typename Parts>
EndpointId KeyOrder::leastNumber(uint64_t key, Parts parts) const {
  EndpointId best = kNoEndpoint;
  double least = INFINITY;
  for (const Member& member : members_) {
    const uint64_t hash = mixed(key ^ member.seed);
    if (lowerLimitOf(hash) * member.per_weight >= least) continue;
    const double part = parts(member.id);
    if (part <= 0) continue;
    const double number = exponentialOf(hash) * member.per_weight / part;
    if (number >= least) continue;
    least = number;
    best = member.id;
  }
  return best;
}

// Without branches that nobody can predict, and without a look at any endpoint: the member with the
// least lower limit, if its number is below all other limits.
EndpointId KeyOrder::likelyFirst(uint64_t key) const {
  const Member* best = nullptr;
  double least = INFINITY;
  double second = INFINITY;
  for (const Member& member : members_) {
    const double limit = lowerLimitOf(mixed(key ^ member.seed)) * member.per_weight;
    second = std::min(second, std::max(limit, least));
    best = limit < least ? &member : best;
    least = std::min(limit, least);
  }
  if (best == nullptr) return kNoEndpoint;
  if (exponentialOf(mixed(key ^ best->seed)) * best->per_weight < second) return best->id;
  return leastNumber(key, [](EndpointId) { return 1.0; });
}

// As a rule nothing is known against the one that is first when all are well.
EndpointId KeyOrder::firstOfAll(const Choice& choice, Random& random) {
  const uint64_t key = hashOf(choice.key, 0);
  const EndpointId likely = likelyFirst(key);
  if (likely == kNoEndpoint || takes(likely, kWholeShare - 1, choice)) return likely;
  const EndpointId best = leastNumber(key, [&](EndpointId id) {
    const Endpoint& endpoint = *endpoints_[id];
    if (!isEligible(choice, endpoint) || !bound_.allows(endpoint, choice)) return 0.0;
    return static_cast<double>(endpoint.share.load(std::memory_order_relaxed)) / kWholeShare;
  });
  if (best == kNoEndpoint && bound_.isOn()) return leastLoaded(endpoints_, choice, random);
  return best;
}

}  // namespace fairlead::balance
