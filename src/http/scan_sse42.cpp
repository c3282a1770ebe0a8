// The scan with SSE4.2: 16 bytes a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#include "http/scan.h"
#include "http/scan_tables.h"

namespace fairlead::http {

namespace {

constexpr size_t kBlock = 16;

[[gnu::target("sse4.2")]] inline __m128i load(const char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

[[gnu::target("sse4.2")]] inline __m128i spread(const NibbleTable& table) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(table.data()));
}

[[gnu::target("sse4.2")]] inline uint32_t bitsOf(__m128i lanes) {
  return static_cast<uint32_t>(_mm_movemask_epi8(lanes));
}

[[gnu::target("sse4.2")]] inline __m128i equals(__m128i v, char c) {
  return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

[[gnu::target("sse4.2")]] inline uint32_t controlsIn(__m128i v) {
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
  return bitsOf(_mm_or_si128(_mm_andnot_si128(equals(v, '\t'), low), equals(v, 0x7F)));
}

[[gnu::target("sse4.2")]] inline __m128i outside(__m128i v, __m128i class_low) {
  const __m128i low = _mm_shuffle_epi8(class_low, v);
  const __m128i nibble = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(0x0F));
  const __m128i high = _mm_shuffle_epi8(spread(kHighBit), nibble);
  return _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
}

struct Classes {
  uint64_t controls;
  uint64_t non_tokens;
};

[[gnu::target("sse4.2")]] inline Classes classesOf64(const char* bytes) {
  const __m128i token = spread(kTokenLow);
  Classes classes = {0, 0};
  for (unsigned shift = 0; shift < 64; shift += kBlock) {
    const __m128i v = load(bytes + shift);
    classes.controls |= uint64_t{controlsIn(v)} << shift;
    classes.non_tokens |= uint64_t{bitsOf(outside(v, token))} << shift;
  }
  return classes;
}

[[gnu::target("sse4.2")]] void classify(const char* bytes, size_t length, uint64_t* controls,
                                        uint64_t* non_tokens) {
  for (; length >= 64; bytes += 64, length -= 64) {
    const Classes classes = classesOf64(bytes);
    *controls++ = classes.controls;
    *non_tokens++ = classes.non_tokens;
  }
  if (length == 0) return;
  const PaddedTail<64> tail(bytes, length);
  const Classes classes = classesOf64(tail.bytes);
  *controls = classes.controls & firstBits(length);
  *non_tokens = classes.non_tokens & firstBits(length);
}

[[gnu::target("sse4.2")]] inline uint32_t nonVisibleIn(const char* bytes) {
  const __m128i v = load(bytes);
  const __m128i visible = _mm_andnot_si128(equals(v, 0x7F), _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20)));
  return ~bitsOf(visible) & 0xFFFF;
}

[[gnu::target("sse4.2")]] inline uint32_t oddIn(const char* bytes) {
  const __m128i v = load(bytes);
  const __m128i next = load(bytes + 1);
  const __m128i joint =
      _mm_and_si128(equals(v, '/'), _mm_or_si128(equals(next, '/'), equals(next, '.')));
  return bitsOf(_mm_or_si128(joint, outside(v, spread(kPlainPathLow))));
}

[[gnu::target("sse4.2")]] size_t findNonVisible(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at >= kBlock; at += kBlock)
    if (const uint32_t found = nonVisibleIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  return at + std::countr_zero(nonVisibleIn(tail.bytes));
}

[[gnu::target("sse4.2")]] size_t findOddInPath(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at > kBlock; at += kBlock)
    if (const uint32_t found = oddIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  const uint32_t found = oddIn(tail.bytes);
  return found != 0 ? at + std::countr_zero(found) : length;
}

}  // namespace

const Scan kSse42Scan = {"sse4.2", classify, findNonVisible, findOddInPath};

}  // namespace fairlead::http

#endif
