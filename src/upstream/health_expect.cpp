// Reading `expect` within `health`.
#include "upstream/health_expect.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>

#include "base/units.h"
#include "upstream/named_fields.h"

namespace fairlead::upstream {
namespace {

constexpr Key kExpect[] = {
    {"status", "status_range...", "[200-399]", "the status is one of these"},
    {"body", "regex | 'off'", "", "the body has a match of this pattern"},
    {"headers", "{regex | 'off'}", "",
     "the field is there, and its value has a match of this pattern"},
};

std::optional<uint16_t> parseStatus(std::string_view text) {
  const auto number = units::parseCount(text);
  if (!number || *number < 100 || *number > 599) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

// `200`, `200-399`.
std::optional<HealthExpect::Range> parseStatuses(std::string_view text) {
  const size_t dash = text.find('-');
  const auto low = parseStatus(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parseStatus(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return HealthExpect::Range{*low, *high};
}

void readStatuses(const Value* value, Setting<std::vector<HealthExpect::Range>>& into,
                  Diagnostics& out) {
  if (value == nullptr) return;
  std::vector<HealthExpect::Range> ranges;
  for (const Value* item : readScalars(*value, out)) {
    if (const auto range = parseStatuses(item->text)) {
      ranges.push_back(*range);
      continue;
    }
    const std::string& text = item->text;
    Diagnostic& finding = out.error(item->mark, fmt::format("`{}` is not a status", text));
    finding.expected = "a status from 100 to 599, or a range such as 200-399";
    if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.ends_with("xx"))
      finding.suggestion = fmt::format("did you mean `{0}00-{0}99`?", text[0]);
  }
  if (value->isList() && value->items.empty())
    out.error(value->mark, "no answer would ever be good").expected = "at least one status";
  into = {std::move(ranges), value->mark};
}

std::string textOf(const HealthExpect::Range& range) {
  return range.low == range.high ? std::to_string(range.low)
                                 : fmt::format("{}-{}", range.low, range.high);
}

void readPattern(const Value& value, Setting<std::string>& into, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  const re2::RE2 pattern(*text, re2::RE2::Quiet);
  if (pattern.ok())
    into = {*text, value.mark};
  else
    out.error(value.mark,
              fmt::format("`{}` is not a regular expression: {}", *text, pattern.error()))
        .expected = "RE2 syntax, which has no look-around and no back references";
}

}  // namespace

const Section kHealthExpectKeys{"health_expect", "expect", kExpect};

void HealthExpect::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kHealthExpectKeys, out);
  readStatuses(settings.take("status"), status, out);
  const Value* pattern = settings.take("body");
  if (pattern != nullptr && pattern->isOff())
    body = {};
  else if (pattern != nullptr)
    readPattern(*pattern, body, out);
  readFields(settings.take("headers"), fields,
             {.checkName = checkFieldName, .readText = readPattern}, out);
  settings.finish();
}

Value HealthExpect::show() const {
  Value shown = Value::map(status.origin);
  Value& statuses = shown.put("status", Value::list(status.origin));
  for (const Range& range : status.value)
    statuses.items.push_back(Value::scalar(textOf(range), status.origin));
  if (!body.value.empty()) shown.put("body", Value::scalar(body, body.origin)).quoted = true;
  if (!fields.empty()) shown.put("headers", showFields(fields));
  return shown;
}

}  // namespace fairlead::upstream
