// Retry-After: seconds and the three forms of a date, strictly, and fairlead's own with jitter.
#include "upstream/retry_after.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace fairlead::upstream {
namespace {

using namespace std::chrono;

// Sun, 06 Nov 1994 08:49:07 GMT: 30 seconds before the date of the RFC's examples.
constexpr sys_seconds kNow = sys_days(1994y / November / 6) + 8h + 49min + 7s;

struct Row {
  const char* name;
  std::string_view value;
  std::optional<Duration> pause;
};

TEST(RetryAfter, IsReadByTheLetter) {
  const std::optional<Duration> none;
  const Row rows[] = {
      {"seconds", "120", 120s},
      {"no seconds", "0", 0s},
      {"leading zeros", "007", 7s},
      {"a day", "86400", 24h},
      {"longer than a day", "86401", 24h},
      {"more than 64 bits", "99999999999999999999999999", 24h},
      {"empty", "", none},
      {"negative", "-1", none},
      {"signed", "+1", none},
      {"a fraction", "1.5", none},
      {"a unit", "5s", none},
      {"a space after it", "5 ", none},
      {"a space before it", " 5", none},
      {"hexadecimal", "0x10", none},
      {"a list", "5, 6", none},
      {"a NUL", std::string_view("5\0", 2), none},
      {"a word", "soon", none},

      {"fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 30s},
      {"fixdate, now", "Sun, 06 Nov 1994 08:49:07 GMT", 0s},
      {"fixdate, past", "Sun, 06 Nov 1994 08:00:00 GMT", 0s},
      {"fixdate, long past", "Thu, 01 Jan 1970 00:00:00 GMT", 0s},
      {"fixdate, before the epoch", "Mon, 01 Jan 0001 00:00:00 GMT", 0s},
      {"fixdate, next day", "Mon, 07 Nov 1994 08:49:06 GMT", 24h - 1s},
      {"fixdate, far future", "Fri, 31 Dec 9999 23:59:59 GMT", 24h},
      {"fixdate, midnight", "Mon, 07 Nov 1994 00:00:00 GMT", 15h + 10min + 53s},
      {"fixdate, leap second", "Sun, 06 Nov 1994 08:49:60 GMT", 53s},
      {"fixdate, another weekday", "Mon, 06 Nov 1994 08:49:37 GMT", none},
      {"fixdate, no such weekday", "Son, 06 Nov 1994 08:49:37 GMT", none},
      {"fixdate, letter case", "sun, 06 nov 1994 08:49:37 gmt", none},
      {"fixdate, one digit", "Sun, 6 Nov 1994 08:49:37 GMT", none},
      {"fixdate, UTC", "Sun, 06 Nov 1994 08:49:37 UTC", none},
      {"fixdate, no zone", "Sun, 06 Nov 1994 08:49:37", none},
      {"fixdate, more", "Sun, 06 Nov 1994 08:49:37 GMT ", none},
      {"fixdate, hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", none},
      {"fixdate, minute 60", "Sun, 06 Nov 1994 08:60:00 GMT", none},
      {"fixdate, second 61", "Sun, 06 Nov 1994 08:49:61 GMT", none},
      {"fixdate, 31 November", "Thu, 31 Nov 1994 08:49:37 GMT", none},
      {"fixdate, day 0", "Sun, 00 Nov 1994 08:49:37 GMT", none},
      {"fixdate, 29 February of a common year", "Wed, 29 Feb 1995 08:49:37 GMT", none},
      {"fixdate, 29 February of a leap year", "Thu, 29 Feb 1996 08:49:37 GMT", 24h},
      {"fixdate, no such month", "Sun, 06 Nev 1994 08:49:37 GMT", none},
      {"fixdate, cut", "Sun, 06 Nov 19", none},

      {"rfc850", "Sunday, 06-Nov-94 08:49:37 GMT", 30s},
      {"rfc850, next year", "Friday, 06-Nov-95 08:49:37 GMT", none},  // a Monday
      {"rfc850, next year's Monday", "Monday, 06-Nov-95 08:49:37 GMT", 24h},
      {"rfc850, 50 years ahead", "Sunday, 06-Nov-44 08:49:37 GMT", none},  // 1944: a Monday
      {"rfc850, more than 50 years ahead", "Monday, 06-Nov-44 08:49:37 GMT", 0s},
      {"rfc850, short weekday", "Sun, 06-Nov-94 08:49:37 GMT", none},
      {"rfc850, long year", "Sunday, 06-Nov-1994 08:49:37 GMT", none},
      {"rfc850, spaces", "Sunday, 06 Nov 94 08:49:37 GMT", none},

      {"asctime", "Sun Nov  6 08:49:37 1994", 30s},
      {"asctime, two digits", "Sun Nov 06 08:49:37 1994", 30s},
      {"asctime, past", "Sun Nov  6 08:49:00 1994", 0s},
      {"asctime, one space", "Sun Nov 6 08:49:37 1994", none},
      {"asctime, a zone", "Sun Nov  6 08:49:37 1994 GMT", none},
      {"asctime, another weekday", "Sat Nov  6 08:49:37 1994", none},
      {"asctime, only spaces", "Sun Nov    08:49:37 1994", none},
      {"RFC 3339", "1994-11-06T08:49:37Z", none},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto pause = retryAfterOf(row.value, kNow);
    ASSERT_EQ(pause.has_value(), row.pause.has_value());
    if (pause) EXPECT_EQ(*pause, *row.pause);
  }
}

TEST(RetryAfter, CountsFromWithinASecond) {
  const auto pause = retryAfterOf("Sun, 06 Nov 1994 08:49:37 GMT", kNow + 250ms);
  EXPECT_EQ(pause, 29750ms);
}

struct JitterRow {
  const char* name;
  uint32_t base;
  uint32_t least;
  uint32_t most;
};

TEST(RetryAfter, IsSpreadForClients) {
  const JitterRow rows[] = {
      {"none", 0, 0, 1},
      {"one second", 1, 1, 3},
      {"five", 5, 5, 11},
  };
  for (const JitterRow& row : rows) {
    SCOPED_TRACE(row.name);
    Random random(11);
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    for (int i = 0; i < 1000; ++i) {
      const uint32_t drawn = jitteredRetryAfter(row.base, random);
      least = std::min(least, drawn);
      most = std::max(most, drawn);
    }
    EXPECT_EQ(least, row.least);
    EXPECT_EQ(most, row.most);
  }
  Random random(11);
  for (int i = 0; i < 100; ++i)
    EXPECT_GE(jitteredRetryAfter(UINT32_MAX - 1, random), UINT32_MAX - 1);
}

}  // namespace
}  // namespace fairlead::upstream
