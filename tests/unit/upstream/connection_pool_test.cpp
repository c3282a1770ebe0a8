// Idle connections: which one is lent, how long they stay, which are skipped; and making new ones.
#include "upstream/connection_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool_for_test.h"
#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;
using Proof = ConnectionPool::Proof;

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPoolTest() {
    settings_ = poolOf({listeners_[0].address, listeners_[1].address});
    settings_.timeouts.upstream_idle = Duration{10s};
    remake(16);
  }
  void remake(size_t per_server) {
    connections_.reset();
    pool_ = makePool(settings_);
    connections_.emplace(*pool_, reactor_, buffers_, per_server);
    connections_->adopt(*pool_->roster());
  }
  void keepIdleFor(Duration time) {
    settings_.timeouts.upstream_idle = time;
    remake(16);
  }
  // As if the first server's name had these addresses.
  void move(std::vector<SocketAddress> where, uint32_t preferred = 0) {
    server().addresses = std::move(where);
    server().preferred_address.store(preferred);
  }
  Server& server() { return serverOf(*pool_, 0); }
  Slot& slot(size_t number) { return connections_->slotOf(serverOf(*pool_, number)); }

  // A new connection, and its far end.
  struct Made {
    Lease lease;
    test::Peer peer;
    int fd() const { return lease.session().stream().fd(); }
  };
  Made make(balance::EndpointId id = 0) {
    Result<Lease> lease =
        test::complete(reactor_, connections_->connect(slot(id), reactor_.now() + 10s));
    if (!lease) throw std::runtime_error("no connection");
    EXPECT_FALSE(lease->reused());
    Made made{std::move(*lease), test::Peer(listeners_[id].accept())};
    test::settle(reactor_);
    return made;
  }
  std::string connectWords(balance::EndpointId id, Duration patience = 10s) {
    const Result<Lease> lease =
        test::complete(reactor_, connections_->connect(slot(id), reactor_.now() + patience));
    if (lease) return "connected";
    const Failure& failure = lease.error();
    EXPECT_EQ(failure.step, Step::Connect);
    return std::string(nameOf(failure.side)) + " " + std::string(nameOf(failure.kind));
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  std::vector<test::LocalListener> listeners_ = [] {
    std::vector<test::LocalListener> two;
    for (int i = 0; i < 2; ++i) two.push_back(test::listenLocally());
    return two;
  }();
  PoolSettings settings_;
  std::unique_ptr<Pool> pool_;
  std::optional<ConnectionPool> connections_;
};

TEST_F(ConnectionPoolTest, BeginsEmpty) {
  EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor));
  EXPECT_EQ(connections_->idleCount(), 0u);
}

TEST_F(ConnectionPoolTest, LendsTheOneThatCameBackLast) {
  Made one = make();
  Made two = make();
  const int first = one.fd();
  const int second = two.fd();
  one.lease.keep();
  two.lease.keep();
  EXPECT_EQ(connections_->idleCount(), 2u);
  const Lease again = connections_->takeIdle(slot(0), Proof::Reactor);
  ASSERT_TRUE(again);
  EXPECT_EQ(again.session().stream().fd(), second);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(connections_->takeIdle(slot(0), Proof::Socket).session().stream().fd(), first);
  EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor));
}

TEST_F(ConnectionPoolTest, KeepsServersApart) {
  Made made = make(1);
  made.lease.keep();
  EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor));
  EXPECT_TRUE(connections_->takeIdle(slot(1), Proof::Reactor));
}

TEST_F(ConnectionPoolTest, WhatIsNotKeptIsClosed) {
  Made made = make();
  {
    const Lease dropped = std::move(made.lease);
  }
  made.peer.awaitEnd(reactor_);
  EXPECT_EQ(connections_->idleCount(), 0u);
}

// --- of pools that tell their servers who the client is

io::ConnectionEnds clientAt(const char* ip, uint16_t port, uint16_t reached = 80) {
  return {{*IpAddress::parse(ip), port}, {*IpAddress::parse("198.51.100.7"), reached}};
}

class TellingPoolTest : public ConnectionPoolTest {
 protected:
  void tell(SendProxyProtocol how) {
    settings_.send_proxy_protocol = how;
    remake(16);
  }
  Made makeFor(const io::ConnectionEnds& client) {
    Result<Lease> lease =
        test::complete(reactor_, connections_->connect(slot(0), reactor_.now() + 10s, client));
    if (!lease) throw std::runtime_error("no connection");
    return {std::move(*lease), test::Peer(listeners_[0].accept())};
  }
};

TEST_F(TellingPoolTest, BeginsWithTheHeader) {
  const struct {
    SendProxyProtocol how;
    io::ConnectionEnds client;
    std::string told;
  } rows[] = {
      {SendProxyProtocol::V1, clientAt("192.0.2.1", 4660),
       "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n"},
      {SendProxyProtocol::V1, {}, "PROXY UNKNOWN\r\n"},
      {SendProxyProtocol::V2, clientAt("192.0.2.1", 4660),
       std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\x12\x34\0\x50", 28)},
      {SendProxyProtocol::V2, {}, std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16)},
  };
  for (const auto& row : rows) {
    tell(row.how);
    Made made = makeFor(row.client);
    EXPECT_EQ(made.peer.await(reactor_, row.told.size()), row.told);
  }
}

TEST_F(TellingPoolTest, KeepsClientsApart) {
  tell(SendProxyProtocol::V1);
  const io::ConnectionEnds mine = clientAt("192.0.2.1", 4660);
  makeFor(mine).lease.keep();
  for (const io::ConnectionEnds& other :
       {clientAt("192.0.2.1", 4661), clientAt("192.0.2.2", 4660), clientAt("192.0.2.1", 0),
        clientAt("192.0.2.1", 4660, 81), io::ConnectionEnds{}})
    EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor, other));
  EXPECT_EQ(connections_->idleCount(), 1u);
  EXPECT_TRUE(connections_->takeIdle(slot(0), Proof::Reactor, mine));
}

TEST_F(TellingPoolTest, FindsTheOwnAmongMany) {
  tell(SendProxyProtocol::V2);
  std::vector<Made> made;
  std::vector<int> descriptors;
  for (uint16_t port = 1; port <= 300; ++port) made.push_back(makeFor(clientAt("192.0.2.1", port)));
  for (const Made& one : made) descriptors.push_back(one.fd());
  for (Made& one : made) one.lease.keep();
  EXPECT_EQ(connections_->idleCount(), 300u);
  for (uint16_t port = 1; port <= 300; ++port) {
    const Lease lease =
        connections_->takeIdle(slot(0), Proof::Reactor, clientAt("192.0.2.1", port));
    ASSERT_TRUE(lease) << port;
    EXPECT_EQ(lease.session().stream().fd(), descriptors[port - 1]);
  }
  EXPECT_EQ(connections_->idleCount(), 0u);
}

TEST_F(TellingPoolTest, ClosesWhatNobodyNeedsAnyMore) {
  tell(SendProxyProtocol::V1);
  keepIdleFor(Duration{10ms});
  std::vector<Made> made;
  for (uint16_t port = 1; port <= 20; ++port) made.push_back(makeFor(clientAt("192.0.2.1", port)));
  for (Made& one : made) one.lease.keep();
  test::runUntil(reactor_, [&] { return connections_->idleCount() == 0; });
}

// --- stale ones

struct StaleRow {
  const char* name;
  void (*happens)(test::Peer&);
};

const StaleRow kStale[] = {
    {"the server closed it", [](test::Peer& peer) { peer.finish(); }},
    {"the server reset it", [](test::Peer& peer) { peer.reset(); }},
    {"the server spoke unasked", [](test::Peer& peer) { peer.send("HTTP/1.1 408 \r\n\r\n"); }},
};

TEST_F(ConnectionPoolTest, StaleOnesLeaveThePool) {
  for (const StaleRow& row : kStale) {
    SCOPED_TRACE(row.name);
    Made made = make();
    made.lease.keep();
    EXPECT_EQ(connections_->idleCount(), 1u);
    row.happens(made.peer);
    test::runUntil(reactor_, [&] { return connections_->idleCount() == 0; });
    EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor));
  }
}

// No turn of the reactor between what the server does and the question. Loopback delivers at once.
TEST_F(ConnectionPoolTest, TheReactorAloneCannotKnowYet) {
  for (const StaleRow& row : kStale) {
    SCOPED_TRACE(row.name);
    Made stale = make();
    stale.lease.keep();
    row.happens(stale.peer);
    EXPECT_TRUE(connections_->takeIdle(slot(0), Proof::Reactor));
  }
}

TEST_F(ConnectionPoolTest, ProofByTheSocketSkipsToASoundOne) {
  for (const StaleRow& row : kStale) {
    SCOPED_TRACE(row.name);
    Made sound = make();
    Made stale = make();
    const int expected = sound.fd();
    sound.lease.keep();
    stale.lease.keep();
    row.happens(stale.peer);
    const Lease proven = connections_->takeIdle(slot(0), Proof::Socket);
    ASSERT_TRUE(proven);
    EXPECT_EQ(proven.session().stream().fd(), expected);
    EXPECT_EQ(connections_->idleCount(), 0u);
  }
}

// --- how long

TEST_F(ConnectionPoolTest, NoneIsLentAfterItsTime) {
  keepIdleFor(Duration{10ms});
  Made made = make();
  made.lease.keep();
  EXPECT_TRUE(connections_->takeIdle(slot(0), Proof::Reactor));
  Made other = make();
  other.lease.keep();
  const TimePoint over = reactor_.now() + 10ms;
  test::runUntil(reactor_, [&] { return reactor_.now() >= over; });
  EXPECT_FALSE(connections_->takeIdle(slot(0), Proof::Reactor));
}

TEST_F(ConnectionPoolTest, TheSweepClosesWhatLaysIdleTooLong) {
  keepIdleFor(Duration{10ms});
  Made one = make(0);
  Made two = make(1);
  one.lease.keep();
  two.lease.keep();
  test::runUntil(reactor_, [&] { return connections_->idleCount() == 0; });
  EXPECT_EQ(one.peer.awaitEnd(reactor_), "");
  EXPECT_EQ(two.peer.awaitEnd(reactor_), "");
}

TEST_F(ConnectionPoolTest, ZeroIdleTimeKeepsNothing) {
  keepIdleFor(Duration{0});
  Made made = make();
  made.lease.keep();
  EXPECT_EQ(connections_->idleCount(), 0u);
  made.peer.awaitEnd(reactor_);
}

Task<Result<void>> readHead(session::ClientSession& session, http::ResponseHead& head,
                            TimePoint deadline) {
  session.startExchange();
  co_return co_await session.readHead(head, deadline);
}

struct AnnouncedRow {
  const char* name;
  const char* timeout;
  size_t kept;
};

TEST_F(ConnectionPoolTest, TheServersWordLessASecondCounts) {
  const AnnouncedRow rows[] = {{"a second is nothing", "1", 0}, {"five seconds are four", "5", 1}};
  for (const AnnouncedRow& row : rows) {
    SCOPED_TRACE(row.name);
    Made made = make();
    made.peer.send("HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=" + std::string(row.timeout) +
                   "\r\n\r\n");
    http::ResponseHead head;
    session::ClientSession& session = made.lease.session();
    ASSERT_TRUE(test::complete(reactor_, readHead(session, head, reactor_.now() + 10s)));
    ASSERT_TRUE(session.beginBody(head, http::Method::Get));
    made.lease.keep();
    EXPECT_EQ(connections_->idleCount(), row.kept);
    connections_->closeIdle();
  }
}

TEST_F(ConnectionPoolTest, TheSweepLeavesTheLimitOfEachServer) {
  remake(2);
  std::vector<Made> made;
  for (int i = 0; i < 5; ++i) made.push_back(make(0));
  made.push_back(make(1));
  std::vector<int> kept{made[3].fd(), made[4].fd()};
  for (Made& one : made) one.lease.keep();
  EXPECT_EQ(connections_->idleCount(), 6u) << "who comes back may be needed again at once";
  test::runUntil(reactor_, [&] { return connections_->idleCount() == 3; });
  const Lease last = connections_->takeIdle(slot(0), Proof::Socket);
  const Lease before = connections_->takeIdle(slot(0), Proof::Socket);
  EXPECT_EQ(last.session().stream().fd(), kept[1]);
  EXPECT_EQ(before.session().stream().fd(), kept[0]);
}

// However many there are, no turn closes more than a few.
TEST_F(ConnectionPoolTest, ASweepClosesAFewAtATime) {
  constexpr size_t kMost = ConnectionPool::kClosingsAtOnce;
  std::vector<Made> made;
  for (size_t i = 0; i < 2 * kMost + 10; ++i) made.push_back(make(1));
  for (Made& one : made) one.lease.keep();
  // The second server is gone; a connection to it is still in use.
  const Made used = make(1);
  Slot& slot_of_gone = slot(1);
  ++slot_of_gone.users;
  pool_->adopt({{listeners_[0].address}, {{*IpAddress::parse("127.0.0.1"), 9}}});
  connections_->adopt(*pool_->roster());
  size_t before = connections_->idleCount();
  EXPECT_EQ(before, made.size()) << "adopting closes nothing";
  test::runUntil(reactor_, [&] {
    const size_t now = connections_->idleCount();
    EXPECT_LE(before - now, kMost);
    before = now;
    return now == 0;
  });
  EXPECT_EQ(--slot_of_gone.users, 0u);
  connections_->forget(slot_of_gone);
}

TEST_F(ConnectionPoolTest, ASlotGoesWithItsLastConnection) {
  Made made = make(1);
  made.lease.keep();
  const std::weak_ptr<Server> server = slot(1).server;
  pool_->adopt({{listeners_[0].address}, {{*IpAddress::parse("127.0.0.1"), 9}}});
  connections_->adopt(*pool_->roster());
  EXPECT_FALSE(server.expired());
  test::runUntil(reactor_, [&] { return connections_->idleCount() == 0; });
  EXPECT_TRUE(server.expired());
  made.peer.awaitEnd(reactor_);
}

TEST_F(ConnectionPoolTest, ClosesSoManyWhenAsked) {
  std::vector<Made> made;
  for (int i = 0; i < 4; ++i) made.push_back(make(static_cast<balance::EndpointId>(i % 2)));
  for (Made& one : made) one.lease.keep();
  EXPECT_EQ(connections_->closeIdle(3), 3u);
  EXPECT_EQ(connections_->idleCount(), 1u);
  EXPECT_EQ(connections_->closeIdle(3), 1u);
}

TEST_F(ConnectionPoolTest, ClosesAllWhenAsked) {
  std::vector<Made> made;
  for (int i = 0; i < 4; ++i) made.push_back(make(static_cast<balance::EndpointId>(i % 2)));
  for (Made& one : made) one.lease.keep();
  connections_->closeIdle();
  EXPECT_EQ(connections_->idleCount(), 0u);
  for (Made& one : made) one.peer.awaitEnd(reactor_);
}

TEST_F(ConnectionPoolTest, IdleOnesGoWithThePool) {
  Made made = make();
  made.lease.keep();
  connections_.reset();
  made.peer.awaitEnd(reactor_);
  test::settle(reactor_);
}

// --- connecting

TEST_F(ConnectionPoolTest, ConnectsOrSaysWhy) {
  const test::DeafAddress deaf = test::deafAddress();
  const test::LocalListener full = test::listenLocally(0);
  const io::Descriptor taken = test::connectTo(full.address);
  const struct {
    const char* name;
    std::vector<SocketAddress> addresses;
    const char* expected;
    uint32_t preferred;  // afterwards
  } rows[] = {
      {"listens", {listeners_[0].address}, "connected", 0},
      {"refuses", {deaf.address}, "upstream connect_refused", 0},
      {"does not answer", {full.address}, "upstream connect_timeout", 0},
      {"has no address", {}, "upstream connect_failed", 0},
      {"the second address listens", {deaf.address, listeners_[0].address}, "connected", 1},
      {"no address listens", {deaf.address, deaf.address}, "upstream connect_refused", 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    move(row.addresses);
    EXPECT_EQ(connectWords(0, 50ms), row.expected);
    EXPECT_EQ(server().preferred_address.load(), row.preferred);
  }
}

TEST_F(ConnectionPoolTest, BeginsWithTheAddressThatConnectedLast) {
  move({listeners_[0].address, listeners_[1].address}, 1);
  EXPECT_EQ(connectWords(0), "connected");
  EXPECT_TRUE(listeners_[1].waiting());
  EXPECT_FALSE(listeners_[0].waiting());
}

TEST_F(ConnectionPoolTest, SaysWhenDescriptorsHaveRunOut) {
  EXPECT_EQ(connectWords(0), "connected");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::string words = connectWords(0);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(words, "fairlead no_descriptors");
}

TEST_F(ConnectionPoolTest, DroppingAnAttemptClosesIt) {
  const test::LocalListener full = test::listenLocally(0);
  const io::Descriptor taken = test::connectTo(full.address);
  move({full.address});
  Task<Result<Lease>> task = connections_->connect(slot(0), reactor_.now() + 10s);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(task.done());
  task.drop();
  test::settle(reactor_);
  EXPECT_EQ(connections_->idleCount(), 0u);
}

}  // namespace
}  // namespace fairlead::upstream
