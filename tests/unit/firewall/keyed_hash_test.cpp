// SipHash against vectors from elsewhere: the paper's, its reference code's, Python's.
#include "firewall/keyed_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::firewall {
namespace {

constexpr HashSecret kCounting = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr HashSecret kZero = {0, 0};

std::string bytesUpTo(size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

struct VectorRow {
  size_t length;  // of the message 00 01 02 ...
  uint64_t hash;
};

TEST(KeyedHash, TwoFourIsThatOfThePaper) {
  const VectorRow rows[] = {{0, 0x726fdb47dd0e0e31},
                            {1, 0x74f839c593dc67fd},
                            {2, 0x0d6c8009d9a94f5a},
                            {3, 0x85676696d7fb7e2d},
                            {15, 0xa129ca6149be45e5}};
  for (const VectorRow& row : rows)
    EXPECT_EQ((SipHash<2, 4>(kCounting).of(bytesUpTo(row.length))), row.hash) << row.length;
}

// hash(bytes(range(n))) of a CPython 3.11 with PYTHONHASHSEED=0.
TEST(KeyedHash, OneThreeIsThatOfPython) {
  const VectorRow rows[] = {{1, 0x68a914128e01e473},  {7, 0x2f098ab0c751325a},
                            {8, 0xead411e67ebe2eea},  {15, 0xf30eb725bb91c9ea},
                            {16, 0x8972188433a5c5b7}, {24, 0x31185a47af932f3a}};
  for (const VectorRow& row : rows)
    EXPECT_EQ(KeyedHash(kZero).of(bytesUpTo(row.length)), row.hash) << row.length;
}

TEST(KeyedHash, AFirstWordIsItsBytesBeforeTheText) {
  const KeyedHash hash(kCounting);
  EXPECT_EQ(hash.of(0x0706050403020100, bytesUpTo(16).substr(8)), hash.of(bytesUpTo(16)));
  const IpAddress address = *IpAddress::parse("2001:db8::1");
  const std::string_view bytes(reinterpret_cast<const char*>(address.bytes().data()), 16);
  EXPECT_EQ(hash.of(7, address), hash.of(7, bytes));
  EXPECT_NE(hash.of(7, address), hash.of(8, address));
  EXPECT_NE(hash.of(7, address), KeyedHash(kZero).of(7, address));
}

}  // namespace
}  // namespace fairlead::firewall
