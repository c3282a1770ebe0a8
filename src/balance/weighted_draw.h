// Draws of an endpoint in proportion to its weight, at a cost that does not grow with their number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace fairlead::balance {

// How often a random or hashed draw from a list is tried before the list is walked. With half of
// the endpoints out, at most one choice in 256 walks. The longer the list, the more draws are
// cheaper than the walk.
inline size_t drawsBeforeWalk(size_t endpoints) { return 8 + endpoints / 32; }

// An alias table (Walker 1977, built as Vose 1991 does) over one list of endpoints.
class WeightedDraw {
 public:
  explicit WeightedDraw(std::span<Endpoint* const> endpoints);

  // An eligible endpoint other than `except`, or kNoEndpoint when there is none. Eligible endpoints
  // are met in proportion to their effective weights, however many others there are. A few draws
  // from the table are enough in the usual case; only when none of them is taken is the list
  // walked.
  EndpointId draw(const Choice& choice, Random& random, EndpointId except = kNoEndpoint) const;

 private:
  struct Column {
    uint64_t keep_below = UINT64_MAX;  // of 2^64: below this the column's own endpoint is drawn
    EndpointId other = 0;
  };

  void build();
  EndpointId fromTable(Random& random) const;
  EndpointId fromWalk(const Choice& choice, Random& random, EndpointId except) const;

  std::span<Endpoint* const> endpoints_;
  std::vector<Column> columns_;  // empty when all weights are equal
};

}  // namespace fairlead::balance
