// What all keyed policies share: who may take a key, and who gets it when those that the policy
// asked may not.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "balance/balancer.h"
#include "balance/key_hash.h"
#include "balance/load_bound.h"
#include "balance/members.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {

// A key has all endpoints in an order of its own, and the first that may take it gets it. So an
// endpoint that is out gives nobody's keys away but its own, spread over all others, and gets just
// those back.
class KeyOrder {
 public:
  // The members outlive it.
  KeyOrder(std::span<Endpoint* const> endpoints, const std::vector<Member>& members,
           const BalanceSettings& settings);

  // Before anything else is asked for a choice.
  void begin(const Choice& choice) { bound_.begin(choice); }
  // May the endpoint be chosen, within its bound, and is this place of the key in the part that its
  // slow start gives it?
  bool takes(EndpointId id, uint64_t place, const Choice& choice);
  // The best of all by rendezvous, which looks at every endpoint; if all that are eligible are over
  // their bounds, which a race may bring about, the least loaded.
  EndpointId firstOfAll(const Choice& choice, Random& random);

 private:
  // The best by rendezvous, were all eligible and well.
  EndpointId likelyFirst(uint64_t key) const;
  // The best by rendezvous. `parts` says how much of its weight an endpoint gets, 0 to 1.
  template <typename Parts>
  EndpointId leastNumber(uint64_t key, Parts parts) const;

  std::span<Endpoint* const> endpoints_;
  const std::vector<Member>& members_;
  LoadBound bound_;
};

// The members, and a table of their places that is asked by the upper bits of a hash.
template <typename Table>
class KeyedGroundwork final : public Groundwork {
 public:
  explicit KeyedGroundwork(std::span<Endpoint* const> endpoints)
      : members_(membersOf(endpoints)), table_(members_, endpoints.size()) {}

  std::unique_ptr<Balancer> balancer(std::span<Endpoint* const> endpoints,
                                     const BalanceSettings& settings) const override;
  const std::vector<Member>& members() const { return members_; }
  const Table& table() const { return table_; }

 private:
  std::vector<Member> members_;
  Table table_;
};

// A policy that finds a key's place in a table. Each probe is another place of the key, as good as
// random; when all of them belong to endpoints that may not take it, `firstOfAll` decides.
template <typename Table>
class KeyedTable final : public Balancer {
 public:
  using Ground = KeyedGroundwork<Table>;

  KeyedTable(std::shared_ptr<const Groundwork> ground, std::span<Endpoint* const> endpoints,
             const BalanceSettings& settings)
      : ground_(std::static_pointer_cast<const Ground>(std::move(ground))),
        order_(endpoints, ground_->members(), settings),
        probes_(drawsBeforeWalk(endpoints.size())) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    if (ground_->members().empty()) return kNoEndpoint;
    order_.begin(choice);
    for (size_t probe = 0; probe < probes_; ++probe) {
      const uint64_t place = hashOf(choice.key, probe);
      const EndpointId id = ground_->table().ownerOf(place);
      if (order_.takes(id, place, choice)) return id;
    }
    return order_.firstOfAll(choice, random);
  }

 private:
  std::shared_ptr<const Ground> ground_;
  KeyOrder order_;
  size_t probes_;
};

template <typename Table>
std::unique_ptr<Balancer> KeyedGroundwork<Table>::balancer(std::span<Endpoint* const> endpoints,
                                                           const BalanceSettings& settings) const {
  return std::make_unique<KeyedTable<Table>>(shared_from_this(), endpoints, settings);
}

}  // namespace fairlead::balance
