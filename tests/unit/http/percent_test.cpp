// Percent-encoding and the decoding of queries, both ways.
#include "http/percent.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

using namespace std::string_view_literals;

struct Row {
  const char* name;
  std::string_view from;
  std::string_view to;
};

const Row kEncoded[] = {
    {"nothing to do", "aZ09-._~"sv, "aZ09-._~"sv},
    {"empty", ""sv, ""sv},
    {"blank and plus", "a b+c"sv, "a%20b%2Bc"sv},
    {"separators", "a=b&c/d?e#f%"sv, "a%3Db%26c%2Fd%3Fe%23f%25"sv},
    {"controls", "\r\n\0"sv, "%0D%0A%00"sv},
    {"beyond ASCII", "\xc3\xbc\xff"sv, "%C3%BC%FF"sv},
};

const Row kDecoded[] = {
    {"nothing to do", "a=b"sv, "a=b"sv},
    {"plus is a blank", "a+b"sv, "a b"sv},
    {"escapes of both cases", "%2f%2F"sv, "//"sv},
    {"NUL and line breaks", "%00%0d%0A"sv, "\0\r\n"sv},
    {"bad digits", "%g0%0g%"sv, "%g0%0g%"sv},
    {"cut off", "%4"sv, "%4"sv},
    {"decoded once", "%2525"sv, "%25"sv},
};

TEST(Percent, Encodes) {
  Arena arena;
  for (const Row& row : kEncoded) EXPECT_EQ(percentEncoded(row.from, arena), row.to) << row.name;
}

TEST(Percent, DecodesQueries) {
  Arena arena;
  for (const Row& row : kDecoded) EXPECT_EQ(queryDecoded(row.from, arena), row.to) << row.name;
}

TEST(Percent, CopiesNothingWithoutNeed) {
  Arena arena;
  const std::string_view text = "plain";
  EXPECT_EQ(percentEncoded(text, arena).data(), text.data());
  EXPECT_EQ(queryDecoded(text, arena).data(), text.data());
}

TEST(Percent, EveryByteSurvivesBothWays) {
  Arena arena;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(queryDecoded(percentEncoded(all, arena), arena), all);
}

}  // namespace
}  // namespace fairlead::http
