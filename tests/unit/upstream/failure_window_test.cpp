// The moving window: what is in it when, at its edges, and under many threads.
#include "upstream/failure_window.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration since) { return TimePoint(since); }

std::string text(FailureWindow::Count count) {
  return std::to_string(count.failed) + "/" + std::to_string(count.all);
}

struct Result {
  Duration at;
  bool failed;
};

struct CountRow {
  const char* name;
  std::vector<Result> results;
  Duration looked_at;
  const char* expected;  // failed/all
};

TEST(FailureWindow, ForgetsATenthAtATime) {
  constexpr Duration kDays = 100h;
  const CountRow rows[] = {
      {"nothing", {}, 5s, "0/0"},
      {"at the clock's beginning", {{0s, true}, {0s, false}}, 0s, "1/2"},
      {"just counted", {{100s, true}, {100s, false}, {100s, false}}, 100s, "1/3"},
      {"over several tenths", {{100s, true}, {103s, false}, {109s, true}}, 109s, "2/3"},
      {"nine tenths later", {{100s, true}}, 109999ms, "1/1"},
      {"ten tenths later", {{100s, true}}, 110s, "0/0"},
      {"the end of a tenth lives nine more", {{100999ms, true}}, 109999ms, "1/1"},
      {"the oldest tenth goes alone", {{100s, true}, {101s, false}, {105s, true}}, 110s, "1/2"},
      {"its place is used again", {{100s, true}, {100s, true}, {110s, false}}, 110s, "0/1"},
      {"much later", {{100s, true}, {kDays, false}}, kDays, "0/1"},
      {"a clock that is behind", {{100s, true}, {99s, true}}, 100s, "2/2"},
      {"a clock that is a round behind", {{100s, true}, {90s, true}}, 100s, "2/2"},
  };
  for (const CountRow& row : rows) {
    SCOPED_TRACE(row.name);
    FailureWindow window;
    for (const Result& result : row.results) window.add(result.failed, at(result.at), 10s);
    EXPECT_EQ(text(window.count(at(row.looked_at), 10s)), row.expected);
  }
}

TEST(FailureWindow, MayChangeItsLength) {
  const Duration lengths[] = {10s, 1min, 100ms, 1h, 10s};
  FailureWindow window;
  for (const Duration length : lengths) {
    SCOPED_TRACE(length.count());
    window.clear();
    for (int i = 0; i < 50; ++i) window.add(i % 2 == 0, at(1000h), length);
    EXPECT_EQ(text(window.count(at(1000h), length)), "25/50");
  }
  window.add(true, at(1000h), 1min);  // without clear(): what is left of the other length goes
  EXPECT_GE(window.count(at(1000h), 1min).all, 1u);
}

TEST(FailureWindow, ASurvivingResultOfAnotherLengthDoesNotBlock) {
  FailureWindow window;
  for (int i = 0; i < 10; ++i) window.add(true, at(500s + i * 1s), 10s);
  for (int i = 0; i < 60; ++i) window.add(false, at(510s + i * 1s), 1min);
  const FailureWindow::Count count = window.count(at(569s), 1min);
  EXPECT_GE(count.all, 54u);
  EXPECT_EQ(count.failed, 0u);
}

struct ExceedRow {
  const char* name;
  FailureWindow::Count count;
  double share;
  uint32_t min_requests;
  bool exceeds;
};

TEST(FailureWindow, ExceedsMoreThanAShareOfEnough) {
  const ExceedRow rows[] = {
      {"nothing", {0, 0}, 0.5, 0, false},
      {"half is not more than half", {10, 20}, 0.5, 20, false},
      {"more than half", {11, 20}, 0.5, 20, true},
      {"of too few", {19, 19}, 0.5, 20, false},
      {"off", {20, 20}, 0, 20, false},
      {"all is never exceeded", {20, 20}, 1, 20, false},
      {"a small share", {1, 20}, 0.01, 20, true},
      {"none failed", {0, 20}, 0.01, 20, false},
      {"no least number", {1, 1}, 0.5, 0, true},
  };
  for (const ExceedRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(row.count.exceeds(row.share, row.min_requests), row.exceeds);
  }
}

TEST(FailureWindow, SaysWhatItCounted) {
  EXPECT_EQ(describe({25, 40}, 10s), "62 % of 40 requests failed in 10s");
  EXPECT_EQ(describe({1, 1}, 1min), "100 % of 1 request failed in 1m");
  EXPECT_EQ(describe({0, 0}, 10s), "0 % of 0 requests failed in 10s");
  EXPECT_EQ(text(unpackCount(pack({123456, 7654321}))), "123456/7654321");
}

TEST(FailureWindow, FullBucketsKeepTheShare) {
  constexpr uint32_t kMany = 17'000'000;  // more than 24 bits hold
  FailureWindow window;
  for (uint32_t i = 0; i < kMany; ++i) window.add(i % 4 == 0, at(100s), 10s);
  const FailureWindow::Count count = window.count(at(100s), 10s);
  EXPECT_LT(count.all, kMany);
  EXPECT_NEAR(static_cast<double>(count.failed) / count.all, 0.25, 0.001);
}

TEST(FailureWindow, CountsWhatAllThreadsSay) {
  constexpr int kThreads = 4;
  constexpr int kEach = 20000;
  FailureWindow window;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&window] {
      for (int i = 0; i < kEach; ++i) window.add(i % 2 == 0, at(100s + i * 100us), 10s);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(text(window.count(at(102s), 10s)), "40000/80000");
}

}  // namespace
}  // namespace fairlead::upstream
