// The scan with SSE4.2: 16 bytes a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#include "http/scan.h"
#include "http/scan_tables.h"

#define FAIRLEAD_SCAN_TARGET [[gnu::target("sse4.2")]]

namespace fairlead::http {

namespace {

constexpr size_t kBlock = 16;

FAIRLEAD_SCAN_TARGET inline __m128i load(const char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

FAIRLEAD_SCAN_TARGET inline __m128i spread(const NibbleTable& table) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(table.data()));
}

FAIRLEAD_SCAN_TARGET inline uint32_t bitsOf(__m128i lanes) {
  return static_cast<uint32_t>(_mm_movemask_epi8(lanes));
}

FAIRLEAD_SCAN_TARGET inline __m128i equals(__m128i v, char c) {
  return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

FAIRLEAD_SCAN_TARGET inline uint32_t controlsIn(__m128i v) {
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
  return bitsOf(_mm_or_si128(_mm_andnot_si128(equals(v, '\t'), low), equals(v, 0x7F)));
}

FAIRLEAD_SCAN_TARGET inline __m128i outside(__m128i v, __m128i class_low) {
  const __m128i low = _mm_shuffle_epi8(class_low, v);
  const __m128i nibble = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(0x0F));
  const __m128i high = _mm_shuffle_epi8(spread(kHighBit), nibble);
  return _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
}

FAIRLEAD_SCAN_TARGET inline uint32_t nonVisibleIn(const char* bytes) {
  const __m128i v = load(bytes);
  const __m128i visible = _mm_andnot_si128(equals(v, 0x7F), _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20)));
  return ~bitsOf(visible) & 0xFFFF;
}

FAIRLEAD_SCAN_TARGET inline uint32_t oddInPath(const char* bytes) {
  const __m128i v = load(bytes);
  const __m128i next = load(bytes + 1);
  const __m128i joint =
      _mm_and_si128(equals(v, '/'), _mm_or_si128(equals(next, '/'), equals(next, '.')));
  return bitsOf(_mm_or_si128(joint, outside(v, spread(kPlainPathLow))));
}

FAIRLEAD_SCAN_TARGET inline uint32_t oddInHost(const char* bytes) {
  const __m128i v = load(bytes);
  const __m128i joint = _mm_and_si128(equals(v, '.'), equals(load(bytes + 1), '.'));
  return bitsOf(_mm_or_si128(joint, outside(v, spread(kCanonicalHostLow))));
}

#include "http/scan_loops.h"

}  // namespace

const Scan kSse42Scan = {"sse4.2", classify, findNonVisible, findOddInPath, findOddInHost};

}  // namespace fairlead::http

#endif
