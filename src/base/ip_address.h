// IP addresses and networks as values: one type for both families, comparable, cheap to copy.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

// An IPv4 or IPv6 address. IPv4 is kept in its IPv4-mapped form (::ffff:a.b.c.d), so that an
// IPv4-mapped IPv6 address *is* the IPv4 address. Default: the unspecified address `::`.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const std::array<uint8_t, 16>& network_order);
  // Dotted quad or RFC 4291 text, without brackets, port or zone; nothing else is accepted
  // (no octal, no short forms such as "127.1").
  static std::optional<IpAddress> parse(std::string_view text);

  bool isV4() const;
  bool isUnspecified() const { return *this == IpAddress(); }
  bool isLoopback() const;  // 127.0.0.0/8 or ::1
  // The first `bits` of the 128-bit form, the others zero.
  IpAddress masked(int bits) const;
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  uint32_t v4HostOrder() const;  // isV4() only

  // Writes the text (RFC 5952) to `out`, which must have room for kMaxText bytes; returns its
  // length.
  static constexpr size_t kMaxText = 46;
  size_t format(char* out) const;
  std::string text() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

// A network in CIDR notation, or a single address. `parse` refuses host bits that are set
// (10.1.2.3/8): `suggestion` then says what was probably meant (10.0.0.0/8).
class Cidr {
 public:
  struct ParseFailure {
    std::string message;
    std::string suggestion;  // may be empty
  };

  Cidr() = default;
  Cidr(IpAddress network, int prefix_bits_of_128) : network_(network), bits_(prefix_bits_of_128) {}
  static std::optional<Cidr> parse(std::string_view text, ParseFailure* why = nullptr);

  // An IPv6 network never contains an IPv4 address: `::/0` is all of IPv6 and nothing else.
  bool contains(const IpAddress& address) const;
  const IpAddress& network() const { return network_; }
  int bits() const { return bits_; }  // of the 128-bit form
  // As written: 0..32 for IPv4, 0..128 for IPv6.
  int prefixLength() const;
  std::string text() const;
  // The same, but of a single address without its prefix: "10.0.0.1".
  std::string shortText() const;

  friend auto operator<=>(const Cidr&, const Cidr&) = default;

 private:
  IpAddress network_;
  int bits_ = 128;  // of the IPv4-mapped 128-bit form
};

// Where a connection ends: an address and a port.
struct SocketAddress {
  IpAddress ip;
  uint16_t port = 0;

  // "10.0.0.1:80" or "[::1]:80".
  std::string text() const;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// `localhost` and all names below it, with or without the dot of the root: loopback, whatever a
// hosts file or a server of names says (RFC 6761 section 6.3).
bool isLocalhost(std::string_view host);

}  // namespace fairlead
