// Cookie fields: their pairs, and what stays when some are removed.
#include "http/cookies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"

namespace fairlead::http {
namespace {

using Lines = std::vector<std::string>;

struct Head {
  explicit Head(const Lines& cookies) {
    fields.add(Field::make(arena, "Host", "a"));
    for (const std::string& value : cookies) fields.add(Field::make(arena, "cookie", value));
    fields.add(Field::make(arena, "X-Other", "b=1"));
  }
  Lines cookies() const {
    Lines values;
    for (const Field& field : fields)
      if (field.id() == FieldId::Cookie) values.emplace_back(field.value());
    return values;
  }
  Arena arena;
  Fields fields;
};

struct PairRow {
  const char* name;
  Lines cookies;
  const char* pairs;
};

const PairRow kPairs[] = {
    {"none", {}, ""},
    {"one", {"a=1"}, "(a,1)"},
    {"several", {"a=1; b=2;c=3"}, "(a,1)(b,2)(c,3)"},
    {"several fields", {"a=1", "b=2; a=3"}, "(a,1)(b,2)(a,3)"},
    {"quotes are part of the value", {"a=\"1\""}, "(a,\"1\")"},
    {"an = in the value", {"a=b=c"}, "(a,b=c)"},
    {"without =", {"a; b=2"}, "(a,)(b,2)"},
    {"without name", {"=1"}, "(,1)"},
    {"empty parts", {"; ;a=1;;"}, "(a,1)"},
    {"blanks", {"  a = 1 ;\tb=2"}, "(a,1)(b,2)"},
    {"empty field", {""}, ""},
};

TEST(Cookies, AreSplitIntoPairs) {
  for (const PairRow& row : kPairs) {
    const Head head(row.cookies);
    std::string pairs;
    forEachCookie(head.fields, [&](const Cookie& cookie) {
      pairs += "(" + std::string(cookie.name) + "," + std::string(cookie.value) + ")";
    });
    EXPECT_EQ(pairs, row.pairs) << row.name;
  }
}

TEST(Cookies, AreFoundByName) {
  const Head head({"A=0; a=\"1\"; a=2"});
  Cookie found;
  ASSERT_TRUE(findCookie(head.fields, "a", found));
  EXPECT_EQ(found.value, "\"1\"");
  EXPECT_EQ(found.unquoted(), "1");
  EXPECT_FALSE(findCookie(head.fields, "b", found));
}

TEST(Cookies, QuotesComeInPairs) {
  EXPECT_EQ((Cookie{"a", "\""}.unquoted()), "\"");
  EXPECT_EQ((Cookie{"a", "\"\""}.unquoted()), "");
  EXPECT_EQ((Cookie{"a", "\"x"}.unquoted()), "\"x");
}

struct RemoveRow {
  const char* name;
  Lines cookies;
  size_t removed;  // of those that are called "x"
  Lines left;
};

const RemoveRow kRemoved[] = {
    {"nothing", {"a=1; b=2"}, 0, {"a=1; b=2"}},
    {"the only one", {"x=1"}, 1, {}},
    {"the first", {"x=1; a=1"}, 1, {"a=1"}},
    {"the last", {"a=1; x=1"}, 1, {"a=1"}},
    {"one between", {"a=1; x=1; b=2"}, 1, {"a=1; b=2"}},
    {"all of that name", {"x=1; a=1; x=2"}, 2, {"a=1"}},
    {"several fields", {"x=1", "a=1;b=2", "x=3; c=4"}, 2, {"a=1;b=2", "c=4"}},
    {"bytes of the others", {"a = \"1 2\";x=1;b;;c=%20"}, 1, {"a = \"1 2\";b;;c=%20"}},
    {"separators without blanks", {"x;a;b;c;d"}, 1, {"a;b;c;d"}},
    {"blanks alone are no pair", {" ; x=1; "}, 1, {}},
    {"names are not prefixes", {"xx=1; x=2"}, 1, {"xx=1"}},
};

TEST(Cookies, AreRemoved) {
  for (const RemoveRow& row : kRemoved) {
    Head head(row.cookies);
    const size_t removed = removeCookies(head.fields, head.arena,
                                         [](const Cookie& cookie) { return cookie.name == "x"; });
    EXPECT_EQ(removed, row.removed) << row.name;
    EXPECT_EQ(head.cookies(), row.left) << row.name;
    EXPECT_EQ(head.fields.size(), row.left.size() + 2) << row.name;
  }
}

TEST(Cookies, ThatStayAreNotCopied) {
  Head head({"a=1; b=2"});
  const char* const before = head.fields.find(FieldId::Cookie)->line().data();
  removeCookies(head.fields, head.arena, [](const Cookie&) { return false; });
  EXPECT_EQ(head.fields.find(FieldId::Cookie)->line().data(), before);
}

struct EditRow {
  const char* name;
  const char* value;
  const char* edited;  // "x" becomes "replaced=1", and "added=2" comes behind
};

const EditRow kEdited[] = {
    {"nothing there", "", "added=2"},
    {"replaced in place", "a=1; x=1; b=2", "a=1; replaced=1; b=2; added=2"},
    {"the first replaced", "x=1;b=2", "replaced=1;b=2; added=2"},
    {"blanks around it stay", "a=1;  x=1 ;b", "a=1;  replaced=1 ;b; added=2"},
    {"separator at the end", "a=1;", "a=1; added=2"},
    {"several", "x;x;x", "replaced=1;replaced=1;replaced=1; added=2"},
};

TEST(Cookies, AreEditedPartByPart) {
  for (const EditRow& row : kEdited) {
    Arena arena;
    const std::string value = row.value;
    CookieEditor editor(value, arena, 100);
    forEachCookiePart(value, [&](std::string_view part) {
      const Cookie cookie = cookieOf(part);
      if (cookie.name == "x")
        editor.replace(part, ascii::trim(part), "replaced=1");
      else
        editor.keep(part);
    });
    editor.add("added=2");
    EXPECT_TRUE(editor.isChanged()) << row.name;
    EXPECT_EQ(editor.text(), row.edited) << row.name;
  }
}

// Whatever is done to the parts, nothing is written beyond the room that was taken.
TEST(Cookies, EditsStayInTheirRoom) {
  constexpr std::string_view kParts[] = {"", " ", "a", "bb=1", " ccc = 2 ", ";", "x"};
  Random random(5);
  for (int round = 0; round < 5'000; ++round) {
    std::string value;
    for (uint64_t left = random.below(6); left > 0; --left)
      value += std::string(kParts[random.below(std::size(kParts))]) + (left > 1 ? ";" : "");
    Arena arena;
    constexpr std::string_view kText = "new";
    const auto parts = static_cast<size_t>(std::ranges::count(value, ';')) + 1;
    CookieEditor editor(value, arena, (parts + 1) * kText.size());
    forEachCookiePart(value, [&](std::string_view part) {
      const uint64_t what = random.below(3);
      if (what == 0) editor.keep(part);
      if (what == 1) editor.drop(part);
      if (what == 2) editor.replace(part, part.substr(part.size() / 2, 0), kText);
    });
    if (random.below(2) == 0) editor.add(kText);
    if (!editor.isChanged()) continue;
    const std::string_view text = editor.text();
    ASSERT_LE(text.data() + text.size(), arena.copy("behind").data()) << value;
  }
}

TEST(Cookies, AFieldThatGrowsTooLongIsAFailure) {
  Head head({std::string(60'000, 'a')});
  const std::string text(10'000, 'b');
  EXPECT_FALSE(editCookies(head.fields, head.arena, text.size(),
                           [&](CookieEditor& editor, std::string_view part) {
                             editor.replace(part, part.substr(0, 0), text);
                           }));
  EXPECT_EQ(head.cookies().front().size(), 60'000u);
}

struct ValidRow {
  const char* name;
  const char* text;
  bool is_name;
  bool is_value;
};

const ValidRow kValid[] = {
    {"word", "session_id", true, true},
    {"empty", "", false, true},
    {"blank", "a b", false, false},
    {"semicolon", "a;b", false, false},
    {"comma", "a,b", false, false},
    {"backslash", "a\\b", false, false},
    {"equals sign", "a=b", false, true},
    {"quoted", "\"a\"", false, true},
    {"one quote", "a\"", false, false},
    {"line break", "a\r\nb", false, false},
    {"beyond ASCII", "\xc3\xbc", false, false},
};

TEST(Cookies, NamesAndValuesAreChecked) {
  for (const ValidRow& row : kValid) {
    EXPECT_EQ(isCookieName(row.text), row.is_name) << row.name;
    EXPECT_EQ(isCookieValue(row.text), row.is_value) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::http
