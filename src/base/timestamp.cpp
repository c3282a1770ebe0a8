// Calendar arithmetic of <chrono>, digits by hand: no locale, no allocation.
#include "base/timestamp.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace fairlead {
namespace {

void putDigits(char* at, int width, unsigned value) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

// Decimal digits, and nothing else.
std::optional<unsigned> digitsOf(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (!ascii::isDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace

void formatTimestamp(std::chrono::microseconds since_epoch, char* out) {
  using namespace std::chrono;
  static constexpr microseconds kFirst = sys_days(year(0) / January / 1).time_since_epoch();
  static constexpr microseconds kLast =
      sys_days(year(10000) / January / 1).time_since_epoch() - microseconds(1);
  const sys_time<microseconds> time(std::clamp(since_epoch, kFirst, kLast));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  putDigits(out, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  putDigits(out + 5, 2, static_cast<unsigned>(date.month()));
  putDigits(out + 8, 2, static_cast<unsigned>(date.day()));
  putDigits(out + 11, 2, static_cast<unsigned>(clock.hours().count()));
  putDigits(out + 14, 2, static_cast<unsigned>(clock.minutes().count()));
  putDigits(out + 17, 2, static_cast<unsigned>(clock.seconds().count()));
  putDigits(out + 20, 3, static_cast<unsigned>(clock.subseconds().count()));
  out[4] = out[7] = '-';
  out[10] = 'T';
  out[13] = out[16] = ':';
  out[19] = '.';
  out[23] = 'Z';
}

std::string timestampText(std::chrono::microseconds since_epoch) {
  char text[kTimestampText];
  formatTimestamp(since_epoch, text);
  return {text, sizeof text};
}

std::optional<std::chrono::microseconds> parseTimestamp(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  if (text.size() != kShape.size()) return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] != '0' && kShape[i] != text[i]) return std::nullopt;
  const auto field = [&](size_t at, size_t width) { return digitsOf(text.substr(at, width)); };
  const auto y = field(0, 4), m = field(5, 2), d = field(8, 2);
  const auto h = field(11, 2), min = field(14, 2), s = field(17, 2), ms = field(20, 3);
  if (!y || !m || !d || !h || !min || !s || !ms) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*y)), month(*m), day(*d));
  if (!date.ok() || *h > 23 || *min > 59 || *s > 59) return std::nullopt;
  return sys_days(date).time_since_epoch() + hours(*h) + minutes(*min) + seconds(*s) +
         milliseconds(*ms);
}

void formatHttpDate(std::chrono::seconds since_epoch, char* out) {
  using namespace std::chrono;
  static constexpr char kDays[] = "SunMonTueWedThuFriSat";
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  static constexpr seconds kFirst = sys_days(year(0) / January / 1).time_since_epoch();
  static constexpr seconds kLast =
      sys_days(year(10000) / January / 1).time_since_epoch() - seconds(1);
  const sys_seconds time(std::clamp(since_epoch, kFirst, kLast));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::memcpy(out, "___, __ ___ ____ __:__:__ GMT", kHttpDateText);
  std::memcpy(out, kDays + 3 * weekday(day).c_encoding(), 3);
  putDigits(out + 5, 2, static_cast<unsigned>(date.day()));
  std::memcpy(out + 8, kMonths + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  putDigits(out + 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  putDigits(out + 17, 2, static_cast<unsigned>(clock.hours().count()));
  putDigits(out + 20, 2, static_cast<unsigned>(clock.minutes().count()));
  putDigits(out + 23, 2, static_cast<unsigned>(clock.seconds().count()));
}

}  // namespace fairlead
