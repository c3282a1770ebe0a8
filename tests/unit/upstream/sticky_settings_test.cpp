// Sticky: cookies of fairlead's and of the servers', secrets, and what is refused.
#include "upstream/sticky_settings.h"

#include <gtest/gtest.h>

#include "unit/upstream/values.h"

namespace fairlead::upstream {
namespace {

constexpr const char* kSecret = "0123456789abcdef";

TEST(StickySettings, IsACookieOfOneKindOrTheOther) {
  EXPECT_FALSE(StickySettings().on());
  const auto own = readOf<StickySettings>(texts({{"cookie", "srv"}, {"secret", kSecret}}));
  EXPECT_TRUE(own.on());
  EXPECT_EQ(own.cookie.value, "srv");
  EXPECT_EQ(own.secret.value, kSecret);
  const auto learned = readOf<StickySettings>(texts({{"learn", "JSESSIONID"}}));
  EXPECT_TRUE(learned.on());
  EXPECT_EQ(learned.learn.value, "JSESSIONID");
}

TEST(StickySettings, IsReplacedAsAWhole) {
  auto sticky = readOf<StickySettings>(texts({{"cookie", "srv"}, {"secret", kSecret}}));
  readInto(sticky, texts({{"learn", "sid"}}));
  EXPECT_EQ(sticky.cookie.value, "");
  EXPECT_EQ(sticky.secret.value, "");
  EXPECT_EQ(sticky.learn.value, "sid");
  readInto(sticky, texts({{"cookie", "other"}}));
  EXPECT_EQ(sticky.secret.value, "") << "a secret belongs to its cookie";
  EXPECT_EQ(sticky.learn.value, "");
  readInto(sticky, scalar("off", 9));
  EXPECT_FALSE(sticky.on());
  EXPECT_EQ(sticky.origin().line, 9u);
}

TEST(StickySettings, RefusesWithASentence) {
  const struct {
    Value value;
    const char* message;
  } rows[] = {
      {scalar("srv"), "sticky cannot be a single value"},
      {mapping({}), "this does not say what a client is known by"},
      {texts({{"cookie", "a"}, {"learn", "b"}}), "`learn` and `cookie` exclude each other"},
      {texts({{"learn", "b"}, {"secret", kSecret}}), "there is no cookie to sign"},
      {texts({{"cookie", "a;b"}}), "`a;b` is not the name of a cookie"},
      {texts({{"cookie", "fairlead_split"}}), "`fairlead_split` is the cookie of `split`"},
      {texts({{"cookie", "a"}, {"secret", "0123456789abcde"}}),
       "a secret of 15 characters can be guessed"},
      {texts({{"cookie", "a"}, {"secret", ""}}), "a secret of 0 characters can be guessed"},
  };
  for (const auto& row : rows) EXPECT_EQ(faultOf<StickySettings>(row.value), row.message);
}

}  // namespace
}  // namespace fairlead::upstream
