// The step from block to block.
#include "http/h1/byte_index.h"

#include <algorithm>

namespace fairlead::http::h1 {

// The last block ends with the bytes, so that only fewer than 64 in all are not a whole one.
size_t ByteIndex::nextInOtherBlock(const uint64_t& marks, size_t from) {
  const size_t length = std::min(bytes_.size(), kBlock);
  if (from - begin_ < kBlock) from = begin_ + kBlock;
  while (from < bytes_.size()) {
    begin_ = std::min(from, bytes_.size() - length);
    block_ = scan().classify(bytes_.data() + begin_, length);
    const uint64_t left = marks >> (from - begin_);
    if (left != 0) return from + static_cast<size_t>(std::countr_zero(left));
    from = begin_ + kBlock;
  }
  return kNone;
}

}  // namespace fairlead::http::h1
