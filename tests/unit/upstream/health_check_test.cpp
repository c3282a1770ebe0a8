// Health checks: counting in a row, and probing real listeners that answer, refuse, or fall silent.
#include "upstream/health_check.h"

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
using balance::Health;

char letterOf(Health health) {
  switch (health) {
    case Health::Up:
      return 'U';
    case Health::Down:
      return 'D';
    default:
      return '?';
  }
}

struct CountRow {
  const char* name;
  uint32_t fall;
  uint32_t rise;
  std::string_view results;  // + passed, - failed
  std::string_view states;   // after each
};

TEST(HealthCounter, CountsInARow) {
  const CountRow rows[] = {
      {"the first result decides: up", 3, 2, "+", "U"},
      {"the first result decides: down", 3, 2, "-", "D"},
      {"falls after three", 3, 2, "+---", "UUUD"},
      {"two are not enough", 3, 2, "+--", "UUU"},
      {"a pass in between begins anew", 3, 2, "+--+--", "UUUUUU"},
      {"and then three fall", 3, 2, "+--+---", "UUUUUUD"},
      {"rises after two", 3, 2, "-++", "DDU"},
      {"one is not enough", 3, 2, "-+", "DD"},
      {"a failure in between begins anew", 3, 2, "-+-+", "DDDD"},
      {"down, up, and down again", 3, 2, "-++---++", "DDUUUDDU"},
      {"fall 1", 1, 2, "+-+-", "UDDD"},
      {"rise 1", 3, 1, "-+-", "DUU"},
      {"both 1", 1, 1, "+-+-+", "UDUDU"},
      {"steady", 3, 2, "+++++", "UUUUU"},
  };
  for (const CountRow& row : rows) {
    SCOPED_TRACE(row.name);
    HealthCounter counter(row.fall, row.rise);
    EXPECT_EQ(counter.state(), Health::Unknown);
    std::string states;
    for (const char result : row.results) states += letterOf(counter.onResult(result == '+'));
    EXPECT_EQ(states, row.states);
  }
}

class HealthCheckerTest : public testing::Test {
 protected:
  HealthCheckerTest() {
    pool_->health.explicit_on = true;
    pool_->health.every = Duration{5ms};
    pool_->health.timeout = Duration{500ms};
  }

  balance::Endpoint& add(const SocketAddress& address) {
    balance::Endpoint& endpoint = addServer(*pool_, address);
    endpoint.health.store(Health::Unknown);
    return endpoint;
  }
  void start() {
    checker_.emplace(reactor_, buffers_, random_, [this](const HealthChange& change) {
      changes_.push_back(std::string(1, letterOf(change.from)) + letterOf(change.to) + ": " +
                         change.reason);
    });
    checker_->add(*pool_);
  }
  void untilChanges(size_t count) {
    test::runUntil(reactor_, [&] { return changes_.size() >= count; });
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  Random random_{1};
  std::unique_ptr<Pool> pool_ = makePool();
  std::vector<std::string> changes_;
  std::optional<HealthChecker> checker_;
};

struct ProbeRow {
  const char* name;
  const char* answer;
  const char* change;
};

TEST_F(HealthCheckerTest, JudgesTheFirstAnswer) {
  const ProbeRow rows[] = {
      {"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "?U: the check passed"},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "?U: the check passed"},
      {"302", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
       "?U: the check passed"},
      {"interim answers are not the answer",
       "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
       "?U: the check passed"},
      {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "?D: GET /ready answered 404"},
      {"500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "?D: GET /ready answered 500"},
      {"503 after an interim answer", "HTTP/1.1 103 \r\n\r\nHTTP/1.1 503 \r\n\r\n",
       "?D: GET /ready answered 503"},
      {"not HTTP", "SSH-2.0-OpenSSH\r\n", "?D: the answer is not valid HTTP"},
      {"closes", "", "?D: connection closed without an answer"},
  };
  pool_->health.path = std::string("/ready");
  for (const ProbeRow& row : rows) {
    SCOPED_TRACE(row.name);
    test::Origin origin(reactor_, row.answer);
    pool_->servers.clear();
    pool_->endpoints.clear();
    changes_.clear();
    const balance::Endpoint& endpoint = add(origin.address());
    start();
    EXPECT_FALSE(checker_->decided());
    untilChanges(1);
    EXPECT_EQ(changes_.front(), row.change);
    EXPECT_EQ(letterOf(endpoint.health.load()), row.change[1]);
    test::runUntil(reactor_, [&] { return checker_->decided(); });
    checker_.reset();
  }
}

TEST_F(HealthCheckerTest, SilenceIsDown) {
  test::Origin origin(reactor_, std::string(test::Origin::kSilence));
  pool_->health.path = std::string("/ready");
  pool_->health.timeout = Duration{10ms};
  add(origin.address());
  start();
  untilChanges(1);
  EXPECT_EQ(changes_.front(), "?D: no answer within the timeout");
}

TEST_F(HealthCheckerTest, ConnectingIsEnoughWithoutAPath) {
  test::Origin origin(reactor_, "");
  const test::DeafAddress deaf = test::deafAddress();
  const balance::Endpoint& listens = add(origin.address());
  const balance::Endpoint& refuses = add(deaf.address);
  start();
  test::runUntil(reactor_, [&] { return checker_->decided(); });
  EXPECT_EQ(listens.health.load(), Health::Up);
  EXPECT_EQ(refuses.health.load(), Health::Down);
  EXPECT_TRUE(origin.requests().empty());
  EXPECT_NE(std::ranges::find(changes_, "?D: connection refused"), changes_.end());
}

TEST_F(HealthCheckerTest, ANameWithoutAddressIsDown) {
  balance::Endpoint& endpoint = add({*IpAddress::parse("127.0.0.1"), 1});
  endpoint.host = "nowhere.test";
  endpoint.addresses.set({});
  start();
  untilChanges(1);
  EXPECT_EQ(changes_.front(), "?D: the name nowhere.test does not resolve");
}

TEST_F(HealthCheckerTest, TriesTheOtherAddresses) {
  const test::DeafAddress deaf = test::deafAddress();
  test::Origin origin(reactor_, "");
  balance::Endpoint& endpoint = add(deaf.address);
  endpoint.addresses.set({deaf.address, origin.address()});
  start();
  untilChanges(1);
  EXPECT_EQ(endpoint.health.load(), Health::Up);
  EXPECT_EQ(endpoint.preferred_address.load(), 1u);
}

TEST_F(HealthCheckerTest, AsksWhatIsConfigured) {
  for (const bool own_host : {false, true}) {
    SCOPED_TRACE(own_host ? "configured" : "built-in");
    test::Origin origin(reactor_, "HTTP/1.1 204 \r\n\r\n");
    pool_->servers.clear();
    pool_->endpoints.clear();
    changes_.clear();
    add(origin.address());
    pool_->health.path = std::string("/healthz?deep=1");
    if (own_host) {
      pool_->health.host = std::string("shop.example.com");
      pool_->health.method = std::string("HEAD");
    }
    start();
    untilChanges(1);
    const std::string host = own_host ? "shop.example.com" : origin.address().text();
    EXPECT_EQ(origin.requests().front(),
              std::string(own_host ? "HEAD" : "GET") + " /healthz?deep=1 HTTP/1.1\r\nHost: " +
                  host + "\r\nUser-Agent: fairlead-health\r\nConnection: close\r\n\r\n");
    checker_.reset();
  }
}

TEST_F(HealthCheckerTest, ChecksAnotherPortWhenToldTo) {
  test::Origin checked(reactor_, "HTTP/1.1 204 \r\n\r\n");
  const test::DeafAddress deaf = test::deafAddress();
  const balance::Endpoint& endpoint = add(deaf.address);
  pool_->health.path = std::string("/");
  pool_->health.port = uint32_t{checked.address().port};
  start();
  untilChanges(1);
  EXPECT_EQ(endpoint.health.load(), Health::Up);
}

TEST_F(HealthCheckerTest, FallsAfterThreeAndRisesAfterTwo) {
  const char* const well = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const char* const ill = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
  test::Origin origin(reactor_, well);
  pool_->health.path = std::string("/ready");
  const balance::Endpoint& endpoint = add(origin.address());
  start();
  untilChanges(1);
  EXPECT_EQ(endpoint.health.load(), Health::Up);

  size_t before = origin.requests().size();
  origin.setAnswer(ill);
  untilChanges(2);
  EXPECT_EQ(changes_.back(), "UD: GET /ready answered 500");
  EXPECT_EQ(origin.requests().size() - before, 3u);

  before = origin.requests().size();
  origin.setAnswer(well);
  untilChanges(3);
  EXPECT_EQ(changes_.back(), "DU: the check passed");
  EXPECT_EQ(origin.requests().size() - before, 2u);
  EXPECT_EQ(endpoint.health.load(), Health::Up);
}

TEST_F(HealthCheckerTest, ARestartedServerComesBack) {
  std::optional<test::Origin> origin;
  origin.emplace(reactor_, "");
  const SocketAddress address = origin->address();
  add(address);
  start();
  untilChanges(1);
  origin.reset();
  untilChanges(2);
  EXPECT_EQ(changes_.back(), "UD: connection refused");
}

struct CheckedRow {
  const char* name;
  size_t servers;
  bool on;
  bool explicit_on;
  Health at_once;
};

TEST_F(HealthCheckerTest, ChecksPoolsOfTwoOrWhenAskedTo) {
  const CheckedRow rows[] = {
      {"one server", 1, true, false, Health::Up},
      {"one server, asked for", 1, true, true, Health::Unknown},
      {"two servers", 2, true, false, Health::Unknown},
      {"two servers, off", 2, false, false, Health::Up},
  };
  for (const CheckedRow& row : rows) {
    SCOPED_TRACE(row.name);
    pool_->servers.clear();
    pool_->endpoints.clear();
    const test::DeafAddress deaf = test::deafAddress();
    for (size_t i = 0; i < row.servers; ++i) add(deaf.address);
    pool_->health.on = row.on;
    pool_->health.explicit_on = row.explicit_on;
    start();
    EXPECT_EQ(checker_->decided(), row.at_once == Health::Up);
    for (const balance::Endpoint* endpoint : pool_->endpoints)
      EXPECT_EQ(endpoint->health.load(), row.at_once);
    checker_.reset();
  }
}

TEST_F(HealthCheckerTest, ProbesDoNotComeInStep) {
  test::Origin origin(reactor_, "");
  add(origin.address());
  start();
  // Pauses of 5 ms +-20 %: what is asserted is only that it goes on, and not at once.
  const TimePoint begin = reactor_.now();
  test::runUntil(reactor_, [&] { return origin.connections() >= 10; });
  EXPECT_GE(reactor_.now() - begin, 9 * 4ms);
}

}  // namespace
}  // namespace fairlead::upstream
