// `random`: a random server in proportion to its weight, whatever its load.
#include "balance/policies.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {
namespace {

class RandomDraw final : public Balancer {
 public:
  explicit RandomDraw(std::span<Endpoint* const> endpoints) : draw_(endpoints) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    return draw_.draw(choice, random);
  }

 private:
  WeightedDraw draw_;
};

}  // namespace

std::unique_ptr<Balancer> makeRandom(std::span<Endpoint* const> endpoints,
                                     const BalanceSettings& /*settings*/, Random& /*random*/) {
  return std::make_unique<RandomDraw>(endpoints);
}

}  // namespace fairlead::balance
