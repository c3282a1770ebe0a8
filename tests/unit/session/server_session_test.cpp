// The client's side: exchange after exchange, heads in pieces, time-outs, refusals, and the end.
#include "session/server_session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;
using Next = ServerSession::Next;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string wordOf(Next next) {
  switch (next) {
    case Next::Request:
      return "request";
    case Next::Refused:
      return "refused";
    default:
      return "end";
  }
}

class ServerSessionTest : public testing::Test {
 protected:
  explicit ServerSessionTest(ServerLimits limits = {}) : limits_(limits) { connect(); }

  void connect() {
    session_.reset();
    test::SocketPair pair = test::tcpPair();
    peer_.emplace(std::move(pair.far));
    stream_.emplace(reactor_, std::move(pair.near), Side::Client);
    standing_.emplace(limits_);
    session_.emplace(*stream_, side_, *standing_);
  }
  std::string next() { return wordOf(test::complete(reactor_, session_->nextExchange(exchange_))); }
  std::string path() const { return std::string(exchange_->request.target.path); }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  ExchangePool exchanges_;
  ServerLimits limits_;
  ClientSide side_{buffers_, exchanges_, limits_, {}, false};
  std::optional<test::Peer> peer_;
  std::optional<io::Stream> stream_;
  std::optional<Standing> standing_;
  std::optional<ServerSession> session_;
  ExchangePool::Lease exchange_;
};

TEST_F(ServerSessionTest, HandsOutARequest) {
  peer_->send("POST /x?y=1 HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(exchange_->request.method, http::Method::Post);
  EXPECT_EQ(path(), "/x");
  EXPECT_EQ(exchange_->request.host, "shop.example.com");
  EXPECT_EQ(exchange_->framing, (http::Framing{http::Framing::Kind::Length, 3}));
  EXPECT_EQ(exchange_->head_bytes, 67u);
  EXPECT_TRUE(exchange_->keep_alive);
  EXPECT_GE(exchange_->head_read, exchange_->begun);
  const auto piece = session_->body().take();
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->data, "abc");
  EXPECT_TRUE(piece->last);
}

TEST_F(ServerSessionTest, KeepsTheConnectionForTheNext) {
  for (int i = 0; i < 5; ++i) {
    peer_->send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(next(), "request");
    EXPECT_EQ(path(), "/" + std::to_string(i));
    EXPECT_FALSE(session_->linked());
  }
  peer_->finish();
  EXPECT_EQ(next(), "end");
}

TEST_F(ServerSessionTest, TriesWithoutWaiting) {
  const auto tryNow = [&](std::string_view bytes) {
    if (!bytes.empty()) {
      peer_->send(bytes);
      test::settle(reactor_);
    }
    return session_->tryNext(exchange_);
  };
  EXPECT_EQ(tryNow(""), Next::Nothing);
  EXPECT_FALSE(exchange_);
  EXPECT_EQ(tryNow(kGet), Next::Request);
  EXPECT_EQ(path(), "/a");
  EXPECT_EQ(session_->tryNext(exchange_), Next::Nothing);
  EXPECT_FALSE(exchange_);
  EXPECT_FALSE(session_->window().hasBuffer());
  ASSERT_EQ(tryNow(kGet.substr(0, 5)), Next::Partly);
  peer_->send(kGet.substr(5));
  EXPECT_EQ(test::complete(reactor_, session_->finishHead(*exchange_)), Next::Request);
  EXPECT_EQ(path(), "/a");
  EXPECT_EQ(tryNow("\1\r\n\r\n"), Next::Refused);
}

// What must outlast a session stands outside of it.
TEST_F(ServerSessionTest, AnotherSessionGoesOnWhereOneEnded) {
  peer_->send(kGet);
  ASSERT_EQ(next(), "request");
  session_->setIdleTime(20ms);
  exchange_.giveBack();
  session_.emplace(*stream_, side_, *standing_);
  peer_->send(kGet);
  ASSERT_EQ(next(), "request");
  EXPECT_TRUE(standing_->served);
  EXPECT_EQ(next(), "end");
}

// --- PROXY headers

constexpr std::string_view kProxyLine = "PROXY TCP4 192.0.2.1 198.51.100.7 4660 443\r\n";

TEST_F(ServerSessionTest, ReadsAProxyHeaderAndLeavesTheRest) {
  peer_->send(std::string(kProxyLine) + std::string(kGet));
  const auto header = test::complete(reactor_, session_->readProxyHeader());
  ASSERT_TRUE(header && header->tells_ends);
  EXPECT_EQ(header->ends.source.text(), "192.0.2.1:4660");
  EXPECT_EQ(session_->destination().text(), "198.51.100.7:443");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/a");
  EXPECT_EQ(exchange_->head_bytes, kGet.size());
  peer_->send(kGet);
  EXPECT_EQ(next(), "request");
}

TEST_F(ServerSessionTest, TakesAProxyHeaderByteByByte) {
  auto task = session_->readProxyHeader();
  task.start();
  for (const char octet : kProxyLine) {
    EXPECT_FALSE(task.done());
    peer_->send({&octet, 1});
    reactor_.turn(1s);
  }
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_EQ(task.take()->ends.source.text(), "192.0.2.1:4660");
  EXPECT_TRUE(session_->window().empty());
  peer_->send(kGet);
  EXPECT_EQ(next(), "request");
}

TEST_F(ServerSessionTest, TakesTheLargestProxyHeader) {
  std::string block("\r\n\r\n\0\r\nQUIT\n\x20\x00\x0f\xf0", 16);
  block.resize(io::kMostProxyHeader, 'x');
  peer_->send(block + std::string(kGet));
  const auto header = test::complete(reactor_, session_->readProxyHeader());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->length, io::kMostProxyHeader);
  EXPECT_EQ(session_->destination(), test::addressOf(stream_->fd()));
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/a");
}

TEST_F(ServerSessionTest, RefusesWhatIsNoProxyHeader) {
  peer_->send(kGet);
  const auto header = test::complete(reactor_, session_->readProxyHeader());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->status, io::ProxyHeader::Status::Malformed);
  EXPECT_EQ(session_->window().unread().size(), kGet.size());
}

TEST_F(ServerSessionTest, WaitsForAProxyHeaderAsLongAsForAHead) {
  limits_.head_time = Duration{20ms};
  for (const std::string_view part : {std::string_view{}, kProxyLine.substr(0, 20)}) {
    connect();
    peer_->send(part);
    EXPECT_FALSE(test::complete(reactor_, session_->readProxyHeader()));
    EXPECT_FALSE(session_->linked());
  }
}

TEST_F(ServerSessionTest, EndsWithoutAProxyHeader) {
  peer_->send(kProxyLine.substr(0, 20));
  peer_->finish();
  EXPECT_FALSE(test::complete(reactor_, session_->readProxyHeader()));
}

TEST_F(ServerSessionTest, Pipelines) {
  peer_->send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
      "GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HT");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/1");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/2");
  EXPECT_EQ(session_->body().take()->data, "ab");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/3");
  peer_->send("TP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(path(), "/4");
}

TEST_F(ServerSessionTest, PipelinesMoreThanABufferHolds) {
  std::string requests;
  for (int i = 0; i < 400; ++i)
    requests += "GET /" + std::to_string(i) +
                " HTTP/1.1\r\nHost: h\r\nX-Fill: " + std::string(static_cast<size_t>(i), 'f') +
                "\r\n\r\n";
  peer_->send(requests);
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(next(), "request") << i;
    ASSERT_EQ(path(), "/" + std::to_string(i));
    ASSERT_EQ(exchange_->request.fields.size(), 2u);
  }
}

TEST_F(ServerSessionTest, TakesHeadsByteByByte) {
  for (int round = 0; round < 2; ++round) {
    Task<Next> task = session_->nextExchange(exchange_);
    task.start();
    for (const char octet : kGet) {
      EXPECT_FALSE(task.done());
      peer_->send({&octet, 1});
      reactor_.turn(1s);
    }
    test::runUntil(reactor_, [&] { return task.done(); });
    EXPECT_EQ(wordOf(task.take()), "request");
    EXPECT_EQ(path(), "/a");
  }
}

struct SizeRow {
  const char* name;
  size_t head_bytes;
  const char* expected;
};

TEST_F(ServerSessionTest, TakesHeadsOfEverySize) {
  const size_t small = io::bytesOf(io::BufferSize::Small);
  const SizeRow rows[] = {
      {"one less than a small buffer", small - 1, "request"},
      {"exactly a small buffer", small, "request"},
      {"one more than a small buffer", small + 1, "request"},
      {"the largest head allowed", 32 * 1024, "request"},
      {"one more than allowed", 32 * 1024 + 1, "refused"},
  };
  for (const bool in_pieces : {false, true}) {
    for (const SizeRow& row : rows) {
      SCOPED_TRACE(std::string(row.name) + (in_pieces ? ", in pieces" : ""));
      connect();
      std::string head = "GET /a HTTP/1.1\r\nHost: h\r\n";
      while (head.size() + 600 < row.head_bytes)
        head.append("X-Fill: ").append(500, 'f').append("\r\n");
      head.append("X-Last: ").append(row.head_bytes - head.size() - 4, 'l').append("\r\n\r\n");
      ASSERT_EQ(head.size(), row.head_bytes);
      Task<Next> task = session_->nextExchange(exchange_);
      task.start();
      const size_t step = in_pieces ? 1000 : head.size();
      for (size_t at = 0; at < head.size(); at += step) {
        peer_->sendSome(std::string_view(head).substr(at, step));
        test::settle(reactor_);
      }
      test::runUntil(reactor_, [&] { return task.done(); });
      EXPECT_EQ(wordOf(task.take()), row.expected);
      EXPECT_EQ(path(), "/a");
      if (std::string_view(row.expected) == "refused") EXPECT_EQ(exchange_->fault.status, 431);
    }
  }
}

struct FactsRow {
  const char* name;
  std::string_view lines;  // after the request line
  const char* version;
  bool keep_alive;
  http::Framing::Kind framing;
};

TEST_F(ServerSessionTest, SaysWhatTheHeadMeansForTheConnection) {
  using Kind = http::Framing::Kind;
  const FactsRow rows[] = {
      {"plain", "Host: h\r\n", "1.1", true, Kind::None},
      {"close", "Host: h\r\nConnection: close\r\n", "1.1", false, Kind::None},
      {"HTTP/1.0", "", "1.0", false, Kind::None},
      {"HTTP/1.0 with keep-alive", "Connection: keep-alive\r\n", "1.0", true, Kind::None},
      {"length", "Host: h\r\nContent-Length: 2\r\n", "1.1", true, Kind::Length},
      {"chunked", "Host: h\r\nTransfer-Encoding: chunked\r\n", "1.1", true, Kind::Chunked},
  };
  for (const FactsRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    peer_->send("POST / HTTP/" + std::string(row.version) + "\r\n" + std::string(row.lines) +
                "\r\n");
    ASSERT_EQ(next(), "request");
    EXPECT_EQ(exchange_->keep_alive, row.keep_alive);
    EXPECT_EQ(exchange_->framing.kind, row.framing);
  }
}

struct RefusalRow {
  const char* name;
  std::string_view bytes;
  uint16_t status;
};

TEST_F(ServerSessionTest, RefusesWhatCannotBeUnderstood) {
  const RefusalRow rows[] = {
      {"no request line", "nonsense\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"length and chunked",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       501},
      {"bad length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
      {"climbs above the root", "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  };
  for (const RefusalRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    peer_->send(row.bytes);
    EXPECT_EQ(next(), "refused");
    EXPECT_EQ(exchange_->fault.status, row.status);
    EXPECT_FALSE(exchange_->fault.sentence.empty());
  }
}

// --- time

struct TimeRow {
  const char* name;
  std::string_view bytes;
  const char* expected;
};

class ImpatientSession : public ServerSessionTest {
 protected:
  ImpatientSession()
      : ServerSessionTest({.head = {}, .head_time = Duration{20ms}, .idle_time = Duration{10ms}}) {}
};

TEST_F(ImpatientSession, TellsAPartialHeadFromSilence) {
  const TimeRow rows[] = {
      {"silence", "", "end"},
      {"an empty line is not a head", "\r\n", "end"},
      {"one byte", "G", "refused"},
      {"all but the last byte", kGet.substr(0, kGet.size() - 1), "refused"},
  };
  for (const TimeRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    if (!row.bytes.empty()) peer_->send(row.bytes);
    const TimePoint begin = reactor_.now();
    EXPECT_EQ(next(), row.expected);
    EXPECT_GE(reactor_.now() - begin, row.bytes.empty() ? 10ms : 20ms);
    if (std::string_view(row.expected) == "refused") EXPECT_EQ(exchange_->fault.status, 408);
  }
}

TEST_F(ImpatientSession, BytesDoNotExtendTheTimeOfTheHead) {
  Task<Next> task = session_->nextExchange(exchange_);
  task.start();
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: " + std::string(10'000, 's');
  size_t at = 0;
  test::runUntil(reactor_, [&] {
    if (at < head.size()) at += peer_->sendSome(std::string_view(head).substr(at, 1));
    return task.done();
  });
  EXPECT_EQ(wordOf(task.take()), "refused");
  EXPECT_EQ(exchange_->fault.status, 408);
}

TEST_F(ImpatientSession, AnUnfinishedPipelinedHeadTimesOutAsWell) {
  peer_->send(std::string(kGet) + "GET /next");
  ASSERT_EQ(next(), "request");
  EXPECT_EQ(next(), "refused");
  EXPECT_EQ(exchange_->fault.status, 408);
}

// --- idle, and the end

TEST_F(ServerSessionTest, HoldsNothingWhileItIsIdle) {
  peer_->send(kGet);
  ASSERT_EQ(next(), "request");
  Task<Next> task = session_->nextExchange(exchange_);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(exchange_);
  EXPECT_FALSE(session_->window().hasBuffer());
  EXPECT_EQ(side_.idle.size(), 1u);
  peer_->send(kGet);
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_TRUE(exchange_);
  EXPECT_EQ(side_.idle.size(), 0u);
}

TEST_F(ServerSessionTest, TheOneThatWaitsLongestIsTheLast) {
  test::SocketPair pair = test::tcpPair();
  io::Stream other_stream(reactor_, std::move(pair.near), Side::Client);
  Standing other_standing(limits_);
  ServerSession other(other_stream, side_, other_standing);
  ExchangePool::Lease other_exchange;
  Task<Next> first = session_->nextExchange(exchange_);
  Task<Next> second = other.nextExchange(other_exchange);
  first.start();
  second.start();
  EXPECT_EQ(side_.idle.back(), &*session_);
  EXPECT_EQ(side_.idle.front(), &other);
  side_.idle.back()->dismiss();
  ASSERT_TRUE(first.done());
  EXPECT_EQ(wordOf(first.take()), "end");
  EXPECT_EQ(side_.idle.size(), 1u);
}

struct EndRow {
  const char* name;
  std::string_view bytes;
  void (*happens)(test::Peer&);
};

TEST_F(ServerSessionTest, EndsSilentlyWhenTheClientLeaves) {
  const EndRow rows[] = {
      {"at once", "", [](test::Peer& peer) { peer.finish(); }},
      {"by a reset", "", [](test::Peer& peer) { peer.reset(); }},
      {"within a head", "GET / HT", [](test::Peer& peer) { peer.finish(); }},
      {"by a reset within a head", "GET / HT", [](test::Peer& peer) { peer.reset(); }},
  };
  for (const EndRow& row : rows) {
    SCOPED_TRACE(row.name);
    connect();
    Task<Next> task = session_->nextExchange(exchange_);
    task.start();
    if (!row.bytes.empty()) peer_->send(row.bytes);
    test::settle(reactor_);
    row.happens(*peer_);
    test::runUntil(reactor_, [&] { return task.done(); });
    EXPECT_EQ(wordOf(task.take()), "end");
  }
}

TEST_F(ServerSessionTest, AHalfClosedClientStillGetsItsRequestServed) {
  peer_->send(kGet);
  peer_->finish();
  EXPECT_EQ(next(), "request");
  EXPECT_EQ(next(), "end");
}

TEST_F(ServerSessionTest, DrainingEndsWhoWaitsAndServesWhatIsHere) {
  peer_->send(std::string(kGet) + std::string(kGet));
  ASSERT_EQ(next(), "request");
  side_.draining = true;
  EXPECT_TRUE(session_->draining());
  EXPECT_EQ(next(), "request");
  EXPECT_EQ(next(), "end");
}

TEST_F(ServerSessionTest, DroppingTheWaitLeavesTheIdleList) {
  Task<Next> task = session_->nextExchange(exchange_);
  task.start();
  EXPECT_EQ(side_.idle.size(), 1u);
  task.drop();
  session_.reset();
  EXPECT_EQ(side_.idle.size(), 0u);
}

// --- lingering

TEST_F(ServerSessionTest, LingersUntilTheClientEnds) {
  peer_->send(kGet);
  ASSERT_EQ(next(), "request");
  Task<void> task = session_->closeLingering();
  task.start();
  peer_->awaitEnd(reactor_);
  EXPECT_TRUE(peer_->ended());
  peer_->sendAll(reactor_, std::string(300'000, 'x'));
  EXPECT_FALSE(task.done());
  peer_->finish();
  test::runUntil(reactor_, [&] { return task.done(); });
}

TEST_F(ServerSessionTest, LingersForAMegabyteAtMost) {
  Task<void> task = session_->closeLingering();
  task.start();
  const std::string piece(64 * 1024, 'x');
  size_t sent = 0;
  test::runUntil(reactor_, [&] {
    sent += peer_->sendSome(piece);
    return task.done();
  });
  EXPECT_GE(sent, size_t{1} << 20);
}

// The window has no room behind such a head.
TEST_F(ServerSessionTest, LingersAfterAHeadThatFillsTheBuffer) {
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nX-Fill: ";
  head.append(io::bytesOf(io::BufferSize::Small) - head.size() - 4, 'f').append("\r\n\r\n");
  peer_->send(head);
  ASSERT_EQ(next(), "request");
  exchange_.giveBack();
  Task<void> task = session_->closeLingering();
  task.start();
  peer_->send("some of the body");
  test::settle(reactor_);
  EXPECT_FALSE(task.done());
  peer_->finish();
  test::runUntil(reactor_, [&] { return task.done(); });
}

}  // namespace
}  // namespace fairlead::session
