// Strict text to address and back (RFC 4291 section 2.2, RFC 5952), and network arithmetic.
#include "base/ip_address.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace fairlead {
namespace {

using Bytes16 = std::array<uint8_t, 16>;

constexpr int kV4Bits = 96;  // where the IPv4 part of the mapped form begins

// Decimal without sign, leading zeros or blanks; -1 when it is none, or over `limit`.
int readDecimal(std::string_view text, int limit) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return -1;
  int value = 0;
  for (const char c : text) {
    if (!ascii::isDigit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value <= limit ? value : -1;
}

bool readDottedQuad(std::string_view text, uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const int octet = readDecimal(text.substr(0, dot), 255);
    if (octet < 0) return false;
    out[i] = static_cast<uint8_t>(octet);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

// One to four hexadecimal digits, or -1.
int readGroup(std::string_view text) {
  if (text.empty() || text.size() > 4) return -1;
  int value = 0;
  for (const char c : text) {
    const int digit = ascii::hexValue(c);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Groups between colons, without `::`; the last may be a dotted quad when `is_tail`. Returns the
// number of bytes written, or -1. At most `room` bytes are written.
int readGroups(std::string_view text, bool is_tail, uint8_t* out, int room) {
  int used = 0;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool is_last = colon == std::string_view::npos;
    if (is_last && is_tail && group.find('.') != std::string_view::npos) {
      return used + 4 <= room && readDottedQuad(group, out + used) ? used + 4 : -1;
    }
    const int value = readGroup(group);
    if (value < 0 || used + 2 > room) return -1;
    out[used++] = static_cast<uint8_t>(value >> 8);
    out[used++] = static_cast<uint8_t>(value);
    if (is_last) return used;
    text.remove_prefix(colon + 1);
    if (text.empty()) return -1;  // a single colon at the end
  }
  return used;
}

bool readV6(std::string_view text, Bytes16& out) {
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) return readGroups(text, true, out.data(), 16) == 16;
  const int head = readGroups(text.substr(0, gap), false, out.data(), 14);
  if (head < 0) return false;
  Bytes16 tail_bytes{};
  const int tail = readGroups(text.substr(gap + 2), true, tail_bytes.data(), 14 - head);
  if (tail < 0) return false;
  std::copy_n(tail_bytes.begin(), tail, out.end() - tail);
  return true;
}

// Every octet with the dot behind it: requests tell the server the address of their client.
struct DottedOctet {
  char text[4];
};

consteval std::array<DottedOctet, 256> dottedOctets() {
  std::array<DottedOctet, 256> all{};
  for (unsigned value = 0; value < 256; ++value) {
    char* to = all[value].text;
    if (value >= 100) *to++ = static_cast<char>('0' + value / 100);
    if (value >= 10) *to++ = static_cast<char>('0' + value / 10 % 10);
    *to++ = static_cast<char>('0' + value % 10);
    *to = '.';
  }
  return all;
}

constexpr std::array<DottedOctet, 256> kDottedOctets = dottedOctets();

char* writeGroup(char* to, unsigned value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (value >= 0x1000) *to++ = kDigits[value >> 12];
  if (value >= 0x100) *to++ = kDigits[value >> 8 & 15];
  if (value >= 0x10) *to++ = kDigits[value >> 4 & 15];
  *to++ = kDigits[value & 15];
  return to;
}

size_t writeV4(const uint8_t* octets, char* out) {
  char* to = out;
  for (int i = 0; i < 4; ++i) {
    std::memcpy(to, kDottedOctets[octets[i]].text, sizeof(DottedOctet));
    to += 2 + (octets[i] >= 10) + (octets[i] >= 100);
  }
  return static_cast<size_t>(to - out) - 1;  // without the last dot
}

struct Run {
  int begin = -1;
  int length = 0;
};

// The groups that `::` stands for: the longest run of zeros, the first among equals, never a single
// group (RFC 5952 section 4.2).
Run longestZeroRun(const std::array<unsigned, 8>& groups) {
  Run best;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[static_cast<size_t>(end)] == 0) ++end;
    if (end - i > best.length) best = {i, end - i};
    i = std::max(end, i + 1);
  }
  return best.length >= 2 ? best : Run{};
}

size_t writeV6(const Bytes16& bytes, char* out) {
  std::array<unsigned, 8> groups{};
  for (size_t i = 0; i < 8; ++i) groups[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  const Run gap = longestZeroRun(groups);
  char* to = out;
  for (int i = 0; i < 8; ++i) {
    if (i == gap.begin) {
      *to++ = ':';
      *to++ = ':';
      i += gap.length - 1;
      continue;
    }
    if (i > 0 && i != gap.begin + gap.length) *to++ = ':';
    to = writeGroup(to, groups[static_cast<size_t>(i)]);
  }
  return static_cast<size_t>(to - out);
}

void refuse(Cidr::ParseFailure* why, std::string message, std::string suggestion = {}) {
  if (why) *why = {std::move(message), std::move(suggestion)};
}

// What was probably meant by text that is no address: brackets or a port left off.
std::string nearestAddress(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    const auto inner = IpAddress::parse(text.substr(1, close - 1));
    return inner ? inner->text() : std::string();
  }
  const auto without_port = IpAddress::parse(text.substr(0, text.rfind(':')));
  return without_port && without_port->isV4() ? without_port->text() : std::string();
}

}  // namespace

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress result;
  result.bytes_[10] = result.bytes_[11] = 0xff;
  for (size_t i = 0; i < 4; ++i)
    result.bytes_[12 + i] = static_cast<uint8_t>(host_order >> (24 - 8 * i));
  return result;
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& network_order) {
  IpAddress result;
  result.bytes_ = network_order;
  return result;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress result;
  if (text.find(':') != std::string_view::npos) {
    if (!readV6(text, result.bytes_)) return std::nullopt;
    return result;
  }
  result.bytes_[10] = result.bytes_[11] = 0xff;
  if (!readDottedQuad(text, result.bytes_.data() + 12)) return std::nullopt;
  return result;
}

bool IpAddress::isV4() const {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(bytes_.data(), kMapped, sizeof kMapped) == 0;
}

bool IpAddress::isLoopback() const {
  constexpr uint8_t kLoopbackNet = 127;
  if (isV4()) return bytes_[12] == kLoopbackNet;
  return *this == v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

// Without a branch that depends on `bits`: rules mask addresses by whatever network was found.
IpAddress IpAddress::masked(int bits) const {
  const auto leading = [](int count) {
    const auto within = static_cast<unsigned>(std::clamp(count, 0, 64));
    return ~(within < 64 ? ~uint64_t{0} >> within : 0);
  };
  std::array<uint64_t, 2> words;
  std::memcpy(words.data(), bytes_.data(), sizeof words);
  words[0] &= __builtin_bswap64(leading(bits));
  words[1] &= __builtin_bswap64(leading(bits - 64));
  IpAddress result;
  std::memcpy(result.bytes_.data(), words.data(), sizeof words);
  return result;
}

uint32_t IpAddress::v4HostOrder() const {
  uint32_t result = 0;
  for (size_t i = 12; i < 16; ++i) result = result << 8 | bytes_[i];
  return result;
}

size_t IpAddress::format(char* out) const {
  return isV4() ? writeV4(bytes_.data() + 12, out) : writeV6(bytes_, out);
}

std::string IpAddress::text() const {
  char buffer[kMaxText];
  return {buffer, format(buffer)};
}

std::optional<Cidr> Cidr::parse(std::string_view text, ParseFailure* why) {
  const size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = IpAddress::parse(address_text);
  if (!address) {
    refuse(why, "`" + std::string(text) + "` is not an IP address or network",
           nearestAddress(address_text));
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return Cidr(*address, 128);

  // A mapped address in IPv6 text counts its prefix over 128 bits, a dotted quad over 32.
  const bool is_short = address_text.find(':') == std::string_view::npos;
  const int length = readDecimal(text.substr(slash + 1), is_short ? 32 : 128);
  if (length < 0) {
    refuse(why, "the prefix length of `" + std::string(text) + "` is not a number from 0 to " +
                    (is_short ? "32" : "128"));
    return std::nullopt;
  }
  const int bits = is_short ? length + kV4Bits : length;
  const Cidr result(address->masked(bits), bits);
  if (result.network_ != *address) {
    refuse(why, "`" + std::string(text) + "` has host bits set beyond its prefix", result.text());
    return std::nullopt;
  }
  return result;
}

bool Cidr::contains(const IpAddress& address) const {
  if (bits_ < kV4Bits && address.isV4()) return false;
  return address.masked(bits_) == network_;
}

int Cidr::prefixLength() const { return network_.isV4() ? bits_ - kV4Bits : bits_; }

std::string Cidr::text() const { return network_.text() + "/" + std::to_string(prefixLength()); }

std::string SocketAddress::text() const {
  const std::string host = ip.text();
  return (ip.isV4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::string Cidr::shortText() const { return bits_ == 128 ? network_.text() : text(); }

bool isLocalhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < kName.size()) return false;
  const std::string_view end = host.substr(host.size() - kName.size());
  const bool is_whole_label =
      host.size() == kName.size() || host[host.size() - kName.size() - 1] == '.';
  return is_whole_label && ascii::equalsIgnoreCase(end, kName);
}

}  // namespace fairlead
