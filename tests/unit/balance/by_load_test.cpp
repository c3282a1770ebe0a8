// The policies that look at requests in flight: p2c, least_connections, first.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/balance/pool.h"

namespace fairlead::balance {
namespace {

TEST(P2c, PrefersTheLessLoadedByWeight) {
  struct Row {
    const char* name;
    uint32_t weight_a, share_a, load_a, weight_b, share_b, load_b;
    EndpointId better;
  };
  constexpr uint32_t kAll = kWholeShare;
  const Row rows[] = {
      {"fewer in flight", 1, kAll, 3, 1, kAll, 2, 1},
      {"fewer in flight, other side", 1, kAll, 0, 1, kAll, 1, 0},
      {"heavier carries more", 1, kAll, 2, 4, kAll, 6, 1},
      {"heavier carries too much", 1, kAll, 1, 4, kAll, 8, 0},
      {"half a share is half a weight", 1, kAll, 4, 1, kAll / 2, 2, 0},
      {"half a share carries half", 1, kAll, 6, 1, kAll / 2, 2, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Pool pool({row.weight_a, row.weight_b});
    pool[0].in_flight = row.load_a;
    pool[0].share = row.share_a;
    pool[1].in_flight = row.load_b;
    pool[1].share = row.share_b;
    for (const EndpointId id : sequenceOf(*make("p2c", pool), 50)) ASSERT_EQ(id, row.better);
  }
}

TEST(P2c, NeverChoosesTheMostLoadedOfSeveral) {
  Pool pool({1, 1, 1, 1});
  pool[2].in_flight = 100;
  for (const EndpointId id : sequenceOf(*make("p2c", pool), 5000)) ASSERT_NE(id, 2u);
}

// Requests that stay in flight: the loads follow the weights, and what slow starts leave of them.
TEST(ByLoad, LoadsFollowTheWeights) {
  for (const char* name : {"p2c", "least_connections", "least_latency"}) {
    SCOPED_TRACE(name);
    Pool pool({1, 2, 4, 2});
    pool[3].share = kWholeShare / 2;
    const auto balancer = make(name, pool);
    Random random(5);
    for (int i = 0; i < 8000; ++i) ++pool[chooseFor(*balancer, random)].in_flight;
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
  const auto balancer = make("least_connections", pool);
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 2u);
  pool[2].share = 0;
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 1u);
}

TEST(LeastConnections, AnIdleServerComesFirstUnlessItIsTooLight) {
  Pool pool({1, 1, 10});
  pool[0].in_flight = 1;
  pool[2].in_flight = 12;
  const auto balancer = make("least_connections", pool);
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 1u);
  pool[2].in_flight = 4;
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 2u);
  pool[2].in_flight = 12;
  pool[1].share = 102;
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 2u);
}

TEST(LeastConnections, EqualLoadsAreSharedByWeight) {
  Pool pool({1, 3, 2});
  pool[0].in_flight = 0;
  for (size_t i : {0u, 1u, 2u}) pool[i].in_flight = 4 * pool[i].weight - 1;
  std::vector<int> counts(3);
  for (const EndpointId id : sequenceOf(*make("least_connections", pool), 60'000)) ++counts[id];
  EXPECT_NEAR(counts[0], 10'000, 600);
  EXPECT_NEAR(counts[1], 30'000, 600);
  EXPECT_NEAR(counts[2], 20'000, 600);
}

TEST(First, PacksFromTheFront) {
  Pool pool({1, 1, 1});
  for (size_t i : {0u, 1u}) pool[i].max_requests = 3;
  const auto balancer = make("first", pool);
  Random random(1);
  std::vector<EndpointId> picks;
  for (int i = 0; i < 10; ++i) {
    picks.push_back(chooseFor(*balancer, random));
    ++pool[picks.back()].in_flight;
  }
  EXPECT_EQ(picks, (std::vector<EndpointId>{0, 0, 0, 1, 1, 1, 2, 2, 2, 2}));
  --pool[1].in_flight;
  EXPECT_EQ(chooseFor(*balancer, random), 1u);
  pool[0].in_flight = 0;
  EXPECT_EQ(chooseFor(*balancer, random), 0u);
  pool[0].share = 0;
  EXPECT_EQ(chooseFor(*balancer, random), 1u);
}

TEST(First, AStartingServerTakesItsShareAndLeavesTheRest) {
  Pool pool({1, 1, 1});
  pool[0].share = kWholeShare / 4;
  const auto balancer = make("first", pool);
  const auto picks = sequenceOf(*balancer, 10'000);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(picks, 0u)), 2500, 150);
  EXPECT_EQ(std::ranges::count(picks, 2u), 0);
  for (size_t i : {1u, 2u}) pool[i].share = 0;
  for (const EndpointId id : sequenceOf(*balancer, 50)) ASSERT_EQ(id, 0u);
}

}  // namespace
}  // namespace fairlead::balance
