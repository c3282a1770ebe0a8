// What bytes leave for each coding, piece by piece, with the head in front of the first one.
#include "session/body_writer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/drive.h"
#include "support/sockets.h"
#include "task/task.h"

namespace fairlead::session {
namespace {

using namespace std::chrono_literals;

struct Piece {
  std::string_view data;
  bool last = false;
  std::string_view trailer_end = {};
};

struct WireRow {
  const char* name;
  BodyCoding coding;
  std::vector<Piece> pieces;
  std::string wire;  // after the head
};

const std::string kBig(10'000, 'b');

const WireRow kRows[] = {
    {"no body", BodyCoding::None, {{"", true}}, ""},
    {"identity, at once", BodyCoding::Identity, {{"hello", true}}, "hello"},
    {"identity, in pieces", BodyCoding::Identity, {{"he"}, {"llo", true}}, "hello"},
    {"identity, the head alone first", BodyCoding::Identity, {{""}, {"hello", true}}, "hello"},
    {"identity, ended without more", BodyCoding::Identity, {{"hello"}, {"", true}}, "hello"},
    {"identity, large", BodyCoding::Identity, {{kBig, true}}, kBig},
    {"chunked, at once", BodyCoding::Chunked, {{"hello", true}}, "5\r\nhello\r\n0\r\n\r\n"},
    {"chunked, in pieces",
     BodyCoding::Chunked,
     {{"he"}, {"llo", true}},
     "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
    {"chunked, the head alone first",
     BodyCoding::Chunked,
     {{""}, {"x", true}},
     "1\r\nx\r\n0\r\n\r\n"},
    {"chunked, ended without more",
     BodyCoding::Chunked,
     {{"x"}, {"", true}},
     "1\r\nx\r\n0\r\n\r\n"},
    {"chunked, empty", BodyCoding::Chunked, {{"", true}}, "0\r\n\r\n"},
    {"chunked, large", BodyCoding::Chunked, {{kBig, true}}, "2710\r\n" + kBig + "\r\n0\r\n\r\n"},
    {"chunked with trailers",
     BodyCoding::Chunked,
     {{"x", true, "\r\n0\r\nX-Sum: 1\r\n\r\n"}},
     "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"},
    {"chunked with trailers alone",
     BodyCoding::Chunked,
     {{"x"}, {"", true, "\r\n0\r\nX-Sum: 1\r\n\r\n"}},
     "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"},
    {"trailers of a body that has a length now",
     BodyCoding::Identity,
     {{"hello"}, {"", true}},
     "hello"},
};

Task<Result<void>> writePieces(BodyWriter& writer, const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    const auto sent = co_await writer.write(piece.data, piece.last, piece.trailer_end, 10s, kNever);
    if (!sent) co_return sent;
  }
  co_return Result<void>{};
}

Task<Result<void>> writeHeadAlone(BodyWriter& writer) {
  co_return co_await writer.writeHead(10s, kNever);
}

// A writer, and the peer that gets what it writes.
class Writing {
 public:
  BodyWriter& writer() { return writer_; }
  test::Peer& peer() { return peer_; }

  bool write(const std::vector<Piece>& pieces) {
    return test::complete(reactor_, writePieces(writer_, pieces)).has_value();
  }
  bool writeHead() { return test::complete(reactor_, writeHeadAlone(writer_)).has_value(); }
  void end() { stream_.shutdownWrite(); }
  // All that the peer gets until the end.
  std::string received() { return peer_.awaitEnd(reactor_); }

 private:
  io::Reactor reactor_;
  test::SocketPair pair_ = test::tcpPair();
  test::Peer peer_{std::move(pair_.far)};
  io::Stream stream_{reactor_, std::move(pair_.near), Side::Client};
  BodyWriter writer_{stream_};
};

// The room for the head may be full, have some space, or plenty: the bytes that leave are the same.
TEST(BodyWriter, SendsWhatTheCodingAsksFor) {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  for (const size_t spare : {size_t{0}, size_t{3}, size_t{64}, size_t{8192}}) {
    for (const WireRow& row : kRows) {
      SCOPED_TRACE(std::string(row.name) + ", room for " + std::to_string(spare) + " more");
      Writing writing;
      std::vector<char> room(head.size() + spare, '.');
      std::memcpy(room.data(), head.data(), head.size());
      writing.writer().begin(room, head.size(), row.coding);
      EXPECT_TRUE(writing.writer().headPending());
      ASSERT_TRUE(writing.write(row.pieces));
      EXPECT_FALSE(writing.writer().headPending());
      EXPECT_EQ(writing.writer().bytesSent(), head.size() + row.wire.size());
      writing.end();
      EXPECT_EQ(writing.received(), head + row.wire);
    }
  }
}

// The last piece takes the end of the connection along, and no other piece does.
TEST(BodyWriter, EndsWithTheLastPiece) {
  for (const WireRow& row : kRows) {
    SCOPED_TRACE(row.name);
    Writing writing;
    std::string head = "HTTP/1.1 200 OK\r\n\r\n";
    const std::string expected = head + row.wire;
    writing.writer().begin(head, head.size(), row.coding, io::Then::End);
    std::vector<Piece> pieces = row.pieces;
    const Piece last = pieces.back();
    pieces.pop_back();
    ASSERT_TRUE(writing.write(pieces));
    writing.peer().received();
    EXPECT_FALSE(writing.peer().ended());
    ASSERT_TRUE(writing.write({last}));
    EXPECT_EQ(writing.received(), expected);
    EXPECT_TRUE(writing.peer().ended());
  }
}

TEST(BodyWriter, MayBeUsedForOneMessageAfterTheOther) {
  Writing writing;
  std::string first = "one ";
  std::string second = "two ";
  writing.writer().begin(first, first.size(), BodyCoding::Chunked);
  ASSERT_TRUE(writing.write({{"x", true}}));
  writing.writer().begin(second, second.size(), BodyCoding::Identity);
  EXPECT_EQ(writing.writer().bytesSent(), 0u);
  ASSERT_TRUE(writing.writeHead());
  ASSERT_TRUE(writing.write({{"y", true}}));
  writing.end();
  EXPECT_EQ(writing.received(), "one 1\r\nx\r\n0\r\n\r\ntwo y");
}

}  // namespace
}  // namespace fairlead::session
