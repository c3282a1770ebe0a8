// `p2c`: the less loaded of two random servers (Mitzenmacher 2001), as cheap with ten thousand as
// with ten.
#include "balance/policies.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {
namespace {

// Would `challenger` carry less for its weight than `first`, were the request given to it? Between
// two idle servers the draw stands, which was by weight already: a quiet pool is shared by weight
// as well.
bool isLessLoaded(const Endpoint& challenger, const Endpoint& first) {
  const uint64_t load = challenger.in_flight.load(std::memory_order_relaxed);
  const uint64_t first_load = first.in_flight.load(std::memory_order_relaxed);
  if (load == 0 && first_load == 0) return false;
  return (load + 1) * first.weight < (first_load + 1) * challenger.weight;
}

class PowerOfTwoChoices final : public Balancer {
 public:
  EndpointId choose(const Choice& choice, Random& random) override {
    const EndpointId first = draw_.draw(choice, random);
    if (first == kNoEndpoint || choice.endpoints.size() == 1) return first;
    const EndpointId second = draw_.draw(choice, random, first);
    if (second == kNoEndpoint) return first;
    return isLessLoaded(*choice.endpoints[second], *choice.endpoints[first]) ? second : first;
  }

 private:
  WeightedDraw draw_;
};

}  // namespace

std::unique_ptr<Balancer> makeP2c() { return std::make_unique<PowerOfTwoChoices>(); }

}  // namespace fairlead::balance
