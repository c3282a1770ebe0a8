// Plain runs are copied whole; only what needs an escape is looked at byte by byte.
#include "telemetry/json_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead {
namespace {

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

constexpr uint8_t byteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

bool isContinuation(std::string_view text, size_t i) {
  return i < text.size() && (byteAt(text, i) & 0xc0) == 0x80;
}

// The length of the well-formed multi-byte sequence at `i` (Unicode table 3-7), or 0.
size_t multiByteLength(std::string_view text, size_t i) {
  const uint8_t first = byteAt(text, i);
  if (first < 0xc2 || first > 0xf4 || !isContinuation(text, i + 1)) return 0;
  if (first < 0xe0) return 2;
  const uint8_t second = byteAt(text, i + 1);
  if (!isContinuation(text, i + 2)) return 0;
  if (first < 0xf0) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = first == 0xf0 && second < 0x90;
  const bool beyond_unicode = first == 0xf4 && second > 0x8f;
  return overlong || beyond_unicode || !isContinuation(text, i + 3) ? 0 : 4;
}

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
  const size_t length = multiByteLength(text, i);
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
