// Hashes of keys and of what keys meet. They must stay what they are: all instances of fairlead,
// and the next start of this one, send a key to the same server.
#pragma once

#include <cstdint>

#include "base/hash.h"

namespace fairlead::balance {

// The n-th of a series of independent hashes of one value.
constexpr uint64_t hashOf(uint64_t value, uint64_t n) {
  return mixed(mixed(value + 0x9e3779b97f4a7c15ULL) + n * 0xd1342543de82ef95ULL);
}

// A hash as an index below `bound`.
constexpr uint64_t scaledTo(uint64_t bound, uint64_t hash) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(hash) * bound) >> 64);
}

}  // namespace fairlead::balance
