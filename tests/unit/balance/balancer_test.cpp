// What every policy promises, as properties over seeds, and what each one adds to it.
#include "balance/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace fairlead::balance {
namespace {

// A pool of endpoints with the given weights, all up.
class Pool {
 public:
  explicit Pool(const std::vector<uint32_t>& weights) {
    for (const uint32_t weight : weights) {
      owned_.push_back(std::make_unique<Endpoint>());
      owned_.back()->weight = weight;
      owned_.back()->health = Health::Up;
      list_.push_back(owned_.back().get());
    }
  }

  Endpoint& operator[](size_t i) { return *owned_[i]; }
  size_t size() const { return list_.size(); }
  Choice choice(Tried tried = {}) const { return {list_, tried, 0}; }

  // Weights of the usable endpoints, the others 0.
  std::vector<double> shares() const {
    std::vector<double> shares;
    for (const Endpoint* endpoint : list_)
      shares.push_back(isUsable(*endpoint) ? endpoint->weight : 0);
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= total;
    return shares;
  }

 private:
  std::vector<std::unique_ptr<Endpoint>> owned_;
  std::vector<Endpoint*> list_;
};

class EveryPolicy : public testing::TestWithParam<Policy> {
 protected:
  EndpointId choose(Pool& pool, Tried tried = {}) {
    return balancer_->choose(pool.choice(tried), random_);
  }
  std::vector<int> count(Pool& pool, int picks) {
    std::vector<int> counts(pool.size());
    for (int i = 0; i < picks; ++i) ++counts.at(choose(pool));
    return counts;
  }
  void expectShares(Pool& pool) {
    constexpr int kPicks = 100'000;
    const std::vector<int> counts = count(pool, kPicks);
    const std::vector<double> shares = pool.shares();
    for (size_t i = 0; i < pool.size(); ++i)
      EXPECT_NEAR(counts[i] / double{kPicks}, shares[i], 0.01) << "endpoint " << i;
  }

  std::unique_ptr<Balancer> balancer_ = GetParam().make();
  Random random_{42};
};

INSTANTIATE_TEST_SUITE_P(Balance, EveryPolicy,
                         testing::ValuesIn(policies().begin(), policies().end()),
                         [](const auto& row) { return std::string(row.param.name); });

struct WeightsRow {
  const char* name;
  std::vector<uint32_t> weights;
};

const WeightsRow kWeights[] = {
    {"one", {1}},
    {"two equal", {1, 1}},
    {"ten equal", {3, 3, 3, 3, 3, 3, 3, 3, 3, 3}},
    {"one heavy", {5, 1, 1}},
    {"all different", {1, 2, 3, 4, 5, 6, 7}},
    {"far apart", {1, 100, 10}},
    {"a drained one", {2, 0, 1}},
    {"prime weights", {7, 13, 29, 3}},
};

TEST_P(EveryPolicy, SharesAnIdlePoolByWeight) {
  for (const WeightsRow& row : kWeights) {
    SCOPED_TRACE(row.name);
    balancer_ = GetParam().make();
    Pool pool(row.weights);
    expectShares(pool);
  }
}

TEST_P(EveryPolicy, SharesAmongTheOthersWhenSomeAreDown) {
  Pool pool({4, 1, 2, 3, 2});
  expectShares(pool);
  pool[0].health = Health::Down;
  pool[3].health = Health::Unknown;
  expectShares(pool);
  for (size_t i : {1u, 2u}) pool[i].health = Health::Down;
  expectShares(pool);
  pool[0].health = Health::Up;
  expectShares(pool);
}

TEST_P(EveryPolicy, FindsTheOnlyUsableOneOfMany) {
  Pool pool(std::vector<uint32_t>(500, 1));
  for (size_t i = 0; i < pool.size(); ++i) pool[i].health = Health::Down;
  EXPECT_EQ(choose(pool), kNoEndpoint);
  pool[321].health = Health::Up;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(choose(pool), 321u);
}

// Random states at every pick: what is chosen is always usable and untried, and found if there is
// one.
TEST_P(EveryPolicy, NeverChoosesWhatItMust) {
  Random chance(GetParam().name.size());
  Pool pool({1, 2, 0, 5, 1, 1, 9, 1});
  for (int round = 0; round < 50'000; ++round) {
    Tried tried;
    bool any = false;
    for (EndpointId i = 0; i < pool.size(); ++i) {
      pool[i].health = static_cast<Health>(chance.below(3));
      pool[i].max_requests = static_cast<uint32_t>(chance.below(3));
      pool[i].in_flight = static_cast<uint32_t>(chance.below(3));
      if (chance.below(3) == 0) tried.add(i);
      any = any || (isUsable(pool[i]) && !tried.has(i));
    }
    const EndpointId chosen = choose(pool, tried);
    ASSERT_EQ(chosen != kNoEndpoint, any);
    if (!any) continue;
    ASSERT_LT(chosen, pool.size());
    ASSERT_TRUE(isUsable(pool[chosen]));
    ASSERT_FALSE(tried.has(chosen));
  }
}

TEST_P(EveryPolicy, AnswersNothingForPoolsThatOfferNothing) {
  Pool empty({});
  EXPECT_EQ(choose(empty), kNoEndpoint);
  balancer_ = GetParam().make();
  Pool drained({0, 0});
  EXPECT_EQ(choose(drained), kNoEndpoint);
  balancer_ = GetParam().make();
  Pool pool({1, 1});
  Tried both;
  both.add(0);
  both.add(1);
  EXPECT_EQ(choose(pool, both), kNoEndpoint);
}

TEST(Registry, FindsPoliciesByName) {
  for (const char* name : {"p2c", "round_robin", "random", "least_connections"}) {
    ASSERT_TRUE(findPolicy(name)) << name;
    EXPECT_EQ(findPolicy(name)->name, name);
  }
  EXPECT_EQ(findPolicy("fastest"), nullptr);
}

// ---- round_robin

std::vector<EndpointId> sequenceOf(Balancer& balancer, Pool& pool, int picks, uint64_t seed) {
  Random random(seed);
  std::vector<EndpointId> sequence;
  for (int i = 0; i < picks; ++i) sequence.push_back(balancer.choose(pool.choice(), random));
  return sequence;
}

TEST(RoundRobin, EqualServersTakeStrictTurns) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Pool pool({2, 2, 2, 2, 2});
    const auto balancer = findPolicy("round_robin")->make();
    const auto picks = sequenceOf(*balancer, pool, 100, seed);
    for (size_t i = 5; i < picks.size(); ++i) ASSERT_EQ(picks[i], picks[i - 5]);
    for (size_t i = 1; i < 5; ++i) ASSERT_EQ(picks[i], (picks[i - 1] + 1) % 5);
  }
}

// At every moment each server is within two turns of what its weight entitles it to.
TEST(RoundRobin, IsSmoothAtEveryPrefix) {
  Random chance(3);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<uint32_t> weights(2 + chance.below(9));
    for (uint32_t& weight : weights) weight = 1 + static_cast<uint32_t>(chance.below(20));
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    Pool pool(weights);
    const auto balancer = findPolicy("round_robin")->make();
    std::vector<int> counts(weights.size());
    const auto picks = sequenceOf(*balancer, pool, 2000, seed);
    for (size_t k = 0; k < picks.size(); ++k) {
      ++counts[picks[k]];
      for (size_t i = 0; i < weights.size(); ++i)
        ASSERT_LT(std::abs(counts[i] - static_cast<double>(k + 1) * weights[i] / total), 2.0);
    }
  }
}

TEST(RoundRobin, InterleavesAHeavyServerWithManyLightOnes) {
  Pool pool({10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  const auto balancer = findPolicy("round_robin")->make();
  const auto picks = sequenceOf(*balancer, pool, 200, 1);
  for (size_t i = 1; i < picks.size(); ++i) ASSERT_NE(picks[i] == 0, picks[i - 1] == 0) << i;
}

TEST(RoundRobin, AServerThatReturnsTakesItsPlaceAndNoMore) {
  Pool pool({1, 1, 1, 1});
  const auto balancer = findPolicy("round_robin")->make();
  sequenceOf(*balancer, pool, 7, 1);
  pool[2].health = Health::Down;
  for (const EndpointId id : sequenceOf(*balancer, pool, 1000, 1)) ASSERT_NE(id, 2u);
  pool[2].health = Health::Up;
  const auto picks = sequenceOf(*balancer, pool, 40, 1);
  for (size_t i = 1; i < picks.size(); ++i) ASSERT_NE(picks[i], picks[i - 1]);
  EXPECT_EQ(std::ranges::count(picks, 2u), 10);
}

TEST(RoundRobin, WhatWasDownTogetherKeepsItsShares) {
  Pool pool({5, 1});
  const auto balancer = findPolicy("round_robin")->make();
  sequenceOf(*balancer, pool, 4, 1);
  for (size_t i : {0u, 1u}) pool[i].health = Health::Down;
  for (const EndpointId id : sequenceOf(*balancer, pool, 1000, 1)) ASSERT_EQ(id, kNoEndpoint);
  for (size_t i : {0u, 1u}) pool[i].health = Health::Up;
  EXPECT_EQ(std::ranges::count(sequenceOf(*balancer, pool, 60, 1), 1u), 10);
}

// ---- by load

TEST(P2c, PrefersTheLessLoadedByWeight) {
  struct Row {
    const char* name;
    uint32_t weight_a, load_a, weight_b, load_b;
    EndpointId better;
  };
  const Row rows[] = {
      {"fewer in flight", 1, 3, 1, 2, 1},
      {"fewer in flight, other side", 1, 0, 1, 1, 0},
      {"heavier carries more", 1, 2, 4, 6, 1},
      {"heavier carries too much", 1, 1, 4, 8, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Pool pool({row.weight_a, row.weight_b});
    pool[0].in_flight = row.load_a;
    pool[1].in_flight = row.load_b;
    const auto balancer = findPolicy("p2c")->make();
    for (const EndpointId id : sequenceOf(*balancer, pool, 50, 9)) ASSERT_EQ(id, row.better);
  }
}

TEST(P2c, NeverChoosesTheMostLoadedOfSeveral) {
  Pool pool({1, 1, 1, 1});
  pool[2].in_flight = 100;
  const auto balancer = findPolicy("p2c")->make();
  for (const EndpointId id : sequenceOf(*balancer, pool, 5000, 9)) ASSERT_NE(id, 2u);
}

// Requests that stay in flight: the loads follow the weights.
TEST(ByLoad, LoadsFollowTheWeights) {
  for (const char* name : {"p2c", "least_connections"}) {
    SCOPED_TRACE(name);
    Pool pool({1, 2, 4, 1});
    const auto balancer = findPolicy(name)->make();
    Random random(5);
    for (int i = 0; i < 8000; ++i) ++pool[balancer->choose(pool.choice(), random)].in_flight;
    EXPECT_NEAR(pool[0].in_flight, 1000, 30);
    EXPECT_NEAR(pool[1].in_flight, 2000, 30);
    EXPECT_NEAR(pool[2].in_flight, 4000, 30);
    EXPECT_NEAR(pool[3].in_flight, 1000, 30);
  }
}

TEST(LeastConnections, ChoosesTheLeastLoadedOfAll) {
  Pool pool({1, 1, 4, 1});
  pool[0].in_flight = 3;
  pool[1].in_flight = 2;
  pool[2].in_flight = 7;
  pool[3].in_flight = 5;
  const auto balancer = findPolicy("least_connections")->make();
  for (const EndpointId id : sequenceOf(*balancer, pool, 50, 9)) ASSERT_EQ(id, 2u);
  pool[2].health = Health::Down;
  for (const EndpointId id : sequenceOf(*balancer, pool, 50, 9)) ASSERT_EQ(id, 1u);
}

}  // namespace
}  // namespace fairlead::balance
