// Which prefix lengths the banned networks of each family have: so many probes a look-up costs.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "base/ip_address.h"

namespace fairlead::firewall {

// Any thread at any time. Lengths are those of the 128-bit form, as in Cidr::bits.
class PrefixLengths {
 public:
  bool empty() const { return total_.load(std::memory_order_relaxed) == 0; }

  void add(const IpAddress& network, int bits) {
    const Length at(network, bits);
    total_.fetch_add(1);
    if (counts_[at.index].fetch_add(1) == 0) masks_[at.word].fetch_or(at.bit);
  }

  void remove(const IpAddress& network, int bits) {
    const Length at(network, bits);
    total_.fetch_sub(1);
    if (counts_[at.index].fetch_sub(1) != 1) return;
    masks_[at.word].fetch_and(~at.bit);
    // One may have been added between the two steps, and found its bit still set.
    if (counts_[at.index].load() != 0) masks_[at.word].fetch_or(at.bit);
  }

  static constexpr size_t kMost = 129;  // of one family

  // Calls `visit(bits)` for each length of the address's family, longest first.
  template <typename Visit>
  void longestFirst(const IpAddress& address, Visit visit) const {
    const bool is_v4 = address.isV4();
    const size_t last = is_v4 ? kV4Word : 0;
    for (size_t word = is_v4 ? kV4Word : kV4Word - 1;; --word) {
      uint64_t mask = masks_[word].load(std::memory_order_acquire);
      for (; mask != 0; mask &= ~std::bit_floor(mask))
        visit(bitsOf(word, std::bit_width(mask) - 1));
      if (word == last) return;
    }
  }

 private:
  static constexpr size_t kV4Word = 3;  // its bit b stands for /b; before it 0 to 128 of IPv6
  static constexpr int kV4Bits = 96;    // where the IPv4 part of the mapped form begins

  struct Length {
    Length(const IpAddress& network, int bits) {
      // A network wider than the mapped ones holds no IPv4 address, even if it begins like them.
      const bool is_v4 = network.isV4() && bits >= kV4Bits;
      const auto place = static_cast<size_t>(is_v4 ? bits - kV4Bits : bits);
      word = is_v4 ? kV4Word : place / 64;
      bit = uint64_t{1} << place % 64;
      index = word * 64 + place % 64;
    }
    size_t word;
    uint64_t bit;
    size_t index;
  };

  static int bitsOf(size_t word, int bit) {
    return word == kV4Word ? kV4Bits + bit : static_cast<int>(word) * 64 + bit;
  }

  alignas(64) std::atomic<uint32_t> total_{0};
  std::array<std::atomic<uint64_t>, kV4Word + 1> masks_{};
  std::array<std::atomic<uint32_t>, 64 * (kV4Word + 1)> counts_{};
};

}  // namespace fairlead::firewall
