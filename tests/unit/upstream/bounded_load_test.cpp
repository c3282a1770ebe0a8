// `bounded_load` where requests are counted in their pool: what a request finds in flight.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pool_for_test.h"
#include "upstream/chooser.h"
#include "upstream/permit.h"

namespace fairlead::upstream {
namespace {

const TimePoint kNow{std::chrono::seconds(1000)};

class BoundedLoad : public testing::TestWithParam<const char*> {};

// 1.25 times the mean of 20 requests over 5 servers, each request counted once.
TEST_P(BoundedLoad, OfOneHotKeyIsNeverExceeded) {
  constexpr size_t kServers = 5;
  std::vector<SocketAddress> addresses;
  for (uint16_t port = 1; port <= kServers; ++port)
    addresses.push_back({*IpAddress::parse("10.0.0.1"), port});
  PoolSettings settings = poolOf(addresses, GetParam());
  settings.balance.bounded_load = 1.25;
  const auto pool = makePool(std::move(settings));
  ASSERT_TRUE(pool->isGuarded()) << "the bound needs the count of the pool";
  Random random(1);
  Chooser chooser(*pool, random);

  const balance::Tried nobody{};
  std::vector<Permit> permits;
  for (int i = 0; i < 20; ++i) {
    auto permit = Permit::take(*pool, Permit::Comes::New, kNow);
    ASSERT_TRUE(permit);
    permits.push_back(std::move(*permit));
    ASSERT_TRUE(chooser.choose({.tried = nobody, .key = 7}, kNow));
  }
  uint32_t most = 0;
  for (size_t i = 0; i < kServers; ++i) most = std::max(most, serverOf(*pool, i).in_flight.load());
  EXPECT_EQ(most, 5U);
}

INSTANTIATE_TEST_SUITE_P(Methods, BoundedLoad, testing::Values("maglev", "ring", "rendezvous"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace fairlead::upstream
