// `least_connections`: the fewest requests in flight for its weight. Looks at every server, so its
// cost grows with the pool; p2c comes close to it at a constant cost.
#include "balance/policies.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {
namespace {

class LeastConnections final : public Balancer {
 public:
  // Ties are drawn by weight in the same pass, so that a quiet pool is shared by weight.
  EndpointId choose(const Choice& choice, Random& random) override {
    EndpointId best = kNoEndpoint;
    uint64_t best_load = 0;
    uint64_t best_weight = 1;
    uint64_t tied_weight = 0;
    for (EndpointId id = 0; id < choice.endpoints.size(); ++id) {
      if (!isEligible(choice, id)) continue;
      const Endpoint& endpoint = *choice.endpoints[id];
      const uint64_t load = endpoint.in_flight.load(std::memory_order_relaxed);
      const uint64_t ours = load * best_weight;
      const uint64_t theirs = best_load * endpoint.weight;
      if (best != kNoEndpoint && ours > theirs) continue;
      if (best == kNoEndpoint || ours < theirs) tied_weight = 0;
      tied_weight += endpoint.weight;
      if (tied_weight != endpoint.weight && random.below(tied_weight) >= endpoint.weight) continue;
      best = id;
      best_load = load;
      best_weight = endpoint.weight;
    }
    return best;
  }
};

}  // namespace

std::unique_ptr<Balancer> makeLeastConnections() { return std::make_unique<LeastConnections>(); }

}  // namespace fairlead::balance
