// The inner loops over received bytes, in one variant for each vector width, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::http {

// For each of 64 bytes one bit, the lowest for the first: is it a control (isControlByte), is it
// not a token byte? Zero beyond the end.
struct ByteClasses {
  uint64_t controls = 0;
  uint64_t non_tokens = 0;
  friend bool operator==(const ByteClasses&, const ByteClasses&) = default;
};

// One variant: plain functions without state. None reads beyond `length`.
struct Scan {
  std::string_view name;

  // Up to 64 bytes at once.
  ByteClasses (*classify)(const char* bytes, size_t length);

  // The index of the first byte outside visible ASCII, or `length`.
  size_t (*findNonVisible)(const char* bytes, size_t length);

  // The index of the first byte where a path may stop being canonical or may end: what is not
  // isPlainPathByte, and a '/' before '/' or '.'; or `length`.
  size_t (*findOddInPath)(const char* bytes, size_t length);

  // The index of the first byte where the name of a host may stop being canonical or may end: what
  // is not isCanonicalHostByte, and a '.' before '.'; or `length`.
  size_t (*findOddInHost)(const char* bytes, size_t length);
};

// The widest variant that this CPU has.
const Scan& scan();
// All variants that this CPU has, the plain one first.
std::span<const Scan* const> availableScans();

extern const Scan kPlainScan;
#if defined(__x86_64__)
extern const Scan kSse42Scan;
extern const Scan kAvx2Scan;
#endif

}  // namespace fairlead::http
