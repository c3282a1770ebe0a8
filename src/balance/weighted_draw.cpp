// The alias table behind weighted draws.
#include "balance/weighted_draw.h"

#include <algorithm>

namespace fairlead::balance {
namespace {

bool haveEqualWeights(std::span<Endpoint* const> endpoints) {
  return std::ranges::all_of(
      endpoints, [&](const Endpoint* e) { return e->weight == endpoints.front()->weight; });
}

// `part` of 1 as a bound for 64 random bits.
uint64_t boundOf(double part) {
  return part >= 1.0 ? UINT64_MAX : static_cast<uint64_t>(std::max(part, 0.0) * 0x1.0p64);
}

// The table knows weights; what a slow start leaves of them is drawn each time.
bool isWithinShare(const Endpoint& endpoint, Random& random) {
  const uint32_t share = endpoint.share.load(std::memory_order_relaxed);
  return share >= kWholeShare || random.below(kWholeShare) < share;
}

}  // namespace

WeightedDraw::WeightedDraw(std::span<Endpoint* const> endpoints) : endpoints_(endpoints) {
  if (!haveEqualWeights(endpoints)) build();
}

EndpointId WeightedDraw::draw(const Choice& choice, Random& random, EndpointId except) const {
  if (endpoints_.empty()) return kNoEndpoint;
  for (size_t left = drawsBeforeWalk(endpoints_.size()); left > 0; --left) {
    const EndpointId id = fromTable(random);
    if (id != except && isEligible(choice, *endpoints_[id]) &&
        isWithinShare(*endpoints_[id], random)) {
      return id;
    }
  }
  return fromWalk(choice, random, except);
}

// Each column has room for the mean weight: what a light endpoint leaves free is filled up by a
// heavy one, so that one random number chooses the column and its part.
void WeightedDraw::build() {
  const size_t count = endpoints_.size();
  double total = 0;
  for (const Endpoint* endpoint : endpoints_) total += endpoint->weight;
  std::vector<double> filled;  // of a column
  std::vector<EndpointId> light;
  std::vector<EndpointId> heavy;
  for (EndpointId id = 0; id < count; ++id) {
    filled.push_back(endpoints_[id]->weight * static_cast<double>(count) / total);
    (filled.back() < 1.0 ? light : heavy).push_back(id);
  }
  columns_.resize(count);
  while (!light.empty() && !heavy.empty()) {
    const EndpointId small = light.back();
    const EndpointId large = heavy.back();
    light.pop_back();
    columns_[small] = {boundOf(filled[small]), large};
    filled[large] -= 1.0 - filled[small];
    if (filled[large] < 1.0) {
      heavy.pop_back();
      light.push_back(large);
    }
  }
}

EndpointId WeightedDraw::fromTable(Random& random) const {
  const auto product = static_cast<unsigned __int128>(random.next()) * endpoints_.size();
  const auto column = static_cast<EndpointId>(product >> 64);
  if (columns_.empty()) return column;
  const bool keeps = static_cast<uint64_t>(product) < columns_[column].keep_below;
  return keeps ? column : columns_[column].other;
}

// One pass: each eligible endpoint replaces the one held with the probability of its part so far.
EndpointId WeightedDraw::fromWalk(const Choice& choice, Random& random, EndpointId except) const {
  EndpointId held = kNoEndpoint;
  uint64_t total = 0;
  for (EndpointId id = 0; id < endpoints_.size(); ++id) {
    if (id == except || !isEligible(choice, *endpoints_[id])) continue;
    const uint64_t weight = effectiveWeight(*endpoints_[id]);
    total += weight;
    if (weight > 0 && random.below(total) < weight) held = id;
  }
  return held;
}

}  // namespace fairlead::balance
