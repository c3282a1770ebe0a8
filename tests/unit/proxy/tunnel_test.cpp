// The tunnel: both directions, half-closed or not, what came early, silence, and who broke it.
#include "proxy/tunnel.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;

class TunnelTest : public testing::Test {
 protected:
  TunnelTest() : TunnelTest(test::tcpPair(), test::tcpPair()) {}

  void start(Duration idle = 10s) {
    task_ =
        tunnel({client_stream_, client_window_}, {server_stream_, server_window_}, idle, bytes_);
    task_.start();
  }
  static void put(session::ReceiveWindow& window, std::string_view bytes) {
    std::memcpy(window.room().data(), bytes.data(), bytes.size());
    window.received(bytes.size());
  }
  std::string end() {
    test::runUntil(reactor_, [&] { return task_.done(); });
    const Result<void> result = task_.take();
    if (result) return "ok";
    EXPECT_EQ(result.error().step, Step::Tunnel);
    return std::string(nameOf(result.error().side)) + " " +
           std::string(nameOf(result.error().kind));
  }

  io::Reactor reactor_;
  io::BufferPool pool_;
  test::Peer client_;
  test::Peer server_;
  io::Stream client_stream_;
  io::Stream server_stream_;
  session::ReceiveWindow client_window_{pool_, io::BufferSize::Small};
  session::ReceiveWindow server_window_{pool_};
  TunnelBytes bytes_;
  Task<Result<void>> task_;

 private:
  TunnelTest(test::SocketPair client, test::SocketPair server)
      : client_(std::move(client.far)),
        server_(std::move(server.far)),
        client_stream_(reactor_, std::move(client.near), Side::Client),
        server_stream_(reactor_, std::move(server.near), Side::Upstream) {}
};

TEST_F(TunnelTest, PassesBytesBothWays) {
  start();
  client_.send("ping");
  EXPECT_EQ(server_.await(reactor_, 4), "ping");
  server_.send("pong");
  EXPECT_EQ(client_.await(reactor_, 4), "pong");
  EXPECT_FALSE(task_.done());
  client_.finish();
  server_.finish();
  EXPECT_EQ(end(), "ok");
  EXPECT_EQ(bytes_.from_client, 4u);
  EXPECT_EQ(bytes_.from_upstream, 4u);
}

TEST_F(TunnelTest, WhatCameEarlyGoesFirst) {
  put(client_window_, "early ");
  put(server_window_, "hello ");
  start();
  client_.send("late");
  server_.send("world");
  EXPECT_EQ(server_.await(reactor_, 10), "early late");
  EXPECT_EQ(client_.await(reactor_, 11), "hello world");
}

TEST_F(TunnelTest, APinnedHeadIsNotPartOfIt) {
  put(client_window_, "HEADearly");
  client_window_.pinHead(4);
  start();
  EXPECT_EQ(server_.await(reactor_, 5), "early");
}

TEST_F(TunnelTest, AHalfClosedSideStillReceives) {
  start();
  client_.send("request");
  client_.finish();
  EXPECT_EQ(server_.awaitEnd(reactor_), "request");
  EXPECT_TRUE(server_.ended());
  EXPECT_FALSE(task_.done());
  server_.send("answer");
  EXPECT_EQ(client_.await(reactor_, 6), "answer");
  EXPECT_FALSE(client_.gone());
  server_.finish();
  EXPECT_EQ(end(), "ok");
  client_.awaitEnd(reactor_);
}

TEST_F(TunnelTest, AHalfClosedServerStillReceives) {
  start();
  server_.send("bye");
  server_.finish();
  EXPECT_EQ(client_.awaitEnd(reactor_), "bye");
  EXPECT_FALSE(task_.done());
  client_.send("more");
  EXPECT_EQ(server_.await(reactor_, 4), "more");
  client_.finish();
  EXPECT_EQ(end(), "ok");
}

TEST_F(TunnelTest, MovesLargeAmountsBothWaysAtOnce) {
  start();
  std::string up(3 << 20, '\0');
  std::string down(2 << 20, '\0');
  for (size_t i = 0; i < up.size(); ++i) up[i] = static_cast<char>('a' + i % 23);
  for (size_t i = 0; i < down.size(); ++i) down[i] = static_cast<char>('A' + i % 19);
  std::string_view up_left = up;
  std::string_view down_left = down;
  test::runUntil(reactor_, [&] {
    up_left.remove_prefix(client_.sendSome(up_left));
    down_left.remove_prefix(server_.sendSome(down_left));
    return client_.received().size() == down.size() && server_.received().size() == up.size();
  });
  EXPECT_TRUE(client_.received() == down);
  EXPECT_TRUE(server_.received() == up);
  EXPECT_EQ(bytes_.from_client, up.size());
  EXPECT_EQ(bytes_.from_upstream, down.size());
}

// --- ends

TEST_F(TunnelTest, SilenceOfBothEndsIt) {
  const TimePoint begin = reactor_.now();
  start(20ms);
  const std::string words = end();
  EXPECT_TRUE(words == "client timeout" || words == "upstream timeout") << words;
  EXPECT_GE(reactor_.now() - begin, 20ms);
}

TEST_F(TunnelTest, OneSideThatSpeaksKeepsBothAlive) {
  start(50ms);
  const TimePoint until = reactor_.now() + 200ms;
  TimePoint next{};
  test::runUntil(reactor_, [&] {
    if (reactor_.now() >= next) {
      server_.send("x");
      next = reactor_.now() + 5ms;
    }
    return reactor_.now() >= until || task_.done();
  });
  EXPECT_FALSE(task_.done()) << "the client's silence alone is none";
  end();
}

struct BreakRow {
  const char* name;
  bool client;
  const char* failure;
};

class TunnelBreaks : public TunnelTest, public testing::WithParamInterface<BreakRow> {};

TEST_P(TunnelBreaks, AResetEndsBothAndIsNamed) {
  start();
  client_.send("x");
  server_.await(reactor_, 1);
  (GetParam().client ? client_ : server_).reset();
  EXPECT_EQ(end(), GetParam().failure);
}

INSTANTIATE_TEST_SUITE_P(Table, TunnelBreaks,
                         testing::Values(BreakRow{"by_the_client", true, "client reset"},
                                         BreakRow{"by_the_server", false, "upstream reset"}),
                         [](const auto& given) { return std::string(given.param.name); });

TEST_F(TunnelTest, AReaderThatTakesNothingTimesOut) {
  start(50ms);
  const std::string piece(64 * 1024, 'p');
  test::runUntil(reactor_, [&] {
    server_.sendSome(piece);
    return task_.done();
  });
  EXPECT_EQ(end(), "client timeout");
}

TEST_F(TunnelTest, DroppingItCancelsBoth) {
  start();
  client_.send("x");
  server_.await(reactor_, 1);
  task_.drop();
  client_.send("y");
  test::settle(reactor_);
  EXPECT_EQ(server_.received(), "x");
}

}  // namespace
}  // namespace fairlead::proxy
