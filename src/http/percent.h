// Percent-encoding (RFC 3986 section 2.1) and its decoding in queries.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "base/ascii.h"

namespace fairlead::http {

// Letters, digits and -._~ (RFC 3986 section 2.3).
bool isUnreserved(char c);

// The octet that the escape at the front of `text` stands for, or -1 when it is malformed. That it
// begins with `%` is the caller's to know.
inline int escapedOctet(std::string_view text) {
  if (text.size() < 3) return -1;
  const int high = ascii::hexValue(text[1]);
  const int low = ascii::hexValue(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Writes the three characters of `%XX`; returns what lies behind them.
char* putPercentEncoded(char* to, char byte);

// Everything but unreserved characters as %XX. A view of `text` when nothing had to change.
std::string_view percentEncoded(std::string_view text, Arena& arena);

// A parameter's name or value: `+` is a blank, %XX a byte, a `%` that escapes nothing is itself. A
// view of `text` when nothing had to change.
std::string_view queryDecoded(std::string_view text, Arena& arena);

// The next decoded byte of a parameter, taken off the front of `text`, which is not empty.
char takeQueryDecoded(std::string_view& text);

}  // namespace fairlead::http
