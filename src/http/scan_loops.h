// The loops over blocks: text that each vector variant includes behind its own primitives (kBlock,
// load, spread, controlsIn, outside, bitsOf, nonVisibleIn, oddIn). A template would not do: only
// functions of the same target are inlined into each other, and the target is an attribute of the
// function itself. No include guard: it is meant to be included once in each variant, inside its
// unnamed namespace.

struct Classes {
  uint64_t controls = 0;
  uint64_t non_tokens = 0;
};

FAIRLEAD_SCAN_TARGET inline Classes classesOf64(const char* bytes) {
  const auto token = spread(kTokenLow);
  Classes classes;
  for (unsigned shift = 0; shift < 64; shift += kBlock) {
    const auto v = load(bytes + shift);
    classes.controls |= uint64_t{controlsIn(v)} << shift;
    classes.non_tokens |= uint64_t{bitsOf(outside(v, token))} << shift;
  }
  return classes;
}

FAIRLEAD_SCAN_TARGET void classify(const char* bytes, size_t length, uint64_t* controls,
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

FAIRLEAD_SCAN_TARGET size_t findNonVisible(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at >= kBlock; at += kBlock)
    if (const uint32_t found = nonVisibleIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  return at + std::countr_zero(nonVisibleIn(tail.bytes));
}

FAIRLEAD_SCAN_TARGET size_t findOddInPath(const char* bytes, size_t length) {
  size_t at = 0;
  for (; length - at > kBlock; at += kBlock)
    if (const uint32_t found = oddIn(bytes + at)) return at + std::countr_zero(found);
  if (at == length) return length;
  const PaddedTail<kBlock> tail(bytes + at, length - at);
  const uint32_t found = oddIn(tail.bytes);
  return found != 0 ? at + std::countr_zero(found) : length;
}
