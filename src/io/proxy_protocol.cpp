// Reading and writing PROXY headers, after "The PROXY protocol, versions 1 & 2" (proxy-protocol.txt
// of HAProxy), whose sections are cited.
#include "io/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/ascii.h"

namespace fairlead::io {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_view_literals;

constexpr std::string_view kLineStart = "PROXY ";
constexpr size_t kLongestLine = 107;  // section 2.1, with its CRLF
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;

// Section 2.2: signature, version and command, family and transport, length of what follows.
constexpr size_t kFixed = 16;
constexpr uint8_t kLocal = 0x20;
constexpr uint8_t kProxied = 0x21;
constexpr uint8_t kUnspecified = 0x00;
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;
constexpr uint8_t kUnixStream = 0x31;
constexpr uint8_t kChecksumType = 0x03;  // PP2_TYPE_CRC32C

ProxyHeader incomplete() { return {}; }
ProxyHeader malformed(std::string_view sentence) {
  return {.status = Status::Malformed, .ends = {}, .fault = sentence};
}
ProxyHeader withoutEnds(size_t length) {
  return {.status = Status::Complete, .ends = {}, .length = length};
}

// --- version 1: one line

// Takes the text up to the next blank, which goes as well.
std::optional<std::string_view> takeWord(std::string_view& text) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank + 1);
  return word;
}

enum class Family : uint8_t { V4, V6 };

std::optional<IpAddress> addressOf(Family family, std::string_view text) {
  const bool is_v6_text = text.find(':') != std::string_view::npos;
  if (is_v6_text != (family == Family::V6)) return std::nullopt;
  return IpAddress::parse(text);
}

std::optional<uint16_t> portOf(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, ascii::isDigit)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (parsed.ec != std::errc()) return std::nullopt;
  return port;
}

// "ADDRESS ADDRESS PORT PORT", what follows the protocol.
ProxyHeader parseEnds(Family family, std::string_view text, size_t length) {
  const auto source = takeWord(text);
  const auto destination = source ? takeWord(text) : std::nullopt;
  const auto source_port = destination ? takeWord(text) : std::nullopt;
  if (!source_port) return malformed("The PROXY line does not have two addresses and two ports.");
  const auto from = addressOf(family, *source);
  const auto to = addressOf(family, *destination);
  if (!from || !to)
    return malformed("An address of the PROXY line is not valid, or not of its family.");
  const auto from_port = portOf(*source_port);
  const auto to_port = portOf(text);
  if (!from_port || !to_port) return malformed("A port of the PROXY line is not valid.");
  return {.status = Status::Complete,
          .tells_ends = true,
          .ends = {.source = {*from, *from_port}, .destination = {*to, *to_port}},
          .length = length};
}

// `rest`: what follows "PROXY ", without the CRLF.
ProxyHeader parseLine(std::string_view rest, size_t length) {
  // Whatever stands after UNKNOWN is to be ignored (section 2.1).
  if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return withoutEnds(length);
  const auto protocol = takeWord(rest);
  if (protocol == "TCP4") return parseEnds(Family::V4, rest, length);
  if (protocol == "TCP6") return parseEnds(Family::V6, rest, length);
  return malformed("The PROXY line is for none of TCP4, TCP6 and UNKNOWN.");
}

ProxyHeader parseV1(std::string_view text) {
  const std::string_view start = text.substr(0, kLineStart.size());
  if (!kLineStart.starts_with(start))
    return malformed("A PROXY header was expected first, and this is none.");
  const std::string_view line = text.substr(0, kLongestLine);
  const size_t end = line.find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == line.size()) {
    if (line.size() == kLongestLine) return malformed("The PROXY line is longer than 107 bytes.");
    if (end != std::string_view::npos && line[end] == '\n')
      return malformed("The PROXY line does not end in CR LF.");
    return incomplete();
  }
  if (line.substr(end, 2) != "\r\n") return malformed("The PROXY line does not end in CR LF.");
  return parseLine(line.substr(kLineStart.size(), end - kLineStart.size()), end + 2);
}

// --- version 2: a block

// Bytes that were checked to be there.
class Block {
 public:
  explicit Block(std::span<const char> bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size(); }
  uint8_t byteAt(size_t at) const { return static_cast<uint8_t>(bytes_[at]); }
  uint16_t numberAt(size_t at) const {  // in network order
    return static_cast<uint16_t>(byteAt(at) << 8 | byteAt(at + 1));
  }
  uint32_t longNumberAt(size_t at) const { return uint32_t{numberAt(at)} << 16 | numberAt(at + 2); }
  IpAddress v4At(size_t at) const { return IpAddress::v4(longNumberAt(at)); }
  IpAddress v6At(size_t at) const {
    std::array<uint8_t, 16> address;
    std::memcpy(address.data(), bytes_.data() + at, address.size());
    return IpAddress::v6(address);
  }

 private:
  std::span<const char> bytes_;
};

// CRC32C (RFC 3720 appendix B.4), a byte at a time: headers are short and come once.
class Checksum {
 public:
  void add(uint8_t byte) { state_ = kTable[(state_ ^ byte) & 0xff] ^ (state_ >> 8); }
  uint32_t value() const { return ~state_; }

 private:
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t rest = i;
      for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82f63b78 : 0);
      table[i] = rest;
    }
    return table;
  }();
  uint32_t state_ = ~uint32_t{0};
};

// Of the whole header, with zeros where the checksum itself stands (section 2.2.4).
bool checksumFits(const Block& block, size_t checksum_at) {
  Checksum sum;
  for (size_t i = 0; i < block.size(); ++i)
    sum.add(i >= checksum_at && i < checksum_at + 4 ? 0 : block.byteAt(i));
  return sum.value() == block.longNumberAt(checksum_at);
}

// What is wrong with the type-length-values from `at` on; empty: nothing.
std::string_view faultOfExtensions(const Block& block, size_t at) {
  constexpr size_t kTypeAndLength = 3;
  std::optional<size_t> checksum_at;
  while (at < block.size()) {
    if (block.size() - at < kTypeAndLength) return "The PROXY header ends within an extension.";
    const uint8_t type = block.byteAt(at);
    const size_t length = block.numberAt(at + 1);
    at += kTypeAndLength;
    if (block.size() - at < length) return "An extension of the PROXY header is too long for it.";
    if (type == kChecksumType) {
      if (length != 4 || checksum_at)
        return "The PROXY header has a checksum of a wrong length, or two.";
      checksum_at = at;
    }
    at += length;
  }
  if (checksum_at && !checksumFits(block, *checksum_at))
    return "The checksum of the PROXY header is wrong.";
  return {};
}

// Bytes of both ends; nothing for what is refused.
std::optional<size_t> addressBytes(uint8_t family) {
  switch (family) {
    case kTcp4:
      return 12;
    case kTcp6:
      return 36;
    case kUnixStream:
      return 216;
    default:
      return std::nullopt;
  }
}

ConnectionEnds endsIn(const Block& block, uint8_t family) {
  if (family == kTcp4)
    return {.source = {block.v4At(16), block.numberAt(24)},
            .destination = {block.v4At(20), block.numberAt(26)}};
  return {.source = {block.v6At(16), block.numberAt(48)},
          .destination = {block.v6At(32), block.numberAt(50)}};
}

ProxyHeader parseProxied(const Block& block) {
  const uint8_t family = block.byteAt(13);
  if (const auto fault = faultOfExtensions(block, kFixed + *addressBytes(family)); !fault.empty())
    return malformed(fault);
  ProxyHeader header = withoutEnds(block.size());
  header.tells_ends = family != kUnixStream;
  if (header.tells_ends) header.ends = endsIn(block, family);
  return header;
}

// What the first bytes tell already; nothing: no fault yet.
std::string_view faultOfStart(const Block& block) {
  if (block.size() <= 12) return {};
  const uint8_t command = block.byteAt(12);
  if (command != kLocal && command != kProxied)
    return "The PROXY header has another version than 2, or an unknown command.";
  if (block.size() <= 13) return {};
  const uint8_t family = block.byteAt(13);
  // Of LOCAL the family is to be ignored.
  const bool has_addresses = command == kProxied && family != kUnspecified;
  if (has_addresses && !addressBytes(family))
    return "The PROXY header is not for a stream over IPv4, IPv6 or a Unix socket.";
  if (block.size() < kFixed) return {};
  const size_t length = block.numberAt(14);
  if (kFixed + length > kMostProxyHeader) return "The PROXY header is longer than 4096 bytes.";
  if (has_addresses && length < *addressBytes(family))
    return "The PROXY header is too short for its addresses.";
  return {};
}

ProxyHeader parseV2(std::span<const char> bytes) {
  const size_t compared = std::min(bytes.size(), kSignature.size());
  if (std::string_view(bytes.data(), compared) != kSignature.substr(0, compared))
    return malformed("A PROXY header was expected first, and this is none.");
  const Block begun(bytes);
  if (const auto fault = faultOfStart(begun); !fault.empty()) return malformed(fault);
  if (bytes.size() < kFixed) return incomplete();
  const size_t length = kFixed + begun.numberAt(14);
  if (bytes.size() < length) return incomplete();
  // The block of a connection that is not proxied, or over something unspecified, is skipped.
  if (begun.byteAt(12) == kLocal || begun.byteAt(13) == kUnspecified) return withoutEnds(length);
  return parseProxied(Block(bytes.first(length)));
}

// --- writing

// Appends to the room of a header, which is known to suffice.
class Writer {
 public:
  explicit Writer(std::span<char, kProxyHeaderRoom> out) : out_(out) {}

  size_t size() const { return size_; }
  void text(std::string_view text) {
    std::memcpy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void decimal(uint16_t number) {
    char* const at = out_.data() + size_;
    size_ += static_cast<size_t>(std::to_chars(at, out_.data() + out_.size(), number).ptr - at);
  }
  void byte(uint8_t value) { out_[size_++] = static_cast<char>(value); }
  void number(uint16_t value) {  // in network order
    byte(static_cast<uint8_t>(value >> 8));
    byte(static_cast<uint8_t>(value));
  }
  // In text, and in bytes. An IPv4 address among IPv6 ones is told in its mapped form.
  void addressText(const IpAddress& address, Family family) {
    if (family == Family::V6 && address.isV4()) text("::ffff:");
    char buffer[IpAddress::kMaxText];
    text({buffer, address.format(buffer)});
  }
  void addressBytes(const IpAddress& address, Family family) {
    const auto& bytes = address.bytes();
    for (size_t i = family == Family::V4 ? 12 : 0; i < bytes.size(); ++i) byte(bytes[i]);
  }

 private:
  std::span<char, kProxyHeaderRoom> out_;
  size_t size_ = 0;
};

Family familyOf(const ConnectionEnds& ends) {
  return ends.source.ip.isV4() && ends.destination.ip.isV4() ? Family::V4 : Family::V6;
}

size_t writeV1(const ConnectionEnds& ends, std::span<char, kProxyHeaderRoom> out) {
  const Family family = familyOf(ends);
  Writer writer(out);
  writer.text(family == Family::V4 ? "PROXY TCP4 " : "PROXY TCP6 ");
  writer.addressText(ends.source.ip, family);
  writer.text(" ");
  writer.addressText(ends.destination.ip, family);
  writer.text(" ");
  writer.decimal(ends.source.port);
  writer.text(" ");
  writer.decimal(ends.destination.port);
  writer.text("\r\n");
  return writer.size();
}

size_t writeV2(const ConnectionEnds& ends, std::span<char, kProxyHeaderRoom> out) {
  const Family family = familyOf(ends);
  Writer writer(out);
  writer.text(kSignature);
  writer.byte(kProxied);
  writer.byte(family == Family::V4 ? kTcp4 : kTcp6);
  writer.number(family == Family::V4 ? 12 : 36);
  writer.addressBytes(ends.source.ip, family);
  writer.addressBytes(ends.destination.ip, family);
  writer.number(ends.source.port);
  writer.number(ends.destination.port);
  return writer.size();
}

}  // namespace

ProxyHeader parseProxyHeader(std::span<const char> bytes) {
  if (bytes.empty()) return incomplete();
  if (bytes[0] == kSignature[0]) return parseV2(bytes);
  return parseV1({bytes.data(), bytes.size()});
}

size_t writeProxyHeader(ProxyVersion version, const ConnectionEnds& ends,
                        std::span<char, kProxyHeaderRoom> out) {
  return version == ProxyVersion::V1 ? writeV1(ends, out) : writeV2(ends, out);
}

size_t writeLocalProxyHeader(ProxyVersion version, std::span<char, kProxyHeaderRoom> out) {
  Writer writer(out);
  if (version == ProxyVersion::V1) {
    writer.text("PROXY UNKNOWN\r\n");
    return writer.size();
  }
  writer.text(kSignature);
  writer.byte(kLocal);
  writer.byte(kUnspecified);
  writer.number(0);
  return writer.size();
}

}  // namespace fairlead::io
