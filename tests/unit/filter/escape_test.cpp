// Escapes: what each passes, and that what is measured is what is written.
#include "filter/escape.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/random.h"

namespace fairlead::filter {
namespace {

using namespace std::string_view_literals;

std::string escaped(Escape how, std::string_view text) {
  std::string result(escapedSize(how, text), '#');
  const char* const end = writeEscaped(how, text, result.data());
  EXPECT_EQ(static_cast<size_t>(end - result.data()), result.size());
  return result;
}

struct Row {
  const char* name;
  Escape how;
  std::string_view text;
  std::string_view expected;
};

const Row kRows[] = {
    {"line breaks", Escape::LineBreaks, "a\r\n\0\tb\x7f"sv, "a%0D%0A%00\tb\x7f"sv},
    {"controls", Escape::Controls, "\x01\t \x7f\x80"sv, "%01%09 %7F\x80"sv},
    {"cookie", Escape::Cookie, "a=\"b\\c\",d; e"sv, "a=%22b%5Cc%22%2Cd%3B%20e"sv},
    {"unreserved", Escape::Unreserved, "aZ0-._~/?%"sv, "aZ0-._~%2F%3F%25"sv},
    {"path", Escape::Path, "/a;b=c,d:e@f!$&'()*+[]%2F?#"sv, "/a;b=c,d:e@f!$&'()*+[]%2F%3F%23"sv},
    {"uri", Escape::Uri, "/a?b=c&d#<e>"sv, "/a?b=c&d%23%3Ce%3E"sv},
    {"html", Escape::Html, "<a b=\"c\" d='e'>&\r\n\0"sv,
     "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&#13;&#10;&#65533;"sv},
    {"json", Escape::Json, "\"\\/\n\x1f\x7f"sv, "\\\"\\\\/\\u000a\\u001f\\u007f"sv},
    {"json, UTF-8", Escape::Json, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"sv,
     "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"sv},
    {"json, no UTF-8", Escape::Json, "\xc3\xff\xed\xa0\x80\xc0\xaf\xe2\x82"sv,
     "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"sv},
    {"empty", Escape::Json, ""sv, ""sv},
};

TEST(Escape, Writes) {
  for (const Row& row : kRows) EXPECT_EQ(escaped(row.how, row.text), row.expected) << row.name;
}

TEST(Escape, FindsAControlAtAnyPlaceOfALongText) {
  for (size_t length = 1; length <= 100; ++length) {
    std::string text(length, 'v');
    EXPECT_EQ(escapedSize(Escape::Controls, text), length);
    for (size_t place = 0; place < length; ++place) {
      text[place] = '\n';
      std::string expected = text;
      expected.replace(place, 1, "%0A");
      EXPECT_EQ(escaped(Escape::Controls, text), expected) << place << " of " << length;
      EXPECT_EQ(escaped(Escape::LineBreaks, text), expected) << place << " of " << length;
      text[place] = 'v';
    }
  }
}

TEST(Escape, MeasuresWhatItWrites) {
  constexpr Escape kAll[] = {Escape::LineBreaks, Escape::Controls, Escape::Cookie,
                             Escape::Unreserved, Escape::Path,     Escape::Uri,
                             Escape::Html,       Escape::Json};
  Random random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (uint64_t left = random.below(20); left > 0; --left)
      text += static_cast<char>(random.below(256));
    for (const Escape how : kAll) {
      const std::string result = escaped(how, text);
      ASSERT_EQ(result.size() == text.size(), result == text) << "the same length is the same text";
    }
  }
}

}  // namespace
}  // namespace fairlead::filter
