// The server's side: response heads, interim ones included, and whether the connection may be used
// again.
#include "session/client_session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;

Task<Result<void>> readToEnd(BodyReader& body, io::Reactor& reactor) {
  for (;;) {
    const auto piece = body.take();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->last) co_return Result<void>{};
    if (!piece->data.empty()) continue;
    if (const auto filled = co_await body.fill(reactor.now() + 10s); !filled) co_return filled;
  }
}

class ClientSessionTest : public testing::Test {
 protected:
  ClientSessionTest() { connect(); }

  void connect() {
    test::SocketPair pair = test::tcpPair();
    peer_.emplace(std::move(pair.far));
    session_.emplace(reactor_, std::move(pair.near), buffers_, http::h1::HeadLimits{});
    session_->startExchange();
  }
  Result<void> readHead(Duration patience = 10s) {
    return test::complete(reactor_, session_->readHead(head_, reactor_.now() + patience));
  }
  std::string words(Duration patience = 10s) {
    const auto read = readHead(patience);
    if (read) return std::to_string(head_.status);
    return std::string(nameOf(read.error().side)) + " " + std::string(nameOf(read.error().kind)) +
           " " + std::string(nameOf(read.error().step));
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  std::optional<test::Peer> peer_;
  std::optional<ClientSession> session_;
  http::ResponseHead head_;
};

TEST_F(ClientSessionTest, ReadsAHead) {
  peer_->send("HTTP/1.1 201 Made\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(readHead());
  EXPECT_EQ(head_.status, 201);
  EXPECT_EQ(head_.reason, "Made");
  EXPECT_EQ(head_.fields.find("X-A")->value(), "b");
  ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
  EXPECT_EQ(session_->body().take()->data, "ok");
  EXPECT_EQ(head_.reason, "Made") << "the head stays while the body is read";
}

TEST_F(ClientSessionTest, ReadsAHeadByteByByte) {
  Task<Result<void>> task = session_->readHead(head_, reactor_.now() + 10s);
  task.start();
  for (const char octet : std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
    EXPECT_FALSE(task.done());
    peer_->send({&octet, 1});
    reactor_.turn(1s);
    EXPECT_TRUE(session_->answered());
  }
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_TRUE(task.take());
}

TEST_F(ClientSessionTest, InterimHeadsComeFirst) {
  peer_->send(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  for (const uint16_t status : {100, 103, 200}) {
    ASSERT_TRUE(readHead());
    EXPECT_EQ(head_.status, status);
    EXPECT_EQ(head_.fields.size(), status == 100 ? 0u : 1u);
  }
  ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
  EXPECT_EQ(session_->body().take()->data, "ok");
}

struct FailureRow {
  const char* name;
  std::string_view bytes;
  void (*happens)(test::Peer&);
  const char* failure;
  bool answered;
};

TEST_F(ClientSessionTest, SaysWhyThereIsNoHead) {
  const auto nothing = [](test::Peer&) {};
  const FailureRow rows[] = {
      {"closed unanswered", "", [](test::Peer& peer) { peer.finish(); },
       "upstream closed response_head", false},
      {"reset unanswered", "", [](test::Peer& peer) { peer.reset(); },
       "upstream reset response_head", false},
      {"closed within the head", "HTTP/1.1 2", [](test::Peer& peer) { peer.finish(); },
       "upstream closed response_head", true},
      {"silence", "", nothing, "upstream timeout response_head", false},
      {"silence within the head", "HTTP/1.1 200 OK\r\n", nothing, "upstream timeout response_head",
       true},
      {"not HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n", nothing, "upstream malformed response_head", true},
      {"bare LF", "HTTP/1.1 200 OK\nX: y\n\n", nothing, "upstream malformed response_head", true},
  };
  for (const FailureRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    EXPECT_FALSE(session_->answered());
    if (!row.bytes.empty()) peer_->send(row.bytes);
    test::settle(reactor_);
    row.happens(*peer_);
    EXPECT_EQ(words(20ms), row.failure);
    EXPECT_EQ(session_->answered(), row.answered);
  }
}

// As the pipeline does it, without a coroutine of its own.
TEST_F(ClientSessionTest, TellsWhetherTheHeadIsHere) {
  EXPECT_FALSE(session_->tryHead(head_).value());
  EXPECT_FALSE(session_->answered());
  peer_->send("HTTP/1.1 200 OK\r\nX-A: b\r\n");
  test::settle(reactor_);
  ASSERT_TRUE(session_->receive(0));
  EXPECT_FALSE(session_->tryHead(head_).value());
  EXPECT_TRUE(session_->answered());
  ASSERT_TRUE(session_->receive(0)) << "that nothing is here is no failure";
  EXPECT_FALSE(session_->tryHead(head_).value());
  peer_->send("\r\n");
  test::settle(reactor_);
  ASSERT_TRUE(session_->receive(0));
  EXPECT_TRUE(session_->tryHead(head_).value());
  EXPECT_EQ(head_.fields.size(), 1u);
}

TEST_F(ClientSessionTest, ATimeoutMayBeFollowedByAnotherTry) {
  peer_->send("HTTP/1.1 200 OK\r\nX-A: b\r\n");
  EXPECT_EQ(words(5ms), "upstream timeout response_head");
  EXPECT_EQ(words(5ms), "upstream timeout response_head");
  peer_->send("X-C: d\r\n\r\n");
  EXPECT_EQ(words(), "200");
  EXPECT_EQ(head_.fields.size(), 2u);
}

TEST_F(ClientSessionTest, AClientThatIsGoneIsNotTheServersFault) {
  Task<Result<void>> task = session_->readHead(head_, kNever);
  task.start();
  session_->stream().failRead(FailureKind::ClientGone);
  ASSERT_TRUE(task.done());
  const Failure failure = task.take().error();
  EXPECT_EQ(failure.side, Side::Client);
  EXPECT_EQ(failure.kind, FailureKind::ClientGone);
}

TEST_F(ClientSessionTest, AnUnframedResponseIsMalformed) {
  peer_->send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(readHead());
  const auto begun = session_->beginBody(head_, http::Method::Get);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().kind, FailureKind::Malformed);
  EXPECT_EQ(begun.error().side, Side::Upstream);
}

// --- another exchange on the same connection?

struct ReuseRow {
  const char* name;
  std::string_view response;
  bool reusable;
  http::Method method = http::Method::Get;
  bool ends = false;
};

TEST_F(ClientSessionTest, IsReusableWhenNothingIsLeft) {
  using http::Method;
  const ReuseRow rows[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
       true},
      {"chunked with trailers",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n", true},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", true},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", true},
      {"answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true, Method::Head},
      {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
      {"close among others", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
       false},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
      {"HTTP/1.0 with keep-alive",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
      {"until close", "HTTP/1.1 200 OK\r\n\r\nok", false, Method::Get, true},
      {"surplus bytes", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1", false},
      {"surplus response", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false},
      {"a body where none may be", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false,
       Method::Head},
      {"surplus after the last chunk",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n", false},
      {"ended by the server", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, Method::Get,
       true},
  };
  for (const ReuseRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    peer_->send(row.response);
    if (row.ends) peer_->finish();
    test::settle(reactor_);
    ASSERT_TRUE(readHead());
    ASSERT_TRUE(session_->beginBody(head_, row.method));
    ASSERT_TRUE(test::complete(reactor_, readToEnd(session_->body(), reactor_)));
    test::settle(reactor_);
    EXPECT_EQ(session_->reusable(), row.reusable);
  }
}

TEST_F(ClientSessionTest, IsNotReusableBeforeTheBodyIsRead) {
  peer_->send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
  ASSERT_TRUE(readHead());
  ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
  EXPECT_EQ(session_->body().take()->data, "ok");
  EXPECT_FALSE(session_->reusable());
}

TEST_F(ClientSessionTest, LateSurplusMakesItNotReusable) {
  peer_->send("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(readHead());
  ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
  EXPECT_TRUE(session_->reusable());
  peer_->send("HTTP/1.1 200 OK\r\n");
  test::runUntil(reactor_, [&] { return !session_->reusable(); });
}

TEST_F(ClientSessionTest, ServesOneExchangeAfterTheOther) {
  for (int i = 0; i < 5; ++i) {
    session_->startExchange();
    EXPECT_FALSE(session_->answered());
    peer_->send("HTTP/1.1 200 OK\r\nX-N: " + std::to_string(i) + "\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(readHead());
    EXPECT_EQ(head_.fields.find("X-N")->value(), std::to_string(i));
    ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
    ASSERT_TRUE(test::complete(reactor_, readToEnd(session_->body(), reactor_)));
    ASSERT_TRUE(session_->reusable());
    session_->rest();
    EXPECT_FALSE(session_->window().hasBuffer()) << "an idle connection holds no buffer";
  }
}

struct AnnouncedRow {
  const char* name;
  std::string_view field;
  Duration expected;
};

TEST_F(ClientSessionTest, HearsHowLongTheServerKeepsIt) {
  const AnnouncedRow rows[] = {
      {"nothing said", "", 0s},
      {"timeout", "Keep-Alive: timeout=5\r\n", 5s},
      {"among others", "Keep-Alive: max=100, timeout=15\r\n", 15s},
      {"any letter case", "keep-alive: Timeout=7\r\n", 7s},
      {"no number", "Keep-Alive: timeout=soon\r\n", 0s},
      {"empty", "Keep-Alive: timeout=\r\n", 0s},
      {"something else", "Keep-Alive: max=100\r\n", 0s},
      {"more than fits", "Keep-Alive: timeout=99999999999\r\n", 0s},
  };
  for (const AnnouncedRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    peer_->send("HTTP/1.1 204 No Content\r\n" + std::string(row.field) + "\r\n");
    ASSERT_TRUE(readHead());
    ASSERT_TRUE(session_->beginBody(head_, http::Method::Get));
    EXPECT_EQ(session_->announcedIdle(), row.expected);
  }
}

}  // namespace
}  // namespace fairlead::session
