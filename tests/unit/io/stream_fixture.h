// A stream over loopback with its far end in the test's hand, and operations as tasks.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "io/stream.h"
#include "support/drive.h"
#include "support/sockets.h"
#include "task/task.h"

namespace fairlead::io {

using namespace std::chrono_literals;

inline Task<Result<size_t>> readInto(Stream& stream, std::span<char> into, TimePoint deadline) {
  co_return co_await stream.read(into, deadline);
}
inline Task<Result<std::string>> readText(Stream& stream, size_t most,
                                          TimePoint deadline = kNever) {
  std::string text(most, '\0');
  const Result<size_t> got = co_await stream.read(text, deadline);
  if (!got) co_return std::unexpected(got.error());
  text.resize(*got);
  co_return text;
}
inline Task<Result<size_t>> waitReadable(Stream& stream, TimePoint deadline) {
  co_return co_await stream.waitReadable(deadline);
}
inline Task<Result<void>> writeText(Stream& stream, std::string_view text, Duration idle,
                                    TimePoint limit = kNever) {
  co_return co_await stream.write(text, idle, limit);
}

// What it was told of a stream, which it destroys then if it is to.
struct Notice final : Stream::Attendant {
  void onStir(Stream& stream) override {
    ++stirs;
    broken = stream.broken();
    if (owned) owned->reset();
  }
  int stirs = 0;
  bool broken = false;
  std::unique_ptr<Stream>* owned = nullptr;
};

inline const auto kEachWatch = testing::Values(Stream::Watch::Now, Stream::Watch::WhenNeeded);

// "ok", or the failure's words: "upstream reset".
template <typename T>
std::string wordsOf(const Result<T>& result) {
  if (result) return "ok";
  return std::string(nameOf(result.error().side)) + " " + std::string(nameOf(result.error().kind));
}

// Once with a stream that is registered from the beginning, and once with one that is when it has
// to be.
class StreamTest : public testing::TestWithParam<Stream::Watch> {
 public:
  static std::string nameOfParameter(const testing::TestParamInfo<Stream::Watch>& info) {
    return info.param == Stream::Watch::Now ? "Watched" : "WatchedWhenNeeded";
  }

 protected:
  StreamTest() : StreamTest(test::tcpPair()) {}
  explicit StreamTest(test::SocketPair pair)
      : peer_(std::move(pair.far)),
        stream_(reactor_, std::move(pair.near), Side::Upstream, GetParam()) {}

  TimePoint in(Duration span) const { return reactor_.now() + span; }
  template <typename T>
  T complete(Task<T> task) {
    return test::complete(reactor_, std::move(task));
  }
  template <typename Done>
  void until(Done done) {
    test::runUntil(reactor_, done);
  }

  Reactor reactor_;
  test::Peer peer_;
  Stream stream_;
};

// Bytes that tell where they belong.
inline std::string patternOf(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 251) % 26);
  return text;
}

}  // namespace fairlead::io
