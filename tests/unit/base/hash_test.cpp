// Hashes that must stay what they are: values worked out by another program, and how well they mix.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "base/random.h"

namespace fairlead {
namespace {

using namespace std::string_view_literals;

// --- values. Several fairleads side by side must send a client to the same server, and so must the
// next release: whoever has to change a number here moves everybody's clients.

struct MixedRow {
  const char* name;
  uint64_t input;
  uint64_t expected;
};

const MixedRow kMixed[] = {
    {"zero stays zero", 0, 0},
    {"one", 1, 0x5692161d100b05e5},
    {"two", 2, 0xdbd238973a2b148a},
    {"the first of splitmix64 from seed 0", 0x9e3779b97f4a7c15, 0xe220a8397b1dcdaf},
    {"the first from seed 1234567", 1234567 + 0x9e3779b97f4a7c15, 6457827717110365317u},
    {"all bits", UINT64_MAX, 0xb4d055fcf2cbbd7b},
};

TEST(Hash, MixedIsTheFinaliserOfSplitmix64) {
  for (const MixedRow& row : kMixed) EXPECT_EQ(mixed(row.input), row.expected) << row.name;
}

struct TextRow {
  const char* name;
  std::string_view text;
  uint64_t fnv;  // FNV-1a alone
  uint64_t expected;
};

const TextRow kTexts[] = {
    {"empty", "", 0xcbf29ce484222325, 0xf52a15e9a9b5e89b},
    {"one letter", "a", 0xaf63dc4c8601ec8c, 0x02c0bdbf481420f8},
    {"a word", "foobar", 0x85944171f73967e8, 0x404da9e3b74078c2},
    {"an address", "10.0.0.1:8080", 0x8c205676cb139b95, 0xe6be330c3d44a2e2},
    {"bytes count without a sign", "\xff\0z"sv, 0, 0x6afe5e51e46d9f2f},
    {"beyond ASCII", "gr\u00fcn", 0, 0x2763d91c2b7c9701},
};

TEST(Hash, OfTextIsFnvMixed) {
  for (const TextRow& row : kTexts) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(hashOfText(row.text), row.expected);
    if (row.fnv != 0) EXPECT_EQ(hashOfText(row.text), mixed(row.fnv));
  }
}

TEST(Hash, OfOneTextIsTheBasisOfAnother) {
  EXPECT_EQ(hashOfText("b", hashOfText("a")), 0x9c6d59a3e76edcc9u);
  EXPECT_NE(hashOfText("b", hashOfText("a")), hashOfText("ab"));
  EXPECT_NE(hashOfText("b", hashOfText("a")), hashOfText("a", hashOfText("b")));
}

struct ClientRow {
  const char* name;
  const char* client;
  uint64_t expected;
};

const ClientRow kClients[] = {
    {"IPv4", "203.0.113.7", 0x157a55de2135bc1a},
    {"its neighbour", "203.0.113.8", 0x1226d91e9853f592},
    {"the same, mapped into IPv6", "::ffff:203.0.113.7", 0x157a55de2135bc1a},
    {"the first of IPv4", "0.0.0.0", 0x33d008ce79d3f2ed},
    {"the last of IPv4", "255.255.255.255", 0x953ce4b99ac6bbe1},
    {"IPv6", "2001:db8::1", 0xf950df2c9474f48a},
    {"another address of that network", "2001:db8::ffff:ffff:ffff:ffff", 0xf950df2c9474f48a},
    {"the next network", "2001:db8:0:1::1", 0xf7ce7ba948563b08},
    {"link-local", "fe80::1", 0xcb3e611d0e0183ce},
    {"none", "::", 0x48218226ff3cd4bf},
};

TEST(Hash, OfClientIsOfAnAddressOrOfItsNetwork) {
  for (const ClientRow& row : kClients)
    EXPECT_EQ(hashOfClient(*IpAddress::parse(row.client)), row.expected) << row.name;
}

// --- mixing

// How often each bit of the result turned when one bit of an input was turned.
class Avalanche {
 public:
  void compare(uint64_t one, uint64_t other) {
    const uint64_t turned = one ^ other;
    for (size_t bit = 0; bit < turns_.size(); ++bit) turns_[bit] += turned >> bit & 1;
    ++pairs_;
  }
  // Shares of all pairs; a half is ideal.
  double least() const { return share(*std::ranges::min_element(turns_)); }
  double most() const { return share(*std::ranges::max_element(turns_)); }

 private:
  double share(uint64_t turns) const {
    return static_cast<double>(turns) / static_cast<double>(pairs_);
  }
  std::array<uint64_t, 64> turns_{};
  uint64_t pairs_ = 0;
};

// Of `pairs` pairs each bit turns in a half of them, give or take five standard deviations.
void expectAvalanche(const Avalanche& avalanche, double pairs) {
  const double slack = 5 * 0.5 / std::sqrt(pairs);
  EXPECT_GE(avalanche.least(), 0.5 - slack);
  EXPECT_LE(avalanche.most(), 0.5 + slack);
}

constexpr int kRounds = 4000;

TEST(Hash, EachBitOfANumberTurnsHalfOfTheResult) {
  for (int input_bit = 0; input_bit < 64; ++input_bit) {
    SCOPED_TRACE(input_bit);
    Random random(static_cast<uint64_t>(input_bit));
    Avalanche avalanche;
    for (int i = 0; i < kRounds; ++i) {
      const uint64_t number = random.next();
      avalanche.compare(mixed(number), mixed(number ^ uint64_t{1} << input_bit));
    }
    expectAvalanche(avalanche, kRounds);
  }
}

// Names of servers differ in little but their last digits.
TEST(Hash, EachBitOfATextTurnsHalfOfTheResult) {
  constexpr size_t kLength = 12;
  for (size_t place = 0; place < kLength; ++place) {
    SCOPED_TRACE(place);
    Random random(place);
    Avalanche avalanche;
    for (int i = 0; i < kRounds; ++i) {
      std::string text;
      for (size_t k = 0; k < kLength; ++k) text += static_cast<char>('0' + random.below(10));
      std::string other = text;
      other[place] = static_cast<char>(other[place] ^ 1 << random.below(8));
      avalanche.compare(hashOfText(text), hashOfText(other));
    }
    expectAvalanche(avalanche, kRounds);
  }
}

// Clients of one network come in a row. A table that takes the low bits, or the high ones, must see
// them spread: 65,536 of them over 256 places are 256 to each, give or take 16 on average.
TEST(Hash, ClientsInARowSpread) {
  std::array<int, 256> low{};
  std::array<int, 256> high{};
  for (uint32_t i = 0; i < 65536; ++i) {
    const uint64_t hash = hashOfClient(IpAddress::v4(0x0a000000 + i));
    ++low[hash & 0xff];
    ++high[hash >> 56];
  }
  for (const auto& counts : {low, high}) {
    EXPECT_GE(*std::ranges::min_element(counts), 256 - 5 * 16);
    EXPECT_LE(*std::ranges::max_element(counts), 256 + 5 * 16);
  }
}

}  // namespace
}  // namespace fairlead
