// When a stream is registered with the reactor, and what happens where it cannot be.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "stream_fixture.h"

namespace fairlead::io {
namespace {

// Is this descriptor registered with any epoll of this process? The kernel tells.
bool isWatched(int fd) {
  namespace fs = std::filesystem;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (fs::read_symlink(entry.path(), gone) != "anon_inode:[eventpoll]") continue;
    std::ifstream facts("/proc/self/fdinfo/" + entry.path().filename().string());
    for (std::string word; facts >> word;)
      if (int watched = -1; word == "tfd:" && facts >> watched && watched == fd) return true;
  }
  return false;
}

class StreamWatch : public testing::Test {
 protected:
  StreamWatch() : StreamWatch(test::tcpPair()) {}
  explicit StreamWatch(test::SocketPair pair)
      : peer_(std::move(pair.far)), near_(std::move(pair.near)) {}

  std::unique_ptr<Stream> streamOf(Stream::Watch watch) {
    return std::make_unique<Stream>(reactor_, std::move(near_), Side::Client, watch);
  }

  Reactor reactor_;
  test::Peer peer_;
  Descriptor near_;
};

TEST_F(StreamWatch, AtOnceUnlessSaidOtherwise) {
  const auto stream = streamOf(Stream::Watch::Now);
  EXPECT_TRUE(isWatched(stream->fd()));
}

TEST_F(StreamWatch, WhatIsOverBeforeItWaitsNeedsNone) {
  peer_.send("question");
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  EXPECT_EQ(test::complete(reactor_, readText(*stream, 100)), "question");
  EXPECT_EQ(wordsOf(test::complete(reactor_, writeText(*stream, "answer", 1s))), "ok");
  EXPECT_TRUE(peer_.await(reactor_, 6) == "answer");
  EXPECT_FALSE(isWatched(stream->fd()));
}

TEST_F(StreamWatch, WhenAReadWaits) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  Task<Result<std::string>> task = readText(*stream, 100);
  task.start();
  EXPECT_TRUE(isWatched(stream->fd()));
  peer_.send("late");
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_EQ(task.take(), "late");
}

TEST_F(StreamWatch, WhenAWriteWaits) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  const std::string text = patternOf(16 << 20);
  Task<Result<void>> task = writeText(*stream, text, 10s);
  task.start();
  EXPECT_FALSE(task.done());
  EXPECT_TRUE(isWatched(stream->fd()));
  EXPECT_TRUE(peer_.await(reactor_, text.size()) == text);
  test::runUntil(reactor_, [&] { return task.done(); });
  EXPECT_EQ(wordsOf(task.take()), "ok");
}

TEST_F(StreamWatch, SoonInAnyCase) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  const TimePoint begun = reactor_.now();
  test::runUntil(reactor_, [&] { return isWatched(stream->fd()); });
  EXPECT_GE(reactor_.now() - begun, Stream::kLatestWatch);
}

TEST_F(StreamWatch, AtOnceForWhomItMatters) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  EXPECT_TRUE(stream->ensureWatched());
  EXPECT_TRUE(isWatched(stream->fd()));
  EXPECT_TRUE(stream->ensureWatched()) << "twice is once";
}

TEST_F(StreamWatch, TheAttendantLearnsWhatHappenedBefore) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  Notice notice;
  stream->setAttendant(&notice);
  peer_.reset();
  test::runUntil(reactor_, [&] { return notice.stirs > 0; });
  EXPECT_TRUE(notice.broken);
  stream->setAttendant(nullptr);
}

// --- where it cannot be registered: epoll refuses regular files.

class StreamUnwatchable : public StreamWatch {
 protected:
  StreamUnwatchable()
      : StreamWatch({Descriptor(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)),
                     std::move(test::tcpPair().far)}) {}
};

TEST_F(StreamUnwatchable, IsNotTakenThatIsToBeRegisteredAtOnce) {
  EXPECT_FALSE(streamOf(Stream::Watch::Now)->ok());
}

TEST_F(StreamUnwatchable, CanBeTold) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  EXPECT_TRUE(stream->ok());
  EXPECT_FALSE(stream->ensureWatched());
}

TEST_F(StreamUnwatchable, NobodyWaitsInVain) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  const auto waitWritable = [](Stream& it) -> Task<Result<void>> {
    co_return co_await it.waitConnected(kNever);
  };
  Task<Result<void>> writing = waitWritable(*stream);
  writing.start();
  ASSERT_TRUE(writing.done());
  EXPECT_EQ(wordsOf(writing.take()), "client internal");
}

TEST_F(StreamUnwatchable, TheAttendantIsToldThatItIsBroken) {
  const auto stream = streamOf(Stream::Watch::WhenNeeded);
  Notice notice;
  stream->setAttendant(&notice);
  test::runUntil(reactor_, [&] { return notice.stirs > 0; });
  EXPECT_TRUE(notice.broken);
  stream->setAttendant(nullptr);
}

TEST_F(StreamUnwatchable, MayBeDestroyedByWhomItTells) {
  auto stream = streamOf(Stream::Watch::WhenNeeded);
  Notice notice;
  notice.owned = &stream;
  stream->setAttendant(&notice);
  test::runUntil(reactor_, [&] { return !stream; });
}

}  // namespace
}  // namespace fairlead::io
