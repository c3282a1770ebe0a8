// Words between blanks.
#include "base/words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

struct Row {
  const char* name;
  std::string_view text;
  std::vector<std::string> words;
};

TEST(TakeWord, OneAfterTheOther) {
  const Row rows[] = {
      {"some", "one two three", {"one", "two", "three"}},
      {"one", "one", {"one"}},
      {"several blanks, at both ends too", "   4:  03   ", {"4:", "03"}},
      {"nothing", "", {}},
      {"blanks alone", "   ", {}},
  };
  for (const Row& row : rows) {
    std::string_view text = row.text;
    std::vector<std::string> words;
    for (std::string_view word; !(word = takeWord(text)).empty();) words.emplace_back(word);
    EXPECT_EQ(words, row.words) << row.name;
  }
}

}  // namespace
}  // namespace fairlead
