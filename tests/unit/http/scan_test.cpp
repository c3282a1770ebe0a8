// Every scan variant that this CPU has agrees with the plain one.
#include "http/scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "http/byte_class.h"

namespace fairlead::http {
namespace {

// Mostly bytes of ordinary heads, so that long runs occur; some of any value.
std::string randomText(Random& random, size_t length) {
  static constexpr std::string_view kUsual =
      "abcdefghijklmnopqrstuvwxyz/ABC-0123456789/..//:; ,%?#\t\r\n_";
  const uint64_t oddity = random.below(40);
  const size_t usual = random.below(2) == 0 ? 26 : kUsual.size();
  std::string text(length, '\0');
  for (char& c : text)
    c = random.below(40) < oddity / 8 ? static_cast<char>(random.below(256))
                                      : kUsual[random.below(usual)];
  return text;
}

// Block by block; the last may be short.
std::vector<ByteClasses> classify(const Scan& scan, std::string_view text) {
  std::vector<ByteClasses> classes;
  for (; !text.empty(); text.remove_prefix(std::min<size_t>(text.size(), 64)))
    classes.push_back(scan.classify(text.data(), std::min<size_t>(text.size(), 64)));
  return classes;
}

TEST(Scan, PlainIsFirstAndWidestIsChosen) {
  ASSERT_FALSE(availableScans().empty());
  EXPECT_EQ(availableScans().front(), &kPlainScan);
  EXPECT_EQ(availableScans().back(), &scan());
}

TEST(Scan, EveryByteAtEveryPlaceOfABlock) {
  for (const Scan* variant : availableScans()) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (size_t place = 0; place < 70; ++place) {
        std::string text(70, 'a');
        text[place] = static_cast<char>(byte);
        SCOPED_TRACE(std::string(variant->name) + " byte " + std::to_string(byte) + " at " +
                     std::to_string(place));
        ASSERT_EQ(classify(*variant, text), classify(kPlainScan, text));
        ASSERT_EQ(variant->findNonVisible(text.data(), text.size()),
                  kPlainScan.findNonVisible(text.data(), text.size()));
        ASSERT_EQ(variant->findOddInPath(text.data(), text.size()),
                  kPlainScan.findOddInPath(text.data(), text.size()));
        ASSERT_EQ(variant->findOddInHost(text.data(), text.size()),
                  kPlainScan.findOddInHost(text.data(), text.size()));
      }
    }
  }
}

TEST(Scan, VariantsAgreeOnRandomText) {
  Random random(20240611);
  for (int round = 0; round < 20000; ++round) {
    // A buffer of its own size, so that the address sanitizer sees a read beyond its end.
    const std::string text = randomText(random, random.below(300));
    const std::vector<char> exact(text.begin(), text.end());
    for (const Scan* variant : availableScans()) {
      SCOPED_TRACE(std::string(variant->name) + " round " + std::to_string(round));
      ASSERT_EQ(classify(*variant, {exact.data(), exact.size()}), classify(kPlainScan, text));
      ASSERT_EQ(variant->findNonVisible(exact.data(), exact.size()),
                kPlainScan.findNonVisible(text.data(), text.size()));
      ASSERT_EQ(variant->findOddInPath(exact.data(), exact.size()),
                kPlainScan.findOddInPath(text.data(), text.size()));
      ASSERT_EQ(variant->findOddInHost(exact.data(), exact.size()),
                kPlainScan.findOddInHost(text.data(), text.size()));
    }
  }
}

struct OddRow {
  const char* name;
  std::string_view text;
  size_t found;
};

using FindOdd = size_t (*Scan::*)(const char* bytes, size_t length);

void expectFound(std::span<const OddRow> rows, FindOdd find) {
  for (const OddRow& row : rows)
    for (const Scan* variant : availableScans())
      EXPECT_EQ((variant->*find)(row.text.data(), row.text.size()), row.found)
          << row.name << ", " << variant->name;
}

TEST(Scan, OddInPath) {
  const OddRow rows[] = {
      {"nothing odd", "/a/b/c", 6},
      {"double slash", "/a//b", 2},
      {"dot after slash", "/a/.b", 2},
      {"dot inside", "/a.b", 4},
      {"slash at the end", "/a/", 3},
      {"escape", "/a%20", 2},
      {"query", "/a?b", 2},
      {"fragment", "/a#b", 2},
      {"space", "/a b", 2},
      {"beyond ASCII", "/\xC3\xA4", 1},
      {"slash across a block", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa//b", 31},
      {"empty", "", 0},
  };
  expectFound(rows, &Scan::findOddInPath);
}

TEST(Scan, OddInHost) {
  const OddRow rows[] = {
      {"nothing odd", "www.example.com", 15},
      {"port", "www.example.com:80", 15},
      {"capital", "www.Example.com", 4},
      {"empty label", "www..example.com", 3},
      {"dot at the end", "example.com.", 12},
      {"dots at the end", "example.com..", 11},
      {"bracket", "[::1]", 0},
      {"comma", "a,b", 1},
      {"escape", "a%2e", 1},
      {"beyond ASCII", "\xC3\xA4", 0},
      {"dots across a block of 16", "aaaaaaaaaaaaaaa..", 15},
      {"dots across a block of 32", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..", 31},
      {"a whole block of 32", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.", 32},
      {"empty", "", 0},
  };
  expectFound(rows, &Scan::findOddInHost);
}

TEST(ByteClass, TokenIsThatOfRfc9110) {
  std::string token;
  for (unsigned c = 0; c < 256; ++c)
    if (isTokenByte(static_cast<char>(c))) token.push_back(static_cast<char>(c));
  EXPECT_EQ(token, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

}  // namespace
}  // namespace fairlead::http
