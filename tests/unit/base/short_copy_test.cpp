// Every length around the borders is copied whole, and nothing else.
#include "base/short_copy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

TEST(ShortCopy, EveryLength) {
  for (size_t length = 0; length <= 70; ++length) {
    // Of their own size, so that the address sanitizer sees a byte too many.
    std::vector<char> from(length);
    for (size_t i = 0; i < length; ++i) from[i] = static_cast<char>('!' + i);
    std::vector<char> to(length);
    copyShort(to.data(), from.data(), length);
    EXPECT_EQ(to, from) << length;

    std::string framed(length + 2, '.');
    copyShort(framed.data() + 1, from.data(), length);
    EXPECT_EQ(framed, "." + std::string(from.begin(), from.end()) + ".") << length;
  }
}

TEST(Append, ReturnsWhatLiesBehind) {
  std::string text(5, '.');
  char* end = append(text.data(), "abc");
  EXPECT_EQ(end, text.data() + 3);
  EXPECT_EQ(append(end, {}), end);
  EXPECT_EQ(append(end, "d"), end + 1);
  EXPECT_EQ(text, "abcd.");
}

TEST(ShortCopy, NothingFromNowhere) { copyShort(nullptr, nullptr, 0); }

}  // namespace
}  // namespace fairlead
