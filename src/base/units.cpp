// The texts of quantities, taken apart into number and unit and put together again.
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/ascii.h"

namespace fairlead::units {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 4> kTimes{
    {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}}};
constexpr std::array<Unit, 4> kSizes{
    {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

// A decimal number and what follows it. The number has at most 15 digits before its point.
struct Quantity {
  std::string_view digits;
  double number = 0;
  std::string_view unit;
};

size_t digitsAt(std::string_view text, size_t at) {
  const size_t start = at;
  while (at < text.size() && ascii::isDigit(text[at])) ++at;
  return at - start;
}

std::optional<Quantity> split(std::string_view text) {
  const size_t whole = digitsAt(text, 0);
  if (whole == 0 || whole > 15 || (whole > 1 && text[0] == '0')) return std::nullopt;
  size_t length = whole;
  if (length < text.size() && text[length] == '.') {
    const size_t fraction = digitsAt(text, length + 1);
    if (fraction == 0 || fraction > 9) return std::nullopt;
    length += 1 + fraction;
  }
  Quantity result{text.substr(0, length), 0, ascii::trim(text.substr(length))};
  std::from_chars(text.data(), text.data() + length, result.number);
  if (result.unit.size() + length != text.size()) return std::nullopt;  // "2 s"
  return result;
}

template <size_t N>
const Unit* findUnit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

Fault fault(std::string message, std::string meant = {}) {
  return Fault{std::move(message), std::move(meant)};
}

// The unit that people write when they mean one of ours; "" for a bare number takes `bare`.
std::string meantTime(const Quantity& given) {
  const std::string unit = ascii::lowered(given.unit);
  const auto says = [&](std::string_view ours) { return fmt::format("{}{}", given.digits, ours); };
  if (unit.empty() || unit == "sec" || unit == "secs" || unit == "seconds" || unit == "s")
    return says("s");
  if (unit == "min" || unit == "mins" || unit == "minutes" || unit == "m") return says("m");
  if (unit == "hr" || unit == "hours" || unit == "hour" || unit == "h") return says("h");
  if (unit == "msec" || unit == "millis" || unit == "ms") return says("ms");
  if (unit == "d" && given.number < 365) return fmt::format("{}h", given.number * 24);
  return {};
}

std::string meantSize(const Quantity& given) {
  const char first = given.unit.empty() ? 'b' : ascii::lower(given.unit[0]);
  const std::string_view ours = first == 'k'   ? "KiB"
                                : first == 'm' ? "MiB"
                                : first == 'g' ? "GiB"
                                : first == 'b' ? "B"
                                               : "";
  return ours.empty() ? std::string() : fmt::format("{}{}", given.digits, ours);
}

}  // namespace

Parsed<Duration> parseDuration(std::string_view text) {
  const auto given = split(text);
  if (!given) return std::unexpected(fault(fmt::format("`{}` is not a duration", text)));
  const Unit* unit = findUnit(kTimes, given->unit);
  if (unit == nullptr) {
    return std::unexpected(fault(given->unit.empty()
                                     ? fmt::format("the duration `{}` has no unit", text)
                                     : fmt::format("`{}` is not a unit of time", given->unit),
                                 meantTime(*given)));
  }
  const double nanoseconds = given->number * static_cast<double>(unit->factor);
  if (nanoseconds > static_cast<double>(kLongest.count()))
    return std::unexpected(fault(fmt::format("the duration `{}` is longer than a year", text)));
  return Duration(std::llround(nanoseconds));
}

Parsed<uint64_t> parseSize(std::string_view text) {
  const auto given = split(text);
  if (!given) return std::unexpected(fault(fmt::format("`{}` is not a size", text)));
  const Unit* unit = findUnit(kSizes, given->unit);
  if (unit == nullptr) {
    return std::unexpected(fault(given->unit.empty()
                                     ? fmt::format("the size `{}` has no unit", text)
                                     : fmt::format("`{}` is not a unit of size", given->unit),
                                 meantSize(*given)));
  }
  const double bytes = given->number * static_cast<double>(unit->factor);
  if (bytes > 1e15) return std::unexpected(fault(fmt::format("the size `{}` is too large", text)));
  return static_cast<uint64_t>(std::llround(bytes));
}

Parsed<double> parsePercent(std::string_view text) {
  const auto given = split(text);
  if (!given) return std::unexpected(fault(fmt::format("`{}` is not a percentage", text)));
  if (given->unit != "%") {
    const bool is_share = given->number > 0 && given->number <= 1 && given->digits != "1";
    const double meant = is_share ? given->number * 100 : given->number;
    return std::unexpected(fault(fmt::format("`{}` has no percent sign", text),
                                 given->unit.empty() ? fmt::format("{}%", meant) : std::string()));
  }
  if (given->number > 100)
    return std::unexpected(fault(fmt::format("`{}` is more than 100%", text)));
  return given->number / 100;
}

Parsed<double> parseRate(std::string_view text) {
  const auto given = split(text);
  if (!given) return std::unexpected(fault(fmt::format("`{}` is not a rate", text)));
  if (given->number == 0) return std::unexpected(fault("a rate cannot be zero"));
  if (given->unit == "/s") return given->number;
  if (given->unit == "/m") return given->number / 60;
  if (given->unit == "/h") return given->number / 3600;
  if (given->unit.empty())
    return std::unexpected(
        fault(fmt::format("the rate `{}` has no unit", text), fmt::format("{}/s", text)));
  return std::unexpected(fault(fmt::format("`{}` is not a unit of rate", given->unit)));
}

Parsed<uint64_t> parseCount(std::string_view text) {
  if (text.size() > 1 && text[0] == '-' && digitsAt(text, 1) == text.size() - 1)
    return std::unexpected(fault(fmt::format("`{}` is negative", text)));
  const size_t digits = digitsAt(text, 0);
  if (digits == text.size() && digits > 1 && text[0] == '0') {
    const size_t zeros = std::min(text.find_first_not_of('0'), digits - 1);
    return std::unexpected(
        fault(fmt::format("`{}` begins with a zero: there are no octal numbers", text),
              std::string(text.substr(zeros))));
  }
  uint64_t number = 0;
  if (digits == 0 || digits != text.size())
    return std::unexpected(fault(fmt::format("`{}` is not a whole number", text)));
  if (std::from_chars(text.data(), text.data() + digits, number).ec != std::errc())
    return std::unexpected(fault(fmt::format("`{}` is too large", text)));
  return number;
}

std::string formatDuration(Duration span) {
  const auto nanoseconds = static_cast<uint64_t>(std::max<int64_t>(span.count(), 0));
  if (nanoseconds == 0) return "0s";
  for (const Unit& unit : kTimes)
    if (nanoseconds % unit.factor == 0)
      return fmt::format("{}{}", nanoseconds / unit.factor, unit.name);
  return fmt::format("{}ms", static_cast<double>(nanoseconds) / 1e6);
}

std::string formatSize(uint64_t bytes) {
  for (const Unit& unit : kSizes)
    if (bytes != 0 && bytes % unit.factor == 0)
      return fmt::format("{}{}", bytes / unit.factor, unit.name);
  return "0B";
}

std::string formatPercent(double share) {
  return fmt::format("{}%", std::round(share * 1e8) / 1e6);
}

std::string formatCount(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace fairlead::units
