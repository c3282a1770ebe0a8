// Both directions byte by byte; most texts need neither and are returned as they are.
#include "http/percent.h"

#include <algorithm>
#include <cstdint>

#include "http/byte_class.h"

namespace fairlead::http {

bool isUnreserved(char c) { return isUnreservedByte(c); }

char* putPercentEncoded(char* to, char byte) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto value = static_cast<uint8_t>(byte);
  *to++ = '%';
  *to++ = kDigits[value >> 4];
  *to++ = kDigits[value & 15];
  return to;
}

std::string_view percentEncoded(std::string_view text, Arena& arena) {
  const auto escapes =
      static_cast<size_t>(std::ranges::count_if(text, [](char c) { return !isUnreserved(c); }));
  if (escapes == 0) return text;
  const size_t size = text.size() + 2 * escapes;
  char* const begin = arena.allocate(size);
  char* to = begin;
  for (const char c : text) {
    if (isUnreserved(c))
      *to++ = c;
    else
      to = putPercentEncoded(to, c);
  }
  return {begin, size};
}

std::string_view queryDecoded(std::string_view text, Arena& arena) {
  if (text.find_first_of("+%") == std::string_view::npos) return text;
  char* const begin = arena.allocate(text.size());
  char* to = begin;
  while (!text.empty()) *to++ = takeQueryDecoded(text);
  return {begin, static_cast<size_t>(to - begin)};
}

char takeQueryDecoded(std::string_view& text) {
  char c = text.front();
  size_t used = 1;
  if (c == '+') c = ' ';
  if (const int octet = c == '%' ? escapedOctet(text) : -1; octet >= 0) {
    c = static_cast<char>(octet);
    used = 3;
  }
  text.remove_prefix(used);
  return c;
}

}  // namespace fairlead::http
