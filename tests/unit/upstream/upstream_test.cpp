// Choosing within limits, and counting what is in flight.
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

uint32_t inFlight(const Pool& pool, size_t number) {
  return serverOf(pool, number).in_flight.load();
}

// What a worker lends.
struct WorkerParts {
  explicit WorkerParts(uint64_t seed = 7) : random(seed) {}
  io::Reactor reactor;
  io::BufferPool buffers;
  Random random;
  io::Mailbox mailbox{reactor};
  UpstreamParts lent() {
    return {.reactor = reactor, .buffers = buffers, .random = random, .mailbox = mailbox};
  }
};

class UpstreamTest : public testing::TestWithParam<const char*> {
 protected:
  Result<Chosen> choose(const balance::Tried& tried = {}) { return upstream_.choose(tried); }
  // As if the configuration had limited the server.
  void limit(size_t number, uint32_t most) { serverOf(*pool_, number).max_requests = most; }

  std::unique_ptr<Pool> pool_ = makePool(poolOf({server(1), server(2), server(3)}, GetParam()));
  WorkerParts parts_;
  Upstream upstream_{*pool_, parts_.lent()};
};

INSTANTIATE_TEST_SUITE_P(Policies, UpstreamTest,
                         testing::Values("p2c", "round_robin", "random", "least_connections"),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(UpstreamTest, CountsWhatIsInFlight) {
  {
    std::vector<Chosen> chosen;
    for (uint32_t i = 1; i <= 20; ++i) {
      Result<Chosen> one = choose();
      ASSERT_TRUE(one);
      EXPECT_EQ(&one->server(), &serverOf(*pool_, one->slot().number));
      chosen.push_back(std::move(*one));
      EXPECT_EQ(pool_->inFlight(), i);
    }
    chosen[0] = Chosen{};
    EXPECT_EQ(pool_->inFlight(), 19u);
    chosen[1].end();
    chosen[1].end();  // harmless
    EXPECT_EQ(pool_->inFlight(), 18u);
  }
  for (size_t id = 0; id < 3; ++id) EXPECT_EQ(inFlight(*pool_, id), 0u);
}

TEST_P(UpstreamTest, NeverExceedsMaxRequests) {
  limit(0, 2);
  limit(1, 3);
  limit(2, 1);
  for (int round = 0; round < 20; ++round) {
    std::vector<Chosen> chosen;
    for (int i = 0; i < 6; ++i) {
      Result<Chosen> one = choose();
      ASSERT_TRUE(one) << i;
      chosen.push_back(std::move(*one));
      for (const auto& one_server : pool_->roster()->servers)
        ASSERT_LE(one_server->in_flight.load(), one_server->max_requests);
    }
    const Result<Chosen> too_many = choose();
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().kind, FailureKind::Overloaded);
    EXPECT_EQ(too_many.error().step, Step::Choose);
  }
  EXPECT_EQ(pool_->inFlight(), 0u);
}

TEST_P(UpstreamTest, ChoosesAmongWhatIsUp) {
  setActive(*pool_, 0, ActiveHealth::Down);
  setActive(*pool_, 2, ActiveHealth::Unknown);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(choose()->slot().number, 1u);
  setActive(*pool_, 1, ActiveHealth::Down);
  const Result<Chosen> none = choose();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, FailureKind::NoServer);
}

TEST_P(UpstreamTest, ChoosesWhatWasNotTried) {
  balance::Tried tried;
  for (int i = 0; i < 3; ++i) {
    const Result<Chosen> one = choose(tried);
    ASSERT_TRUE(one);
    EXPECT_FALSE(tried.has(one->server()));
    EXPECT_TRUE(upstream_.hasOther(tried));
    tried.add(one->server());
  }
  EXPECT_FALSE(choose(tried)) << "all have been tried";
  EXPECT_FALSE(upstream_.hasOther(tried));
}

// Several workers, each with an Upstream of its own over the same pool.
TEST(UpstreamOfManyWorkers, NeverExceedsMaxRequestsTogether) {
  constexpr uint32_t kMost = 3;
  constexpr int kRounds = 20'000;
  PoolSettings settings = poolOf({server(1), server(2)});
  for (ServerSpec& spec : settings.servers) spec.max_requests = kMost;
  const std::unique_ptr<Pool> pool = makePool(std::move(settings));
  std::array<std::atomic<uint32_t>, 2> held{};
  std::atomic<bool> exceeded{false};
  std::atomic<uint64_t> chosen_in_all{0};
  const auto work = [&](uint64_t seed) {
    WorkerParts parts(seed);
    Upstream upstream(*pool, parts.lent());
    for (int i = 0; i < kRounds; ++i) {
      Result<Chosen> one = upstream.choose({});
      if (!one) continue;
      if (held[one->slot().number].fetch_add(1) >= kMost) exceeded.store(true);
      chosen_in_all.fetch_add(1);
      held[one->slot().number].fetch_sub(1);
    }
  };
  std::vector<std::thread> workers;
  for (uint64_t seed = 1; seed <= 8; ++seed) workers.emplace_back(work, seed);
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(exceeded.load());
  EXPECT_GT(chosen_in_all.load(), 0u);
  EXPECT_EQ(pool->inFlight(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
