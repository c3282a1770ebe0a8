// Reading keys, and finding what they name.
#include "http/request_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "http/cookies.h"
#include "http/query.h"
#include "http/semantics.h"

namespace fairlead::http {
namespace {

// In the order of KeySource, from ClientIp.
constexpr std::array<std::string_view, 9> kWords{"client_ip", "path",   "uri",    "host", "route",
                                                 "all",       "header", "cookie", "param"};

std::string_view wordOf(KeySource source) { return kWords[static_cast<size_t>(source) - 1]; }

// A token of RFC 9110 section 5.6.2, which field names and the names of cookies are.
// Names of parameters compare decoded, so that nearly anything is one.
bool isGoodName(KeySource source, std::string_view name) {
  if (source != KeySource::Param) return isToken(name);
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
  });
}

std::string expectation(std::span<const KeySource> allowed) {
  return fmt::format("one of {}", listOf(allowed));
}

void refuseSource(const Value& value, std::span<const KeySource> allowed, Diagnostics& out) {
  const std::string_view word = std::string_view(value.text).substr(0, value.text.find(':'));
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not known here", value.text));
  finding.expected = expectation(allowed);
  std::vector<std::string_view> words;
  for (const KeySource source : allowed) words.push_back(wordOf(source));
  const std::string_view nearest = nearestWord(word, words);
  if (nearest.empty()) return;
  const bool is_named = hasName(*keySourceOf(nearest, allowed));
  finding.suggestion = fmt::format(
      "did you mean `{}{}`?", nearest,
      is_named ? std::string_view(value.text).substr(std::min(word.size(), value.text.size()))
               : std::string_view{});
}

// `{ hash: header: X }`: the space makes it a mapping.
void refuseMapping(const Value& value, std::span<const KeySource> allowed, Diagnostics& out) {
  Diagnostic& finding = out.error(value.mark, "this cannot be a mapping");
  finding.expected = expectation(allowed);
  if (value.entries.size() != 1 || !value.entries[0].value.isScalar()) return;
  const auto& [key, name] = value.entries[0];
  if (keySourceOf(key.text, allowed))
    finding.suggestion = fmt::format("did you mean `{}:{}`, without a space?", key.text, name.text);
}

}  // namespace

std::string RequestKey::text() const {
  return hasName(source) ? fmt::format("{}:{}", wordOf(source), name) : std::string(wordOf(source));
}

std::optional<KeySource> keySourceOf(std::string_view text, std::span<const KeySource> allowed) {
  const std::string_view word = text.substr(0, text.find(':'));
  const auto found = std::ranges::find(allowed, word, wordOf);
  if (found == allowed.end()) return std::nullopt;
  return *found;
}

std::string listOf(std::span<const KeySource> allowed) {
  std::string list;
  for (const KeySource& source : allowed) {
    if (!list.empty()) list += &source == &allowed.back() ? " or " : ", ";
    list += wordOf(source);
    if (hasName(source)) list += ":NAME";
  }
  return list;
}

std::optional<RequestKey> readRequestKey(const Value& value, std::span<const KeySource> allowed,
                                         Diagnostics& out) {
  if (value.isMap()) {
    refuseMapping(value, allowed, out);
    return std::nullopt;
  }
  const auto text = readString(value, out);
  if (!text) return std::nullopt;
  const auto source = keySourceOf(*text, allowed);
  const size_t colon = text->find(':');
  const bool is_named = colon != std::string::npos;
  if (!source || (is_named && !hasName(*source))) {
    refuseSource(value, allowed, out);
    return std::nullopt;
  }
  RequestKey key{.source = *source, .name = is_named ? text->substr(colon + 1) : ""};
  if (!hasName(*source) || isGoodName(*source, key.name)) return key;
  const std::string_view word = wordOf(*source);
  if (key.name.empty())
    out.error(value.mark, fmt::format("`{}` needs a name", word)).expected = fmt::format(
        "{}:NAME, such as {}:{}", word, word, *source == KeySource::Header ? "X-User" : "user");
  else
    out.error(value.mark, fmt::format("`{}` is not a name of a {}", key.name, word)).expected =
        "letters, digits and `-` or `_`";
  return std::nullopt;
}

std::optional<std::string_view> namedText(const RequestKey& key, const RequestHead& head) {
  if (key.source == KeySource::Header) {
    const Field* field = head.fields.find(key.name);
    if (field) return field->value();
  } else if (key.source == KeySource::Cookie) {
    if (Cookie cookie; findCookie(head.fields, key.name, cookie)) return cookie.unquoted();
  } else if (key.source == KeySource::Param) {
    if (Param param; findParam(head.target.query, key.name, param)) return param.value();
  }
  return std::nullopt;
}

}  // namespace fairlead::http
