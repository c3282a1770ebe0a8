// Reading: pieces as they come, ends of every kind, deadlines, and being cancelled or interrupted.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "stream_fixture.h"

namespace fairlead::io {
namespace {

class StreamRead : public StreamTest {};
INSTANTIATE_TEST_SUITE_P(Streams, StreamRead, kEachWatch, StreamTest::nameOfParameter);

TEST_P(StreamRead, GivesWhatIsThere) {
  peer_.send("hello");
  EXPECT_EQ(complete(readText(stream_, 100)), "hello");
}

TEST_P(StreamRead, WaitsForTheFirstByte) {
  Task<Result<std::string>> task = readText(stream_, 100);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(task.done());
  peer_.send("x");
  until([&] { return task.done(); });
  EXPECT_EQ(task.take(), "x");
}

TEST_P(StreamRead, ShortReadsLeaveTheRest) {
  peer_.send("abcdefg");
  EXPECT_EQ(complete(readText(stream_, 3)), "abc");
  EXPECT_TRUE(stream_.maybeReadable());
  EXPECT_EQ(complete(readText(stream_, 3)), "def");
  EXPECT_EQ(complete(readText(stream_, 3)), "g");
  EXPECT_FALSE(stream_.maybeReadable());
}

TEST_P(StreamRead, ExactReadsDoNotLoseTheNextEdge) {
  for (const std::string_view text : {"four", "more", "last"}) {
    peer_.send(text);
    EXPECT_EQ(complete(readText(stream_, 4)), text);
  }
}

struct EndRow {
  const char* name;
  void (*happens)(test::Peer&);
  std::string_view before;  // what comes before the end
  const char* failure;
};

const EndRow kEnds[] = {
    {"orderly end", [](test::Peer& peer) { peer.finish(); }, "", "upstream closed"},
    {"closed", [](test::Peer& peer) { peer.close(); }, "", "upstream closed"},
    {"bytes before the end", [](test::Peer& peer) { peer.finish(); }, "bytes", "upstream closed"},
    {"reset", [](test::Peer& peer) { peer.reset(); }, "", "upstream reset"},
    {"silence", [](test::Peer&) {}, "", "upstream timeout"},
    {"bytes before silence", [](test::Peer&) {}, "bytes", "upstream timeout"},
};

TEST(StreamReadEnds, SayWhatHappenedAndWhose) {
  for (const bool waiting : {false, true}) {
    for (const EndRow& row : kEnds) {
      SCOPED_TRACE(std::string(row.name) +
                   (waiting ? ", while a read waits" : ", before the read"));
      Reactor reactor;
      test::SocketPair pair = test::tcpPair();
      test::Peer peer(std::move(pair.far));
      Stream stream(reactor, std::move(pair.near), Side::Upstream);
      if (!row.before.empty()) {
        peer.send(row.before);
        EXPECT_EQ(test::complete(reactor, readText(stream, 100)), row.before);
      }
      if (!waiting) row.happens(peer);
      Task<Result<std::string>> task = readText(stream, 100, reactor.now() + 30ms);
      task.start();
      if (waiting) {
        test::settle(reactor);
        row.happens(peer);
      }
      test::runUntil(reactor, [&] { return task.done(); });
      EXPECT_EQ(wordsOf(task.take()), row.failure);
    }
  }
}

TEST_P(StreamRead, AnEndStaysAnEnd) {
  peer_.send("x");
  peer_.finish();
  until([&] { return !stream_.quiet(); });
  test::settle(reactor_);
  EXPECT_EQ(complete(readText(stream_, 100)), "x");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(wordsOf(complete(readText(stream_, 100))), "upstream closed");
}

TEST_P(StreamRead, WaitReadableTakesNothing) {
  peer_.send("abc");
  EXPECT_EQ(complete(waitReadable(stream_, kNever)), size_t{0});
  EXPECT_EQ(complete(waitReadable(stream_, kNever)), size_t{0});
  EXPECT_EQ(complete(readText(stream_, 100)), "abc");
}

TEST_P(StreamRead, WaitReadableTimesOut) {
  EXPECT_EQ(wordsOf(complete(waitReadable(stream_, in(5ms)))), "upstream timeout");
}

// --- deadlines

TEST_P(StreamRead, TimesOutNeverEarly) {
  for (const Duration span : {Duration{1ms}, Duration{20ms}}) {
    const TimePoint begin = reactor_.now();
    EXPECT_EQ(wordsOf(complete(readText(stream_, 1, begin + span))), "upstream timeout");
    EXPECT_GE(reactor_.now() - begin, span);
  }
}

TEST_P(StreamRead, ATimeoutLeavesTheStreamAsItWas) {
  EXPECT_EQ(wordsOf(complete(readText(stream_, 100, in(2ms)))), "upstream timeout");
  peer_.send("later");
  EXPECT_EQ(complete(readText(stream_, 100)), "later");
}

TEST_P(StreamRead, TheDeadlineOfTheLastReadDoesNotHitTheNext) {
  Task<Result<std::string>> first = readText(stream_, 100, in(10ms));
  first.start();
  peer_.send("x");
  until([&] { return first.done(); });
  Task<Result<std::string>> second = readText(stream_, 100, kNever);
  second.start();
  const TimePoint later = in(30ms);
  until([&] { return reactor_.now() > later; });
  EXPECT_FALSE(second.done());
  peer_.send("y");
  until([&] { return second.done(); });
  EXPECT_EQ(second.take(), "y");
}

TEST_P(StreamRead, AnEarlierDeadlineAfterALaterOneHolds) {
  Task<Result<std::string>> first = readText(stream_, 100, in(1h));
  first.start();
  first.drop();
  EXPECT_EQ(wordsOf(complete(readText(stream_, 100, in(5ms)))), "upstream timeout");
}

TEST_P(StreamRead, BytesBeatADeadlineThatIsOver) {
  peer_.send("x");
  until([&] { return stream_.maybeReadable(); });
  EXPECT_EQ(complete(readText(stream_, 100, reactor_.now() - 1s)), "x");
}

// --- cancelling and interrupting

TEST_P(StreamRead, DroppingCancelsAndLosesNothing) {
  Task<Result<std::string>> dropped = readText(stream_, 100, in(5ms));
  dropped.start();
  test::settle(reactor_);
  dropped.drop();
  peer_.send("kept");
  EXPECT_EQ(complete(readText(stream_, 100)), "kept");
}

TEST_P(StreamRead, FailReadEndsAPendingRead) {
  Task<Result<std::string>> task = readText(stream_, 100);
  task.start();
  stream_.failRead(FailureKind::ClientGone);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(wordsOf(task.take()), "upstream client_gone");
  peer_.send("x");
  EXPECT_EQ(complete(readText(stream_, 100)), "x") << "the stream itself is not harmed";
}

TEST_P(StreamRead, FailReadWithoutAReadDoesNothing) {
  stream_.failRead(FailureKind::ClientGone);
  peer_.send("x");
  EXPECT_EQ(complete(readText(stream_, 100)), "x");
}

TEST_P(StreamRead, FailReadSoonWaitsForTheEndOfTheTurn) {
  Task<Result<std::string>> task = readText(stream_, 100);
  task.start();
  stream_.failReadSoon(FailureKind::Draining);
  EXPECT_FALSE(task.done());
  reactor_.turn(1h);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(wordsOf(task.take()), "upstream draining");
}

TEST_P(StreamRead, FailReadSoonIsForgottenWithTheStream) {
  test::SocketPair pair = test::tcpPair();
  auto stream = std::make_unique<Stream>(reactor_, std::move(pair.near), Side::Client, GetParam());
  stream->failReadSoon(FailureKind::Draining);
  stream.reset();
  test::settle(reactor_);
}

Task<void> readAndEnd(std::unique_ptr<Stream>& stream, TimePoint deadline) {
  char octet;
  const auto got = co_await stream->read({&octet, 1}, deadline);
  stream.reset();
  EXPECT_FALSE(got && *got != 1);
}

TEST_P(StreamRead, TheReaderMayDestroyTheStream) {
  for (const EndRow& row : kEnds) {
    SCOPED_TRACE(row.name);
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    auto stream =
        std::make_unique<Stream>(reactor_, std::move(pair.near), Side::Client, GetParam());
    Task<void> task = readAndEnd(stream, in(5ms));
    task.start();
    test::settle(reactor_);
    peer.sendSome(row.before);
    row.happens(peer);
    until([&] { return task.done(); });
    EXPECT_EQ(stream, nullptr);
  }
}

// --- idle connections

struct QuietRow {
  const char* name;
  void (*happens)(test::Peer&);
  bool quiet;
  bool broken;
};

TEST(StreamIdle, NoticesWhatStirs) {
  const QuietRow rows[] = {
      {"nothing", [](test::Peer&) {}, true, false},
      {"bytes nobody asked for", [](test::Peer& peer) { peer.send("x"); }, false, false},
      {"orderly end", [](test::Peer& peer) { peer.finish(); }, false, false},
      {"reset", [](test::Peer& peer) { peer.reset(); }, false, true},
  };
  for (const QuietRow& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    test::SocketPair pair = test::tcpPair();
    test::Peer peer(std::move(pair.far));
    Stream stream(reactor, std::move(pair.near), Side::Upstream);
    test::settle(reactor);
    Notice notice;
    stream.setAttendant(&notice);
    row.happens(peer);
    if (!row.quiet) {
      // The reactor has not seen it yet, the socket knows.
      EXPECT_TRUE(stream.quiet());
      test::runUntil(reactor, [&] { return !stream.provenQuiet(); });
      test::runUntil(reactor, [&] { return notice.stirs > 0; });
    }
    test::settle(reactor);
    EXPECT_EQ(stream.quiet(), row.quiet);
    EXPECT_EQ(stream.provenQuiet(), row.quiet);
    EXPECT_EQ(stream.broken(), row.broken);
    EXPECT_EQ(notice.broken, row.broken);
    stream.setAttendant(nullptr);
  }
}

TEST(StreamIdle, TheAttendantIsToldWhenItsTimeIsOver) {
  Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  Stream stream(reactor, std::move(pair.near), Side::Client);
  struct Patience final : Stream::Attendant {
    void onStir(Stream&) override { ++stirred; }
    void onIdleEnd(Stream&) override { ++ended; }
    int stirred = 0;
    int ended = 0;
  } patience;
  const TimePoint begun = reactor.now();
  stream.setAttendant(&patience, begun + 20ms);
  test::runUntil(reactor, [&] { return patience.ended > 0; });
  EXPECT_GE(reactor.now(), begun + 20ms);
  stream.setAttendant(&patience, reactor.now() + 1h);
  stream.setAttendant(&patience, reactor.now() + 10ms);
  test::runUntil(reactor, [&] { return patience.ended > 1; });
  EXPECT_EQ(patience.stirred, 0);
}

TEST(StreamIdle, TryingToReadNeverWaits) {
  Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  test::Peer peer(std::move(pair.far));
  Stream stream(reactor, std::move(pair.near), Side::Client);
  char room[16];
  EXPECT_EQ(stream.readNow(room), size_t{0});
  peer.send("abc");
  test::runUntil(reactor, [&] { return stream.maybeReadable(); });
  const auto got = stream.readNow(room);
  ASSERT_TRUE(got);
  EXPECT_EQ(std::string_view(room, *got), "abc");
  EXPECT_EQ(stream.readNow(room), size_t{0});
  peer.finish();
  test::runUntil(reactor, [&] { return stream.maybeReadable(); });
  const auto end = stream.readNow(room);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, FailureKind::Closed);
}

TEST(StreamIdle, TheAttendantMayDestroyTheStream) {
  Reactor reactor;
  test::SocketPair pair = test::tcpPair();
  test::Peer peer(std::move(pair.far));
  auto stream = std::make_unique<Stream>(reactor, std::move(pair.near), Side::Upstream);
  Notice notice;
  notice.owned = &stream;
  stream->setAttendant(&notice);
  peer.finish();
  test::runUntil(reactor, [&] { return notice.stirs > 0; });
  EXPECT_EQ(stream, nullptr);
}

struct GoneRow {
  const char* name;
  void (*happens)(test::Peer&);
  const char* failure;  // of the read on the other stream; nullptr: it goes on waiting
};

TEST(GoneWatch, EndsTheReadForAClientThatIsGone) {
  const GoneRow rows[] = {
      {"reset", [](test::Peer& peer) { peer.reset(); }, "upstream client_gone"},
      {"half-closed: it still wants its answer", [](test::Peer& peer) { peer.finish(); }, nullptr},
      {"pipelines", [](test::Peer& peer) { peer.send("GET"); }, nullptr},
  };
  for (const GoneRow& row : rows) {
    SCOPED_TRACE(row.name);
    Reactor reactor;
    test::SocketPair client_pair = test::tcpPair();
    test::SocketPair server_pair = test::tcpPair();
    test::Peer client_peer(std::move(client_pair.far));
    test::Peer server_peer(std::move(server_pair.far));
    Stream client(reactor, std::move(client_pair.near), Side::Client);
    Stream server(reactor, std::move(server_pair.near), Side::Upstream);
    std::optional<GoneWatch> watch;
    watch.emplace(client, server);
    Task<Result<std::string>> task = readText(server, 100);
    task.start();
    row.happens(client_peer);
    test::runUntil(reactor, [&] { return !client.quiet(); });
    if (row.failure) {
      ASSERT_TRUE(task.done());
      EXPECT_EQ(wordsOf(task.take()), row.failure);
      continue;
    }
    EXPECT_FALSE(task.done());
    server_peer.send("answer");
    test::runUntil(reactor, [&] { return task.done(); });
    EXPECT_EQ(task.take(), "answer");
  }
}

TEST(GoneWatch, WatchesOnlyWhileItLives) {
  Reactor reactor;
  test::SocketPair client_pair = test::tcpPair();
  test::SocketPair server_pair = test::tcpPair();
  test::Peer client_peer(std::move(client_pair.far));
  Stream client(reactor, std::move(client_pair.near), Side::Client);
  Stream server(reactor, std::move(server_pair.near), Side::Upstream);
  Task<Result<std::string>> task = readText(server, 100);
  task.start();
  {
    const GoneWatch watch(client, server);
  }
  client_peer.reset();
  test::runUntil(reactor, [&] { return client.broken(); });
  EXPECT_FALSE(task.done());
}

}  // namespace
}  // namespace fairlead::io
