// Choosing within limits, counting what is in flight, and the tickets of the retry budget.
#include "upstream/upstream.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

SocketAddress server(uint16_t number) { return {*IpAddress::parse("10.0.0.1"), number}; }

uint32_t inFlight(const Pool& pool, size_t id) { return pool.endpoints[id]->in_flight.load(); }

class UpstreamTest : public testing::TestWithParam<const char*> {
 protected:
  UpstreamTest() {
    for (uint16_t i = 1; i <= 3; ++i) addServer(*pool_, server(i));
  }
  std::unique_ptr<Pool> pool_ = makePool(GetParam());
  io::Reactor reactor_;
  io::BufferPool buffers_;
  Random random_{7};
  Upstream upstream_{*pool_, reactor_, buffers_, random_, 16};
};

INSTANTIATE_TEST_SUITE_P(Policies, UpstreamTest,
                         testing::Values("p2c", "round_robin", "random", "least_connections"),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(UpstreamTest, CountsWhatIsInFlight) {
  {
    std::vector<Chosen> chosen;
    for (uint32_t i = 1; i <= 20; ++i) {
      Result<Chosen> one = upstream_.choose({}, 0);
      ASSERT_TRUE(one);
      EXPECT_EQ(one->endpoint, pool_->endpoints[one->id]);
      chosen.push_back(std::move(*one));
      EXPECT_EQ(pool_->inFlight(), i);
    }
    chosen[0] = Chosen{};
    EXPECT_EQ(pool_->inFlight(), 19u);
    chosen[1].in_flight.end();
    chosen[1].in_flight.end();  // harmless
    EXPECT_EQ(pool_->inFlight(), 18u);
  }
  for (size_t id = 0; id < 3; ++id) EXPECT_EQ(inFlight(*pool_, id), 0u);
}

TEST_P(UpstreamTest, NeverExceedsMaxRequests) {
  pool_->endpoints[0]->max_requests = 2;
  pool_->endpoints[1]->max_requests = 3;
  pool_->endpoints[2]->max_requests = 1;
  for (int round = 0; round < 20; ++round) {
    std::vector<Chosen> chosen;
    for (int i = 0; i < 6; ++i) {
      Result<Chosen> one = upstream_.choose({}, 0);
      ASSERT_TRUE(one) << i;
      chosen.push_back(std::move(*one));
      for (const balance::Endpoint* endpoint : pool_->endpoints)
        ASSERT_LE(endpoint->in_flight.load(), endpoint->max_requests);
    }
    const Result<Chosen> too_many = upstream_.choose({}, 0);
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().kind, FailureKind::NoServer);
    EXPECT_EQ(too_many.error().step, Step::Choose);
  }
  EXPECT_EQ(pool_->inFlight(), 0u);
}

TEST_P(UpstreamTest, ChoosesAmongWhatIsUp) {
  pool_->endpoints[0]->health.store(balance::Health::Down);
  pool_->endpoints[2]->health.store(balance::Health::Unknown);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(upstream_.choose({}, 0)->id, 1u);
  pool_->endpoints[1]->health.store(balance::Health::Down);
  EXPECT_FALSE(upstream_.choose({}, 0));
}

TEST_P(UpstreamTest, ChoosesWhatWasNotTried) {
  balance::Tried tried;
  for (int i = 0; i < 3; ++i) {
    const Result<Chosen> one = upstream_.choose(tried, 0);
    ASSERT_TRUE(one);
    EXPECT_FALSE(tried.has(one->id));
    tried.add(one->id);
  }
  EXPECT_FALSE(upstream_.choose(tried, 0)) << "all have been tried";
}

// Several workers, each with an Upstream of its own over the same pool.
TEST(UpstreamOfManyWorkers, NeverExceedsMaxRequestsTogether) {
  constexpr uint32_t kMost = 3;
  constexpr int kRounds = 20'000;
  const std::unique_ptr<Pool> pool = makePool("p2c");
  for (uint16_t i = 1; i <= 2; ++i) addServer(*pool, server(i)).max_requests = kMost;
  std::array<std::atomic<uint32_t>, 2> held{};
  std::atomic<bool> exceeded{false};
  std::atomic<uint64_t> chosen_in_all{0};
  const auto work = [&](uint64_t seed) {
    io::Reactor reactor;
    io::BufferPool buffers;
    Random random(seed);
    Upstream upstream(*pool, reactor, buffers, random, 16);
    for (int i = 0; i < kRounds; ++i) {
      Result<Chosen> one = upstream.choose({}, 0);
      if (!one) continue;
      if (held[one->id].fetch_add(1) >= kMost) exceeded.store(true);
      chosen_in_all.fetch_add(1);
      held[one->id].fetch_sub(1);
    }
  };
  std::vector<std::thread> workers;
  for (uint64_t seed = 1; seed <= 8; ++seed) workers.emplace_back(work, seed);
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(exceeded.load());
  EXPECT_GT(chosen_in_all.load(), 0u);
  EXPECT_EQ(pool->inFlight(), 0u);
}

TEST(RetryTicket, CountsWhileItLives) {
  const std::unique_ptr<Pool> pool = makePool();
  addServer(*pool, server(1));
  {
    std::vector<RetryTicket> tickets;
    for (int i = 0; i < 3; ++i) {
      auto ticket = RetryTicket::take(*pool);
      ASSERT_TRUE(ticket);
      tickets.push_back(std::move(*ticket));
    }
    EXPECT_EQ(pool->retrying.load(), 3u);
    EXPECT_FALSE(RetryTicket::take(*pool)) << "a quiet pool allows three";
    EXPECT_EQ(pool->retrying.load(), 3u);
    tickets.pop_back();
    EXPECT_TRUE(RetryTicket::take(*pool));
    pool->endpoints[0]->in_flight.store(100);
    EXPECT_TRUE(RetryTicket::take(*pool));
  }
  EXPECT_EQ(pool->retrying.load(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
