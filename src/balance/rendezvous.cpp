// `rendezvous`: each server draws a number for the key, and the best one gets it (Thaler and
// Ravishankar 1998; with weights as Schindelhauer and Schomaker have them, 2005). Looks at every
// server, needs no table.
#include "balance/keyed.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

class Rendezvous final : public Balancer {
 public:
  Rendezvous(std::shared_ptr<const Groundwork> ground, const std::vector<Member>& members,
             std::span<Endpoint* const> endpoints, const BalanceSettings& settings)
      : ground_(std::move(ground)), order_(endpoints, members, settings) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    order_.begin(choice);
    return order_.firstOfAll(choice, random);
  }

 private:
  std::shared_ptr<const Groundwork> ground_;  // has the members
  KeyOrder order_;
};

class Draws final : public Groundwork {
 public:
  explicit Draws(std::span<Endpoint* const> endpoints) : members_(membersOf(endpoints)) {}

  std::unique_ptr<Balancer> balancer(std::span<Endpoint* const> endpoints,
                                     const BalanceSettings& settings) const override {
    return std::make_unique<Rendezvous>(shared_from_this(), members_, endpoints, settings);
  }

 private:
  std::vector<Member> members_;
};

}  // namespace

std::shared_ptr<const Groundwork> layRendezvous(std::span<Endpoint* const> endpoints) {
  return std::make_shared<Draws>(endpoints);
}

}  // namespace fairlead::balance
