// The loops over blocks: text that each vector variant includes behind its own primitives (kBlock,
// load, spread, controlsIn, outside, bitsOf, nonVisibleIn, oddInPath, oddInHost). A template would
// not do: only functions of the same target are inlined into each other, and the target is an
// attribute of the function itself. No include guard: it is meant to be included once in each
// variant, inside its unnamed namespace.

FAIRLEAD_SCAN_TARGET inline ByteClasses classesOf64(const char* bytes) {
  const auto token = spread(kTokenLow);
  ByteClasses classes;
  for (unsigned shift = 0; shift < 64; shift += kBlock) {
    const auto v = load(bytes + shift);
    classes.controls |= uint64_t{controlsIn(v)} << shift;
    classes.non_tokens |= uint64_t{bitsOf(outside(v, token))} << shift;
  }
  return classes;
}

FAIRLEAD_SCAN_TARGET ByteClasses classify(const char* bytes, size_t length) {
  if (length == 64) return classesOf64(bytes);
  const PaddedTail<64> tail(bytes, length);
  const ByteClasses classes = classesOf64(tail.bytes);
  return {classes.controls & firstBits(length), classes.non_tokens & firstBits(length)};
}

FAIRLEAD_SCAN_TARGET size_t findNonVisible(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at >= kBlock; at += kBlock)
    if (const uint32_t found = nonVisibleIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  return at + std::countr_zero(nonVisibleIn(tail.bytes));
}

// `OddIn` looks one byte ahead.
template <uint32_t OddIn(const char*)>
FAIRLEAD_SCAN_TARGET inline size_t findOdd(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at > kBlock; at += kBlock)
    if (const uint32_t found = OddIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  const uint32_t found = OddIn(tail.bytes);
  return found != 0 ? at + std::countr_zero(found) : length;
}

FAIRLEAD_SCAN_TARGET size_t findOddInPath(const char* bytes, size_t length) {
  return findOdd<oddInPath>(bytes, length);
}

FAIRLEAD_SCAN_TARGET size_t findOddInHost(const char* bytes, size_t length) {
  return findOdd<oddInHost>(bytes, length);
}
