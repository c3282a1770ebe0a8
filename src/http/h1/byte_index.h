// Where the controls and the ends of names are in received bytes: classified by vectors, read bit
// by bit.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/scan.h"

namespace fairlead::http::h1 {

// Classifies one window of the bytes at a time, as the questions move forward (they may go back,
// which costs another classification). Views the bytes; nothing of it outlives one parse call.
class ByteIndex {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  explicit ByteIndex(std::span<const char> bytes) : bytes_(bytes) {}

  std::span<const char> bytes() const { return bytes_; }
  // The first byte at or after `from` that is a control (HTAB is none), or kNone.
  size_t nextControl(size_t from) { return next(controls_, from); }
  // The first byte at or after `from` that cannot stand in a token, or kNone.
  size_t nextNonToken(size_t from) { return next(non_tokens_, from); }

 private:
  static constexpr size_t kWords = 8;
  static constexpr size_t kWindow = kWords * 64;
  using Bitmap = std::array<uint64_t, kWords>;

  size_t next(const Bitmap& map, size_t from) {
    while (from < bytes_.size()) {
      if (from - begin_ >= length_) fill(from);
      size_t word = (from - begin_) / 64;
      uint64_t bits = map[word] >> ((from - begin_) % 64);
      if (bits != 0) return from + static_cast<size_t>(std::countr_zero(bits));
      for (++word; word * 64 < length_; ++word)
        if (map[word] != 0)
          return begin_ + word * 64 + static_cast<size_t>(std::countr_zero(map[word]));
      from = begin_ + length_;
    }
    return kNone;
  }

  void fill(size_t from) {
    begin_ = from;
    length_ = bytes_.size() - from < kWindow ? bytes_.size() - from : kWindow;
    scan().classify(bytes_.data() + from, length_, controls_.data(), non_tokens_.data());
  }

  std::span<const char> bytes_;
  size_t begin_ = 0;
  size_t length_ = 0;
  Bitmap controls_;
  Bitmap non_tokens_;
};

}  // namespace fairlead::http::h1
