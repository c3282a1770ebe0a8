// How a value that a client has a say in is written, so that it stays a value where it ends up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::filter {

// What does not pass becomes %XX, in pages a character reference, in JSON an escape.
enum class Escape : uint8_t {
  LineBreaks,  // all but CR, LF and NUL passes
  Controls,    // all but controls passes; HTAB is one
  Cookie,      // cookie-octets of RFC 6265 pass
  Unreserved,  // unreserved characters of RFC 3986 pass
  Path,        // what may stand in a canonical path passes, `%` too
  Uri,         // the same, and `?`
  Html,        // & < > " ' and line breaks become references
  Json,        // within a string; what is no UTF-8 becomes U+FFFD
};

// How long the text will be. The same length as before means that nothing changes.
size_t escapedSize(Escape how, std::string_view text);
// Writes escapedSize() bytes; returns what lies behind them.
char* writeEscaped(Escape how, std::string_view text, char* to);

}  // namespace fairlead::filter
