// What the kernel counts of a thread.
#include "io/thread_time.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  std::string_view text;
  std::optional<ThreadTime> expected;
};

TEST(ThreadTime, IsReadFromWhatTheKernelWrites) {
  const Row rows[] = {
      {"as it is written", "1256236 72879 2\n", ThreadTime{1256236ns, 72879ns}},
      {"a thread that never waited", "5 0 1\n", ThreadTime{5ns, 0ns}},
      {"without the third number", "7 8", ThreadTime{7ns, 8ns}},
      {"nothing", "", std::nullopt},
      {"one number", "12\n", std::nullopt},
      {"words", "sched off\n", std::nullopt},
      {"below zero", "-1 2 3\n", std::nullopt},
      {"more than 64 bits", "99999999999999999999 2 3\n", std::nullopt},
  };
  for (const Row& row : rows) {
    const auto time = parseThreadTime(row.text);
    ASSERT_EQ(time.has_value(), row.expected.has_value()) << row.name;
    if (!time) continue;
    EXPECT_EQ(time->ran, row.expected->ran) << row.name;
    EXPECT_EQ(time->waited, row.expected->waited) << row.name;
  }
}

TEST(ThreadTime, GrowsWhileAThreadRuns) {
  const auto before = threadTimeOf(::gettid());
  if (!before) GTEST_SKIP() << "this kernel does not count";
  const auto until = std::chrono::steady_clock::now() + 20ms;
  while (std::chrono::steady_clock::now() < until) {
  }
  const auto after = threadTimeOf(::gettid());
  ASSERT_TRUE(after);
  EXPECT_GT(after->ran + after->waited, before->ran + before->waited);
}

TEST(ThreadTime, IsNothingForAThreadThatHasEnded) {
  pid_t number = 0;
  std::thread([&number] { number = ::gettid(); }).join();
  EXPECT_FALSE(threadTimeOf(number));
}

}  // namespace
}  // namespace fairlead::io
