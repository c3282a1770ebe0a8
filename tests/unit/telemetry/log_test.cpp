// Diagnostics: one line a message, levels, and a limit for sites that speak often.
#include "telemetry/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace fairlead {
namespace {

using testing::MatchesRegex;

// A pipe whose reading end is ours.
class LogTest : public testing::Test {
 protected:
  LogTest() { EXPECT_EQ(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  ~LogTest() override {
    for (const int end : ends_) ::close(end);
  }
  int writingEnd() const { return ends_[1]; }
  std::string said() const {
    std::array<char, 4096> bytes;
    const ssize_t count = ::read(ends_[0], bytes.data(), bytes.size());
    return {bytes.data(), count > 0 ? static_cast<size_t>(count) : 0};
  }

 private:
  std::array<int, 2> ends_{};
};

TEST_F(LogTest, LineHasTimeLevelAndMessage) {
  Log log(writingEnd());
  log.info("listening on {}", "127.0.0.1:8080");
  EXPECT_THAT(said(), MatchesRegex("[0-9]{4}-[0-9-]{5}T[0-9:.]{12}Z info  listening on "
                                   "127\\.0\\.0\\.1:8080\n"));
}

TEST_F(LogTest, QuietLevelsAreLeftOut) {
  Log log(writingEnd(), Log::Level::Warning);
  log.debug("a");
  log.info("b");
  EXPECT_EQ(said(), "");
  log.warning("c");
  EXPECT_THAT(said(), MatchesRegex(".* warn  c\n"));
  log.error("d");
  EXPECT_THAT(said(), MatchesRegex(".* error d\n"));
}

TEST_F(LogTest, MessageStaysOneLine) {
  Log log(writingEnd());
  log.info("{}", "a\nfake line\x1b[0m");
  EXPECT_THAT(said(), MatchesRegex(".* info  a\\\\x0afake line\\\\x1b\\[0m\n"));
}

TEST_F(LogTest, SiteSpeaksOnceASpanAndCountsTheRest) {
  Log log(writingEnd());
  Log::Site site;
  for (int i = 0; i < 3; ++i)
    log.every(site, std::chrono::hours(1), Log::Level::Info, "again {}", i);
  EXPECT_THAT(said(), MatchesRegex(".* info  again 0\n"));
  Log::Site other;
  for (int i = 0; i < 2; ++i) log.every(other, Duration(0), Log::Level::Info, "other {}", i);
  EXPECT_THAT(said(), MatchesRegex(".* info  other 0\n.* info  other 1\n"));
}

TEST_F(LogTest, WhatNobodyReadsIsDropped) {
  Log log(writingEnd());
  const std::string line(1000, 'x');
  while (log.dropped() == 0) log.info("{}", line);
  EXPECT_GT(log.dropped(), 0u);
}

}  // namespace
}  // namespace fairlead
