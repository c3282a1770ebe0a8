// The cookie of sticky clients: found among others, kept from the server, and as clients get it.
#include "filter/sticky_cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/cookies.h"
#include "request.h"

namespace fairlead::filter {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

const StickyCookie kCookie("srv");

// The values, with a blank between.
std::string valuesIn(Request& request) {
  std::string text;
  for (const std::string_view value : kCookie.valuesIn(request.head.fields, request.arena))
    text.append(text.empty() ? "" : " ").append(value);
  return text;
}

struct Row {
  const char* name;
  Lines lines;
  const char* values;
  const char* hidden;  // what the server sees
};

const Row kRows[] = {
    {"no cookies at all", {{"X", "1"}}, "", "X: 1|"},
    {"other cookies only", {{"Cookie", "a=1; b=2"}}, "", "Cookie: a=1; b=2|"},
    {"alone", {{"Cookie", "srv=T"}}, "T", ""},
    {"before others", {{"Cookie", "srv=T; a=1"}}, "T", "Cookie: a=1|"},
    {"behind others", {{"Cookie", "a=1; srv=T"}}, "T", "Cookie: a=1|"},
    {"between others", {{"Cookie", "a=1; srv=T; b=2"}}, "T", "Cookie: a=1; b=2|"},
    {"in a line of its own",
     {{"Cookie", "a=1"}, {"Cookie", "srv=T"}, {"Cookie", "b=2"}},
     "T",
     "Cookie: a=1|Cookie: b=2|"},
    {"twice in one line", {{"Cookie", "srv=T; a=1; srv=U"}}, "T U", "Cookie: a=1|"},
    {"in two lines", {{"Cookie", "srv=T"}, {"Cookie", "srv=U; a=1"}}, "T U", "Cookie: a=1|"},
    {"the same twice", {{"Cookie", "srv=T; srv=T"}}, "T T", ""},
    {"quoted", {{"Cookie", "srv=\"T\""}}, "T", ""},
    {"without a value", {{"Cookie", "srv=; a=1"}}, "", "Cookie: a=1|"},
    {"quotes around nothing", {{"Cookie", "srv=\"\"; a=1"}}, "", "Cookie: a=1|"},
    {"a bare name", {{"Cookie", "srv; a=1"}}, "", "Cookie: a=1|"},
    {"an empty one before a good one", {{"Cookie", "srv=; srv=T"}}, "T", ""},
    {"blanks around it", {{"Cookie", "a=1;  srv = T ;b=2"}}, "T", "Cookie: a=1;b=2|"},
    {"no blank behind the semicolon", {{"Cookie", "a=1;srv=T"}}, "T", "Cookie: a=1|"},
    {"with = in its value", {{"Cookie", "srv=T==; a=1"}}, "T==", "Cookie: a=1|"},
    {"letter case counts", {{"Cookie", "SRV=T"}}, "", "Cookie: SRV=T|"},
    {"a name that begins so", {{"Cookie", "srvx=T"}}, "", "Cookie: srvx=T|"},
    {"a name that ends so", {{"Cookie", "xsrv=T"}}, "", "Cookie: xsrv=T|"},
    {"within another's value", {{"Cookie", "a=srv=T"}}, "", "Cookie: a=srv=T|"},
    {"odd neighbours keep their bytes",
     {{"Cookie", "; a;; srv=T; \"b\"=;c= x y "}},
     "T",
     "Cookie: ; a;; \"b\"=;c= x y|"},
    {"another field of such a value", {{"X-Cookie", "srv=T"}}, "", "X-Cookie: srv=T|"},
};

TEST(StickyCookie, IsFoundAmongOthers) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    Request request("/", row.lines);
    EXPECT_EQ(valuesIn(request), row.values);
  }
}

TEST(StickyCookie, IsHiddenFromTheServer) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    Request request("/", row.lines);
    kCookie.hide(request.head.fields, request.arena);
    EXPECT_EQ(request.fields(), row.hidden);
  }
}

// The proxy looks at the values when the head for the server is long made.
TEST(StickyCookie, ValuesOutliveTheHiding) {
  Request request("/", {{"Cookie", "a=1; srv=T; srv=U; b=2"}});
  const auto values = kCookie.valuesIn(request.head.fields, request.arena);
  kCookie.hide(request.head.fields, request.arena);
  request.head.fields.add(http::Field::make(request.arena, "X", std::string(10'000, 'x')));
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0], "T");
  EXPECT_EQ(values[1], "U");
}

TEST(StickyCookie, OfVeryManyTheFirstCount) {
  std::string line = "srv=0";
  for (int i = 1; i < 1000; ++i) line += "; srv=" + std::to_string(i);
  Request request("/", {{"Cookie", line}});
  static_assert(StickyCookie::kMostValues == 8);
  EXPECT_EQ(valuesIn(request), "0 1 2 3 4 5 6 7");
  kCookie.hide(request.head.fields, request.arena);
  EXPECT_EQ(request.fields(), "") << "but all are hidden";
}

// --- what the client is told

struct SetRow {
  const char* name;
  const char* cookie;
  const char* scheme;
  const char* expected;
};

const SetRow kSets[] = {
    {"in the clear", "srv", "http", "srv=T0ken_-; Path=/; HttpOnly; SameSite=Lax"},
    {"over TLS", "srv", "https", "srv=T0ken_-; Path=/; HttpOnly; SameSite=Lax; Secure"},
    {"another name", "__Host-s", "https",
     "__Host-s=T0ken_-; Path=/; HttpOnly; SameSite=Lax; Secure"},
    {"a scheme that nobody knows", "srv", "", "srv=T0ken_-; Path=/; HttpOnly; SameSite=Lax"},
};

TEST(StickyCookie, TellsTheClient) {
  for (const SetRow& row : kSets) {
    SCOPED_TRACE(row.name);
    Arena arena;
    const http::Field field = StickyCookie(row.cookie).setCookie("T0ken_-", row.scheme, arena);
    EXPECT_EQ(field.id(), http::FieldId::SetCookie);
    EXPECT_EQ(field.name(), "Set-Cookie");
    EXPECT_EQ(field.value(), row.expected);
  }
}

// What was set comes back as it was.
TEST(StickyCookie, FindsWhatItSet) {
  Arena arena;
  const http::Field field = kCookie.setCookie("dEwp2fVUZ_vfR1rZbBwtbw", "https", arena);
  const std::string_view pair = field.value().substr(0, field.value().find(';'));
  Request request("/", {{"Cookie", "a=1; " + std::string(pair)}});
  EXPECT_EQ(valuesIn(request), "dEwp2fVUZ_vfR1rZbBwtbw");
}

}  // namespace
}  // namespace fairlead::filter
