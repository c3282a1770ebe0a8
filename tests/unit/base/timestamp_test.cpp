// Wall-clock times as RFC 3339 text.
#include "base/timestamp.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead {
namespace {

struct Row {
  std::string_view name;
  int64_t count;  // microseconds, or seconds of an HttpDate
  std::string_view expected;
};

class Timestamp : public testing::TestWithParam<Row> {};

TEST_P(Timestamp, IsUtcWithMilliseconds) {
  char text[kTimestampText];
  formatTimestamp(std::chrono::microseconds(GetParam().count), text);
  EXPECT_EQ(std::string_view(text, sizeof text), GetParam().expected);
}

constexpr Row kRows[] = {
    {"epoch", 0, "1970-01-01T00:00:00.000Z"},
    {"milliseconds_are_cut", 1'999, "1970-01-01T00:00:00.001Z"},
    {"leap_day", 1'709'210'096'789'000, "2024-02-29T12:34:56.789Z"},
    {"end_of_a_year", 1'767'225'599'999'999, "2025-12-31T23:59:59.999Z"},
    {"before_the_epoch", -1, "1969-12-31T23:59:59.999Z"},
    {"far_past", INT64_MIN, "0000-01-01T00:00:00.000Z"},
    {"far_future", INT64_MAX, "9999-12-31T23:59:59.999Z"},
};

INSTANTIATE_TEST_SUITE_P(Table, Timestamp, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(TimestampText, IsReadBack) {
  for (const int64_t milliseconds :
       {int64_t{0}, int64_t{1'709'210'096'789}, int64_t{1'767'225'599'999}, int64_t{-1}}) {
    const std::chrono::microseconds time = std::chrono::milliseconds(milliseconds);
    EXPECT_EQ(parseTimestamp(timestampText(time)), time) << timestampText(time);
  }
}

TEST(TimestampText, IsNothingElse) {
  for (const std::string_view text :
       {"", "2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678",
        "2026-02-30T03:04:05.678Z", "2026-13-02T03:04:05.678Z", "2026-01-02T24:04:05.678Z",
        "2026-01-02T03:60:05.678Z", "2026-01-02 03:04:05.678Z", "2026-01-02T03:04:05.6 8Z",
        "-026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z "})
    EXPECT_FALSE(parseTimestamp(text)) << text;
}

TEST(HttpDate, IsAsFieldsHaveIt) {
  constexpr Row rows[] = {
      {"of RFC 9110", 784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"epoch", 0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {"leap day", 1'709'210'096, "Thu, 29 Feb 2024 12:34:56 GMT"},
      {"end of a year", 1'767'225'599, "Wed, 31 Dec 2025 23:59:59 GMT"},
      {"before the epoch", -1, "Wed, 31 Dec 1969 23:59:59 GMT"},
      {"far past", INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
      {"far future", INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
  };
  for (const Row& row : rows) {
    char text[kHttpDateText];
    formatHttpDate(std::chrono::seconds(row.count), text);
    EXPECT_EQ(std::string_view(text, sizeof text), row.expected) << row.name;
  }
}

}  // namespace
}  // namespace fairlead
