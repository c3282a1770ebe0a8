// The scan with AVX2: 32 bytes a step.
#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#include "http/scan.h"
#include "http/scan_tables.h"

namespace fairlead::http {

namespace {

constexpr size_t kBlock = 32;

[[gnu::target("avx2")]] inline __m256i load(const char* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

[[gnu::target("avx2")]] inline __m256i spread(const NibbleTable& table) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

[[gnu::target("avx2")]] inline uint32_t bitsOf(__m256i lanes) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(lanes));
}

[[gnu::target("avx2")]] inline __m256i equals(__m256i v, char c) {
  return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

[[gnu::target("avx2")]] inline uint32_t controlsIn(__m256i v) {
  const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
  return bitsOf(_mm256_or_si256(_mm256_andnot_si256(equals(v, '\t'), low), equals(v, 0x7F)));
}

[[gnu::target("avx2")]] inline __m256i outside(__m256i v, __m256i class_low) {
  const __m256i low = _mm256_shuffle_epi8(class_low, v);
  const __m256i nibble = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0F));
  const __m256i high = _mm256_shuffle_epi8(spread(kHighBit), nibble);
  return _mm256_cmpeq_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
}

struct Classes {
  uint64_t controls;
  uint64_t non_tokens;
};

[[gnu::target("avx2")]] inline Classes classesOf64(const char* bytes) {
  const __m256i first = load(bytes);
  const __m256i second = load(bytes + kBlock);
  const __m256i token = spread(kTokenLow);
  return {controlsIn(first) | uint64_t{controlsIn(second)} << 32,
          bitsOf(outside(first, token)) | uint64_t{bitsOf(outside(second, token))} << 32};
}

[[gnu::target("avx2")]] void classify(const char* bytes, size_t length, uint64_t* controls,
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

[[gnu::target("avx2")]] inline uint32_t nonVisibleIn(const char* bytes) {
  const __m256i v = load(bytes);
  const __m256i visible =
      _mm256_andnot_si256(equals(v, 0x7F), _mm256_cmpgt_epi8(v, _mm256_set1_epi8(0x20)));
  return ~bitsOf(visible);
}

[[gnu::target("avx2")]] inline uint32_t oddIn(const char* bytes) {
  const __m256i v = load(bytes);
  const __m256i next = load(bytes + 1);
  const __m256i joint =
      _mm256_and_si256(equals(v, '/'), _mm256_or_si256(equals(next, '/'), equals(next, '.')));
  return bitsOf(_mm256_or_si256(joint, outside(v, spread(kPlainPathLow))));
}

[[gnu::target("avx2")]] size_t findNonVisible(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at >= kBlock; at += kBlock)
    if (const uint32_t found = nonVisibleIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  return at + std::countr_zero(nonVisibleIn(tail.bytes));
}

[[gnu::target("avx2")]] size_t findOddInPath(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at > kBlock; at += kBlock)
    if (const uint32_t found = oddIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  const uint32_t found = oddIn(tail.bytes);
  return found != 0 ? at + std::countr_zero(found) : length;
}

}  // namespace

const Scan kAvx2Scan = {"avx2", classify, findNonVisible, findOddInPath};

}  // namespace fairlead::http

#endif
