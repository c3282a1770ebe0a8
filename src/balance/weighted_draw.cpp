// The alias table behind weighted draws.
#include "balance/weighted_draw.h"

#include <algorithm>

namespace fairlead::balance {
namespace {

// With half of the endpoints down, at most one draw in 64 walks the list. The longer the list, the
// more draws are cheaper than the walk.
size_t drawsBeforeWalk(size_t endpoints) { return 6 + endpoints / 128; }

bool haveEqualWeights(std::span<Endpoint* const> endpoints) {
  return std::ranges::all_of(
      endpoints, [&](const Endpoint* e) { return e->weight == endpoints.front()->weight; });
}

// `share` of 1 as a bound for 64 random bits.
uint64_t boundOf(double share) {
  return share >= 1.0 ? UINT64_MAX : static_cast<uint64_t>(std::max(share, 0.0) * 0x1.0p64);
}

}  // namespace

EndpointId WeightedDraw::draw(const Choice& choice, Random& random, EndpointId except) {
  if (choice.endpoints.empty()) return kNoEndpoint;
  if (built_for_.data() != choice.endpoints.data() ||
      built_for_.size() != choice.endpoints.size()) {
    build(choice.endpoints);
  }
  for (size_t left = drawsBeforeWalk(choice.endpoints.size()); left > 0; --left) {
    const EndpointId id = fromTable(random);
    if (id != except && isEligible(choice, id)) return id;
  }
  return fromWalk(choice, random, except);
}

// Each column has room for the mean weight: what a light endpoint leaves free is filled up by a
// heavy one, so that one random number chooses the column and its part.
void WeightedDraw::build(std::span<Endpoint* const> endpoints) {
  built_for_ = endpoints;
  columns_.clear();
  if (haveEqualWeights(endpoints)) return;

  double total = 0;
  for (const Endpoint* endpoint : endpoints) total += endpoint->weight;
  std::vector<double> share;  // of a column
  std::vector<EndpointId> light;
  std::vector<EndpointId> heavy;
  for (EndpointId id = 0; id < endpoints.size(); ++id) {
    share.push_back(endpoints[id]->weight * static_cast<double>(endpoints.size()) / total);
    (share.back() < 1.0 ? light : heavy).push_back(id);
  }
  columns_.resize(endpoints.size());
  while (!light.empty() && !heavy.empty()) {
    const EndpointId small = light.back();
    const EndpointId large = heavy.back();
    light.pop_back();
    columns_[small] = {boundOf(share[small]), large};
    share[large] -= 1.0 - share[small];
    if (share[large] < 1.0) {
      heavy.pop_back();
      light.push_back(large);
    }
  }
}

EndpointId WeightedDraw::fromTable(Random& random) const {
  const auto product = static_cast<unsigned __int128>(random.next()) * built_for_.size();
  const auto column = static_cast<EndpointId>(product >> 64);
  if (columns_.empty()) return column;
  const bool keeps = static_cast<uint64_t>(product) < columns_[column].keep_below;
  return keeps ? column : columns_[column].other;
}

// One pass: each eligible endpoint replaces the one held with the probability of its share so far.
EndpointId WeightedDraw::fromWalk(const Choice& choice, Random& random, EndpointId except) {
  EndpointId held = kNoEndpoint;
  uint64_t total = 0;
  for (EndpointId id = 0; id < choice.endpoints.size(); ++id) {
    if (id == except || !isEligible(choice, id)) continue;
    const uint32_t weight = choice.endpoints[id]->weight;
    total += weight;
    if (random.below(total) < weight) held = id;
  }
  return held;
}

}  // namespace fairlead::balance
