// The power of two choices: two servers are drawn by weight, and the better one is taken.
#pragma once

#include <span>

#include "balance/balancer.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {

// `isBetter(challenger, first, now)`: should the one that was drawn second be taken?
template <bool (*isBetter)(const Endpoint&, const Endpoint&, TimePoint)>
class BetterOfTwo final : public Balancer {
 public:
  explicit BetterOfTwo(std::span<Endpoint* const> endpoints)
      : endpoints_(endpoints), draw_(endpoints) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    const EndpointId first = draw_.draw(choice, random);
    if (first == kNoEndpoint || endpoints_.size() == 1) return first;
    const EndpointId second = draw_.draw(choice, random, first);
    if (second == kNoEndpoint) return first;
    return isBetter(*endpoints_[second], *endpoints_[first], choice.now) ? second : first;
  }

 private:
  std::span<Endpoint* const> endpoints_;
  WeightedDraw draw_;
};

}  // namespace fairlead::balance
