// Plain runs are copied whole; only what needs an escape is looked at byte by byte.
#include "telemetry/json_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/utf8.h"

namespace fairlead {
namespace {

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr uint8_t byteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

void appendEscapedAscii(std::string& out, uint8_t c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

// Appends what stands at `i`, which is not plain; returns the bytes used.
size_t appendSpecial(std::string& out, std::string_view text, size_t i) {
  const uint8_t c = byteAt(text, i);
  if (c < 0x80) {
    appendEscapedAscii(out, c);
    return 1;
  }
  const size_t length = utf8::multiByteLength(text, i);
  if (length == 0) {
    out += "\\ufffd";
    return 1;
  }
  out.append(text, i, length);
  return length;
}

}  // namespace

void appendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && kPlain[byteAt(text, end)]) ++end;
    out.append(text, i, end - i);
    i = end;
    if (i < text.size()) i += appendSpecial(out, text, i);
  }
  out += '"';
}

}  // namespace fairlead
