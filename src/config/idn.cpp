// The only door to libidn2, whose answers become sentences about one label.
#include "config/idn.h"

#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/ascii.h"

namespace fairlead::config {
namespace {

// What UTS 46 takes for a dot between labels.
constexpr std::array<std::string_view, 4> kDots{".", "\u3002", "\uFF0E", "\uFF61"};

struct Converted {
  int code = IDN2_OK;
  std::string name;
};

Converted convert(std::string_view name, int flags) {
  uint8_t* text = nullptr;
  Converted result;
  const std::string terminated(name);
  result.code = ::idn2_lookup_u8(reinterpret_cast<const uint8_t*>(terminated.c_str()), &text,
                                 IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | flags);
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(text, ::idn2_free);
  if (result.code == IDN2_OK) result.name = reinterpret_cast<const char*>(text);
  return result;
}

struct Reason {
  int code;
  std::string_view words;
};

constexpr std::array<Reason, 13> kReasons{{
    {IDN2_TOO_BIG_DOMAIN, "the name is longer than 253 characters in its ASCII form"},
    {IDN2_TOO_BIG_LABEL, "this label is longer than 63 characters in its ASCII form"},
    {IDN2_PUNYCODE_BIG_OUTPUT, "this label is longer than 63 characters in its ASCII form"},
    {IDN2_HYPHEN_STARTEND, "a label cannot begin or end with `-`"},
    {IDN2_2HYPHEN, "a label cannot have `--` as its third and fourth character"},
    {IDN2_LEADING_COMBINING, "a label cannot begin with a combining mark"},
    {IDN2_DISALLOWED, "this label has a character that host names cannot have"},
    {IDN2_UNASSIGNED, "this label has a character that Unicode does not assign"},
    {IDN2_CONTEXTJ, "this label has a joiner where none can stand"},
    {IDN2_CONTEXTO, "this label has a character that cannot stand beside its neighbours"},
    {IDN2_BIDI, "this label mixes writing directions"},
    {IDN2_PUNYCODE_BAD_INPUT, "this is not the ASCII form of any label"},
    {IDN2_ALABEL_ROUNDTRIP_FAILED, "this is not the ASCII form of any label"},
}};

std::string reasonOf(int code) {
  const auto known = std::find_if(kReasons.begin(), kReasons.end(),
                                  [code](const Reason& reason) { return reason.code == code; });
  return std::string(known != kReasons.end() ? known->words : ::idn2_strerror(code));
}

// Nothing: the name stands. The library drops without a word what the STD3 rules forbid, so that
// `a≠b` would be taken for `ab`; with and without them the name must come out the same.
std::string faultOf(std::string_view name, std::string& ascii) {
  const Converted strict = convert(name, IDN2_USE_STD3_ASCII_RULES);
  const Converted lenient = convert(name, 0);
  ascii = strict.name;
  if (strict.code != IDN2_OK) return reasonOf(strict.code);
  if (lenient.code != IDN2_OK || lenient.name != strict.name) return reasonOf(IDN2_DISALLOWED);
  return {};
}

struct Dot {
  size_t at = 0;
  size_t length = 0;
};

Dot findDot(std::string_view name, size_t from) {
  Dot first{name.size(), 0};
  for (const std::string_view dot : kDots)
    if (const size_t at = name.find(dot, from); at < first.at) first = {at, dot.size()};
  return first;
}

// The first label that cannot stand for itself, or the whole name.
IdnFault locate(std::string_view name, std::string reason) {
  std::string ignored;
  for (size_t at = 0; at < name.size();) {
    const Dot dot = findDot(name, at);
    const std::string_view label = name.substr(at, dot.at - at);
    if (std::string own = faultOf(label, ignored); !own.empty())
      return {at, label.size(), std::move(own)};
    at = dot.at + std::max<size_t>(dot.length, 1);
  }
  return {0, name.size(), std::move(reason)};
}

}  // namespace

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

std::expected<std::string, IdnFault> toAsciiName(std::string_view name) {
  constexpr size_t kLongest = 4 * 253;  // four bytes a character
  if (name.size() > kLongest)
    return std::unexpected(IdnFault{0, name.size(), reasonOf(IDN2_TOO_BIG_DOMAIN)});
  const auto foreign = std::find_if(name.begin(), name.end(), [](char c) {
    return (c & 0x80) == 0 && !ascii::isAlpha(c) && !ascii::isDigit(c) && c != '-' && c != '.';
  });
  if (foreign != name.end())
    return std::unexpected(IdnFault{static_cast<size_t>(foreign - name.begin()), 1,
                                    "this cannot stand in an international host name"});
  std::string ascii;
  std::string reason = faultOf(name, ascii);
  if (!reason.empty()) return std::unexpected(locate(name, std::move(reason)));
  return ascii;
}

}  // namespace fairlead::config
