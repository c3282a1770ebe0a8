// What all keyed policies share: who may take a key, and who gets it when those that the policy
// asked may not.
#pragma once

#include <cstdint>
#include <span>
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
  KeyOrder(std::span<Endpoint* const> endpoints, const BalanceSettings& settings);

  const std::vector<Member>& members() const { return members_; }

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
  std::vector<Member> members_;
  LoadBound bound_;
};

// A policy that finds a key's place in a table, by the upper bits of a hash. Each probe is another
// place of the key, as good as random; when all of them belong to endpoints that may not take it,
// `firstOfAll` decides.
template <typename Table>
class KeyedTable final : public Balancer {
 public:
  KeyedTable(std::span<Endpoint* const> endpoints, const BalanceSettings& settings)
      : order_(endpoints, settings),
        table_(order_.members(), endpoints.size()),
        probes_(drawsBeforeWalk(endpoints.size())) {}

  EndpointId choose(const Choice& choice, Random& random) override {
    if (order_.members().empty()) return kNoEndpoint;
    order_.begin(choice);
    for (size_t probe = 0; probe < probes_; ++probe) {
      const uint64_t place = hashOf(choice.key, probe);
      const EndpointId id = table_.ownerOf(place);
      if (order_.takes(id, place, choice)) return id;
    }
    return order_.firstOfAll(choice, random);
  }

 private:
  KeyOrder order_;
  Table table_;
  size_t probes_;
};

}  // namespace fairlead::balance
