// Waiting for a place in a pool, as requests of two workers do it.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool_for_test.h"
#include "support/drive.h"
#include "upstream/upstream.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

struct OneWorker {
  OneWorker(Pool& pool, size_t number)
      : upstream(pool, {.reactor = reactor,
                        .buffers = buffers,
                        .random = random,
                        .mailbox = mailbox,
                        .worker = number}) {}
  io::Reactor reactor;
  io::BufferPool buffers;
  Random random{7};
  io::Mailbox mailbox{reactor};
  Upstream upstream;
};

// A request as far as its place: it keeps it until `end`.
class Request {
 public:
  explicit Request(OneWorker& worker, Priority priority = Priority::Normal)
      : worker_(worker), task_(run(priority)) {
    task_.start();
  }
  // "waits", "has a place", or why it has none.
  std::string state() const {
    if (failure_) return std::string(nameOf(failure_->kind));
    return permit_ ? "has a place" : "waits";
  }
  void end() {
    chosen_.end();
    permit_.giveBack();
    is_over_ = true;
  }
  // Its client has gone.
  void drop() { task_.drop(); }
  bool isOver() const { return is_over_; }

 private:
  // As Journey::place, in short.
  Task<void> run(Priority priority) {
    Result<void> taken = take(Permit::Comes::New);
    if (taken) co_return;
    Upstream::WaitForPlace wait(worker_.upstream, priority, kNever);
    while (!taken) {
      if (const auto called = co_await wait; !called) {
        failure_ = called.error();
        co_return;
      }
      taken = take(Permit::Comes::FromQueue);
    }
    wait.foundPlace();
  }
  Result<void> take(Permit::Comes comes) {
    Result<Permit> permit = Permit::take(worker_.upstream.pool(), comes, worker_.reactor.now());
    if (!permit) return std::unexpected(permit.error());
    Result<Chosen> chosen = worker_.upstream.choose({});
    if (!chosen) return std::unexpected(chosen.error());
    permit_ = std::move(*permit);
    chosen_ = std::move(*chosen);
    chosen_.keepQuiet();
    return {};
  }

  OneWorker& worker_;
  Permit permit_;
  Chosen chosen_;
  std::optional<Failure> failure_;
  bool is_over_ = false;
  Task<void> task_;
};

class QueueTest : public testing::Test {
 protected:
  explicit QueueTest(Duration timeout = 10s) {
    PoolSettings settings = poolOf({{*IpAddress::parse("10.0.0.1"), 80}});
    settings.servers[0].max_requests = 1;
    settings.queue.limit = 10;
    settings.queue.timeout.value = timeout;
    settings.workers = 2;
    pool_ = makePool(std::move(settings));
    for (size_t i = 0; i < 2; ++i) workers_.push_back(std::make_unique<OneWorker>(*pool_, i));
  }
  Request& request(size_t worker, Priority priority = Priority::Normal) {
    requests_.push_back(std::make_unique<Request>(*workers_[worker], priority));
    return *requests_.back();
  }
  void runUntil(auto done) {
    test::runUntil(workers_[0]->reactor, [&] {
      workers_[1]->reactor.turn(Duration{0});
      return done();
    });
  }
  void awaitState(const Request& request, std::string_view state) {
    runUntil([&] { return request.state() == state; });
  }
  // Everybody who has a place ends, until all are over: the order in which they got theirs.
  std::vector<size_t> orderOfAll() {
    std::vector<size_t> order;
    runUntil([&] {
      for (size_t i = 0; i < requests_.size(); ++i) {
        if (requests_[i]->state() != "has a place" || requests_[i]->isOver()) continue;
        order.push_back(i);
        requests_[i]->end();
      }
      return order.size() == requests_.size();
    });
    return order;
  }

  std::unique_ptr<Pool> pool_;
  std::vector<std::unique_ptr<OneWorker>> workers_;
  std::vector<std::unique_ptr<Request>> requests_;
};

TEST_F(QueueTest, APlaceGoesToTheNextOneOfAnyWorker) {
  for (const size_t worker : {0, 1, 0, 1}) request(worker);
  EXPECT_EQ(requests_[0]->state(), "has a place");
  EXPECT_EQ(pool_->waiting.waiting(), 3u);
  EXPECT_EQ(orderOfAll(), (std::vector<size_t>{0, 1, 2, 3}));
  EXPECT_FALSE(pool_->waiting.any());
  EXPECT_EQ(pool_->in_flight.load(), 0u);
  EXPECT_EQ(pool_->inFlight(), 0u);
}

TEST_F(QueueTest, CriticalOnesGoFirst) {
  request(0);
  request(0, Priority::Batch);
  request(1, Priority::Normal);
  request(1, Priority::Critical);
  EXPECT_EQ(orderOfAll(), (std::vector<size_t>{0, 3, 2, 1}));
}

TEST_F(QueueTest, WhoIsDroppedLeavesNoHole) {
  request(0);
  Request& gone = request(1);
  Request& next = request(0);
  gone.drop();
  EXPECT_EQ(pool_->waiting.waiting(), 1u);
  requests_[0]->end();
  awaitState(next, "has a place");
}

TEST_F(QueueTest, ACallToOneThatIsGoneGoesOnToTheNext) {
  request(0);
  Request& called = request(1);
  Request& next = request(0);
  requests_[0]->end();  // the call lies in the mailbox of the other worker ...
  called.drop();        // ... which has not read it
  awaitState(next, "has a place");
  next.end();
  EXPECT_FALSE(pool_->waiting.any());
}

TEST_F(QueueTest, NewcomersDoNotOvertake) {
  request(0);
  Request& waits = request(1);
  requests_[0]->end();
  Request& newcomer = request(0);
  EXPECT_EQ(newcomer.state(), "waits");
  awaitState(waits, "has a place");
  EXPECT_EQ(newcomer.state(), "waits");
  waits.end();
  awaitState(newcomer, "has a place");
}

class ImpatientQueueTest : public QueueTest {
 protected:
  ImpatientQueueTest() : QueueTest(20ms) {}
};

TEST_F(ImpatientQueueTest, WhoWaitsTooLongIsToldSo) {
  request(0);
  Request& waits = request(1);
  awaitState(waits, "queue_timeout");
  EXPECT_FALSE(pool_->waiting.any());
  Request& later = request(1);
  requests_[0]->end();
  awaitState(later, "has a place");
}

// --- what a sticky client's server is known by, while rosters change

TEST(StickySlot, StaysWhileItIsUsed) {
  PoolSettings settings = poolOf({});
  settings.servers.push_back(
      {.name = "api", .address = "api:80", .host = "api", .port = 80, .zone = {}});
  settings.sticky.cookie = std::string("srv");
  settings.sticky_secret = "sixteen characters";
  Pool pool(std::move(settings));
  const auto at = [](const char* ip) { return SocketAddress{*IpAddress::parse(ip), 80}; };
  const auto adopt = [&](std::vector<SocketAddress> addresses) {
    ASSERT_TRUE(pool.adopt({std::move(addresses)}));
    for (size_t i = 0; i < pool.roster()->servers.size(); ++i) setActive(pool, i, ActiveHealth::Up);
  };
  adopt({at("10.0.0.1"), at("10.0.0.2")});
  OneWorker worker(pool, 0);
  std::string token;
  {
    const Result<Chosen> chosen = worker.upstream.choose({});
    ASSERT_TRUE(chosen);
    token = worker.upstream.tokenOf(chosen->slot());
  }
  const SlotUse own = worker.upstream.stickyByToken(token);
  ASSERT_TRUE(own);
  EXPECT_EQ(&worker.upstream.choose({}, 0, own.get())->slot(), own.get());
  adopt({at("10.0.0.3"), at("10.0.0.4")});
  const Result<Chosen> other = worker.upstream.choose({}, 0, own.get());
  ASSERT_TRUE(other);
  EXPECT_NE(&other->slot(), own.get()) << "its own server left meanwhile";
  EXPECT_FALSE(own->is_listed);
  EXPECT_TRUE(own->server->name.starts_with("api@10.0.0.")) << "and can still be spoken of";
  EXPECT_FALSE(worker.upstream.stickyByToken(token));
}

}  // namespace
}  // namespace fairlead::upstream
