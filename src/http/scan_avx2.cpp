// The scan with AVX2: 32 bytes a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#include "http/scan.h"
#include "http/scan_tables.h"

#define FAIRLEAD_SCAN_TARGET [[gnu::target("avx2")]]

namespace fairlead::http {

namespace {

constexpr size_t kBlock = 32;

FAIRLEAD_SCAN_TARGET inline __m256i load(const char* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

FAIRLEAD_SCAN_TARGET inline __m256i spread(const NibbleTable& table) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

FAIRLEAD_SCAN_TARGET inline uint32_t bitsOf(__m256i lanes) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(lanes));
}

FAIRLEAD_SCAN_TARGET inline __m256i equals(__m256i v, char c) {
  return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

FAIRLEAD_SCAN_TARGET inline uint32_t controlsIn(__m256i v) {
  const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
  return bitsOf(_mm256_or_si256(_mm256_andnot_si256(equals(v, '\t'), low), equals(v, 0x7F)));
}

FAIRLEAD_SCAN_TARGET inline __m256i outside(__m256i v, __m256i class_low) {
  const __m256i low = _mm256_shuffle_epi8(class_low, v);
  const __m256i nibble = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0F));
  const __m256i high = _mm256_shuffle_epi8(spread(kHighBit), nibble);
  return _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
}

FAIRLEAD_SCAN_TARGET inline uint32_t nonVisibleIn(const char* bytes) {
  const __m256i v = load(bytes);
  const __m256i visible =
      _mm256_andnot_si256(equals(v, 0x7F), _mm256_cmpgt_epi8(v, _mm256_set1_epi8(0x20)));
  return ~bitsOf(visible);
}

FAIRLEAD_SCAN_TARGET inline uint32_t oddInPath(const char* bytes) {
  const __m256i v = load(bytes);
  const __m256i next = load(bytes + 1);
  const __m256i joint =
      _mm256_and_si256(equals(v, '/'), _mm256_or_si256(equals(next, '/'), equals(next, '.')));
  return bitsOf(_mm256_or_si256(joint, outside(v, spread(kPlainPathLow))));
}

FAIRLEAD_SCAN_TARGET inline uint32_t oddInHost(const char* bytes) {
  const __m256i v = load(bytes);
  const __m256i joint = _mm256_and_si256(equals(v, '.'), equals(load(bytes + 1), '.'));
  return bitsOf(_mm256_or_si256(joint, outside(v, spread(kCanonicalHostLow))));
}

#include "http/scan_loops.h"

}  // namespace

const Scan kAvx2Scan = {"avx2", classify, findNonVisible, findOddInPath, findOddInHost};

}  // namespace fairlead::http

#endif
