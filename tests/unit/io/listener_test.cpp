// Listeners: where they listen, what they accept, and what happens without descriptors.
#include "io/listener.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "io/stream.h"
#include "support/drive.h"
#include "support/no_more_descriptors.h"
#include "support/sockets.h"
#include "task/task.h"

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

Task<Result<Accepted>> acceptOne(Listener& listener) { co_return co_await listener.accept(); }

Descriptor openOrThrow(const ListenAddress& address, Share share = Share::No) {
  auto fd = openListener(address, share);
  test::require(fd.has_value(), "openListener");
  return std::move(*fd);
}

ListenAddress anyPortOf(const char* ip) {
  return {.address = {*IpAddress::parse(ip), 0}, .any = false, .unix_path = {}};
}

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    Descriptor fd = openOrThrow(anyPortOf("127.0.0.1"));
    address_ = test::addressOf(fd.get());
    listener_.emplace(reactor_, std::move(fd));
  }
  Reactor reactor_;
  SocketAddress address_;
  std::optional<Listener> listener_;
};

TEST_F(ListenerTest, AcceptsWhatWaits) {
  const Descriptor one = test::connectTo(address_);
  const Descriptor two = test::connectTo(address_);
  for (const Descriptor* client : {&one, &two}) {
    const Result<Accepted> accepted = test::complete(reactor_, acceptOne(*listener_));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->peer, test::addressOf(client->get()));
  }
}

TEST_F(ListenerTest, WaitsForTheNext) {
  for (int i = 0; i < 3; ++i) {
    Task<Result<Accepted>> task = acceptOne(*listener_);
    task.start();
    test::settle(reactor_);
    EXPECT_FALSE(task.done());
    const Descriptor client = test::connectTo(address_);
    test::runUntil(reactor_, [&] { return task.done(); });
    EXPECT_TRUE(task.take());
  }
}

TEST_F(ListenerTest, AcceptedSocketsDoNotBlock) {
  const Descriptor client = test::connectTo(address_);
  const Result<Accepted> accepted = test::complete(reactor_, acceptOne(*listener_));
  ASSERT_TRUE(accepted);
  char octet;
  EXPECT_LT(::recv(accepted->fd.get(), &octet, 1, 0), 0);
  EXPECT_EQ(errno, EAGAIN);
}

// --- who is silent, and held back for it

class HeldBack : public ListenerTest {
 protected:
  HeldBack() { listener_->holdBackSilent(true); }
  // Who is accepted next, and how long after the test's begin.
  std::pair<SocketAddress, Duration> next() {
    const Result<Accepted> accepted = test::complete(reactor_, acceptOne(*listener_));
    test::require(accepted.has_value(), "accept");
    return {accepted->peer, reactor_.now() - begun_};
  }
  static constexpr Duration kSoon = 500ms;
  static constexpr Duration kLate = 900ms;  // the kernel's ticks are coarse
  TimePoint begun_ = reactor_.now();
};

TEST_F(HeldBack, WhoTalksGoesFirst) {
  const Descriptor silent = test::connectTo(address_);
  const Descriptor talker = test::connectTo(address_);
  ASSERT_EQ(::send(talker.get(), "x", 1, 0), 1);
  const auto [first, soon] = next();
  EXPECT_EQ(first, test::addressOf(talker.get()));
  EXPECT_LT(soon, kSoon);
  const auto [second, late] = next();
  EXPECT_EQ(second, test::addressOf(silent.get()));
  EXPECT_GE(late, kLate);
}

TEST_F(HeldBack, UntilItTalks) {
  const Descriptor client = test::connectTo(address_);
  Task<Result<Accepted>> task = acceptOne(*listener_);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(task.done());
  ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_LT(reactor_.now() - begun_, kSoon);
}

TEST_F(HeldBack, NotWhoLeavesWithoutAWord) {
  test::connectTo(address_).close();
  EXPECT_LT(next().second, kSoon);
}

TEST_F(HeldBack, NobodyAnyMore) {
  const Descriptor before = test::connectTo(address_);
  listener_->holdBackSilent(false);
  const Descriptor after = test::connectTo(address_);
  const auto [first, soon] = next();
  EXPECT_EQ(first, test::addressOf(after.get()));
  EXPECT_LT(soon, kSoon);
  EXPECT_EQ(next().first, test::addressOf(before.get())) << "not lost";
}

TEST_F(ListenerTest, DroppingCancels) {
  Task<Result<Accepted>> task = acceptOne(*listener_);
  task.start();
  task.drop();
  const Descriptor client = test::connectTo(address_);
  test::settle(reactor_);
  EXPECT_TRUE(test::complete(reactor_, acceptOne(*listener_)));
}

TEST_F(ListenerTest, SaysWhenDescriptorsHaveRunOutAndGoesOnLater) {
  const Descriptor client = test::connectTo(address_);
  {
    const test::NoMoreDescriptors now;
    for (int i = 0; i < 2; ++i) {
      const Result<Accepted> accepted = test::complete(reactor_, acceptOne(*listener_));
      ASSERT_FALSE(accepted);
      EXPECT_EQ(accepted.error().kind, FailureKind::NoDescriptors);
      EXPECT_EQ(accepted.error().side, Side::Fairlead);
    }
  }
  const Result<Accepted> accepted = test::complete(reactor_, acceptOne(*listener_));
  ASSERT_TRUE(accepted) << "the connection that waited was lost";
  EXPECT_EQ(accepted->peer, test::addressOf(client.get()));
}

TEST_F(ListenerTest, ConnectingWithoutDescriptorsIsFairleadsOwnFailure) {
  const SocketAddress address = address_;
  const test::NoMoreDescriptors now;
  const Result<Descriptor> fd = startConnect(address);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().kind, FailureKind::NoDescriptors);
  EXPECT_EQ(fd.error().side, Side::Fairlead);
}

// --- addresses

TEST(OpenListener, AnyTakesBothFamilies) {
  ListenAddress any;
  any.any = true;
  Descriptor fd = openOrThrow(any);
  const uint16_t port = test::addressOf(fd.get()).port;
  Reactor reactor;
  Listener listener(reactor, std::move(fd));
  for (const char* ip : {"127.0.0.1", "::1"}) {
    SCOPED_TRACE(ip);
    Result<Descriptor> client = startConnect({*IpAddress::parse(ip), port});
    ASSERT_TRUE(client);
    const Result<Accepted> accepted = test::complete(reactor, acceptOne(listener));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->peer.ip.text(), ip);
  }
}

TEST(OpenListener, APortIsOpenedOnce) {
  const Descriptor first = openOrThrow(anyPortOf("127.0.0.1"));
  ListenAddress same = anyPortOf("127.0.0.1");
  same.address.port = test::addressOf(first.get()).port;
  const auto second = openListener(same, Share::No);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), EADDRINUSE);
}

TEST(OpenListener, WorkersShareAPort) {
  const Descriptor first = openOrThrow(anyPortOf("127.0.0.1"), Share::Yes);
  ListenAddress same = anyPortOf("127.0.0.1");
  same.address.port = test::addressOf(first.get()).port;
  EXPECT_TRUE(openListener(same, Share::Yes).has_value());
  EXPECT_FALSE(openListener(same, Share::No).has_value());
}

TEST(OpenListener, AnAddressOfAnotherMachineIsRefused) {
  const auto fd = openListener(anyPortOf("192.0.2.1"), Share::No);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error(), EADDRNOTAVAIL);
}

TEST(OpenListener, UnixSockets) {
  const std::string path = testing::TempDir() + "fairlead-" + std::to_string(::getpid()) + ".sock";
  ListenAddress address;
  address.unix_path = path;
  Reactor reactor;
  Listener listener(reactor, openOrThrow(address));
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const KernelAddress to = KernelAddress::unixPath(path);
  ASSERT_EQ(::connect(client.get(), to.get(), to.length()), 0);
  const Result<Accepted> accepted = test::complete(reactor, acceptOne(listener));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->peer, SocketAddress{});
  ::unlink(path.c_str());
}

TEST(ListenAddress, IsShownAsItIsWritten) {
  ListenAddress any;
  any.any = true;
  any.address.port = 8080;
  EXPECT_EQ(any.text(), "*:8080");
  EXPECT_EQ((ListenAddress{{*IpAddress::parse("127.0.0.1"), 80}, false, {}}).text(),
            "127.0.0.1:80");
  EXPECT_EQ((ListenAddress{{*IpAddress::parse("::1"), 80}, false, {}}).text(), "[::1]:80");
  EXPECT_EQ((ListenAddress{{}, false, "/run/x.sock"}).text(), "unix:/run/x.sock");
}

}  // namespace
}  // namespace fairlead::io
