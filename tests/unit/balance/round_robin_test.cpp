// Turns, how evenly they are spread, and what servers that come and go do to them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "unit/balance/pool.h"

namespace fairlead::balance {
namespace {

TEST(RoundRobin, EqualServersTakeStrictTurns) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Pool pool({2, 2, 2, 2, 2});
    const auto picks = sequenceOf(*make("round_robin", pool, seed), 100);
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
    const Pool pool(weights);
    std::vector<int> counts(weights.size());
    const auto picks = sequenceOf(*make("round_robin", pool, seed), 2000);
    for (size_t k = 0; k < picks.size(); ++k) {
      ++counts[picks[k]];
      for (size_t i = 0; i < weights.size(); ++i)
        ASSERT_LT(std::abs(counts[i] - static_cast<double>(k + 1) * weights[i] / total), 2.0);
    }
  }
}

// Between two turns of a server each other of its weight has one, whatever else is in the pool.
TEST(RoundRobin, NobodyIsServedTwiceWhileAnEqualWaits) {
  Random chance(4);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<uint32_t> weights(2 + chance.below(9));
    for (uint32_t& weight : weights) weight = 1 + static_cast<uint32_t>(chance.below(4));
    const Pool pool(weights);
    const auto picks = sequenceOf(*make("round_robin", pool, seed), 1000);
    std::vector<size_t> last(weights.size(), SIZE_MAX);
    for (size_t k = 0; k < picks.size(); ++k) {
      const size_t before = std::exchange(last[picks[k]], k);
      if (before == SIZE_MAX) continue;
      for (size_t i = 0; i < weights.size(); ++i)
        ASSERT_TRUE(weights[i] != weights[picks[k]] || (last[i] != SIZE_MAX && last[i] > before))
            << "seed " << seed << ", pick " << k << ", server " << i << " waits";
    }
  }
}

TEST(RoundRobin, FiveToOneToOneIsInterleaved) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Pool pool({5, 1, 1});
    const auto picks = sequenceOf(*make("round_robin", pool, seed), 700);
    for (size_t i = 7; i < picks.size(); ++i) ASSERT_EQ(picks[i], picks[i - 7]);
    EXPECT_EQ(std::count(picks.begin(), picks.begin() + 7, 0u), 5);
    int longest = 0;
    int run = 0;
    for (const EndpointId id : picks) longest = std::max(longest, run = id == 0 ? run + 1 : 0);
    EXPECT_LE(longest, 3);
    for (size_t i = 1; i < picks.size(); ++i) ASSERT_TRUE(picks[i] == 0 || picks[i - 1] == 0);
  }
}

TEST(RoundRobin, InterleavesAHeavyServerWithManyLightOnes) {
  const Pool pool({10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  const auto picks = sequenceOf(*make("round_robin", pool), 200);
  for (size_t i = 1; i < picks.size(); ++i) ASSERT_NE(picks[i] == 0, picks[i - 1] == 0) << i;
}

TEST(RoundRobin, AServerThatReturnsTakesItsPlaceAndNoMore) {
  Pool pool({1, 1, 1, 1});
  const auto balancer = make("round_robin", pool);
  sequenceOf(*balancer, 7);
  pool[2].share = 0;
  for (const EndpointId id : sequenceOf(*balancer, 1000)) ASSERT_NE(id, 2u);
  pool[2].share = kWholeShare;
  const auto picks = sequenceOf(*balancer, 40);
  for (size_t i = 1; i < picks.size(); ++i) ASSERT_NE(picks[i], picks[i - 1]);
  EXPECT_EQ(std::ranges::count(picks, 2u), 10);
}

TEST(RoundRobin, AHeavyServerThatReturnsDoesNotCatchUp) {
  Pool pool({50, 1, 1});
  const auto balancer = make("round_robin", pool);
  pool[0].share = 0;
  const auto without = sequenceOf(*balancer, 1000);
  EXPECT_EQ(std::ranges::count(without, 1u), 500);
  pool[0].share = kWholeShare;
  const auto picks = sequenceOf(*balancer, 5 * 52);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(picks, 0u)), 250, 1);
}

TEST(RoundRobin, WhatWasDownTogetherKeepsItsShares) {
  Pool pool({5, 1});
  const auto balancer = make("round_robin", pool);
  sequenceOf(*balancer, 4);
  for (size_t i : {0u, 1u}) pool[i].share = 0;
  for (const EndpointId id : sequenceOf(*balancer, 1000)) ASSERT_EQ(id, kNoEndpoint);
  for (size_t i : {0u, 1u}) pool[i].share = kWholeShare;
  EXPECT_EQ(std::ranges::count(sequenceOf(*balancer, 60), 1u), 10);
}

// A quarter of its turns: one in four rounds, always the fourth.
TEST(RoundRobin, AStartingServerTakesItsShareOfTurnsEvenly) {
  Pool pool({1, 1, 1, 1});
  pool[1].share = kWholeShare / 4;
  const auto picks = sequenceOf(*make("round_robin", pool), 13 * 50);
  std::vector<size_t> turns;
  for (size_t i = 0; i < picks.size(); ++i)
    if (picks[i] == 1) turns.push_back(i);
  ASSERT_EQ(turns.size(), 50u);
  for (size_t i = 1; i < turns.size(); ++i) ASSERT_EQ(turns[i] - turns[i - 1], 13u);
}

// Their shares grow from a tenth to all of it, as a slow start has it: they do not all come in the
// same round.
TEST(RoundRobin, ServersThatStartTogetherDoNotComeTogether) {
  std::vector<uint32_t> weights(40, 1);
  Pool pool(weights);
  for (size_t i = 20; i < 40; ++i) pool[i].share = 102;
  const auto picks = sequenceOf(*make("round_robin", pool), 22 * 50);
  for (size_t begin = 0; begin < picks.size(); begin += 110) {
    const auto* const from = picks.data() + begin;
    const auto starting = std::count_if(from, from + 110, [](EndpointId id) { return id >= 20; });
    EXPECT_NEAR(static_cast<double>(starting), 10, 6);
  }
}

TEST(RoundRobin, AShareThatGrowsIsSeenSoon) {
  Pool pool({1, 1, 1, 1});
  const auto balancer = make("round_robin", pool);
  pool[3].share = 1;  // its next turn would be a thousand rounds away
  sequenceOf(*balancer, 100);
  pool[3].share = kWholeShare;
  const auto picks = sequenceOf(*balancer, 16 * 4);
  EXPECT_GE(std::ranges::count(picks, 3u), 1);
  EXPECT_EQ(std::ranges::count(sequenceOf(*balancer, 40), 3u), 10);
}

}  // namespace
}  // namespace fairlead::balance
