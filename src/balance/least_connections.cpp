// `least_connections`: the fewest requests in flight for its weight. Looks at every server, so its
// cost grows with the pool; p2c comes close to it at a constant cost.
#include <algorithm>

#include "balance/load.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

// The least loaded of those seen so far; among equals one that is drawn by weight.
struct Held {
  EndpointId id = kNoEndpoint;
  Load load;
  uint64_t tied_weight = 0;

  void offer(EndpointId offered, const Load& its, bool is_tied, Random& random) {
    if (!is_tied) tied_weight = 0;
    tied_weight += its.weight;
    if (is_tied && random.below(tied_weight) >= its.weight) return;
    id = offered;
    load = its;
  }
};

class LeastConnections final : public Balancer {
 public:
  explicit LeastConnections(std::span<Endpoint* const> endpoints) : endpoints_(endpoints) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    return leastLoaded(endpoints_, choice, random);
  }

 private:
  std::span<Endpoint* const> endpoints_;
};

}  // namespace

// Idle servers are all equal, so that a quiet pool is shared by weight; against the busy ones
// stands the heaviest of them.
EndpointId leastLoaded(std::span<Endpoint* const> endpoints, const Choice& choice, Random& random) {
  Held idle;
  Held busy;
  Load heaviest_idle;
  for (EndpointId id = 0; id < endpoints.size(); ++id) {
    if (!isEligible(choice, *endpoints[id])) continue;
    const Load load = Load::of(*endpoints[id]);
    if (load.weight == 0) continue;  // went down since
    if (load.in_flight == 0) {
      heaviest_idle.weight = std::max(heaviest_idle.weight, load.weight);
      idle.offer(id, load, idle.id != kNoEndpoint, random);
    } else if (busy.id == kNoEndpoint || !busy.load.isLessThan(load)) {
      busy.offer(id, load, busy.id != kNoEndpoint && !load.isLessThan(busy.load), random);
    }
  }
  if (idle.id == kNoEndpoint) return busy.id;
  const bool is_busy_better = busy.id != kNoEndpoint && busy.load.isLessThan(heaviest_idle);
  return is_busy_better ? busy.id : idle.id;
}

std::unique_ptr<Balancer> makeLeastConnections(std::span<Endpoint* const> endpoints,
                                               const BalanceSettings& /*settings*/,
                                               Random& /*random*/) {
  return std::make_unique<LeastConnections>(endpoints);
}

}  // namespace fairlead::balance
