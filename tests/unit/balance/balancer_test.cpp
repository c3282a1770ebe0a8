// What every policy promises, as properties over seeds.
#include "balance/balancer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "unit/balance/pool.h"

namespace fairlead::balance {
namespace {

// Each request has another key, so that keyed policies share as others do.
class EveryPolicy : public testing::TestWithParam<Policy> {
 protected:
  void use(const Pool& pool) { balancer_ = make(GetParam().name, pool); }

  EndpointId choose(const Tried& tried = {}) {
    return balancer_->choose({.tried = tried, .key = random_.next()}, random_);
  }
  // Of the idle pool that is in use. To pack is not to share.
  void expectShares(const Pool& pool) {
    if (GetParam().name == "first") return;
    constexpr int kPicks = 100'000;
    std::vector<int> counts(pool.size());
    for (int i = 0; i < kPicks; ++i) ++counts.at(choose());
    const std::vector<double> shares = pool.shares();
    for (size_t i = 0; i < pool.size(); ++i)
      EXPECT_NEAR(counts[i] / double{kPicks}, shares[i], 0.01) << "endpoint " << i;
  }

  std::unique_ptr<Balancer> balancer_;
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
    {"very far apart", {1, 100'000, 50'000}},
    {"a drained one", {2, 0, 1}},
    {"prime weights", {7, 13, 29, 3}},
    {"forty", std::vector<uint32_t>(40, 2)},
};

TEST_P(EveryPolicy, SharesAnIdlePoolByWeight) {
  for (const WeightsRow& row : kWeights) {
    SCOPED_TRACE(row.name);
    const Pool pool(row.weights);
    use(pool);
    expectShares(pool);
  }
}

TEST_P(EveryPolicy, SharesAmongTheOthersWhenSomeAreDown) {
  Pool pool({4, 1, 2, 3, 2});
  use(pool);
  expectShares(pool);
  pool[0].share = 0;
  pool[3].share = 0;
  expectShares(pool);
  for (size_t i : {1u, 2u}) pool[i].share = 0;
  expectShares(pool);
  pool[0].share = kWholeShare;
  expectShares(pool);
}

TEST_P(EveryPolicy, GivesAStartingServerItsShareOfItsWeight) {
  struct Row {
    const char* name;
    std::vector<uint32_t> shares;
  };
  const Row rows[] = {
      {"one of three at a tenth", {kWholeShare, kWholeShare, 102}},
      {"one at a half", {512, kWholeShare, kWholeShare}},
      {"two at different times", {700, 205, kWholeShare}},
      {"all together", {102, 102, 102}},
      {"all, at different times", {1, 3, 2}},
      {"one more is down", {0, 307, kWholeShare}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Pool pool({2, 3, 5});
    use(pool);
    for (size_t i = 0; i < pool.size(); ++i) pool[i].share = row.shares[i];
    expectShares(pool);
  }
}

TEST_P(EveryPolicy, FindsTheOnlyUsableOneOfMany) {
  Pool pool(std::vector<uint32_t>(500, 1));
  use(pool);
  for (size_t i = 0; i < pool.size(); ++i) pool[i].share = 0;
  EXPECT_EQ(choose(), kNoEndpoint);
  for (const uint32_t share : {kWholeShare, 1U}) {
    pool[321].share = share;
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(choose(), 321u);
  }
}

// Random states at every pick: what is chosen is always usable and untried, and found if there is
// one.
TEST_P(EveryPolicy, NeverChoosesWhatItMustNot) {
  Random chance(GetParam().name.size());
  Pool pool({1, 2, 0, 5, 1, 1, 9, 1});
  use(pool);
  constexpr uint32_t kShares[] = {0, 1, 300, kWholeShare};
  for (int round = 0; round < 50'000; ++round) {
    Tried tried;
    bool any = false;
    for (size_t i = 0; i < pool.size(); ++i) {
      pool[i].share = kShares[chance.below(4)];
      pool[i].max_requests = static_cast<uint32_t>(chance.below(3));
      pool[i].in_flight = static_cast<uint32_t>(chance.below(3));
      if (chance.below(3) == 0) tried.add(pool[i]);
      any = any || (isUsable(pool[i]) && !tried.has(pool[i]));
    }
    const EndpointId chosen = choose(tried);
    ASSERT_EQ(chosen != kNoEndpoint, any);
    if (!any) continue;
    ASSERT_LT(chosen, pool.size());
    ASSERT_TRUE(isUsable(pool[chosen]));
    ASSERT_FALSE(tried.has(pool[chosen]));
  }
}

TEST_P(EveryPolicy, AnswersNothingForPoolsThatOfferNothing) {
  const Pool empty({});
  use(empty);
  EXPECT_EQ(choose(), kNoEndpoint);
  const Pool drained({0, 0});
  use(drained);
  EXPECT_EQ(choose(), kNoEndpoint);
  Pool pool({1, 1});
  use(pool);
  Tried both;
  both.add(pool[0]);
  both.add(pool[1]);
  EXPECT_EQ(choose(both), kNoEndpoint);
}

// The same seeds, the same choices: a failure that was seen can be seen again.
TEST_P(EveryPolicy, IsReproducible) {
  const Pool pool({1, 2, 3, 4});
  EXPECT_EQ(sequenceOf(*make(GetParam().name, pool, 7), 100, 9),
            sequenceOf(*make(GetParam().name, pool, 7), 100, 9));
}

TEST(Registry, FindsPoliciesByName) {
  for (const char* name : {"p2c", "round_robin", "random", "least_connections", "least_latency",
                           "first", "maglev", "ring", "rendezvous"}) {
    ASSERT_TRUE(findPolicy(name)) << name;
    EXPECT_EQ(findPolicy(name)->name, name);
    EXPECT_FALSE(findPolicy(name)->sentence.empty());
  }
  EXPECT_EQ(findPolicy("fastest"), nullptr);
  EXPECT_TRUE(findPolicy("maglev")->keyed);
  EXPECT_FALSE(findPolicy("first")->keyed);
}

TEST(Tried, RemembersServersAndNotTheirPlaces) {
  Pool pool(std::vector<uint32_t>(20, 1));
  Tried tried;
  EXPECT_TRUE(tried.empty());
  EXPECT_FALSE(tried.has(pool[0]));
  for (int i = 0; i < 30; ++i) tried.add(pool[0]);
  for (size_t i = 1; i < pool.size(); ++i) tried.add(pool[i]);
  EXPECT_FALSE(tried.empty());
  for (size_t i = 0; i < pool.size(); ++i) EXPECT_EQ(tried.has(pool[i]), i < Tried::kMost) << i;

  const std::vector<Endpoint*> other_list{&pool[15], &pool[2], &pool[11]};
  const auto balancer = make("random", other_list);
  Random random(1);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(balancer->choose({.tried = tried}, random), 0u);
}

TEST(Endpoint, HasACacheLineOfItsOwn) {
  EXPECT_EQ(alignof(Endpoint), 64u);
  EXPECT_EQ(sizeof(Endpoint), 64u);
}

}  // namespace
}  // namespace fairlead::balance
