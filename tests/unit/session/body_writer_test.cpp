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

// The room for the head may be full, have some space, or plenty: the bytes that leave are the same.
TEST(BodyWriter, SendsWhatTheCodingAsksFor) {
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  for (const size_t spare : {size_t{0}, size_t{3}, size_t{64}, size_t{8192}}) {
    for (const WireRow& row : kRows) {
      SCOPED_TRACE(std::string(row.name) + ", room for " + std::to_string(spare) + " more");
      io::Reactor reactor;
      test::SocketPair pair = test::tcpPair();
      test::Peer peer(std::move(pair.far));
      io::Stream stream(reactor, std::move(pair.near), Side::Client);
      BodyWriter writer(stream);
      std::vector<char> room(head.size() + spare, '.');
      std::memcpy(room.data(), head.data(), head.size());
      writer.begin(room, head.size(), row.coding);
      EXPECT_TRUE(writer.headPending());
      ASSERT_TRUE(test::complete(reactor, writePieces(writer, row.pieces)));
      EXPECT_FALSE(writer.headPending());
      EXPECT_EQ(writer.bytesSent(), head.size() + row.wire.size());
      stream.shutdownWrite();
      EXPECT_EQ(peer.awaitEnd(reactor), head + row.wire);
    }
  }
}

// The last piece takes the end of the connection along, and no other piece does.
TEST(BodyWriter, EndsWithTheLastPiece) {
  for (const WireRow& row : kRows) {
    SCOPED_TRACE(row.name);
    io::Reactor reactor;
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    io::Stream stream(reactor, std::move(pair.near), Side::Client);
    BodyWriter writer(stream);
    std::string head = "HTTP/1.1 200 OK\r\n\r\n";
    const std::string expected = head + row.wire;
    writer.begin(head, head.size(), row.coding, io::Then::End);
    std::vector<Piece> pieces = row.pieces;
    const Piece last = pieces.back();
    pieces.pop_back();
    ASSERT_TRUE(test::complete(reactor, writePieces(writer, pieces)));
    peer.received();
    EXPECT_FALSE(peer.ended());
    ASSERT_TRUE(test::complete(reactor, writePieces(writer, {last})));
    EXPECT_EQ(peer.awaitEnd(reactor), expected);
    EXPECT_TRUE(peer.ended());
  }
}

Task<Result<void>> writeHeadAlone(BodyWriter& writer) {
  co_return co_await writer.writeHead(10s, kNever);
}

TEST(BodyWriter, MayBeUsedForOneMessageAfterTheOther) {
  io::Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  test::Peer peer(std::move(pair.far));
  io::Stream stream(reactor, std::move(pair.near), Side::Client);
  BodyWriter writer(stream);
  std::string first = "one ";
  std::string second = "two ";
  writer.begin(first, first.size(), BodyCoding::Chunked);
  ASSERT_TRUE(test::complete(reactor, writePieces(writer, {{"x", true}})));
  writer.begin(second, second.size(), BodyCoding::Identity);
  EXPECT_EQ(writer.bytesSent(), 0u);
  ASSERT_TRUE(test::complete(reactor, writeHeadAlone(writer)));
  ASSERT_TRUE(test::complete(reactor, writePieces(writer, {{"y", true}})));
  stream.shutdownWrite();
  EXPECT_EQ(peer.awaitEnd(reactor), "one 1\r\nx\r\n0\r\n\r\ntwo y");
}

}  // namespace
}  // namespace fairlead::session
