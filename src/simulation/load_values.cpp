// Numbers, factors and distributions, each with what is wrong with it.
#include "simulation/load_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace fairlead::simulation {
namespace {

constexpr Key kService[] = {
    {"fixed", "duration", "", "always the same"},
    {"exponential", "duration", "", "with this mean"},
    {"lognormal", "<lognormal>", "", "most are alike, some take much longer"},
    {"pareto", "<pareto>", "", "a few take extremely long"},
};
constexpr Key kLognormal[] = {
    {"mean", "duration", "", "of all"},
    {"p99", "duration", "", "99 % take no longer; at most 14.9 times the mean"},
    {"sigma", "decimal", "", "instead of `p99`: the standard deviation of the logarithm"},
};
constexpr Key kPareto[] = {
    {"mean", "duration", "", "of all"},
    {"shape", "decimal", "1.5", "over 1; the smaller, the heavier its tail"},
};

constexpr Duration kLongestService = std::chrono::hours(1);
constexpr Bounds kSigmas{0.01, 5, "a number from 0.01 to 5, such as 1.2"};
constexpr Bounds kShapes{1.01, 100, "a number from 1.01 to 100, such as 1.5"};
constexpr Bounds kFactors{1.001, 10000, "a factor over 1, such as x10"};

std::optional<double> parseDecimal(std::string_view text) {
  double number = 0;
  const bool is_plain =
      !text.empty() && ascii::isDigit(text.front()) &&
      std::ranges::all_of(text, [](char c) { return ascii::isDigit(c) || c == '.'; });
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!is_plain || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

const Section kServiceKeys{"service", "`service`", kService};
const Section kLognormalKeys{"lognormal", "`lognormal`", kLognormal};
const Section kParetoKeys{"pareto", "`pareto`", kPareto};

std::optional<double> readDecimal(const Value& value, const Bounds& bounds, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return std::nullopt;
  const auto number = parseDecimal(*text);
  if (!number) {
    out.error(value.mark, fmt::format("`{}` is not a number", *text)).expected = bounds.expected;
    return std::nullopt;
  }
  if (*number >= bounds.low && *number <= bounds.high) return number;
  out.error(value.mark,
            fmt::format("{} is too {}", *text, *number < bounds.low ? "small" : "large"))
      .expected = bounds.expected;
  return std::nullopt;
}

// x10
std::optional<double> readFactor(const Value& value, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return std::nullopt;
  if (text->starts_with('x')) {
    Value number = value;
    number.text = text->substr(1);
    return readDecimal(number, kFactors, out);
  }
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not a factor", *text));
  finding.expected = kFactors.expected;
  if (parseDecimal(*text)) finding.suggestion = fmt::format("did you mean `x{}`?", *text);
  return std::nullopt;
}

std::optional<Duration> readPositive(const Value& value, Duration longest, Diagnostics& out) {
  const auto span = readDuration(value, out);
  if (!span) return std::nullopt;
  if (*span > Duration::zero() && *span <= longest) return span;
  out.error(value.mark,
            fmt::format("{} is too {}", value.text, *span > longest ? "long" : "short"));
  return std::nullopt;
}

namespace {

std::optional<ServiceTime> readLognormal(const Value& value, Diagnostics& out) {
  Settings settings(value, kLognormalKeys, out);
  const Value* mean = settings.take("mean");
  const Value* p99 = settings.take("p99");
  const Value* sigma = settings.take("sigma");
  settings.finish();
  if (!value.isMap()) return std::nullopt;
  if (!mean || !p99 == !sigma) {
    out.error(value.mark, "a lognormal needs two numbers").expected =
        "`mean`, and either `p99` or `sigma`";
    return std::nullopt;
  }
  const auto average = readPositive(*mean, kLongestService, out);
  if (sigma) {
    const auto spread = readDecimal(*sigma, kSigmas, out);
    if (!average || !spread) return std::nullopt;
    return ServiceTime::lognormal(*average, *spread);
  }
  const auto tail = readPositive(*p99, kLongestService, out);
  if (!average || !tail) return std::nullopt;
  const auto service = ServiceTime::lognormal(*average, *tail);
  if (!service)
    out.error(p99->mark, fmt::format("no lognormal with a mean of {} has this p99", mean->text))
        .expected = "more than the mean, and at most 14.9 times the mean";
  return service;
}

std::optional<ServiceTime> readPareto(const Value& value, Diagnostics& out) {
  Settings settings(value, kParetoKeys, out);
  const Value* mean = settings.take("mean");
  const Value* shape = settings.take("shape");
  settings.finish();
  if (!value.isMap()) return std::nullopt;
  if (!mean) {
    out.error(value.mark, "a pareto needs a `mean`");
    return std::nullopt;
  }
  const auto average = readPositive(*mean, kLongestService, out);
  const auto form = shape ? readDecimal(*shape, kShapes, out) : std::optional(1.5);
  if (!average || !form) return std::nullopt;
  return ServiceTime::pareto(*average, *form);
}

std::optional<ServiceTime> readServiceWord(std::string_view word, const Value& value,
                                           Diagnostics& out) {
  if (word == "lognormal") return readLognormal(value, out);
  if (word == "pareto") return readPareto(value, out);
  const auto span = readPositive(value, kLongestService, out);
  if (!span) return std::nullopt;
  return word == "fixed" ? ServiceTime::fixed(*span) : ServiceTime::exponential(*span);
}

}  // namespace

std::optional<ServiceTime> readService(const Value& value, Diagnostics& out) {
  if (value.isScalar()) return readServiceWord("fixed", value, out);
  Settings settings(value, kServiceKeys, out);
  std::optional<ServiceTime> service;
  for (const Key& key : kService)
    if (const Value* given = settings.take(key.name))
      service = readServiceWord(key.name, *given, out);
  settings.finish();
  if (value.isMap() && value.entries.size() != 1)
    out.error(value.mark, "`service` is one distribution").expected =
        "one of fixed, exponential, lognormal, pareto";
  return service;
}

}  // namespace fairlead::simulation
