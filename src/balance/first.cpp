// `first`: the first server of the list that is not full. It packs: the last ones stay idle and may
// be switched off. The cost grows with the number of servers before the one that is chosen.
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

class First final : public Balancer {
 public:
  explicit First(std::span<Endpoint* const> endpoints) : endpoints_(endpoints) {}

  // In its slow start a server takes its share and leaves the rest to the next ones, unless there
  // are none.
  EndpointId choose(const Choice& choice, Random& random) override {
    EndpointId passed = kNoEndpoint;
    for (EndpointId id = 0; id < endpoints_.size(); ++id) {
      const Endpoint& endpoint = *endpoints_[id];
      if (!isEligible(choice, endpoint)) continue;
      const uint32_t share = endpoint.share.load(std::memory_order_relaxed);
      if (share >= kWholeShare || random.below(kWholeShare) < share) return id;
      if (passed == kNoEndpoint) passed = id;
    }
    return passed;
  }

 private:
  std::span<Endpoint* const> endpoints_;
};

}  // namespace

std::unique_ptr<Balancer> makeFirst(std::span<Endpoint* const> endpoints,
                                    const BalanceSettings& /*settings*/, Random& /*random*/) {
  return std::make_unique<First>(endpoints);
}

}  // namespace fairlead::balance
