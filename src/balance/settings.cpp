// Reading `balance`, with a word for those who leave out the `hash`.
#include "balance/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace fairlead::balance {
namespace {

constexpr Key kBalance[] = {
    {"hash", "hash_key", "", "requests with the same of this go to the same server"},
    {"method", "hash_method", "maglev", "how keys are spread over the servers"},
    {"bounded_load", "'off' | load_bound", "off",
     "no server gets more than this many times its part of the requests in flight; its keys go on "
     "to others"},
};

constexpr std::string_view kDefaultMethod = "maglev";
constexpr double kTightestBound = 1.0;
constexpr double kLoosestBound = 100.0;
constexpr std::string_view kBounds = "a number from 1.0 to 100, such as 1.25, or `off`";
constexpr std::array kSources{KeySource::ClientIp, KeySource::Path,   KeySource::Uri,
                              KeySource::Header,   KeySource::Cookie, KeySource::Param};

std::vector<std::string_view> namesOf(bool keyed) {
  std::vector<std::string_view> names;
  for (const Policy& policy : policies())
    if (policy.keyed == keyed) names.push_back(policy.name);
  return names;
}

// Digits, with a point and more of them or without.
std::optional<double> parseDecimal(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view parts[] = {text.substr(0, point),
                                    point == std::string_view::npos ? "0" : text.substr(point + 1)};
  for (const std::string_view part : parts)
    if (part.empty() || part.size() > 9 || !std::ranges::all_of(part, ascii::isDigit))
      return std::nullopt;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<double> readBound(const Value& value, Diagnostics& out) {
  if (value.isOff()) return 0.0;
  const auto text = readString(value, out);
  if (!text) return std::nullopt;
  if (value.quoted) {
    out.error(value.mark, "this is a text, because of its quotes").expected = kBounds;
    return std::nullopt;
  }
  const auto number = parseDecimal(*text);
  if (!number) {
    Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not a number", *text));
    finding.expected = kBounds;
    const auto percent =
        text->ends_with('%') ? parseDecimal(text->substr(0, text->size() - 1)) : std::nullopt;
    if (percent) finding.suggestion = fmt::format("did you mean `{}`?", *percent / 100);
    return std::nullopt;
  }
  if (*number >= kTightestBound && *number <= kLoosestBound) return number;
  const bool is_small = *number < kTightestBound;
  out.error(value.mark, fmt::format("{} is too {}", *text, is_small ? "small" : "large")).expected =
      is_small ? fmt::format("at least 1.0, which is an equal load for all: {}", kBounds)
               : std::string(kBounds);
  return std::nullopt;
}

// Where a mapping's key stands, if it has one.
const Value* keyIn(const Value& mapping, std::string_view key) {
  const Value::Entry* entry = mapping.findEntry(key);
  return entry == nullptr ? nullptr : &entry->key;
}

void refuseKeyless(const Value& mapping, Diagnostics& out) {
  if (mapping.entries.empty()) {
    out.error(mapping.mark, "this says nothing of how a server is chosen").expected =
        "a word such as p2c, or `{ hash: client_ip }`";
    return;
  }
  for (const std::string_view name : {"method", "bounded_load"})
    if (const Value* key = keyIn(mapping, name))
      out.error(key->mark, fmt::format("`{}` needs a `hash`", name)).expected =
          fmt::format("`hash` beside it: one of {}", http::listOf(kSources));
}

// What is no word of `balance`, but was meant as the part of a mapping.
std::string meantAsMapping(const Value& value) {
  const Policy* policy = findPolicy(value.text);
  if (policy != nullptr && policy->keyed)
    return fmt::format("{{ hash: client_ip, method: {} }}", policy->name);
  const size_t colon = value.text.find(':');
  const auto source = http::keySourceOf(value.text, kSources);
  const bool is_key = source && http::hasName(*source) == (colon != std::string::npos);
  return is_key ? fmt::format("{{ hash: {} }}", value.text) : "";
}

const Policy* readPolicy(const Value& value, Diagnostics& out) {
  const std::string meant = value.isScalar() ? meantAsMapping(value) : "";
  if (!meant.empty()) {
    const bool is_method = findPolicy(value.text) != nullptr;
    Diagnostic& finding = out.error(
        value.mark, is_method ? fmt::format("`{}` needs to know the key of a request", value.text)
                              : fmt::format("`{}` is a key, not a way to balance", value.text));
    finding.suggestion = fmt::format("did you mean `{}`?", meant);
    return nullptr;
  }
  const auto names = namesOf(/*keyed=*/false);
  const auto word = readWord(value, names, out);
  return word ? findPolicy(names[*word]) : nullptr;
}

void readMapping(const Value& value, BalanceSettings& into, Diagnostics& out) {
  Settings settings(value, kBalanceKeys, out);
  const Value* hash = settings.take("hash");
  const Value* method = settings.take("method");
  const Value* bound = settings.take("bounded_load");
  settings.finish();
  if (into.key == KeySource::None && keyIn(value, "hash") == nullptr)
    return refuseKeyless(value, out);
  if (!into.policy.value->keyed) into.policy = {findPolicy(kDefaultMethod), Mark{}};
  if (hash != nullptr) {
    if (auto key = http::readRequestKey(*hash, kSources, out)) {
      into.key = {key->source, hash->mark};
      into.key_name = std::move(key->name);
    }
  }
  if (method != nullptr) {
    const auto names = namesOf(/*keyed=*/true);
    if (const auto word = readWord(*method, names, out))
      into.policy = {findPolicy(names[*word]), method->mark};
  }
  if (bound != nullptr)
    if (const auto number = readBound(*bound, out)) into.bounded_load = {*number, bound->mark};
}

std::string keyText(const BalanceSettings& settings) {
  return http::RequestKey{settings.key, settings.key_name}.text();
}

}  // namespace

const Section kBalanceKeys{"balance", "balance", kBalance};

void BalanceSettings::read(const Value& value, Diagnostics& out) {
  if (value.isMap()) return readMapping(value, *this, out);
  const Policy* word = readPolicy(value, out);
  if (word == nullptr) return;
  *this = {.policy = {word, value.mark},
           .key = {KeySource::None, value.mark},
           .key_name = {},
           .bounded_load = {0.0, value.mark}};
}

std::string BalanceSettings::text() const {
  std::string text(policy.value->name);
  if (key == KeySource::None) return text;
  text += fmt::format(" by {}", keyText(*this));
  if (bounded_load > 0) text += fmt::format(", bounded to {}", bounded_load.value);
  return text;
}

Value BalanceSettings::show() const {
  if (key == KeySource::None) return Value::scalar(std::string(policy.value->name), policy.origin);
  Value shown = Value::map(key.origin);
  shown.put("hash", Value::scalar(keyText(*this), key.origin));
  shown.put("method", Value::scalar(std::string(policy.value->name), policy.origin));
  shown.put("bounded_load",
            Value::scalar(bounded_load > 0 ? fmt::format("{}", bounded_load.value) : "off",
                          bounded_load.origin));
  return shown;
}

}  // namespace fairlead::balance
