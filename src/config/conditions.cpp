// From the words of the file to conditions that the router can judge.
#include "config/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "filter/entries.h"
#include "filter/substitution.h"
#include "http/cookies.h"
#include "http/semantics.h"

namespace fairlead::config {
namespace {

using route::Condition;
using route::ValueMatch;

constexpr Key kConditions[] = {
    {"methods", "method...", "", "the route is for these methods only; GET does not include HEAD"},
    {"headers", "{text | <value_match>}", "", "what fields must be like; each has to fit"},
    {"params", "{text | <value_match>}", "", "what parameters of the query must be like"},
    {"cookies", "{text | <value_match>}", "", "what cookies must be like"},
    {"from", "network...", "", "the route is for clients of these networks only"},
    {"scheme", "'http' | 'https'", "", "what the client speaks, as far as trusted proxies tell"},
};

constexpr Key kValueMatch[] = {
    {"prefix", "text", "", "the value begins like this"},
    {"regex", "regex", "",
     "the value has a match of this pattern (RE2; write `^...$` for all of it)"},
    {"present", "boolean", "", "true: it is there, whatever its value; false: it is not"},
};

constexpr std::array<std::string_view, 2> kSchemes{"http", "https"};

void readMethods(const Value* value, std::vector<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  for (const Value* method : readScalars(*value, out))
    if (filter::checkMethodName(*method, out)) into.push_back(method->text);
  if (value->isList() && value->items.empty())
    out.error(value->mark, "no request could ever match").expected = "at least one method";
}

// `{ prefix: ... }`, `{ regex: ... }` or `{ present: true }`.
std::optional<ValueMatch> readLongMatch(const Value& value, Diagnostics& out) {
  Settings settings(value, kValueMatchKeys, out);
  ValueMatch match;
  size_t kinds = 0;
  if (const Value* prefix = settings.take("prefix")) {
    match.kind = ValueMatch::Kind::Prefix;
    match.text = readString(*prefix, out).value_or("");
    ++kinds;
  }
  bool is_valid = true;
  if (const Value* regex = settings.take("regex")) {
    match.kind = ValueMatch::Kind::Regex;
    match.text = regex->text;
    match.regex = filter::readPattern(*regex, out);
    is_valid = match.regex != nullptr;
    ++kinds;
  }
  if (const Value* present = settings.take("present")) {
    const auto wanted = readBool(*present, out);
    match.kind = wanted.value_or(true) ? ValueMatch::Kind::Present : ValueMatch::Kind::Absent;
    is_valid = is_valid && wanted.has_value();
    ++kinds;
  }
  settings.finish();
  if (!value.isMap()) return std::nullopt;
  if (kinds == 0 && !value.entries.empty()) return std::nullopt;  // told already
  if (kinds != 1) {
    out.error(value.mark, kinds == 0 ? "this asks nothing" : "this asks more than one thing")
        .expected = "a value, or exactly one of prefix, regex and present";
    return std::nullopt;
  }
  if (!is_valid) return std::nullopt;
  return match;
}

std::optional<ValueMatch> readMatch(const Value& value, Diagnostics& out) {
  if (!value.isScalar()) return readLongMatch(value, out);
  return ValueMatch{.kind = ValueMatch::Kind::Exact, .text = value.text, .regex = nullptr};
}

// Reads a mapping of names to what is asked of them; `is_name` says which names can be.
template <typename IsName>
void readNamed(const Value* value, std::string_view what, IsName is_name,
               std::vector<Condition>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (!value->isMap()) {
    out.error(value->mark, "this is not a mapping").expected =
        fmt::format("names of {}s and what they must be like: {{ name: value }}", what);
    return;
  }
  for (const Value::Entry& entry : value->entries) {
    if (!is_name(entry.key.text)) {
      out.error(entry.key.mark, fmt::format("`{}` is not the name of a {}", entry.key.text, what));
      continue;
    }
    if (auto match = readMatch(entry.value, out))
      into.push_back({entry.key.text, *std::move(match)});
  }
}

void readFrom(const Value* value, std::vector<Cidr>& into, Diagnostics& out) {
  if (value == nullptr) return;
  for (const filter::NetworkEntry& network : filter::readNetworks(*value, out))
    into.push_back(network.cidr);
  if (value->isList() && value->items.empty())
    out.error(value->mark, "no request could ever match").expected = "at least one network";
}

}  // namespace

const Section kConditionKeys{"conditions", "a path", kConditions};
const Section kValueMatchKeys{"value_match", "a condition", kValueMatch};

void readConditions(Settings& settings, route::RouteSpec& into) {
  Diagnostics& out = settings.diagnostics();
  readMethods(settings.take("methods"), into.methods, out);
  readNamed(settings.take("headers"), "header field", http::isToken, into.headers, out);
  readNamed(
      settings.take("params"), "parameter", [](std::string_view name) { return !name.empty(); },
      into.params, out);
  readNamed(settings.take("cookies"), "cookie", http::isCookieName, into.cookies, out);
  readFrom(settings.take("from"), into.from, out);
  if (const Value* scheme = settings.take("scheme"))
    if (const auto word = readWord(*scheme, kSchemes, out)) into.scheme = kSchemes[*word];
}

}  // namespace fairlead::config
