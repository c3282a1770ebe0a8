// Where the controls and the ends of names are in received bytes: classified by vectors, read bit
// by bit.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/scan.h"

namespace fairlead::http::h1 {

// Classifies one block of 64 bytes at a time, as the questions move forward (they may go back,
// which costs another classification). Views the bytes; nothing of it outlives one parse call.
class ByteIndex {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  explicit ByteIndex(std::span<const char> bytes) : bytes_(bytes) {}

  std::span<const char> bytes() const { return bytes_; }
  // The first byte at or after `from` that is a control (HTAB is none), or kNone.
  size_t nextControl(size_t from) { return next(block_.controls, from); }
  // The first byte at or after `from` that cannot stand in a token, or kNone.
  size_t nextNonToken(size_t from) { return next(block_.non_tokens, from); }

 private:
  static constexpr size_t kBlock = 64;

  // `marks` is a member of `block_`.
  size_t next(const uint64_t& marks, size_t from) {
    const size_t at = from - begin_;
    if (at < kBlock) [[likely]] {
      const uint64_t left = marks >> at;
      if (left != 0) [[likely]]
        return from + static_cast<size_t>(std::countr_zero(left));
    }
    return nextInOtherBlock(marks, from);
  }

  size_t nextInOtherBlock(const uint64_t& marks, size_t from);

  std::span<const char> bytes_;
  size_t begin_ = SIZE_MAX / 2;  // of the block; far from every place before there is one
  ByteClasses block_;
};

}  // namespace fairlead::http::h1
