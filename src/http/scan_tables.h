// What the vector variants of the scan share: byte classes as nibble tables, and the padded last
// block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/short_copy.h"
#include "http/byte_class.h"

namespace fairlead::http {

// A class of ASCII bytes as two 16-entry tables for a byte shuffle: byte c is in the class when
// low[c & 15] and high[c >> 4] share a bit. Exact, because each of the eight high nibbles below
// 0x80 has a bit of its own.
using NibbleTable = std::array<uint8_t, 16>;

consteval NibbleTable lowNibbles(const std::array<bool, 256>& members) {
  NibbleTable table{};
  for (unsigned c = 0; c < 128; ++c)
    if (members[c]) table[c & 15] = static_cast<uint8_t>(table[c & 15] | (1U << (c >> 4)));
  return table;
}

alignas(16) inline constexpr NibbleTable kTokenLow = lowNibbles(kTokenBytes);
alignas(16) inline constexpr NibbleTable kPlainPathLow = lowNibbles(kPlainPathBytes);
alignas(16) inline constexpr NibbleTable kCanonicalHostLow = lowNibbles(kCanonicalHostBytes);
alignas(16) inline constexpr NibbleTable kHighBit = {1, 2, 4, 8, 16, 32, 64, 128};

// The last bytes of a text, followed by zeros: a zero is outside of every class that is searched
// for its end, so that a search stops there. One byte more than a block, for those that look one
// ahead.
template <size_t Block>
struct PaddedTail {
  PaddedTail(const char* from, size_t length) { copyShort(bytes, from, length); }
  alignas(32) char bytes[Block + 32] = {};
};

// Bits for the bytes that are really there.
constexpr uint64_t firstBits(size_t count) { return (uint64_t{1} << count) - 1; }

}  // namespace fairlead::http
