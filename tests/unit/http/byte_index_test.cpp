// The index gives what a look at each byte gives, wherever blocks begin and whichever way one goes.
#include "http/h1/byte_index.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "http/byte_class.h"

namespace fairlead::http::h1 {
namespace {

template <typename Predicate>
size_t firstFrom(const std::string& text, size_t from, Predicate predicate) {
  for (size_t i = from; i < text.size(); ++i)
    if (predicate(text[i])) return i;
  return ByteIndex::kNone;
}

size_t controlFrom(const std::string& text, size_t from) {
  return firstFrom(text, from, isControlByte);
}

size_t nonTokenFrom(const std::string& text, size_t from) {
  return firstFrom(text, from, [](char c) { return !isTokenByte(c); });
}

// Lengths around the blocks of every scan.
constexpr size_t kLengths[] = {0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 300};

TEST(ByteIndex, OneByteAtEveryPlace) {
  for (const size_t length : kLengths)
    for (size_t place = 0; place < length; ++place) {
      std::string text(length, 'a');
      text[place] = '\r';
      for (size_t from = 0; from <= length; ++from) {
        ByteIndex index(text);
        SCOPED_TRACE(std::to_string(length) + " bytes, CR at " + std::to_string(place) + ", from " +
                     std::to_string(from));
        ASSERT_EQ(index.nextNonToken(from), nonTokenFrom(text, from));
        ASSERT_EQ(index.nextControl(from), controlFrom(text, from));
      }
    }
}

TEST(ByteIndex, QuestionsInAnyOrder) {
  static constexpr std::string_view kBytes = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:: \r\n";
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random.below(200), '\0');
    for (char& c : text) c = kBytes[random.below(kBytes.size())];
    ByteIndex index(text);
    for (int question = 0; question < 20; ++question) {
      const size_t from = random.below(text.size() + 1);
      ASSERT_EQ(index.nextNonToken(from), nonTokenFrom(text, from));
      ASSERT_EQ(index.nextControl(from), controlFrom(text, from));
    }
  }
}

TEST(ByteIndex, NothingBehindNothing) {
  ByteIndex index(std::string_view("a\r\n"));
  EXPECT_EQ(index.nextNonToken(3), ByteIndex::kNone);
  EXPECT_EQ(index.nextControl(ByteIndex::kNone), ByteIndex::kNone);
  EXPECT_EQ(index.nextControl(0), 1U);
}

}  // namespace
}  // namespace fairlead::http::h1
