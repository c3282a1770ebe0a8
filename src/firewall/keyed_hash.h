// SipHash: a hash whose collisions nobody can choose who does not know its secret.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/ip_address.h"

namespace fairlead::firewall {

// 128 bits from the system's randomness, drawn at start.
using HashSecret = std::array<uint64_t, 2>;

// "SipHash: a fast short-input PRF", Aumasson and Bernstein 2012. 2-4 is the cautious choice of its
// authors for tags that are shown; 1-3 is what Rust and Python take for tables of keys that
// strangers choose, and what this one is used as.
template <int kPerWord, int kAtEnd>
class SipHash {
 public:
  explicit SipHash(const HashSecret& secret) : secret_(secret) {}

  // Of the bytes of `first` (little-endian), then those of `text`.
  uint64_t of(uint64_t first, std::string_view text) const {
    State state(secret_);
    state.absorb(first);
    return finish(state, text, sizeof first + text.size());
  }

  uint64_t of(uint64_t first, const IpAddress& address) const {
    return of(first, {reinterpret_cast<const char*>(address.bytes().data()), 16});
  }

  uint64_t of(std::string_view text) const {
    State state(secret_);
    return finish(state, text, text.size());
  }

 private:
  struct State {
    explicit State(const HashSecret& k)
        : a(k[0] ^ 0x736f6d6570736575ULL),
          b(k[1] ^ 0x646f72616e646f6dULL),
          c(k[0] ^ 0x6c7967656e657261ULL),
          d(k[1] ^ 0x7465646279746573ULL) {}

    void round() {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32) + d;
      c += b;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }

    void absorb(uint64_t word) {
      d ^= word;
      for (int i = 0; i < kPerWord; ++i) round();
      a ^= word;
    }

    uint64_t a, b, c, d;
  };

  static_assert(std::endian::native == std::endian::little);

  static uint64_t finish(State& state, std::string_view text, size_t length) {
    for (; text.size() >= 8; text.remove_prefix(8)) state.absorb(wordOf(text.data(), 8));
    state.absorb(wordOf(text.data(), text.size()) | uint64_t{length} << 56);
    state.c ^= 0xff;
    for (int i = 0; i < kAtEnd; ++i) state.round();
    return state.a ^ state.b ^ state.c ^ state.d;
  }

  static uint64_t wordOf(const char* bytes, size_t count) {
    uint64_t word = 0;
    if (count > 0) std::memcpy(&word, bytes, count);
    return word;
  }

  HashSecret secret_;
};

using KeyedHash = SipHash<1, 3>;

}  // namespace fairlead::firewall
