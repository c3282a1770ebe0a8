// IP addresses and networks: tables of accepted and refused text, and a comparison with inet_pton.
#include "base/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace fairlead {
namespace {

struct GoodRow {
  const char* name;
  const char* text;
  const char* canonical;
};

const GoodRow kGood[] = {
    {"zero", "0.0.0.0", "0.0.0.0"},
    {"broadcast", "255.255.255.255", "255.255.255.255"},
    {"private", "10.192.0.1", "10.192.0.1"},
    {"unspecified", "::", "::"},
    {"loopback", "::1", "::1"},
    {"gap at the end", "fe80::", "fe80::"},
    {"gap in the middle", "2001:db8::1", "2001:db8::1"},
    {"no gap", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"upper case", "2001:DB8::ABCD", "2001:db8::abcd"},
    {"leading zeros in groups", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"one zero group is spelled out", "1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
    {"gap for one group", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"gap at the front for one group", "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"longest run wins", "1:0:0:2:0:0:0:3", "1:0:0:2::3"},
    {"first of equal runs", "1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
    {"run at both ends", "0:0:1:0:0:0:0:0", "0:0:1::"},
    {"mapped is IPv4", "::ffff:1.2.3.4", "1.2.3.4"},
    {"mapped in hex is IPv4", "::FFFF:102:304", "1.2.3.4"},
    {"embedded IPv4", "64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"embedded IPv4 without gap", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
};

TEST(IpAddress, AcceptsAndWritesCanonically) {
  for (const GoodRow& row : kGood) {
    SCOPED_TRACE(row.name);
    const auto parsed = IpAddress::parse(row.text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->text(), row.canonical);
    EXPECT_EQ(IpAddress::parse(row.canonical), parsed);
  }
}

TEST(IpAddress, WritesEveryOctetAtEveryPlace) {
  for (uint32_t octet = 0; octet < 256; ++octet)
    for (unsigned place = 0; place < 4; ++place) {
      const IpAddress address = IpAddress::v4(octet << (8 * place));
      char expected[INET_ADDRSTRLEN];
      ASSERT_TRUE(inet_ntop(AF_INET, address.bytes().data() + 12, expected, sizeof expected));
      EXPECT_EQ(address.text(), expected);
    }
}

struct BadRow {
  const char* name;
  const char* text;
};

const BadRow kBad[] = {
    {"empty", ""},
    {"three octets", "1.2.3"},
    {"five octets", "1.2.3.4.5"},
    {"short form", "127.1"},
    {"octal", "010.0.0.1"},
    {"hexadecimal", "0x7f.0.0.1"},
    {"octet too large", "1.2.3.256"},
    {"octet too long", "1.2.3.0004"},
    {"empty octet", "1..3.4"},
    {"dot at the end", "1.2.3.4."},
    {"blank before", " 1.2.3.4"},
    {"blank after", "1.2.3.4 "},
    {"sign", "+1.2.3.4"},
    {"port", "1.2.3.4:80"},
    {"single colon", ":"},
    {"three colons", ":::"},
    {"two gaps", "1::2::3"},
    {"colon at the end", "1:2:3:4:5:6:7:"},
    {"colon at the front", ":1:2:3:4:5:6:7"},
    {"seven groups", "1:2:3:4:5:6:7"},
    {"nine groups", "1:2:3:4:5:6:7:8:9"},
    {"gap for nothing", "1:2:3:4::5:6:7:8"},
    {"group too long", "12345::"},
    {"no hex digit", "g::"},
    {"zone", "fe80::1%eth0"},
    {"brackets", "[::1]"},
    {"IPv4 in the middle", "::1.2.3.4:5"},
    {"IPv4 before the gap", "1.2.3.4::"},
    {"bad embedded IPv4", "::1.2.3"},
    {"embedded IPv4 without room", "1:2:3:4:5:6:7:1.2.3.4"},
    {"name", "localhost"},
};

TEST(IpAddress, RefusesEverythingElse) {
  for (const BadRow& row : kBad) EXPECT_FALSE(IpAddress::parse(row.text)) << row.name;
}

TEST(IpAddress, KnowsItsFamily) {
  EXPECT_TRUE(IpAddress::v4(0x01020304).isV4());
  EXPECT_EQ(IpAddress::v4(0x01020304).v4HostOrder(), 0x01020304u);
  EXPECT_EQ(IpAddress::v4(0x01020304), IpAddress::parse("::ffff:1.2.3.4"));
  EXPECT_FALSE(IpAddress::parse("::1.2.3.4")->isV4());
  EXPECT_TRUE(IpAddress().isUnspecified());
  EXPECT_FALSE(IpAddress::v4(0).isUnspecified());
}

// Random bytes with many zero groups, so that runs of every kind occur.
std::array<uint8_t, 16> randomBytes(Random& random) {
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < 16; i += 2) {
    if (random.below(2) == 0) continue;
    bytes[i] = random.below(2) ? static_cast<uint8_t>(random.next()) : uint8_t{0};
    bytes[i + 1] = static_cast<uint8_t>(random.next());
  }
  bytes[0] |= 0x20;  // outside of the forms that inet_ntop writes with a dotted quad
  return bytes;
}

TEST(IpAddress, KnowsTheLoopback) {
  const struct {
    const char* text;
    bool is_loopback;
  } rows[] = {
      {"127.0.0.1", true},  {"127.255.0.9", true}, {"::1", true},      {"::ffff:127.0.0.1", true},
      {"128.0.0.1", false}, {"0.0.0.0", false},    {"::", false},      {"::2", false},
      {"fe80::1", false},   {"10.0.0.1", false},   {"7f00::1", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(IpAddress::parse(row.text)->isLoopback(), row.is_loopback) << row.text;
}

TEST(IpAddress, AgreesWithInetNtop) {
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto bytes = randomBytes(random);
    char expected[INET6_ADDRSTRLEN];
    ASSERT_TRUE(inet_ntop(AF_INET6, bytes.data(), expected, sizeof expected));
    EXPECT_EQ(IpAddress::v6(bytes).text(), expected);
    EXPECT_EQ(IpAddress::parse(expected), IpAddress::v6(bytes));

    const auto quad = static_cast<uint32_t>(random.next());
    const in_addr v4{htonl(quad)};
    ASSERT_TRUE(inet_ntop(AF_INET, &v4, expected, sizeof expected));
    EXPECT_EQ(IpAddress::v4(quad).text(), expected);
  }
}

// Texts over a small alphabet: both parsers must agree on every one of them.
TEST(IpAddress, AgreesWithInetPtonOnRandomText) {
  static constexpr std::string_view kAlphabet = "01af::::..2";
  Random random(8);
  for (int i = 0; i < 300000; ++i) {
    std::string text;
    for (uint64_t n = random.below(14); n > 0; --n) text += kAlphabet[random.below(11)];
    std::array<uint8_t, 16> v6{};
    in_addr v4{};
    const bool known_v6 = inet_pton(AF_INET6, text.c_str(), v6.data()) == 1;
    const bool known_v4 = inet_pton(AF_INET, text.c_str(), &v4) == 1;
    const auto parsed = IpAddress::parse(text);
    ASSERT_EQ(parsed.has_value(), known_v6 || known_v4) << text;
    if (known_v6) {
      ASSERT_EQ(parsed->bytes(), v6) << text;
    }
    if (known_v4) {
      ASSERT_EQ(parsed->v4HostOrder(), ntohl(v4.s_addr)) << text;
    }
  }
}

struct CidrRow {
  const char* name;
  const char* text;
  const char* canonical;  // nullptr: refused
  const char* suggestion;
};

const CidrRow kCidrs[] = {
    {"IPv4 network", "10.0.0.0/8", "10.0.0.0/8", ""},
    {"all of IPv4", "0.0.0.0/0", "0.0.0.0/0", ""},
    {"all of IPv6", "::/0", "::/0", ""},
    {"single IPv4", "10.192.0.1", "10.192.0.1/32", ""},
    {"single IPv6", "::1", "::1/128", ""},
    {"IPv6 network", "2001:db8::/32", "2001:db8::/32", ""},
    {"odd prefix", "192.168.254.0/23", "192.168.254.0/23", ""},
    {"mapped network", "::ffff:10.0.0.0/104", "10.0.0.0/8", ""},
    {"host bits in IPv4", "10.1.2.3/8", nullptr, "10.0.0.0/8"},
    {"host bits in IPv6", "2001:db8::1/32", nullptr, "2001:db8::/32"},
    {"host bits within a byte", "10.0.0.1/31", nullptr, "10.0.0.0/31"},
    {"prefix too long", "10.0.0.0/33", nullptr, ""},
    {"IPv6 prefix too long", "::/129", nullptr, ""},
    {"prefix empty", "10.0.0.0/", nullptr, ""},
    {"prefix with zero", "10.0.0.0/08", nullptr, ""},
    {"prefix negative", "10.0.0.0/-1", nullptr, ""},
    {"netmask", "10.0.0.0/255.0.0.0", nullptr, ""},
    {"name", "example.com", nullptr, ""},
    {"brackets", "[::1]", nullptr, "::1"},
    {"port", "10.0.0.1:80", nullptr, "10.0.0.1"},
};

TEST(Cidr, ParsesOrSuggests) {
  for (const CidrRow& row : kCidrs) {
    SCOPED_TRACE(row.name);
    Cidr::ParseFailure why;
    const auto cidr = Cidr::parse(row.text, &why);
    ASSERT_EQ(cidr.has_value(), row.canonical != nullptr);
    if (cidr) EXPECT_EQ(cidr->text(), row.canonical);
    EXPECT_EQ(why.suggestion, row.suggestion);
    EXPECT_EQ(why.message.empty(), cidr.has_value());
  }
}

struct ContainsRow {
  const char* name;
  const char* network;
  const char* address;
  bool inside;
};

const ContainsRow kContains[] = {
    {"first", "10.0.0.0/8", "10.0.0.0", true},
    {"last", "10.0.0.0/8", "10.255.255.255", true},
    {"one beyond", "10.0.0.0/8", "11.0.0.0", false},
    {"mapped address", "10.0.0.0/8", "::ffff:10.1.1.1", true},
    {"itself", "10.0.0.1", "10.0.0.1", true},
    {"neighbour", "10.0.0.1", "10.0.0.2", false},
    {"all of IPv4", "0.0.0.0/0", "203.0.113.7", true},
    {"all of IPv4 is not IPv6", "0.0.0.0/0", "2001:db8::1", false},
    {"all of IPv6", "::/0", "2001:db8::1", true},
    {"all of IPv6 is not IPv4", "::/0", "203.0.113.7", false},
    {"IPv6 network", "2001:db8::/33", "2001:db8:7fff::1", true},
    {"IPv6 next network", "2001:db8::/33", "2001:db8:8000::1", false},
};

TEST(Cidr, Contains) {
  for (const ContainsRow& row : kContains) {
    EXPECT_EQ(Cidr::parse(row.network)->contains(*IpAddress::parse(row.address)), row.inside)
        << row.name;
  }
}

TEST(SocketAddress, Text) {
  EXPECT_EQ((SocketAddress{*IpAddress::parse("10.0.0.1"), 80}.text()), "10.0.0.1:80");
  EXPECT_EQ((SocketAddress{*IpAddress::parse("::1"), 8080}.text()), "[::1]:8080");
}

struct LocalhostRow {
  const char* name;
  const char* host;
  bool is_localhost;
};

const LocalhostRow kLocalhosts[] = {
    {"itself", "localhost", true},
    {"letter case does not count", "LocalHost", true},
    {"a name below it", "api.localhost", true},
    {"far below it", "v2.api.LOCALHOST", true},
    {"with the dot of the root", "localhost.", true},
    {"below it, with that dot", "api.localhost.", true},
    {"two dots at the end", "localhost..", false},
    {"the end of another label", "mylocalhost", false},
    {"behind a hyphen", "my-localhost", false},
    {"a domain of its own", "localhost.example.com", false},
    {"the name of many hosts files", "localhost.localdomain", false},
    {"too short", "ocalhost", false},
    {"cut short", "localhos", false},
    {"an address is no name", "127.0.0.1", false},
    {"the root", ".", false},
    {"empty", "", false},
};

TEST(Localhost, IsKnownByItsLastLabel) {
  for (const LocalhostRow& row : kLocalhosts)
    EXPECT_EQ(isLocalhost(row.host), row.is_localhost) << row.name;
}

}  // namespace
}  // namespace fairlead
