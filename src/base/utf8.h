// Well-formed UTF-8, told sequence by sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead::utf8 {

// The length of the well-formed multi-byte sequence at `at` (Unicode table 3-7), or 0; ASCII is
// none.
constexpr size_t multiByteLength(std::string_view text, size_t at) {
  const auto byteAt = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto isContinuation = [&](size_t i) {
    return i < text.size() && (byteAt(i) & 0xc0) == 0x80;
  };
  const uint8_t first = byteAt(at);
  if (first < 0xc2 || first > 0xf4 || !isContinuation(at + 1)) return 0;
  if (first < 0xe0) return 2;
  const uint8_t second = byteAt(at + 1);
  if (!isContinuation(at + 2)) return 0;
  if (first < 0xf0) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = first == 0xf0 && second < 0x90;
  const bool beyond_unicode = first == 0xf4 && second > 0x8f;
  return overlong || beyond_unicode || !isContinuation(at + 3) ? 0 : 4;
}

}  // namespace fairlead::utf8
