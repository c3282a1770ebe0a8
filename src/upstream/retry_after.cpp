// Delay seconds and the three date forms: IMF-fixdate, RFC 850 and asctime.
#include "upstream/retry_after.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/ascii.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int64_t kLongestSeconds = duration_cast<seconds>(kLongestRetryAfter).count();

// Takes a text apart from its beginning; one thing that does not fit spoils the whole.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return fail();
    rest_.remove_prefix(expected.size());
    return true;
  }

  // Exactly `width` digits, the first of which may be a space when `padded`.
  unsigned number(size_t width, bool padded = false) {
    unsigned value = 0;
    for (size_t i = 0; i < width; ++i) {
      if (rest_.empty()) return fail();
      const char c = rest_.front();
      const bool is_pad = padded && i == 0 && c == ' ';
      if (!is_pad && !ascii::isDigit(c)) return fail();
      value = value * 10 + (is_pad ? 0 : static_cast<unsigned>(c - '0'));
      rest_.remove_prefix(1);
    }
    return value;
  }

  // The place in `words` of the one that comes next, of which `letters` are written (0: all).
  template <size_t N>
  unsigned word(const std::array<std::string_view, N>& words, size_t letters) {
    for (unsigned i = 0; i < N; ++i) {
      const std::string_view written = letters == 0 ? words[i] : words[i].substr(0, letters);
      if (!rest_.starts_with(written)) continue;
      rest_.remove_prefix(written.size());
      return i;
    }
    return fail();
  }

  seconds timeOfDay() {
    const unsigned hour = number(2);
    skip(":");
    const unsigned minute = number(2);
    skip(":");
    const unsigned second = number(2);  // 60: a leap second
    if (hour > 23 || minute > 59 || second > 60) fail();
    return hours(hour) + minutes(minute) + seconds(second);
  }

  bool complete() const { return good_ && rest_.empty(); }

 private:
  bool fail() {
    good_ = false;
    return false;
  }

  std::string_view rest_;
  bool good_ = true;
};

struct WrittenDate {
  unsigned weekday = 0;
  year_month_day day{};
  seconds time{};
};

year_month_day dayOf(unsigned of_year, unsigned of_month, unsigned of_day) {
  return year(static_cast<int>(of_year)) / month(of_month + 1) / day(of_day);
}

// Sun, 06 Nov 1994 08:49:37 GMT
WrittenDate readFixdate(DateReader& reader) {
  WrittenDate date;
  date.weekday = reader.word(kDays, 3);
  reader.skip(", ");
  const unsigned of_month = reader.number(2);
  reader.skip(" ");
  const unsigned named = reader.word(kMonths, 3);
  reader.skip(" ");
  date.day = dayOf(reader.number(4), named, of_month);
  reader.skip(" ");
  date.time = reader.timeOfDay();
  reader.skip(" GMT");
  return date;
}

// Two digits that seem to be more than 50 years ahead mean the last year with the same digits.
unsigned fullYear(unsigned digits, year this_year) {
  const auto now = static_cast<unsigned>(static_cast<int>(this_year));
  const unsigned guess = now - now % 100 + digits;
  return guess > now + 50 ? guess - 100 : guess;
}

// Sunday, 06-Nov-94 08:49:37 GMT
WrittenDate readRfc850(DateReader& reader, year this_year) {
  WrittenDate date;
  date.weekday = reader.word(kDays, 0);
  reader.skip(", ");
  const unsigned of_month = reader.number(2);
  reader.skip("-");
  const unsigned named = reader.word(kMonths, 3);
  reader.skip("-");
  date.day = dayOf(fullYear(reader.number(2), this_year), named, of_month);
  reader.skip(" ");
  date.time = reader.timeOfDay();
  reader.skip(" GMT");
  return date;
}

// Sun Nov  6 08:49:37 1994
WrittenDate readAsctime(DateReader& reader) {
  WrittenDate date;
  date.weekday = reader.word(kDays, 3);
  reader.skip(" ");
  const unsigned named = reader.word(kMonths, 3);
  reader.skip(" ");
  const unsigned of_month = reader.number(2, true);
  reader.skip(" ");
  date.time = reader.timeOfDay();
  reader.skip(" ");
  date.day = dayOf(reader.number(4), named, of_month);
  return date;
}

std::optional<sys_seconds> readDate(std::string_view text, year this_year) {
  DateReader reader(text);
  const size_t comma = text.find(',');
  const WrittenDate date = comma == std::string_view::npos ? readAsctime(reader)
                           : comma == 3                    ? readFixdate(reader)
                                                           : readRfc850(reader, this_year);
  if (!reader.complete() || !date.day.ok()) return std::nullopt;
  const sys_days day(date.day);
  if (weekday(day).c_encoding() != date.weekday) return std::nullopt;
  return day + date.time;
}

std::optional<int64_t> readSeconds(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) {
    if (!ascii::isDigit(c)) return std::nullopt;
    value = std::min(value * 10 + (c - '0'), kLongestSeconds);
  }
  return value;
}

}  // namespace

std::optional<Duration> retryAfterOf(std::string_view value, system_clock::time_point now) {
  if (value.empty()) return std::nullopt;
  if (ascii::isDigit(value.front())) {
    const auto given = readSeconds(value);
    return given ? std::optional<Duration>(seconds(*given)) : std::nullopt;
  }
  const year this_year = year_month_day(floor<days>(now)).year();
  const auto date = readDate(value, this_year);
  if (!date) return std::nullopt;
  // In seconds until it is known to be short: the far end of the calendar has no nanoseconds.
  const sys_seconds now_seconds = floor<seconds>(now);
  if (*date <= now_seconds) return Duration::zero();
  if (*date - now_seconds > seconds(kLongestSeconds)) return kLongestRetryAfter;
  return *date - now;
}

uint32_t jitteredRetryAfter(uint32_t base_seconds, Random& random) {
  const uint64_t drawn = base_seconds + random.below(uint64_t{base_seconds} + 2);
  return static_cast<uint32_t>(std::min<uint64_t>(drawn, std::numeric_limits<uint32_t>::max()));
}

}  // namespace fairlead::upstream
