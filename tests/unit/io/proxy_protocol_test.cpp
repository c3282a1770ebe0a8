// PROXY headers, row by row: what they tell, what is refused and why, and what is written.
#include "io/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace fairlead::io {
namespace {

using namespace std::string_literals;
using Status = ProxyHeader::Status;

ProxyHeader parse(const std::string& bytes) { return parseProxyHeader(bytes); }

// "10.0.0.1:1000 to 10.0.0.2:80", "without ends", "incomplete", or the sentence of the fault.
std::string told(const ProxyHeader& header) {
  if (header.status == Status::Incomplete) return "incomplete";
  if (header.status == Status::Malformed) return std::string(header.fault);
  if (!header.tells_ends) return "without ends";
  return header.ends.source.text() + " to " + header.ends.destination.text();
}

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string number16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

// Version and command, family and transport, and what follows the length.
std::string block(unsigned char command, unsigned char family, const std::string& rest) {
  return kSignature + static_cast<char>(command) + static_cast<char>(family) +
         number16(rest.size()) + rest;
}

std::string extension(unsigned char type, const std::string& value) {
  return static_cast<char>(type) + number16(value.size()) + value;
}

// 192.0.2.1:4660 to 198.51.100.7:443.
const std::string kV4Ends = "\xc0\x00\x02\x01\xc6\x33\x64\x07\x12\x34\x01\xbb"s;
const std::string kV6Ends =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
    "\x12\x34\x01\xbb"s;
// CRC32C of block(0x21, 0x11, kV4Ends + extension(3, zeros)), computed bit by bit elsewhere.
const std::string kChecksum = "\x02\xb5\x56\xca"s;

struct AcceptedRow {
  const char* name;
  std::string bytes;
  std::string_view told;
};

const std::vector<AcceptedRow>& acceptedRows() {
  static const std::vector<AcceptedRow> rows{
      {"tcp4", "PROXY TCP4 192.0.2.1 198.51.100.7 4660 443\r\n",
       "192.0.2.1:4660 to 198.51.100.7:443"},
      {"tcp6", "PROXY TCP6 2001:db8::1 2001:db8::2 4660 443\r\n",
       "[2001:db8::1]:4660 to [2001:db8::2]:443"},
      {"tcp6_mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.7 1 2\r\n",
       "192.0.2.1:1 to 198.51.100.7:2"},
      {"tcp6_longest",
       "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 to "
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
      {"ports_of_zero", "PROXY TCP4 192.0.2.1 198.51.100.7 0 0\r\n",
       "192.0.2.1:0 to 198.51.100.7:0"},
      {"unknown", "PROXY UNKNOWN\r\n", "without ends"},
      {"unknown_with_more", "PROXY UNKNOWN ffff::1 what ever 1\r\n", "without ends"},
      {"unknown_of_107_bytes", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "without ends"},
      {"v2_tcp4", block(0x21, 0x11, kV4Ends), "192.0.2.1:4660 to 198.51.100.7:443"},
      {"v2_tcp6", block(0x21, 0x21, kV6Ends), "[2001:db8::1]:4660 to [2001:db8::2]:443"},
      {"v2_unix", block(0x21, 0x31, std::string(216, 'u')), "without ends"},
      {"v2_unspecified", block(0x21, 0x00, ""), "without ends"},
      {"v2_unspecified_with_anything", block(0x21, 0x00, "\xff\xff\xff"), "without ends"},
      {"v2_local", block(0x20, 0x00, ""), "without ends"},
      {"v2_local_ignores_its_family", block(0x20, 0x12, "abc"), "without ends"},
      {"v2_extensions",
       block(0x21, 0x11, kV4Ends + extension(0x04, "") + extension(0xea, "vpce-0123456789")),
       "192.0.2.1:4660 to 198.51.100.7:443"},
      {"v2_checksum", block(0x21, 0x11, kV4Ends + extension(0x03, kChecksum)),
       "192.0.2.1:4660 to 198.51.100.7:443"},
      {"v2_of_4096_bytes",
       block(0x21, 0x11, kV4Ends + extension(0x04, std::string(4096 - 16 - 12 - 3, '\0'))),
       "192.0.2.1:4660 to 198.51.100.7:443"},
  };
  return rows;
}

class Accepted : public testing::TestWithParam<AcceptedRow> {};

TEST_P(Accepted, TellsTheEnds) {
  const AcceptedRow& row = GetParam();
  const ProxyHeader header = parse(row.bytes);
  EXPECT_EQ(told(header), row.told);
  EXPECT_EQ(header.length, row.bytes.size());
}

TEST_P(Accepted, EveryPrefixIsIncomplete) {
  const std::string& bytes = GetParam().bytes;
  for (size_t length = 0; length < bytes.size(); ++length)
    ASSERT_EQ(told(parse(bytes.substr(0, length))), "incomplete") << length << " bytes";
}

TEST_P(Accepted, LeavesWhatFollows) {
  const AcceptedRow& row = GetParam();
  for (const std::string more : {"G", "GET / HTTP/1.1\r\n\r\n", "\r\n", "\n", "\0"}) {
    const ProxyHeader header = parse(row.bytes + more);
    EXPECT_EQ(told(header), row.told);
    EXPECT_EQ(header.length, row.bytes.size());
  }
}

std::string nameOf(const auto& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(Rows, Accepted, testing::ValuesIn(acceptedRows()),
                         nameOf<testing::TestParamInfo<AcceptedRow>>);

struct RefusedRow {
  const char* name;
  std::string bytes;
  std::string_view fault;
};

constexpr std::string_view kNone = "A PROXY header was expected first, and this is none.";
constexpr std::string_view kFew = "The PROXY line does not have two addresses and two ports.";
constexpr std::string_view kAddress =
    "An address of the PROXY line is not valid, or not of its family.";
constexpr std::string_view kPort = "A port of the PROXY line is not valid.";
constexpr std::string_view kProtocol = "The PROXY line is for none of TCP4, TCP6 and UNKNOWN.";
constexpr std::string_view kEnding = "The PROXY line does not end in CR LF.";
constexpr std::string_view kLong = "The PROXY line is longer than 107 bytes.";
constexpr std::string_view kCommand =
    "The PROXY header has another version than 2, or an unknown command.";
constexpr std::string_view kStream =
    "The PROXY header is not for a stream over IPv4, IPv6 or a Unix socket.";
constexpr std::string_view kShort = "The PROXY header is too short for its addresses.";
constexpr std::string_view kTooLong = "The PROXY header is longer than 4096 bytes.";
constexpr std::string_view kWithin = "The PROXY header ends within an extension.";
constexpr std::string_view kBeyond = "An extension of the PROXY header is too long for it.";
constexpr std::string_view kSums = "The PROXY header has a checksum of a wrong length, or two.";
constexpr std::string_view kSum = "The checksum of the PROXY header is wrong.";

const std::vector<RefusedRow>& refusedRows() {
  static const std::vector<RefusedRow> rows{
      {"a_request", "GET / HTTP/1.1\r\n", kNone},
      {"one_byte", "G", kNone},
      {"a_tls_hello", "\x16\x03\x01", kNone},
      {"another_method_in_P", "PUT /", kNone},
      {"lower_case", "proxy TCP4", kNone},
      {"a_blank_first", " PROXY TCP4", kNone},
      {"a_tab", "PROXY\tTCP4", kNone},
      {"no_protocol", "PROXY \r\n", kProtocol},
      {"tcp5", "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", kProtocol},
      {"lower_case_protocol", "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", kProtocol},
      {"protocol_alone", "PROXY TCP4\r\n", kProtocol},
      {"unknown_and_letters", "PROXY UNKNOWNS\r\n", kProtocol},
      {"two_blanks_first", "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", kProtocol},
      {"no_ports", "PROXY TCP4 192.0.2.1 192.0.2.2\r\n", kFew},
      {"one_port", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", kFew},
      {"three_ports", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", kPort},
      {"two_blanks", "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", kAddress},
      {"a_blank_at_the_end", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", kPort},
      {"family_v4_in_6", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", kAddress},
      {"family_v6_in_4", "PROXY TCP4 ::1 ::2 1 2\r\n", kAddress},
      {"family_mixed", "PROXY TCP4 192.0.2.1 ::2 1 2\r\n", kAddress},
      {"family_mapped_in_4", "PROXY TCP4 ::ffff:192.0.2.1 192.0.2.2 1 2\r\n", kAddress},
      {"address_octal", "PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n", kAddress},
      {"address_short", "PROXY TCP4 127.1 192.0.2.2 1 2\r\n", kAddress},
      {"address_with_zone", "PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", kAddress},
      {"address_in_brackets", "PROXY TCP6 [::1] ::2 1 2\r\n", kAddress},
      {"address_name", "PROXY TCP4 localhost 192.0.2.2 1 2\r\n", kAddress},
      {"address_with_nul", "PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"s, kAddress},
      {"port_leading_zero", "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", kPort},
      {"port_two_zeros", "PROXY TCP4 192.0.2.1 192.0.2.2 1 00\r\n", kPort},
      {"port_too_large", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", kPort},
      {"port_much_too_large", "PROXY TCP4 192.0.2.1 192.0.2.2 1 99999999999999999999\r\n", kPort},
      {"port_signed", "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", kPort},
      {"port_negative", "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", kPort},
      {"port_hexadecimal", "PROXY TCP4 192.0.2.1 192.0.2.2 0x1 2\r\n", kPort},
      {"port_empty", "PROXY TCP4 192.0.2.1 192.0.2.2  2\r\n", kPort},
      {"line_feed_alone", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", kEnding},
      {"carriage_return_within", "PROXY TCP4 192.0.2.1\r192.0.2.2 1 2\r\n", kEnding},
      {"two_carriage_returns", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n", kEnding},
      {"line_of_108_bytes", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", kLong},
      {"line_without_end", "PROXY TCP4 " + std::string(96, ' '), kLong},
      {"signature_differs", "\r\n\r\n\0\r\nQUIT\r"s, kNone},
      {"signature_of_another_byte", "\r\n\r\n\r\n", kNone},
      {"v2_version_1", block(0x11, 0x11, kV4Ends), kCommand},
      {"v2_version_3", block(0x31, 0x11, kV4Ends), kCommand},
      {"v2_command_2", block(0x22, 0x11, kV4Ends), kCommand},
      {"v2_datagrams", block(0x21, 0x12, kV4Ends), kStream},
      {"v2_datagrams_over_6", block(0x21, 0x22, kV6Ends), kStream},
      {"v2_unix_datagrams", block(0x21, 0x32, std::string(216, 'u')), kStream},
      {"v2_no_transport", block(0x21, 0x10, kV4Ends), kStream},
      {"v2_no_family", block(0x21, 0x01, kV4Ends), kStream},
      {"v2_family_4", block(0x21, 0x41, kV4Ends), kStream},
      {"v2_short_v4", block(0x21, 0x11, kV4Ends.substr(1)), kShort},
      {"v2_short_v6", block(0x21, 0x21, kV6Ends.substr(1)), kShort},
      {"v2_short_unix", block(0x21, 0x31, std::string(215, 'u')), kShort},
      {"v2_long", block(0x21, 0x11, kV4Ends + std::string(4097 - 16 - 12, '\0')), kTooLong},
      {"v2_long_local", block(0x20, 0x00, std::string(4081, '\0')), kTooLong},
      {"v2_extension_without_length", block(0x21, 0x11, kV4Ends + "\x04\x00"s), kWithin},
      {"v2_extension_too_long", block(0x21, 0x11, kV4Ends + "\x04\x00\x02\x00"s), kBeyond},
      {"v2_extension_of_unix", block(0x21, 0x31, std::string(216, 'u') + "\x04"), kWithin},
      {"v2_checksum_wrong", block(0x21, 0x11, kV4Ends + extension(0x03, "\x02\xb5\x56\xcb")), kSum},
      {"v2_checksum_of_zero", block(0x21, 0x11, kV4Ends + extension(0x03, "\0\0\0\0"s)), kSum},
      {"v2_checksum_short", block(0x21, 0x11, kV4Ends + extension(0x03, "\x02\xb5\x56")), kSums},
      {"v2_checksum_twice",
       block(0x21, 0x11, kV4Ends + extension(0x03, kChecksum) + extension(0x03, kChecksum)), kSums},
  };
  return rows;
}

class Refused : public testing::TestWithParam<RefusedRow> {};

TEST_P(Refused, SaysWhy) { EXPECT_EQ(told(parse(GetParam().bytes)), GetParam().fault); }

// No byte that comes later makes a header of it, and none makes it wait.
TEST_P(Refused, StaysSo) {
  const std::string& bytes = GetParam().bytes;
  for (const std::string more : {"\r\n", " ", "\n"})
    EXPECT_EQ(parse(bytes + more).status, Status::Malformed);
}

INSTANTIATE_TEST_SUITE_P(Rows, Refused, testing::ValuesIn(refusedRows()),
                         nameOf<testing::TestParamInfo<RefusedRow>>);

TEST(ProxyHeaderTest, RefusesWhatCanBecomeNone) {
  EXPECT_EQ(told(parse(kSignature + '\x11')), kCommand);
  EXPECT_EQ(told(parse(kSignature + "\x21\x12")), kStream);
  EXPECT_EQ(told(parse(kSignature + "\x21\x11\x00\x0b"s)), kShort);
  EXPECT_EQ(told(parse(kSignature + "\x20\x00\x0f\xf1"s)), kTooLong);
}

// --- writing

std::string written(ProxyVersion version, const ConnectionEnds& ends) {
  std::array<char, kProxyHeaderRoom> room;
  return {room.data(), writeProxyHeader(version, ends, room)};
}

std::string writtenLocal(ProxyVersion version) {
  std::array<char, kProxyHeaderRoom> room;
  return {room.data(), writeLocalProxyHeader(version, room)};
}

SocketAddress at(const char* ip, uint16_t port) { return {*IpAddress::parse(ip), port}; }

TEST(WrittenProxyHeaderTest, IsALine) {
  struct Row {
    SocketAddress source;
    SocketAddress destination;
    std::string_view line;
  };
  const Row rows[] = {
      {at("192.0.2.1", 4660), at("198.51.100.7", 443),
       "PROXY TCP4 192.0.2.1 198.51.100.7 4660 443\r\n"},
      {at("2001:db8::1", 0), at("2001:db8::2", 65535),
       "PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"},
      {at("192.0.2.1", 1), at("::1", 2), "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"},
      {at("::1", 1), at("192.0.2.1", 2), "PROXY TCP6 ::1 ::ffff:192.0.2.1 1 2\r\n"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(written(ProxyVersion::V1, {row.source, row.destination}), row.line);
  EXPECT_EQ(writtenLocal(ProxyVersion::V1), "PROXY UNKNOWN\r\n");
}

TEST(WrittenProxyHeaderTest, IsABlock) {
  EXPECT_EQ(written(ProxyVersion::V2, {at("192.0.2.1", 0x1234), at("198.51.100.7", 443)}),
            block(0x21, 0x11, kV4Ends));
  EXPECT_EQ(written(ProxyVersion::V2, {at("2001:db8::1", 0x1234), at("2001:db8::2", 443)}),
            block(0x21, 0x21, kV6Ends));
  EXPECT_EQ(writtenLocal(ProxyVersion::V2), block(0x20, 0x00, ""));
}

IpAddress randomAddress(Random& random) {
  if (random.below(2) == 0) return IpAddress::v4(static_cast<uint32_t>(random.next()));
  std::array<uint8_t, 16> bytes;
  for (uint8_t& byte : bytes) byte = random.below(2) == 0 ? 0 : static_cast<uint8_t>(random.next());
  return IpAddress::v6(bytes);
}

TEST(WrittenProxyHeaderTest, IsReadBack) {
  Random random(11);
  for (int i = 0; i < 20'000; ++i) {
    const ConnectionEnds ends{{randomAddress(random), static_cast<uint16_t>(random.next())},
                              {randomAddress(random), static_cast<uint16_t>(random.next())}};
    for (const ProxyVersion version : {ProxyVersion::V1, ProxyVersion::V2}) {
      const std::string bytes = written(version, ends);
      const ProxyHeader header = parse(bytes + "G");
      ASSERT_TRUE(header.tells_ends) << bytes << told(header);
      ASSERT_EQ(header.ends, ends) << bytes;
      ASSERT_EQ(header.length, bytes.size());
    }
  }
}

// One bit of a header with a checksum is another, wherever it stands after the signature.
TEST(ProxyChecksumTest, NoticesEveryBit) {
  const std::string bytes = block(0x21, 0x11, kV4Ends + extension(0x03, kChecksum));
  for (size_t byte = 16; byte < bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = bytes;
      other[byte] = static_cast<char>(other[byte] ^ (1 << bit));
      // A type that is none of a checksum has no checksum to be wrong.
      if (byte == 28) continue;
      EXPECT_EQ(parse(other).status, Status::Malformed) << byte << " " << bit;
    }
}

}  // namespace
}  // namespace fairlead::io
