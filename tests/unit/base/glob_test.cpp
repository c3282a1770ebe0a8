// Patterns with `*`, against a table and against a plain recursive matcher.
#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace fairlead {
namespace {

struct Row {
  const char* name;
  const char* pattern;
  const char* text;
  bool matches;
};

const Row kRows[] = {
    {"same", "abc", "abc", true},
    {"other", "abc", "abd", false},
    {"letter case counts", "abc", "Abc", false},
    {"longer text", "abc", "abcd", false},
    {"shorter text", "abc", "ab", false},
    {"both empty", "", "", true},
    {"empty pattern", "", "a", false},
    {"star alone", "*", "anything", true},
    {"star and nothing", "*", "", true},
    {"prefix", "utm_*", "utm_source", true},
    {"prefix itself", "utm_*", "utm_", true},
    {"not the prefix", "utm_*", "xutm_a", false},
    {"suffix", "*_id", "session_id", true},
    {"suffix not at the end", "*_id", "_idx", false},
    {"in the middle", "a*c", "abbbc", true},
    {"two stars", "a*b*c", "a-b-b-c", true},
    {"two stars in the wrong order", "a*b*c", "a-c-b", false},
    {"star takes more on a second try", "*ab", "aab", true},
    {"runs of stars", "a**b", "ab", true},
    {"overlap is not counted twice", "ab*ba", "aba", false},
    {"a star of the text is text", "a", "*", false},
    {"a question mark is itself", "a?c", "abc", false},
    {"brackets are themselves", "[a]", "a", false},
};

TEST(Glob, Matches) {
  for (const Row& row : kRows)
    EXPECT_EQ(matchesGlob(row.pattern, row.text), row.matches) << row.name;
}

TEST(Glob, IgnoresLetterCase) {
  EXPECT_TRUE(matchesGlobIgnoreCase("X-Internal-*", "x-INTERNAL-Trace"));
  EXPECT_FALSE(matchesGlobIgnoreCase("X-Internal-*", "x-INTERNA_Trace"));
  EXPECT_FALSE(matchesGlobIgnoreCase("[", "{")) << "only letters have a case";
}

bool matchesPlainly(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*')
    return !text.empty() && pattern[0] == text[0] &&
           matchesPlainly(pattern.substr(1), text.substr(1));
  return matchesPlainly(pattern.substr(1), text) ||
         (!text.empty() && matchesPlainly(pattern, text.substr(1)));
}

std::string randomText(Random& random, std::string_view letters) {
  std::string text;
  for (uint64_t left = random.next() % 9; left > 0; --left)
    text += letters[random.next() % letters.size()];
  return text;
}

TEST(Glob, AgreesWithAPlainMatcher) {
  Random random(20240517);
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = randomText(random, "ab*");
    const std::string text = randomText(random, "ab");
    ASSERT_EQ(matchesGlob(pattern, text), matchesPlainly(pattern, text)) << pattern << " " << text;
  }
}

TEST(Glob, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "*a";
  EXPECT_FALSE(matchesGlob(pattern + "*b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace fairlead
