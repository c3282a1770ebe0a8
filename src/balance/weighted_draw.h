// Draws of an endpoint in proportion to its weight, at a cost that does not grow with their number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace fairlead::balance {

// May this endpoint be chosen for this request?
inline bool isEligible(const Choice& choice, EndpointId id) {
  return isUsable(*choice.endpoints[id]) && !choice.tried.has(id);
}

// An alias table (Walker 1977, built as Vose 1991 does) over one list of endpoints. The table is
// built at the first draw and again should the list ever be another one.
class WeightedDraw {
 public:
  // An eligible endpoint other than `except`, or kNoEndpoint when there is none. Eligible endpoints
  // are met in proportion to their weights, however many others there are. A few draws from the
  // table are enough in the usual case; only when all of them hit ineligible endpoints is the list
  // walked.
  EndpointId draw(const Choice& choice, Random& random, EndpointId except = kNoEndpoint);

 private:
  struct Column {
    uint64_t keep_below = UINT64_MAX;  // of 2^64: below this the column's own endpoint is drawn
    EndpointId other = 0;
  };

  void build(std::span<Endpoint* const> endpoints);
  EndpointId fromTable(Random& random) const;
  static EndpointId fromWalk(const Choice& choice, Random& random, EndpointId except);

  std::vector<Column> columns_;  // empty when all weights are equal
  std::span<Endpoint* const> built_for_;
};

}  // namespace fairlead::balance
