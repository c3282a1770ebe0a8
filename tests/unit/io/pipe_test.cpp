// Pipes: how many are lent, which of them come back, and octets that go through them from stream to
// stream.
#include "io/pipe_pool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "stream_fixture.h"

namespace fairlead::io {
namespace {

TEST(PipePool, LendsSoManyAndKeepsWhatComesBack) {
  PipePool pool(2);
  Pipe one = pool.lend();
  Pipe two = pool.lend();
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(pool.lend());
  one.giveBack();
  EXPECT_FALSE(one);
  EXPECT_EQ(pool.lent(), 1u);
  EXPECT_EQ(pool.idle(), 1u);
  Pipe again = pool.lend();
  EXPECT_TRUE(again);
  EXPECT_EQ(pool.idle(), 0u);
}

TEST(PipePool, AMovedPipeComesBackOnce) {
  PipePool pool(2);
  {
    Pipe one = pool.lend();
    Pipe other = std::move(one);
    one = std::move(other);
  }
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_EQ(pool.idle(), 1u);
}

TEST(PipePool, GivesIdleDescriptorsBack) {
  PipePool pool(2);
  pool.lend();
  EXPECT_EQ(pool.idle(), 1u);
  pool.clear();
  EXPECT_EQ(pool.idle(), 0u);
}

TEST(PipePool, LendsNothingWhereTheKernelCannot) {
  PipePool pool(2);
  pool.giveUp();
  EXPECT_FALSE(pool.lend());
}

class StreamPipe : public StreamTest {
 protected:
  PipePool pool_{1};
  Pipe pipe_ = pool_.lend();
};
INSTANTIATE_TEST_SUITE_P(Streams, StreamPipe, kEachWatch, StreamTest::nameOfParameter);

Task<Result<size_t>> fill(Stream& stream, Pipe& pipe, size_t most, TimePoint deadline = kNever) {
  co_return co_await stream.read(pipe, most, deadline);
}
Task<Result<void>> drain(Stream& stream, Pipe& pipe, Duration idle) {
  co_return co_await stream.write(pipe, idle);
}

TEST_P(StreamPipe, TakesAtMostAsManyOctets) {
  peer_.send("abcdefg");
  EXPECT_EQ(complete(fill(stream_, pipe_, 3)), 3u);
  EXPECT_EQ(pipe_.octets(), 3u);
  EXPECT_EQ(complete(readText(stream_, 100)), "defg");
  EXPECT_TRUE(complete(drain(stream_, pipe_, 1s)));
  EXPECT_EQ(pipe_.octets(), 0u);
  EXPECT_EQ(peer_.await(reactor_, 3), "abc");
}

TEST_P(StreamPipe, WaitsForTheFirstOctet) {
  Task<Result<size_t>> task = fill(stream_, pipe_, 100);
  task.start();
  test::settle(reactor_);
  EXPECT_FALSE(task.done());
  peer_.send("x");
  until([&] { return task.done(); });
  EXPECT_EQ(task.take(), 1u);
}

// A pipe holds a number of fragments: that it took little does not mean that the socket is empty.
TEST_P(StreamPipe, LeavesNothingBehindWhenItIsFull) {
  const std::string content = patternOf(2 << 20);
  size_t sent = 0;
  std::string moved;
  while (moved.size() < content.size()) {
    sent += peer_.sendSome(std::string_view(content).substr(sent));
    ASSERT_TRUE(complete(fill(stream_, pipe_, content.size())));
    ASSERT_TRUE(complete(drain(stream_, pipe_, 1s)));
    moved = peer_.received();
  }
  EXPECT_TRUE(moved == content);
}

TEST_P(StreamPipe, SaysHowTheStreamEnded) {
  EXPECT_EQ(wordsOf(complete(fill(stream_, pipe_, 10, in(5ms)))), "upstream timeout");
  peer_.finish();
  EXPECT_EQ(wordsOf(complete(fill(stream_, pipe_, 10))), "upstream closed");
}

TEST_P(StreamPipe, AReceiverThatTakesNothingIsATimeoutAndThePipeIsClosed) {
  test::shrinkBuffers(stream_.fd());
  test::shrinkBuffers(peer_.fd());
  const std::string piece = patternOf(64 * 1024);
  Result<void> drained;
  while (drained) {
    peer_.sendSome(piece);
    ASSERT_TRUE(complete(fill(stream_, pipe_, piece.size())));
    drained = complete(drain(stream_, pipe_, 20ms));
  }
  EXPECT_EQ(wordsOf(drained), "upstream timeout");
  EXPECT_GT(pipe_.octets(), 0u);
  pipe_.giveBack();
  EXPECT_EQ(pool_.lent(), 0u);
  EXPECT_EQ(pool_.idle(), 0u);
}

test::SocketPair unixPair() {
  int ends[2];
  test::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
                "socketpair");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

class UnixStreamPipe : public StreamTest {
 protected:
  UnixStreamPipe() : StreamTest(unixPair()) {}
};
INSTANTIATE_TEST_SUITE_P(Streams, UnixStreamPipe, kEachWatch, StreamTest::nameOfParameter);

TEST_P(UnixStreamPipe, WorksBothWays) {
  const std::string content = patternOf(1 << 20);
  PipePool pool(1);
  Pipe pipe = pool.lend();
  size_t sent = 0;
  std::string moved;
  while (moved.size() < content.size()) {
    sent += peer_.sendSome(std::string_view(content).substr(sent));
    const Result<size_t> got = complete(fill(stream_, pipe, content.size()));
    ASSERT_TRUE(got && *got > 0);
    Task<Result<void>> drained = drain(stream_, pipe, 1s);
    drained.start();
    until([&] {
      moved = peer_.received();
      return drained.done();
    });
    ASSERT_TRUE(drained.take());
    moved = peer_.received();
  }
  EXPECT_TRUE(moved == content);
}

// What is no pipe stands for a kernel that cannot.
TEST_P(StreamPipe, SaysWhenTheKernelCannot) {
  PipePool pool(1);
  Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Descriptor more(::open("/dev/null", O_RDWR | O_CLOEXEC));
  {
    Pipe none(pool, std::move(nothing), std::move(more));
    peer_.send("hello");
    EXPECT_EQ(complete(fill(stream_, none, 10)), 0u);
    EXPECT_EQ(complete(readText(stream_, 100)), "hello");
  }
}

}  // namespace
}  // namespace fairlead::io
