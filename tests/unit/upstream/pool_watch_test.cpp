// A watched pool over real sockets: servers fall, rise, come, and go.
#include "upstream/pool_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pool_for_test.h"
#include "support/drive.h"
#include "support/origin.h"
#include "support/sockets.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWell = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kIll = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";

class PoolWatchTest : public testing::Test {
 protected:
  void start(const std::vector<SocketAddress>& addresses) {
    PoolSettings settings = poolOf(addresses);
    settings.health.explicit_on = explicit_on_;
    settings.health.on = on_;
    settings.health.every = Duration{5ms};
    settings.health.timeout = Duration{5s};
    settings.health.path = path_;
    pool_ = std::make_unique<Pool>(std::move(settings));
    watch_.emplace(*pool_, WatchParts{reactor_, prober_, first_checks_, random_},
                   [this](const PoolEvent& event) { told_.push_back(sentenceOf(event)); });
  }
  void untilTold(size_t count) {
    test::runUntil(reactor_, [&] { return told_.size() >= count; });
  }
  std::string sentence(const SocketAddress& address, std::string_view words) {
    return "pool test: server " + address.text() + " " + std::string(words);
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  Prober prober_{reactor_, buffers_};
  FirstChecks first_checks_;
  Random random_{1};
  bool on_ = true;
  bool explicit_on_ = true;
  std::string path_;
  std::vector<std::string> told_;
  std::unique_ptr<Pool> pool_;
  std::optional<PoolWatch> watch_;
};

TEST_F(PoolWatchTest, FallsAfterThreeAndRisesAfterTwo) {
  test::Origin origin(reactor_, kWell);
  path_ = "/ready";
  start({origin.address()});
  EXPECT_FALSE(watch_->decided());
  untilTold(1);
  EXPECT_TRUE(watch_->decided());
  EXPECT_EQ(told_.back(), sentence(origin.address(), "is up"));

  size_t before = origin.requests().size();
  origin.setAnswer(kIll);
  untilTold(2);
  EXPECT_EQ(told_.back(), sentence(origin.address(), "is down: GET /ready answered 500"));
  EXPECT_EQ(origin.requests().size() - before, 3u);
  EXPECT_EQ(serverOf(*pool_, 0).share.load(), 0u);

  before = origin.requests().size();
  origin.setAnswer(kWell);
  untilTold(3);
  EXPECT_EQ(told_.back(), sentence(origin.address(), "is up again: the check passed"));
  EXPECT_EQ(origin.requests().size() - before, 2u);
  EXPECT_EQ(watch_->status(reactor_.now()).servers[0].standing, Standing::Warming);
  EXPECT_GE(serverOf(*pool_, 0).share.load(), balance::kWholeShare / 10);
}

TEST_F(PoolWatchTest, AServerThatEndsIsDown) {
  std::optional<test::Origin> origin;
  origin.emplace(reactor_, "");
  const SocketAddress address = origin->address();
  start({address});
  untilTold(1);
  origin.reset();
  untilTold(2);
  EXPECT_EQ(told_.back(), sentence(address, "is down: connection refused"));
}

struct CheckedRow {
  const char* name;
  size_t servers;
  bool on;
  bool explicit_on;
  ActiveHealth at_once;
};

TEST_F(PoolWatchTest, ChecksPoolsOfTwoOrWhenAskedTo) {
  const CheckedRow rows[] = {
      {"one server", 1, true, false, ActiveHealth::Unchecked},
      {"one server, asked for", 1, true, true, ActiveHealth::Unknown},
      {"two servers", 2, true, false, ActiveHealth::Unknown},
      {"two servers, off", 2, false, false, ActiveHealth::Unchecked},
  };
  for (const CheckedRow& row : rows) {
    SCOPED_TRACE(row.name);
    std::vector<test::DeafAddress> deaf;
    std::vector<SocketAddress> addresses;
    for (size_t i = 0; i < row.servers; ++i) {
      deaf.push_back(test::deafAddress());
      addresses.push_back(deaf.back().address);
    }
    on_ = row.on;
    explicit_on_ = row.explicit_on;
    start(addresses);
    EXPECT_EQ(watch_->decided(), row.at_once == ActiveHealth::Unchecked);
    for (size_t i = 0; i < row.servers; ++i)
      EXPECT_EQ(serverOf(*pool_, i).active.load(), row.at_once);
    watch_.reset();
  }
}

TEST_F(PoolWatchTest, ProbesDoNotComeInStep) {
  test::Origin origin(reactor_, "");
  start({origin.address()});
  // Pauses of 5 ms +-20 %, but for the first: what is asserted is only that it goes on, and not at
  // once.
  const TimePoint begin = reactor_.now();
  test::runUntil(reactor_, [&] { return origin.connections() >= 10; });
  EXPECT_GE(reactor_.now() - begin, 8 * 4ms);
}

TEST_F(PoolWatchTest, FollowsTheRoster) {
  test::Origin first(reactor_, kWell);
  test::Origin silent(reactor_, std::string(test::Origin::kSilence));
  test::Origin third(reactor_, kWell);
  path_ = "/ready";
  start({first.address(), silent.address()});
  test::runUntil(reactor_, [&] { return !told_.empty() && !silent.requests().empty(); });

  // The silent one goes while its check is under way, and another comes.
  ASSERT_TRUE(pool_->adopt({{first.address()}, {third.address()}}));
  watch_->adopt();
  test::runUntil(reactor_, [&] { return watch_->decided() && third.requests().size() >= 3; });
  EXPECT_EQ(silent.requests().size(), 1u);
  const PoolStatus status = watch_->status(reactor_.now());
  ASSERT_EQ(status.servers.size(), 2u);
  EXPECT_EQ(status.servers[0].active, ActiveHealth::Up);
  EXPECT_EQ(status.servers[1].ip, third.address().text());
  EXPECT_EQ(status.servers[1].active, ActiveHealth::Up);

  // Nobody is left: nothing is checked any more.
  ASSERT_TRUE(pool_->adopt({{}, {}}));
  watch_->adopt();
  EXPECT_TRUE(watch_->decided());
  const size_t before = first.connections() + third.connections();
  const TimePoint latest = reactor_.now() + 30ms;
  test::runUntil(reactor_, [&] { return reactor_.now() >= latest; });
  EXPECT_EQ(first.connections() + third.connections(), before);
}

TEST_F(PoolWatchTest, ThePulseGoesOnByItself) {
  test::Origin first(reactor_, "");
  test::Origin second(reactor_, "");
  start({first.address(), second.address()});
  test::runUntil(reactor_, [&] { return watch_->decided(); });
  Server& server = serverOf(*pool_, 0);
  const size_t before = told_.size();
  const auto failure = [&](TimePoint now) {
    pool_->report(server, {.failed = true, .began = now, .latency = {}, .retry_after = {}}, now);
  };
  for (int i = 0; i < 5; ++i) failure(reactor_.now());
  untilTold(before + 2);
  EXPECT_EQ(told_[before], sentence(first.address(), "is ejected for 10s: 5 consecutive failures"));
  EXPECT_EQ(told_[before + 1], sentence(first.address(), "is let back: 2 good checks in a row"));
}

}  // namespace
}  // namespace fairlead::upstream
