// The scan byte by byte: the fallback, and the definition that the vector variants are tested
// against.
#include "http/byte_class.h"
#include "http/scan.h"

namespace fairlead::http {

namespace {

void classify(const char* bytes, size_t length, uint64_t* controls, uint64_t* non_tokens) {
  for (size_t begin = 0; begin < length; begin += 64) {
    const size_t count = length - begin < 64 ? length - begin : 64;
    uint64_t control = 0;
    uint64_t non_token = 0;
    for (size_t i = 0; i < count; ++i) {
      control |= uint64_t{isControlByte(bytes[begin + i])} << i;
      non_token |= uint64_t{!isTokenByte(bytes[begin + i])} << i;
    }
    *controls++ = control;
    *non_tokens++ = non_token;
  }
}

size_t findNonVisible(const char* bytes, size_t length) {
  size_t i = 0;
  while (i < length && isVisibleByte(bytes[i])) ++i;
  return i;
}

size_t findOddInPath(const char* bytes, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (!isPlainPathByte(bytes[i])) return i;
    const char next = i + 1 < length ? bytes[i + 1] : '\0';
    if (bytes[i] == '/' && (next == '/' || next == '.')) return i;
  }
  return length;
}

}  // namespace

const Scan kPlainScan = {"plain", classify, findNonVisible, findOddInPath};

}  // namespace fairlead::http
