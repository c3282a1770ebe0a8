// Writing: everything or a failure, back-pressure, time limits, both directions at once, and
// connecting.
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <array>
#include <memory>

#include "stream_fixture.h"

namespace fairlead::io {
namespace {

constexpr size_t kLarge = 4 << 20;

test::SocketPair tightPair() {
  test::SocketPair pair = test::tcpPair();
  test::shrinkBuffers(pair.near.get());
  test::shrinkBuffers(pair.far.get());
  return pair;
}

class StreamWrite : public StreamTest {
 protected:
  StreamWrite() : StreamTest(tightPair()) {}
};
INSTANTIATE_TEST_SUITE_P(Streams, StreamWrite, kEachWatch, StreamTest::nameOfParameter);

TEST_P(StreamWrite, ShortTextsLeaveAtOnce) {
  Task<Result<void>> task = writeText(stream_, "hello", 1s);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(wordsOf(task.take()), "ok");
  EXPECT_EQ(peer_.await(reactor_, 5), "hello");
}

TEST_P(StreamWrite, NothingToWriteIsDone) {
  Task<Result<void>> task = writeText(stream_, "", 1s);
  task.start();
  EXPECT_TRUE(task.done());
}

Task<Result<void>> writePieces(Stream& stream, std::array<std::string_view, 4> pieces) {
  co_return co_await stream.write(pieces, 10s);
}

TEST_P(StreamWrite, JoinsPieces) {
  const std::string large = patternOf(300'000);
  const std::string_view view = large;
  const std::array<std::string_view, 4> rows[] = {
      {"a", "b", "c", "d"},  {"", "b", "", "d"},    {"", "", "", ""},         {"", "", "", "d"},
      {view, "b", view, ""}, {"a", view, "", view}, {view, view, view, view},
  };
  for (const auto& pieces : rows) {
    std::string expected;
    for (const std::string_view piece : pieces) expected += piece;
    SCOPED_TRACE(expected.size());
    peer_.forget();
    Task<Result<void>> task = writePieces(stream_, pieces);
    task.start();
    EXPECT_TRUE(peer_.await(reactor_, expected.size()) == expected);
    until([&] { return task.done(); });
    EXPECT_EQ(wordsOf(task.take()), "ok");
  }
}

TEST_P(StreamWrite, ASlowReaderHoldsTheWriterUp) {
  const std::string text = patternOf(kLarge);
  Task<Result<void>> task = writeText(stream_, text, 10s);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(task.done()) << "nobody has read yet";
  std::string received;
  until([&] {
    char piece[10'000];
    const ssize_t got = ::recv(peer_.fd(), piece, sizeof piece, MSG_DONTWAIT);
    if (got > 0) received.append(piece, static_cast<size_t>(got));
    return received.size() == text.size();
  });
  EXPECT_TRUE(received == text);
  until([&] { return task.done(); });
  EXPECT_EQ(wordsOf(task.take()), "ok");
}

TEST_P(StreamWrite, AReaderThatReadsNothingTimesOut) {
  const std::string text = patternOf(kLarge);
  const TimePoint begin = reactor_.now();
  EXPECT_EQ(wordsOf(complete(writeText(stream_, text, 20ms))), "upstream timeout");
  EXPECT_GE(reactor_.now() - begin, 20ms);
}

// Reads a little each turn, for as long as the task runs.
template <typename T>
void readSlowly(Reactor& reactor, test::Peer& peer, const Task<T>& task) {
  test::runUntil(reactor, [&] {
    char piece[5000];
    [[maybe_unused]] const ssize_t got = ::recv(peer.fd(), piece, sizeof piece, MSG_DONTWAIT);
    return task.done();
  });
}

TEST_P(StreamWrite, BytesThatMoveExtendTheTime) {
  const std::string text = patternOf(2 << 20);
  const TimePoint begin = reactor_.now();
  Task<Result<void>> task = writeText(stream_, text, 300ms);
  task.start();
  readSlowly(reactor_, peer_, task);
  EXPECT_EQ(wordsOf(task.take()), "ok");
  EXPECT_GT(reactor_.now() - begin, 300ms) << "too fast to show anything";
}

TEST_P(StreamWrite, ButNotBeyondTheLimit) {
  const std::string text = patternOf(64 << 20);
  const TimePoint limit = in(50ms);
  Task<Result<void>> task = writeText(stream_, text, 10s, limit);
  task.start();
  readSlowly(reactor_, peer_, task);
  EXPECT_EQ(wordsOf(task.take()), "upstream timeout");
  EXPECT_GE(reactor_.now(), limit);
}

struct GoneRow {
  const char* name;
  bool reset;
  bool waiting;  // the writer is already being held up
};

TEST(StreamWriteFails, WhenThePeerIsGone) {
  const GoneRow rows[] = {{"closed before", false, false},
                          {"reset before", true, false},
                          {"closed while it waits", false, true},
                          {"reset while it waits", true, true}};
  for (const GoneRow& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    test::SocketPair pair = tightPair();
    test::Peer peer(std::move(pair.far));
    Stream stream(reactor, std::move(pair.near), Side::Client);
    const std::string text = patternOf(kLarge);
    const auto leave = [&] { row.reset ? peer.reset() : peer.close(); };
    if (!row.waiting) {
      leave();
      test::runUntil(reactor, [&] { return !stream.quiet(); });
    }
    Task<Result<void>> task = writeText(stream, text, 10s);
    task.start();
    if (row.waiting) {
      test::settle(reactor);
      ASSERT_FALSE(task.done());
      leave();
    }
    test::runUntil(reactor, [&] { return task.done(); });
    EXPECT_EQ(wordsOf(task.take()), "client reset");
  }
}

TEST_P(StreamWrite, DroppingCancels) {
  const std::string text = patternOf(kLarge);
  Task<Result<void>> task = writeText(stream_, text, 10s);
  task.start();
  test::settle(reactor_);
  task.drop();
  until([&] {
    const size_t before = peer_.received().size();
    test::settle(reactor_);
    return peer_.received().size() == before;
  });
  EXPECT_LT(peer_.received().size(), text.size());
  EXPECT_TRUE(text.starts_with(peer_.received()));
  EXPECT_EQ(wordsOf(complete(writeText(stream_, "!", 1s))), "ok");
}

Task<void> writeAndEnd(std::unique_ptr<Stream>& stream, std::string_view text, Duration idle) {
  const auto sent = co_await stream->write(text, idle);
  EXPECT_FALSE(sent);
  stream.reset();
}

TEST_P(StreamWrite, TheWriterMayDestroyTheStream) {
  for (const bool by_reset : {true, false}) {
    SCOPED_TRACE(by_reset ? "after a reset" : "after a time-out");
    test::SocketPair pair = tightPair();
    test::Peer peer(std::move(pair.far));
    auto stream =
        std::make_unique<Stream>(reactor_, std::move(pair.near), Side::Client, GetParam());
    const std::string text = patternOf(kLarge);
    Task<void> task = writeAndEnd(stream, text, by_reset ? Duration{10s} : Duration{5ms});
    task.start();
    test::settle(reactor_);
    if (by_reset) peer.reset();
    until([&] { return task.done(); });
    EXPECT_EQ(stream, nullptr);
  }
}

// --- both directions

Task<Result<std::string>> readAll(Stream& stream, size_t bytes) {
  std::string text;
  char piece[5000];
  while (text.size() < bytes) {
    const auto got = co_await stream.read(piece, stream.reactor().now() + 10s);
    if (!got) co_return std::unexpected(got.error());
    text.append(piece, *got);
  }
  co_return text;
}

TEST_P(StreamWrite, ReadsAndWritesAtOnce) {
  const std::string out = patternOf(kLarge);
  const std::string back = patternOf(kLarge / 2);
  Task<Result<void>> writing = writeText(stream_, out, 10s);
  Task<Result<std::string>> reading = readAll(stream_, back.size());
  writing.start();
  reading.start();
  std::string_view left = back;
  until([&] {
    left.remove_prefix(peer_.sendSome(left));
    peer_.received();
    return writing.done() && reading.done();
  });
  EXPECT_EQ(wordsOf(writing.take()), "ok");
  const auto read = reading.take();
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == back);
  EXPECT_TRUE(peer_.await(reactor_, out.size()) == out);
}

TEST_P(StreamWrite, AReadDeadlineDoesNotDisturbAWrite) {
  const std::string text = patternOf(kLarge);
  Task<Result<void>> writing = writeText(stream_, text, 10s);
  writing.start();
  EXPECT_EQ(wordsOf(complete(readText(stream_, 1, in(5ms)))), "upstream timeout");
  EXPECT_FALSE(writing.done());
  peer_.await(reactor_, text.size());
  until([&] { return writing.done(); });
  EXPECT_EQ(wordsOf(writing.take()), "ok");
}

// --- ending

TEST_P(StreamWrite, ShutdownEndsOneDirection) {
  stream_.shutdownWrite();
  peer_.awaitEnd(reactor_);
  EXPECT_TRUE(peer_.ended());
  peer_.send("still here");
  EXPECT_EQ(complete(readText(stream_, 100)), "still here");
  EXPECT_FALSE(stream_.broken());
}

TEST(StreamEnd, ClosesOrResets) {
  for (const bool by_reset : {false, true}) {
    SCOPED_TRACE(by_reset ? "reset" : "closed");
    Reactor reactor;
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    {
      Stream stream(reactor, std::move(pair.near), Side::Client);
      if (by_reset) stream.resetOnClose();
    }
    peer.awaitEnd(reactor);
    EXPECT_EQ(peer.wasReset(), by_reset);
    EXPECT_EQ(peer.ended(), !by_reset);
  }
}

// --- the end with the last bytes

// What glibc's tcp_info has, and what the kernel tells behind that.
struct LongTcpInfo {
  tcp_info known;
  uint64_t rates_and_octets[4];
  uint32_t segments_out;
};

uint32_t segmentsOut(const Stream& stream) {
  LongTcpInfo info{};
  socklen_t length = sizeof info;
  test::require(::getsockopt(stream.fd(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0, "TCP_INFO");
  return info.segments_out;
}

Task<Result<void>> writeThen(Stream& stream, std::array<std::string_view, 3> pieces, Then then) {
  co_return co_await stream.write(pieces, 10s, kNever, then);
}

struct EndRow {
  const char* name;
  std::array<std::string_view, 3> pieces;
  Then then;
  uint32_t segments;
};

// On the loopback a segment that was sent has arrived: what is not there was held back.
TEST(StreamEnd, LeavesInOneSegmentWithTheLastBytes) {
  const EndRow rows[] = {
      {"one piece, and more to come", {"hello", "", ""}, Then::More, 1},
      {"pieces, and more to come", {"h", "ell", "o"}, Then::More, 1},
      {"one piece, the last", {"hello", "", ""}, Then::End, 1},
      {"pieces, the last", {"h", "ell", "o"}, Then::End, 1},
      {"nothing but the end", {"", "", ""}, Then::End, 1},
  };
  for (const EndRow& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    Stream stream(reactor, std::move(pair.near), Side::Client);
    const uint32_t before = segmentsOut(stream);
    Task<Result<void>> task = writeThen(stream, row.pieces, row.then);
    task.start();
    ASSERT_TRUE(task.done());
    EXPECT_EQ(wordsOf(task.take()), "ok");
    EXPECT_EQ(peer.received(), row.pieces[0].empty() ? "" : "hello");
    EXPECT_EQ(peer.ended(), row.then == Then::End);
    EXPECT_EQ(segmentsOut(stream) - before, row.segments);
  }
}

// What a client sent too much makes the close a reset, which must not outrun the answer.
TEST(StreamEnd, LastBytesHaveLeftBeforeACloseThatResets) {
  Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  test::Peer peer(std::move(pair.far));
  {
    Stream stream(reactor, std::move(pair.near), Side::Client);
    peer.send("surplus");
    ASSERT_TRUE(test::complete(reactor, writeThen(stream, {"answer", "", ""}, Then::End)));
  }
  EXPECT_EQ(peer.awaitEnd(reactor), "answer");
}

TEST_P(StreamWrite, TheEndWaitsForWhatTheKernelDoesNotTakeYet) {
  const std::string large = patternOf(kLarge + 7);
  Task<Result<void>> task = writeThen(stream_, {large, "", ""}, Then::End);
  task.start();
  EXPECT_FALSE(task.done());
  EXPECT_TRUE(peer_.awaitEnd(reactor_) == large);
  EXPECT_TRUE(peer_.ended());
  ASSERT_TRUE(task.done());
  EXPECT_EQ(wordsOf(task.take()), "ok");
}

// --- connecting

Task<std::string> connectWords(Reactor& reactor, SocketAddress address, TimePoint deadline) {
  Result<Descriptor> fd = startConnect(address);
  if (!fd) co_return wordsOf(fd);
  Stream stream(reactor, std::move(*fd), Side::Upstream);
  const auto waited = co_await stream.waitConnected(deadline);
  if (!waited) co_return wordsOf(waited);
  co_return wordsOf(stream.connectResult());
}

TEST(StreamConnect, StandsOrSaysWhy) {
  const test::LocalListener listener = test::listenLocally();
  const test::DeafAddress deaf = test::deafAddress();
  // A backlog that is full: the kernel lets further attempts wait.
  const test::LocalListener full = test::listenLocally(0);
  const Descriptor taken = test::connectTo(full.address);
  const struct {
    const char* name;
    SocketAddress address;
    const char* expected;
  } rows[] = {
      {"somebody listens", listener.address, "ok"},
      {"nobody listens", deaf.address, "upstream connect_refused"},
      {"nobody answers", full.address, "upstream timeout"},
      {"an address that cannot be one",
       {*IpAddress::parse("255.255.255.255"), 80},
       "upstream connect_failed"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    EXPECT_EQ(test::complete(reactor, connectWords(reactor, row.address, reactor.now() + 50ms)),
              row.expected);
  }
}

}  // namespace
}  // namespace fairlead::io
