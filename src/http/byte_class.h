// Which bytes may stand where in a head (RFC 9110 section 5.6, RFC 3986): tables made at compile
// time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::http {

namespace byte_class_detail {
template <typename Predicate>
consteval std::array<bool, 256> tableOf(Predicate predicate) {
  std::array<bool, 256> table{};
  for (unsigned i = 0; i < 256; ++i) table[i] = predicate(static_cast<unsigned char>(i));
  return table;
}

constexpr bool isAlphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool isOneOf(unsigned char c, std::string_view set) {
  return set.find(static_cast<char>(c)) != std::string_view::npos;
}
}  // namespace byte_class_detail

// tchar of RFC 9110 section 5.6.2.
inline constexpr auto kTokenBytes = byte_class_detail::tableOf([](unsigned char c) {
  return byte_class_detail::isAlphanumeric(c) || byte_class_detail::isOneOf(c, "!#$%&'*+-.^_`|~");
});
// unreserved of RFC 3986 section 2.3: an encoded one is the same as the plain one.
inline constexpr auto kUnreservedBytes = byte_class_detail::tableOf([](unsigned char c) {
  return byte_class_detail::isAlphanumeric(c) || byte_class_detail::isOneOf(c, "-._~");
});
// reg-name of RFC 3986 section 3.2.2 without pct-encoded, and without the comma, which in a Host
// would pass for a list of hosts.
inline constexpr auto kHostBytes = byte_class_detail::tableOf([](unsigned char c) {
  return byte_class_detail::isAlphanumeric(c) || byte_class_detail::isOneOf(c, "-._~!$&'()*+;=");
});
// The same in the one spelling that routing compares: letters small.
inline constexpr auto kCanonicalHostBytes = byte_class_detail::tableOf(
    [](unsigned char c) { return kHostBytes[c] && !(c >= 'A' && c <= 'Z'); });
// What a path of a request may hold without a closer look: visible ASCII but '%', '?' and '#'.
inline constexpr auto kPlainPathBytes = byte_class_detail::tableOf(
    [](unsigned char c) { return c > 0x20 && c < 0x7F && !byte_class_detail::isOneOf(c, "%?#"); });
// cookie-octet of RFC 6265 section 4.1.1: visible ASCII but quotes, comma, semicolon and backslash.
inline constexpr auto kCookieBytes = byte_class_detail::tableOf([](unsigned char c) {
  return c > 0x20 && c < 0x7F && !byte_class_detail::isOneOf(c, "\",;\\");
});

constexpr bool isTokenByte(char c) { return kTokenBytes[static_cast<unsigned char>(c)]; }
constexpr bool isUnreservedByte(char c) { return kUnreservedBytes[static_cast<unsigned char>(c)]; }
constexpr bool isHostByte(char c) { return kHostBytes[static_cast<unsigned char>(c)]; }
constexpr bool isCanonicalHostByte(char c) {
  return kCanonicalHostBytes[static_cast<unsigned char>(c)];
}
constexpr bool isPlainPathByte(char c) { return kPlainPathBytes[static_cast<unsigned char>(c)]; }
constexpr bool isCookieByte(char c) { return kCookieBytes[static_cast<unsigned char>(c)]; }

// Controls but HTAB: what no field value may hold, CR and LF included. obs-text (0x80-0xFF) is
// none.
constexpr bool isControlByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7F;
}
constexpr bool isVisibleByte(char c) { return c > 0x20 && c != 0x7F; }

static_assert(static_cast<char>(0x80) < 0, "isVisibleByte counts on a signed char");

}  // namespace fairlead::http
