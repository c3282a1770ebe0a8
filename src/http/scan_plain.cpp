// The scan byte by byte: the fallback, and the definition that the vector variants are tested
// against.
#include "http/byte_class.h"
#include "http/scan.h"

namespace fairlead::http {

namespace {

ByteClasses classify(const char* bytes, size_t length) {
  ByteClasses classes;
  for (size_t i = 0; i < length; ++i) {
    classes.controls |= uint64_t{isControlByte(bytes[i])} << i;
    classes.non_tokens |= uint64_t{!isTokenByte(bytes[i])} << i;
  }
  return classes;
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

size_t findOddInHost(const char* bytes, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (!isCanonicalHostByte(bytes[i])) return i;
    if (bytes[i] == '.' && i + 1 < length && bytes[i + 1] == '.') return i;
  }
  return length;
}

}  // namespace

const Scan kPlainScan = {"plain", classify, findNonVisible, findOddInPath, findOddInHost};

}  // namespace fairlead::http
