// Endpoints for tests of balancing: all up, with identities of their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

#include "balance/balancer.h"
#include "balance/settings.h"

namespace fairlead::balance {

class Pool {
 public:
  explicit Pool(const std::vector<uint32_t>& weights) {
    for (const uint32_t weight : weights) {
      owned_.push_back(std::make_unique<Endpoint>());
      owned_.back()->weight = weight;
      owned_.back()->identity = Random(owned_.size()).next();
      list_.push_back(owned_.back().get());
    }
  }

  Endpoint& operator[](size_t i) { return *owned_[i]; }
  size_t size() const { return list_.size(); }
  const std::vector<Endpoint*>& list() const { return list_; }

  // By the effective weights of the usable endpoints, the others 0.
  std::vector<double> shares() const {
    std::vector<double> shares;
    for (const Endpoint* endpoint : list_)
      shares.push_back(isUsable(*endpoint) ? static_cast<double>(effectiveWeight(*endpoint)) : 0);
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= total;
    return shares;
  }

 private:
  std::vector<std::unique_ptr<Endpoint>> owned_;
  std::vector<Endpoint*> list_;
};

// The list outlives the balancer.
inline std::unique_ptr<Balancer> make(std::string_view policy,
                                      const std::vector<Endpoint*>& endpoints, uint64_t seed = 1,
                                      double bounded_load = 0) {
  BalanceSettings settings;
  settings.bounded_load = bounded_load;
  Random random(seed);
  return findPolicy(policy)->make(endpoints, settings, random);
}

inline std::unique_ptr<Balancer> make(std::string_view policy, const Pool& pool,
                                      uint64_t seed = 1) {
  return make(policy, pool.list(), seed);
}

// A choice of a request that was not tried anywhere yet.
inline EndpointId chooseFor(Balancer& balancer, Random& random, uint64_t key = 0) {
  const Tried tried;
  return balancer.choose({.tried = tried, .key = key}, random);
}

inline std::vector<EndpointId> sequenceOf(Balancer& balancer, int picks, uint64_t seed = 1) {
  Random random(seed);
  std::vector<EndpointId> sequence;
  for (int i = 0; i < picks; ++i) sequence.push_back(chooseFor(balancer, random));
  return sequence;
}

}  // namespace fairlead::balance
