// Copying bytes that are mostly few.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace fairlead {

namespace short_copy_detail {
// Between N and 2 N bytes: two pieces, which may overlap.
template <size_t N>
inline void copyAsTwo(char* to, const char* from, size_t length) {
  char first[N];
  char last[N];
  std::memcpy(first, from, N);
  std::memcpy(last, from + length - N, N);
  std::memcpy(to, first, N);
  std::memcpy(to + length - N, last, N);
}
}  // namespace short_copy_detail

// What memcpy does, without a call for up to 32 bytes. Both may be null when there are none.
inline void copyShort(char* to, const char* from, size_t length) {
  using namespace short_copy_detail;
  if (length > 32)
    std::memcpy(to, from, length);
  else if (length >= 16)
    copyAsTwo<16>(to, from, length);
  else if (length >= 8)
    copyAsTwo<8>(to, from, length);
  else if (length >= 4)
    copyAsTwo<4>(to, from, length);
  else if (length >= 2)
    copyAsTwo<2>(to, from, length);
  else if (length == 1)
    *to = *from;
}

// Writes the text, for which there is room, and returns what lies behind it.
inline char* append(char* to, std::string_view text) {
  copyShort(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace fairlead
