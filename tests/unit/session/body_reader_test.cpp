// Bodies as they arrive: each framing whole and in single bytes, limits, early ends, and going
// back.
#include "session/body_reader.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "support/drive.h"
#include "support/sockets.h"
#include "task/task.h"

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;
using http::Framing;

constexpr Framing kNone{Framing::Kind::None, 0};
constexpr Framing kChunked{Framing::Kind::Chunked, 0};
constexpr Framing kUntilClose{Framing::Kind::UntilClose, 0};
constexpr Framing length(uint64_t octets) { return {Framing::Kind::Length, octets}; }

Task<Result<std::string>> readBody(BodyReader& body, io::Reactor& reactor) {
  std::string text;
  for (;;) {
    const auto piece = body.take();
    if (!piece) co_return std::unexpected(piece.error());
    text += piece->data;
    if (piece->last) co_return text;
    if (!piece->data.empty()) continue;
    if (const auto filled = co_await body.fill(reactor.now() + 10s); !filled)
      co_return std::unexpected(filled.error());
  }
}

// A body reader whose window has a head in front of it already.
class Bed {
 public:
  static constexpr std::string_view kHead = "HEAD";

  explicit Bed(Side side, std::string_view with_head = {}) : Bed(side, test::tcpPair()) {
    receive(std::string(kHead) + std::string(with_head));
    window.pinHead(kHead.size());
  }

  void receive(std::string_view bytes) {
    const std::span<char> room = window.room();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    window.received(bytes.size());
  }
  std::string rest() const {
    const std::span<char> unread = window.unread();
    return {unread.data(), unread.size()};
  }

  io::Reactor reactor;
  test::Peer peer;
  io::Stream stream;
  io::BufferPool pool;
  ReceiveWindow window{pool, io::BufferSize::Small};
  BodyReader body;

 private:
  Bed(Side side, test::SocketPair pair)
      : peer(std::move(pair.far)),
        stream(reactor, std::move(pair.near), side),
        body(stream, window, side) {}
};

struct BodyRow {
  const char* name;
  Framing framing;
  std::string_view wire;
  const char* expected;  // the content, or the failure
  std::string_view trailers = {};
  std::string_view rest = {};  // what belongs to the next message
  uint64_t limit = UINT64_MAX;
  bool ends = false;  // the peer ends after these bytes
};

const BodyRow kBodies[] = {
    {"none", kNone, "", ""},
    {"none, and the next message", kNone, "GET", "", "", "GET"},
    {"length zero", length(0), "GET", "", "", "GET"},
    {"length", length(5), "hello", "hello"},
    {"length, and the next message", length(5), "helloGET", "hello", "", "GET"},
    {"length at the limit", length(5), "hello", "hello", "", "", 5},
    {"length over the limit", length(5), "hello", "client too_large request_body", "", "", 4},
    {"length, ended early", length(5), "hell", "client closed request_body", "", "", UINT64_MAX,
     true},
    {"length, ended at once", length(5), "", "client closed request_body", "", "", UINT64_MAX,
     true},
    {"length, ended behind it", length(5), "hello", "hello", "", "", UINT64_MAX, true},
    {"chunked", kChunked, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
    {"chunked, empty", kChunked, "0\r\n\r\n", ""},
    {"chunked, and the next message", kChunked, "1\r\nx\r\n0\r\n\r\nGET", "x", "", "GET"},
    {"chunked with trailers", kChunked, "1\r\nx\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n", "x",
     "X-Sum: 1\r\nX-B: 2\r\n"},
    {"chunked with trailers, and the next message", kChunked, "0\r\nX-Sum: 1\r\n\r\nGET", "",
     "X-Sum: 1\r\n", "GET"},
    {"chunked with an extension", kChunked, "1;a=b\r\nx\r\n0\r\n\r\n", "x"},
    {"chunked at the limit", kChunked, "5\r\nhello\r\n0\r\n\r\n", "hello", "", "", 5},
    {"chunked over the limit", kChunked, "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
     "client too_large request_body", "", "", 5},
    {"chunked, bad size", kChunked, "5\r\nhello\r\nx\r\n", "client malformed request_body"},
    {"chunked, bare LF", kChunked, "5\nhello\r\n0\r\n\r\n", "client malformed request_body"},
    {"chunked, too much data", kChunked, "2\r\nhello\r\n0\r\n\r\n",
     "client malformed request_body"},
    {"chunked, ended in the data", kChunked, "5\r\nhel", "client closed request_body", "", "",
     UINT64_MAX, true},
    {"chunked, ended before the last chunk", kChunked, "5\r\nhello\r\n",
     "client closed request_body", "", "", UINT64_MAX, true},
    {"chunked, ended in the trailers", kChunked, "0\r\nX-Sum: 1\r\n", "client closed request_body",
     "", "", UINT64_MAX, true},
    {"until close", kUntilClose, "all of it", "all of it", "", "", UINT64_MAX, true},
    {"until close, empty", kUntilClose, "", "", "", "", UINT64_MAX, true},
    {"until close over the limit", kUntilClose, "all of it", "client too_large request_body", "",
     "", 4, true},
};

std::string wordsOf(const Result<std::string>& body) {
  if (body) return *body;
  const Failure& failure = body.error();
  return std::string(nameOf(failure.side)) + " " + std::string(nameOf(failure.kind)) + " " +
         std::string(nameOf(failure.step));
}

TEST(BodyReader, TakesTheFramingOffWhatCameWithTheHead) {
  for (const BodyRow& row : kBodies) {
    SCOPED_TRACE(row.name);
    Bed bed(Side::Client, row.wire);
    if (row.ends) bed.peer.finish();
    bed.body.begin(row.framing, row.limit);
    const auto body = test::complete(bed.reactor, readBody(bed.body, bed.reactor));
    EXPECT_EQ(wordsOf(body), row.expected);
    if (!body) continue;
    EXPECT_TRUE(bed.body.finished());
    EXPECT_EQ(bed.body.octets(), body->size());
    EXPECT_EQ(bed.body.trailerLines(), row.trailers);
    EXPECT_EQ(bed.rest(), row.rest) << "surplus bytes must stay";
  }
}

TEST(BodyReader, TakesTheFramingOffSingleBytes) {
  for (const BodyRow& row : kBodies) {
    SCOPED_TRACE(row.name);
    Bed bed(Side::Client);
    bed.body.begin(row.framing, row.limit);
    Task<Result<std::string>> task = readBody(bed.body, bed.reactor);
    task.start();
    for (size_t i = 0; i < row.wire.size() && !task.done(); ++i) {
      bed.peer.send(row.wire.substr(i, 1));
      test::runUntil(bed.reactor, [&] { return task.done() || bed.stream.quiet(); });
      bed.reactor.turn(1ms);
    }
    if (row.ends) bed.peer.finish();
    test::runUntil(bed.reactor, [&] { return task.done(); });
    const auto body = task.take();
    EXPECT_EQ(wordsOf(body), row.expected);
    if (!body) continue;
    EXPECT_EQ(bed.body.trailerLines(), row.trailers);
    EXPECT_EQ(bed.rest(), "");
  }
}

TEST(BodyReader, FaultsOfAServerAreTheServers) {
  Bed bed(Side::Upstream, "nonsense\r\n");
  bed.body.begin(kChunked);
  EXPECT_EQ(wordsOf(test::complete(bed.reactor, readBody(bed.body, bed.reactor))),
            "upstream malformed response_body");
}

TEST(BodyReader, SilenceIsATimeout) {
  Bed bed(Side::Client);
  bed.body.begin(length(5));
  const auto waitShortly = [](BodyReader& body, TimePoint deadline) -> Task<Result<void>> {
    co_return co_await body.fill(deadline);
  };
  const auto filled = test::complete(bed.reactor, waitShortly(bed.body, bed.reactor.now() + 5ms));
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().kind, FailureKind::Timeout);
  EXPECT_EQ(filled.error().step, Step::RequestBody);
}

TEST(BodyReader, MovesMoreThanABufferHolds) {
  std::string content(1 << 20, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>('a' + i * 7 % 26);
  Bed bed(Side::Client, content.substr(0, 1000));
  const char* const head = bed.window.unread().data() - Bed::kHead.size();
  bed.body.begin(length(content.size()));
  Task<Result<std::string>> task = readBody(bed.body, bed.reactor);
  task.start();
  bed.peer.sendAll(bed.reactor, std::string_view(content).substr(1000));
  test::runUntil(bed.reactor, [&] { return task.done(); });
  EXPECT_TRUE(task.take() == content);
  EXPECT_EQ(std::string_view(head, Bed::kHead.size()), Bed::kHead) << "the pinned head moved";
}

// --- going back

struct RewindRow {
  const char* name;
  Framing framing;
  std::string_view wire;
  bool rewindable;  // after all that is here was taken
};

TEST(BodyReader, GoesBackWhileTheWholeBodyIsInTheWindow) {
  const RewindRow rows[] = {
      {"none", kNone, "", true},
      {"all of it came with the head", length(5), "hello", true},
      {"and the next message", length(5), "helloGET", true},
      {"chunked: its bytes were moved", kChunked, "1\r\nx\r\n0\r\n\r\n", false},
  };
  for (const RewindRow& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed(Side::Client, row.wire);
    bed.body.begin(row.framing);
    const auto first = test::complete(bed.reactor, readBody(bed.body, bed.reactor));
    ASSERT_TRUE(first);
    EXPECT_EQ(bed.body.rewindable(), row.rewindable);
    if (!row.rewindable) continue;
    const std::string rest = bed.rest();
    bed.body.rewind();
    EXPECT_EQ(bed.body.octets(), 0u);
    EXPECT_EQ(test::complete(bed.reactor, readBody(bed.body, bed.reactor)), first);
    EXPECT_EQ(bed.rest(), rest);
  }
}

TEST(BodyReader, DoesNotGoBackOnceMoreWasReceived) {
  Bed bed(Side::Client, "he");
  bed.body.begin(length(5));
  EXPECT_TRUE(bed.body.rewindable());
  bed.peer.send("llo");
  EXPECT_EQ(test::complete(bed.reactor, readBody(bed.body, bed.reactor)), "hello");
  EXPECT_FALSE(bed.body.rewindable());
}

TEST(BodyReader, TheLimitHoldsAfterGoingBack) {
  Bed bed(Side::Client, "hello");
  bed.body.begin(length(5), 4);
  EXPECT_EQ(wordsOf(test::complete(bed.reactor, readBody(bed.body, bed.reactor))),
            "client too_large request_body");
  bed.body.rewind();
  EXPECT_EQ(wordsOf(test::complete(bed.reactor, readBody(bed.body, bed.reactor))),
            "client too_large request_body");
}

}  // namespace
}  // namespace fairlead::session
