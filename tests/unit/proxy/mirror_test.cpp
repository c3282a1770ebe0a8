// Copies of requests: what they say, that they are bounded, and what becomes of them.
#include "proxy/mirror.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "head_text.h"
#include "support/drive.h"
#include "support/sockets.h"
#include "unit/upstream/pool_for_test.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;
using http::Framing;
using http::h1::PathBytes;

constexpr Framing kChunked{Framing::Kind::Chunked, 0};
constexpr Framing length(uint64_t octets) { return {Framing::Kind::Length, octets}; }
constexpr MirrorPlan kAll{.pool = 0, .share = 1, .max_body = uint64_t{16} << 20};

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

// A shadow pool of one server, which the test plays itself.
class MirrorTest : public testing::Test {
 protected:
  MirrorTest() {
    settings_.timeouts.upstream_idle = Duration{10s};
    settings_.timeouts.response = Duration{10s};
    remake();
  }
  // With `settings_` as they are now.
  void remake() {
    mirrors_.reset();
    shadow_.reset();
    pool_ = upstream::makePool(settings_);
    shadow_.emplace(
        *pool_,
        upstream::UpstreamParts{
            .reactor = reactor_, .buffers = buffers_, .random = random_, .mailbox = mailbox_});
    mirrors_.emplace(reactor_, buffers_, random_);
  }

  // As the journey does it: drawn, the body passing by, and sent.
  bool send(const std::string& lines, const Framing& framing = {}, std::string_view body = {},
            const MirrorPlan& plan = kAll, PathBytes path = PathBytes::Canonical) {
    const auto request = requestOf(lines);
    auto copy = mirrors_->draw(plan, framing);
    if (!copy) return false;
    if (framing.kind != Framing::Kind::None) {
      copy->restart();
      copy->add(body.substr(0, body.size() / 2));
      copy->add(body.substr(body.size() / 2));
    }
    return mirrors_->send({request->head, path, framing, std::move(copy)}, *shadow_);
  }
  test::Peer accept() {
    test::runUntil(reactor_, [&] { return listener_.waiting(); });
    return test::Peer(listener_.accept());
  }
  void awaitEnd() {
    test::runUntil(reactor_, [&] { return mirrors_->underWay() == 0; });
  }
  // "answered failed dropped".
  std::string counted() const {
    const Mirrors::Counters& counters = mirrors_->counters();
    return std::to_string(counters.answered) + " " + std::to_string(counters.failed) + " " +
           std::to_string(counters.dropped);
  }
  size_t idle() { return shadow_->connections().idleCount(); }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  Random random_{1};
  io::Mailbox mailbox_{reactor_};
  test::LocalListener listener_ = test::listenLocally(512);
  upstream::PoolSettings settings_ = upstream::poolOf({listener_.address});
  std::unique_ptr<upstream::Pool> pool_;
  std::optional<upstream::Upstream> shadow_;
  std::optional<Mirrors> mirrors_;
};

// --- what a copy says

struct WireRow {
  const char* name;
  const char* lines;
  Framing framing;
  const char* body;
  const char* wire;  // line ends as "|"
};

const WireRow kWire[] = {
    {"no body",
     "GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nX-A: 1\r\nX-A: 2\r\n",
     {},
     "",
     "GET /a?b=c HTTP/1.1|Host: h:80|X-A: 1|X-A: 2||"},
    {"the canonical path",
     "GET /%7Ea HTTP/1.1\r\nHost: h\r\n",
     {},
     "",
     "GET /~a HTTP/1.1|Host: h||"},
    {"a length", "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX: y\r\n", length(5), "hello",
     "PUT /a HTTP/1.1|Host: h|Content-Length: 5|X: y||hello"},
    {"an empty body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n", length(0), "",
     "POST / HTTP/1.1|Host: h|Content-Length: 0||"},
    {"chunks get a length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX: y\r\n",
     kChunked, "hello", "POST / HTTP/1.1|Host: h|X: y|Content-Length: 5||hello"},
    {"no chunks get a length", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n",
     kChunked, "", "POST / HTTP/1.1|Host: h|Content-Length: 0||"},
    {"there are no trailers",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
     "TE: trailers\r\nConnection: TE\r\n",
     kChunked, "x", "POST / HTTP/1.1|Host: h|Content-Length: 1||x"},
    {"nothing is expected",
     "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n", length(1), "x",
     "PUT / HTTP/1.1|Host: h|Content-Length: 1||x"},
    {"an unknown method",
     "BREW /pot HTTP/1.1\r\nHost: h\r\n",
     {},
     "",
     "BREW /pot HTTP/1.1|Host: h||"},
    {"the version is ours", "GET / HTTP/1.0\r\nHost: h\r\n", {}, "", "GET / HTTP/1.1|Host: h||"},
};

TEST_F(MirrorTest, SaysWhatTheRequestSaid) {
  for (const WireRow& row : kWire) {
    SCOPED_TRACE(row.name);
    ASSERT_TRUE(send(row.lines, row.framing, row.body));
    test::Peer server = accept();
    test::runUntil(reactor_, [&] { return barred(server.received()) == row.wire; });
    mirrors_->clear();
  }
}

TEST_F(MirrorTest, ForwardsTheRawPathWhereTheRouteDoes) {
  ASSERT_TRUE(send("GET /%7Ea HTTP/1.1\r\nHost: h\r\n", {}, "", kAll, PathBytes::Raw));
  test::Peer server = accept();
  EXPECT_EQ(barred(server.awaitEnding(reactor_, "\r\n\r\n")), "GET /%7Ea HTTP/1.1|Host: h||");
}

TEST_F(MirrorTest, LeavesTheRequestAsItIs) {
  const auto request = requestOf(kPost + "Expect: 100-continue\r\n");
  const std::string before = wireOf(request->head);
  ASSERT_TRUE(mirrors_->send({request->head, PathBytes::Canonical, {}, mirrors_->draw(kAll, {})},
                             *shadow_));
  EXPECT_EQ(wireOf(request->head), before);
}

TEST_F(MirrorTest, ALargeBodyArrivesWhole) {
  std::string body;
  while (body.size() < 8'000'000) body += std::to_string(body.size()) + " ";
  ASSERT_TRUE(send("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n", kChunked, body));
  test::Peer server = accept();
  server.awaitEnding(reactor_, body.substr(body.size() - 8));
  EXPECT_TRUE(server.received().ends_with("\r\n\r\n" + body));
}

// Nothing happens within the turn that the request was sent in, not even a connection attempt.
TEST_F(MirrorTest, BeginsInALaterTurn) {
  ASSERT_TRUE(send(kGet));
  EXPECT_EQ(mirrors_->underWay(), 1u);
  EXPECT_EQ(pool_->inFlight(), 1u);
  EXPECT_FALSE(listener_.waiting());
  accept();
}

// --- answers

struct AnswerRow {
  const char* name;
  std::string request;
  std::string answer;
  bool ends;  // the server closes behind it
  const char* counted;
  size_t idle;  // connections that are kept
};

TEST_F(MirrorTest, TheAnswerIsReadAndThrownAway) {
  const std::string long_body(300'000, 'x');
  const AnswerRow rows[] = {
      {"a body of a length", kGet, kOk, false, "1 0 0", 1},
      {"no body", kGet, "HTTP/1.1 204 No Content\r\n\r\n", false, "1 0 0", 1},
      {"to HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
       false, "1 0 0", 1},
      {"chunks and trailers", kGet,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nX: y\r\n\r\n", false,
       "1 0 0", 1},
      {"many pieces", kGet, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + long_body, false,
       "1 0 0", 1},
      {"until the close", kGet, "HTTP/1.1 200 OK\r\n\r\nfine", true, "1 0 0", 0},
      {"interim ones first", kGet,
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + kOk, false,
       "1 0 0", 1},
      {"an error is an answer", kGet, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", false,
       "1 0 0", 1},
      {"the connection ends with it", kGet,
       "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine", false, "1 0 0", 0},
      {"more than was announced", kGet, kOk + "more", false, "1 0 0", 0},
      {"a protocol change", kGet,
       "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", false,
       "0 1 0", 0},
      {"garbage", kGet, "\x16\x03\x01 what?\r\n\r\n", false, "0 1 0", 0},
      {"malformed chunks", kGet, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
       false, "0 1 0", 0},
      {"half a body", kGet, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine", true, "0 1 0", 0},
      {"half a head", kGet, "HTTP/1.1 200 OK\r\nConte", true, "0 1 0", 0},
      {"nothing", kGet, "", true, "0 1 0", 0},
  };
  for (const AnswerRow& row : rows) {
    SCOPED_TRACE(row.name);
    mirrors_.emplace(reactor_, buffers_, random_);
    shadow_->connections().closeIdle();
    ASSERT_TRUE(send(row.request));
    test::Peer server = accept();
    server.awaitEnding(reactor_, "\r\n\r\n");
    EXPECT_EQ(pool_->inFlight(), 1u);
    server.sendAll(reactor_, row.answer);
    if (row.ends) server.finish();
    awaitEnd();
    EXPECT_EQ(counted(), row.counted);
    EXPECT_EQ(idle(), row.idle);
    EXPECT_EQ(pool_->inFlight(), 0u);
  }
}

TEST_F(MirrorTest, AConnectionIsUsedAgain) {
  ASSERT_TRUE(send(kGet));
  test::Peer server = accept();
  for (int i = 0; i < 3; ++i) {
    server.awaitEnding(reactor_, "\r\n\r\n");
    server.forget();
    server.send(kOk);
    awaitEnd();
    ASSERT_TRUE(send(kGet));
  }
  EXPECT_FALSE(listener_.waiting());
  EXPECT_EQ(counted(), "3 0 0");
}

struct SilenceRow {
  const char* name;
  Setting<Duration> upstream::TimeoutSettings::* timeout;
  const char* answer;
};

TEST_F(MirrorTest, ASilentServerIsGivenUp) {
  using upstream::TimeoutSettings;
  const SilenceRow rows[] = {
      {"no head", &TimeoutSettings::response, ""},
      {"no rest of the head", &TimeoutSettings::response, "HTTP/1.1 200"},
      {"no body", &TimeoutSettings::body, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"},
      {"over the whole", &TimeoutSettings::total, ""},
      {"over the whole, in the body", &TimeoutSettings::total,
       "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nf"},
  };
  for (const SilenceRow& row : rows) {
    SCOPED_TRACE(row.name);
    const upstream::TimeoutSettings before = settings_.timeouts;
    settings_.timeouts.*row.timeout = Duration{20ms};
    remake();
    ASSERT_TRUE(send(kGet));
    test::Peer server = accept();
    server.send(row.answer);
    awaitEnd();
    EXPECT_EQ(counted(), "0 1 0");
    settings_.timeouts = before;
  }
}

TEST_F(MirrorTest, NobodyListens) {
  const test::DeafAddress deaf = test::deafAddress();
  settings_ = upstream::poolOf({deaf.address});
  remake();
  ASSERT_TRUE(send(kGet));
  awaitEnd();
  EXPECT_EQ(counted(), "0 1 0");
  EXPECT_EQ(pool_->inFlight(), 0u);
}

TEST_F(MirrorTest, NoServerIsUp) {
  upstream::setActive(*pool_, 0, upstream::ActiveHealth::Down);
  EXPECT_FALSE(send(kGet));
  EXPECT_EQ(mirrors_->underWay(), 0u);
  EXPECT_EQ(counted(), "0 1 0");
}

// --- a connection that had died already

struct StaleRow {
  const char* name;
  std::string request;
  Framing framing;
  const char* body;
  bool again;
};

TEST_F(MirrorTest, AStaleConnectionIsReplacedOnce) {
  const StaleRow rows[] = {
      {"GET", kGet, {}, "", true},
      {"PUT with a body", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n", length(4), "body",
       true},
      {"POST without a body", "POST / HTTP/1.1\r\nHost: h\r\n", {}, "", true},
      {"POST with a body", kPost, length(4), "body", false},
  };
  for (const StaleRow& row : rows) {
    SCOPED_TRACE(row.name);
    mirrors_.emplace(reactor_, buffers_, random_);
    shadow_->connections().closeIdle();
    ASSERT_TRUE(send(kGet));
    test::Peer server = accept();
    server.awaitEnding(reactor_, "\r\n\r\n");
    server.send(kOk);
    awaitEnd();
    server.forget();
    ASSERT_TRUE(send(row.request, row.framing, row.body));
    const std::string sent = server.awaitEnding(reactor_, std::string("\r\n\r\n") + row.body);
    server.close();
    if (!row.again) {
      awaitEnd();
      EXPECT_EQ(counted(), "1 1 0");
      EXPECT_FALSE(listener_.waiting());
      continue;
    }
    test::Peer fresh = accept();
    EXPECT_EQ(fresh.await(reactor_, sent.size()), sent);
    fresh.close();  // a fresh one that dies is no reason for a third time
    awaitEnd();
    EXPECT_EQ(counted(), "1 1 0");
    EXPECT_FALSE(listener_.waiting());
  }
}

// --- bounds

TEST_F(MirrorTest, SoManyAreUnderWayAtOnce) {
  for (size_t i = 0; i < Mirrors::kMostAtOnce; ++i) ASSERT_TRUE(send(kGet)) << i;
  EXPECT_FALSE(send(kGet));
  EXPECT_FALSE(send(kGet));
  EXPECT_EQ(counted(), "0 0 2");
  EXPECT_EQ(mirrors_->underWay(), Mirrors::kMostAtOnce);
  test::Peer server = accept();
  server.awaitEnding(reactor_, "\r\n\r\n");
  server.send(kOk);
  test::runUntil(reactor_, [&] { return mirrors_->underWay() < Mirrors::kMostAtOnce; });
  EXPECT_TRUE(send(kGet)) << "one has ended";
}

TEST_F(MirrorTest, SoManyOctetsOfBodiesAreHeld) {
  const std::string body(6 << 20, 'b');
  const std::string lines = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
  ASSERT_TRUE(send(lines, kChunked, body));
  ASSERT_TRUE(send(lines, kChunked, body));
  EXPECT_FALSE(send(lines, kChunked, body)) << "18 MiB are too many";
  EXPECT_EQ(counted(), "0 0 1");
  EXPECT_TRUE(send(lines, kChunked, "small"));
  EXPECT_TRUE(send(kGet));
  mirrors_->clear();
  EXPECT_TRUE(send(lines, kChunked, body));
  EXPECT_TRUE(send(lines, kChunked, body)) << "what was held is given back";
}

TEST_F(MirrorTest, ABodyOverTheRoutesLimitIsNotCopied) {
  const MirrorPlan plan{.pool = 0, .share = 1, .max_body = 4};
  EXPECT_FALSE(mirrors_->draw(plan, length(5)));
  EXPECT_TRUE(mirrors_->draw(plan, length(4)));
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
  EXPECT_FALSE(send(chunked, kChunked, "hello", plan)) << "found out on the way";
  EXPECT_TRUE(send(chunked, kChunked, "hell", plan));
  EXPECT_EQ(counted(), "0 0 0") << "that is what the file asks for";
}

TEST_F(MirrorTest, ClearDropsWhatIsUnderWay) {
  ASSERT_TRUE(send(kGet));
  test::Peer server = accept();
  server.awaitEnding(reactor_, "\r\n\r\n");
  ASSERT_TRUE(send(kGet));
  mirrors_->clear();
  EXPECT_EQ(mirrors_->underWay(), 0u);
  EXPECT_EQ(pool_->inFlight(), 0u);
  server.awaitEnd(reactor_);
  EXPECT_FALSE(listener_.waiting());
}

// --- chance

TEST_F(MirrorTest, CopiesTheShareThatIsAskedFor) {
  constexpr int kRequests = 20'000;
  for (const double share : {0.0, 0.001, 0.1, 0.3, 0.5, 0.999, 1.0}) {
    const MirrorPlan plan{.pool = 0, .share = share, .max_body = 0};
    int copied = 0;
    for (int i = 0; i < kRequests; ++i) copied += mirrors_->draw(plan, {}) ? 1 : 0;
    if (share == 0 || share == 1) {
      EXPECT_EQ(copied, share * kRequests);
    } else {
      // Five standard deviations: the seed is fixed, so that this holds or does not.
      const double deviation = std::sqrt(kRequests * share * (1 - share));
      EXPECT_NEAR(copied, share * kRequests, 5 * deviation) << share;
    }
  }
}

// --- the body as it passes by

TEST(BodyCopy, KeepsWhatPasses) {
  BodyRoom room(100);
  BodyCopy copy(10, room);
  copy.restart();
  copy.add("hello");
  copy.add("");
  copy.add(" you");
  EXPECT_EQ(copy.state(), BodyCopy::State::Whole);
  EXPECT_EQ(copy.octets(), "hello you");
  EXPECT_EQ(room.free(), 91u);
}

TEST(BodyCopy, BeginsAgain) {
  BodyRoom room(100);
  BodyCopy copy(10, room);
  copy.add("twelve bytes");
  EXPECT_EQ(copy.state(), BodyCopy::State::TooLarge);
  copy.restart();
  EXPECT_EQ(copy.state(), BodyCopy::State::Whole);
  copy.add("half");
  copy.restart();
  copy.add("whole");
  EXPECT_EQ(copy.octets(), "whole");
  EXPECT_EQ(room.free(), 95u);
}

struct BoundRow {
  const char* name;
  uint64_t limit;
  uint64_t room;
  std::vector<const char*> pieces;
  BodyCopy::State state;
};

TEST(BodyCopy, IsBounded) {
  using State = BodyCopy::State;
  const BoundRow rows[] = {
      {"nothing", 0, 0, {""}, State::Whole},
      {"just enough", 5, 5, {"hel", "lo"}, State::Whole},
      {"over the limit", 4, 100, {"hel", "lo"}, State::TooLarge},
      {"over it at once", 4, 100, {"hello"}, State::TooLarge},
      {"over the room", 100, 4, {"hel", "lo"}, State::NoRoom},
      {"nothing comes back", 4, 100, {"hello", "x"}, State::TooLarge},
      {"the limit is told first", 4, 4, {"hello"}, State::TooLarge},
  };
  for (const BoundRow& row : rows) {
    SCOPED_TRACE(row.name);
    BodyRoom room(row.room);
    {
      BodyCopy copy(row.limit, room);
      copy.restart();
      for (const char* piece : row.pieces) copy.add(piece);
      EXPECT_EQ(copy.state(), row.state);
      EXPECT_EQ(room.free() + copy.octets().size(), row.room);
      if (row.state != State::Whole) EXPECT_EQ(copy.octets().capacity(), std::string().capacity());
    }
    EXPECT_EQ(room.free(), row.room) << "all is given back";
  }
}

TEST(BodyRoom, LendsTheMemoryOfCopiesAgain) {
  const std::string body(1000, 'b');
  BodyRoom room(100'000);
  const char* first = nullptr;
  {
    BodyCopy copy(10'000, room);
    copy.add(body);
    first = copy.octets().data();
  }
  BodyCopy none(10'000, room);  // takes no memory as long as nothing comes
  BodyCopy again(10'000, room);
  again.add("short");
  EXPECT_EQ(again.octets().data(), first);
  EXPECT_EQ(again.octets(), "short");
}

}  // namespace
}  // namespace fairlead::proxy
