// Reading shares, drawing pools by hashes, and the cookie that keeps a client where it is.
#include "filter/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/units.h"
#include "http/cookies.h"

namespace fairlead::filter {
namespace {

constexpr size_t kTokenLength = 8;
constexpr std::string_view kForm = "pools and their percentages: { stable: 95, canary: 5 }";

// --- reading

std::optional<uint32_t> readShare(const Value& value, Diagnostics& out) {
  static constexpr std::string_view kShare = "a whole number from 0 to 100";
  if (value.isScalar() && value.text.ends_with('%')) {
    const std::string number = value.text.substr(0, value.text.size() - 1);
    Diagnostic& finding = out.error(value.mark, "the numbers of a split are percentages already");
    finding.expected = kShare;
    if (units::parseCount(number)) finding.suggestion = "did you mean `" + number + "`?";
    return std::nullopt;
  }
  if (value.isScalar() && value.text.starts_with('-')) {
    out.error(value.mark, "a share cannot be negative").expected = kShare;
    return std::nullopt;
  }
  const auto share = readCount(value, 0, 100, out);
  if (!share) return std::nullopt;
  return static_cast<uint32_t>(*share);
}

// --- drawing

std::string tokenOf(std::string_view scope, std::string_view pool_name) {
  static constexpr char kDigits[] = "0123456789abcdef";
  uint64_t hash = scope.empty() ? hashOfText(pool_name) : hashOfText(pool_name, hashOfText(scope));
  std::string token(kTokenLength, '0');
  for (char& c : token) {
    c = kDigits[hash >> 60];
    hash <<= 4;
  }
  return token;
}

// --- the cookie

bool isToken(std::string_view text) {
  return text.size() == kTokenLength && std::ranges::all_of(text, [](char c) {
           return ascii::isDigit(c) || (c >= 'a' && c <= 'f');
         });
}

// Calls `visit(token)` for each well-formed token that the client brings, newest first, until it
// returns false. What else stands in the cookie is not ours.
template <typename Visit>
void forEachToken(const http::Fields& fields, Visit visit) {
  bool goes_on = true;
  http::forEachCookie(fields, [&](const http::Cookie& cookie) {
    if (cookie.name != Split::kCookie) return;
    std::string_view rest = cookie.unquoted();
    while (goes_on && !rest.empty()) {
      const size_t end = std::min(rest.find('.'), rest.size());
      const std::string_view token = rest.substr(0, end);
      if (isToken(token)) goes_on = visit(token);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  });
}

}  // namespace

std::vector<SplitArm> readSplit(const Value& value, Diagnostics& out) {
  std::vector<SplitArm> arms;
  if (!value.isMap() || value.entries.empty()) {
    out.error(value.mark,
              value.isMap() ? "there is no pool in this split" : "this is not a mapping")
        .expected = kForm;
    return arms;
  }
  uint64_t sum = 0;
  bool is_good = true;
  for (const Value::Entry& entry : value.entries) {
    const auto share = readShare(entry.value, out);
    is_good = is_good && share.has_value();
    sum += share.value_or(0);
    arms.push_back({.pool_name = entry.key.text,
                    .percent = share.value_or(0),
                    .pool = 0,
                    .mark = entry.key.mark});
  }
  if (is_good && sum != 100)
    out.error(value.mark, "the shares of this split sum to " + std::to_string(sum)).expected =
        "percentages that sum to 100";
  return arms;
}

Split::Split(std::vector<SplitArm> arms, std::string_view scope) : arms_(std::move(arms)) {
  for (const SplitArm& arm : arms_)
    draws_.push_back({hashOfText(arm.pool_name), tokenOf(scope, arm.pool_name)});
}

size_t Split::armOf(std::string_view token) const {
  for (size_t i = 0; i < draws_.size(); ++i)
    if (draws_[i].token == token) return i;
  return kNone;
}

size_t Split::pinned(const http::Fields& fields) const {
  size_t found = kNone;
  forEachToken(fields, [&](std::string_view token) {
    const size_t arm = armOf(token);
    if (arm != kNone && arms_[arm].percent > 0) found = arm;
    return found == kNone;
  });
  return found;
}

// An exponential variable whose rate is the share: the least of them is this arm's with just that
// probability, and depends on the other arms in nothing else.
double Split::distance(size_t arm, uint64_t client) const {
  const uint64_t bits = mixed(client ^ draws_[arm].hash);
  const double unit = (static_cast<double>(bits >> 11) + 0.5) * 0x1.0p-53;
  return -std::log(unit) / arms_[arm].percent;
}

http::Field Split::setCookie(const http::Fields& fields, size_t arm, std::string_view scheme,
                             Arena& arena) const {
  std::array<std::string_view, kMostTokens> tokens{draws_[arm].token};
  size_t count = 1;
  forEachToken(fields, [&](std::string_view token) {
    const auto end = tokens.begin() + static_cast<ptrdiff_t>(count);
    if (armOf(token) == kNone && std::find(tokens.begin(), end, token) == end)
      tokens[count++] = token;
    return count < kMostTokens;
  });
  char* const value = arena.allocate(kMostTokens * (kTokenLength + 1));
  char* to = value;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) *to++ = '.';
    to = std::ranges::copy(tokens[i], to).out;
  }
  return http::Field::make(
      arena, http::FieldId::SetCookie,
      arena.join(kCookie, "=", std::string_view(value, static_cast<size_t>(to - value)),
                 "; Path=/; HttpOnly; SameSite=Lax", scheme == "https" ? "; Secure" : ""));
}

size_t Split::hideCookie(http::Fields& fields, Arena& arena) {
  return http::removeCookies(fields, arena,
                             [](const http::Cookie& cookie) { return cookie.name == kCookie; });
}

}  // namespace fairlead::filter
