// The PROXY protocol, versions 1 and 2: what a proxy says of a connection before its first byte.
// Bytes to values and back, without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/ip_address.h"

namespace fairlead::io {

// Who connected, and to which address.
struct ConnectionEnds {
  SocketAddress source;
  SocketAddress destination;

  friend bool operator==(const ConnectionEnds&, const ConnectionEnds&) = default;
};

// What the bytes at the beginning of a connection are.
struct ProxyHeader {
  enum class Status : uint8_t {
    Incomplete,  // may become a header
    Complete,
    Malformed,  // whatever follows, this is none
  };
  Status status = Status::Incomplete;
  // Complete: else the connection is the proxy's own, or not over IP (LOCAL, UNKNOWN, a Unix
  // socket), and its ends are those that the kernel knows.
  bool tells_ends = false;
  ConnectionEnds ends;
  size_t length = 0;         // Complete: bytes of the header
  std::string_view fault{};  // Malformed: a sentence; static storage
};

// Longer headers of version 2 are refused; those of version 1 have at most 107 bytes.
inline constexpr size_t kMostProxyHeader = 4096;

// Strict. Of version 2 the type-length-values are walked, and a checksum among them is verified.
ProxyHeader parseProxyHeader(std::span<const char> bytes);

enum class ProxyVersion : uint8_t { V1, V2 };

// Room for any header that is written here.
inline constexpr size_t kProxyHeaderRoom = 107;

// Both give the bytes written. Where only one end is IPv4, it is told in its IPv6-mapped form.
size_t writeProxyHeader(ProxyVersion version, const ConnectionEnds& ends,
                        std::span<char, kProxyHeaderRoom> out);
// For connections of fairlead's own, and for clients without an address: LOCAL, or UNKNOWN.
size_t writeLocalProxyHeader(ProxyVersion version, std::span<char, kProxyHeaderRoom> out);

}  // namespace fairlead::io
