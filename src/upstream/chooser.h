// Choosing one of a pool's servers for a request: groups in their order, each by the pool's policy.
#pragma once

#include <memory>
#include <vector>

#include "balance/balancer.h"
#include "base/random.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

// A server that was chosen, and where it stands.
struct Pick {
  Server* server = nullptr;
  uint32_t group = 0;
  balance::EndpointId id = 0;  // within the group
};

// What a request would like.
struct Wish {
  const balance::Tried& tried;
  uint64_t key = 0;              // for policies that are consistent
  const Pick* wanted = nullptr;  // a sticky client's own server: taken when it is usable
};

// The policies of a pool at work, on one thread; without I/O, so that simulations use it as well.
class Chooser {
 public:
  Chooser(Pool& pool, Random& random);

  // Goes over to the pool's present roster. True: it is another one.
  bool adopt();
  const Roster& roster() const { return *roster_; }

  // A server that may be used and was not tried, counted in flight: `Server::endRequest` ends that.
  // NoServer when there is none; Overloaded when there are, and all have as many requests as they
  // may. When only ejected ones are left, those are better than nobody (fail open).
  Result<Pick> choose(const Wish& wish, TimePoint now);
  // Is there a usable server that was not tried?
  bool hasOther(const balance::Tried& tried) const;
  // Is there, as far as can be seen, a place for one request more?
  bool mightFit() const;

 private:
  struct Group {
    std::span<balance::Endpoint* const> endpoints;  // of the roster
    std::unique_ptr<balance::Balancer> balancer;
  };

  bool chooseFrom(uint32_t group, const Wish& wish, TimePoint now, Pick& pick);
  Result<Pick> failOpen(const Wish& wish, TimePoint now);

  Pool& pool_;
  Random& random_;
  std::shared_ptr<const Roster> roster_;
  uint32_t version_ = 0;
  std::vector<Group> groups_;
};

}  // namespace fairlead::upstream
