// `rendezvous`: each server draws a number for the key, and the best one gets it (Thaler and
// Ravishankar 1998; with weights as Schindelhauer and Schomaker have them, 2005). Looks at every
// server, needs no table.
#include "balance/keyed.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

class Rendezvous final : public Balancer {
 public:
  Rendezvous(std::span<Endpoint* const> endpoints, const BalanceSettings& settings)
      : order_(endpoints, settings) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    order_.begin(choice);
    return order_.firstOfAll(choice, random);
  }

 private:
  KeyOrder order_;
};

}  // namespace

std::unique_ptr<Balancer> makeRendezvous(std::span<Endpoint* const> endpoints,
                                         const BalanceSettings& settings, Random& /*random*/) {
  return std::make_unique<Rendezvous>(endpoints, settings);
}

}  // namespace fairlead::balance
