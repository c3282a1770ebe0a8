// Hashes of texts and addresses that stay what they are: cookies of clients and positions of
// servers depend on their results.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/ip_address.h"

namespace fairlead {

// The finaliser of splitmix64: each bit of the input changes half of the output. Zero stays
// zero.
constexpr uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// FNV-1a, mixed.
constexpr uint64_t hashOfText(std::string_view text, uint64_t basis = 0xcbf29ce484222325ULL) {
  uint64_t hash = basis;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return mixed(hash);
}

// Of a client. A network of IPv6 belongs to one client, who changes addresses within it.
inline uint64_t hashOfClient(const IpAddress& client) {
  constexpr int kNetworkBits = 64;
  const IpAddress known = client.isV4() ? client : client.masked(kNetworkBits);
  std::array<uint64_t, 2> words{};
  for (size_t i = 0; i < known.bytes().size(); ++i)
    words[i / 8] = words[i / 8] << 8 | known.bytes()[i];
  return mixed(words[1] ^ mixed(words[0] + 0x9e3779b97f4a7c15ULL));
}

}  // namespace fairlead
