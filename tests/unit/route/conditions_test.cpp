// Each condition by itself: which requests it lets through, and what is said of the others.
#include <gtest/gtest.h>

#include "routes.h"

namespace fairlead::route {
namespace {

struct Row {
  const char* name;
  RouteSpec route;  // for every path
  Ask ask;
  const char* why;  // "" when the request is taken
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const Router router({}, {row.route});
    std::vector<TraceLine> trace;
    const RouteMatch explained = explain(router, row.ask, trace);
    EXPECT_EQ(trace.back().why, row.why) << row.name;
    EXPECT_EQ(explained.route, *row.why == '\0' ? 0 : kNone) << row.name;
    EXPECT_EQ(match(router, row.ask).route, explained.route) << row.name;
  }
}

TEST(Conditions, OfMethods) {
  const RouteSpec get{.methods = {"GET"}};
  const RouteSpec own{.methods = {"PURGE", "DELETE", "PROPPATCH"}};
  check({
      {"any", {}, {.method = "BREW"}, ""},
      {"listed", get, {.method = "GET"}, ""},
      {"GET does not include HEAD", get, {.method = "HEAD"}, "method HEAD is not GET"},
      {"second of two", {.methods = {"GET", "HEAD"}}, {.method = "HEAD"}, ""},
      {"none of two",
       {.methods = {"GET", "HEAD"}},
       {.method = "POST"},
       "method POST is not GET or HEAD"},
      {"letter case counts", get, {.method = "get"}, "method get is not GET"},
      {"an unknown one that is listed", own, {.method = "PURGE"}, ""},
      {"a long one that is listed", own, {.method = "PROPPATCH"}, ""},
      {"a known one beside them", own, {.method = "DELETE"}, ""},
      {"another unknown one",
       own,
       {.method = "PURGER"},
       "method PURGER is not PURGE or DELETE or PROPPATCH"},
      {"another known one",
       own,
       {.method = "PUT"},
       "method PUT is not PURGE or DELETE or PROPPATCH"},
      {"unknown where known are listed", get, {.method = "BREW"}, "method BREW is not GET"},
  });
}

TEST(Conditions, OfScheme) {
  check({
      {"http", {.scheme = "http"}, {.scheme = "http"}, ""},
      {"https", {.scheme = "https"}, {.scheme = "https"}, ""},
      {"not https", {.scheme = "https"}, {.scheme = "http"}, "scheme http is not https"},
      {"not http", {.scheme = "http"}, {.scheme = "https"}, "scheme https is not http"},
  });
}

TEST(Conditions, OfClient) {
  const RouteSpec office{.from = networks({"10.0.0.0/8", "192.168.7.0/24", "2001:db8::/32"})};
  const RouteSpec nested{.from = networks({"10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", "10.0.0.0/8"})};
  const RouteSpec many{
      .from = networks({"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"})};
  check({
      {"first network", office, {.client = "10.9.9.9"}, ""},
      {"first address of a network", office, {.client = "192.168.7.0"}, ""},
      {"last address of a network", office, {.client = "192.168.7.255"}, ""},
      {"IPv6", office, {.client = "2001:db8::7"}, ""},
      {"mapped IPv4", office, {.client = "::ffff:10.0.0.1"}, ""},
      {"just before",
       office,
       {.client = "9.255.255.255"},
       "client 9.255.255.255 is not in 10.0.0.0/8 or 192.168.7.0/24 or 2001:db8::/32"},
      {"just after",
       office,
       {.client = "192.168.8.0"},
       "client 192.168.8.0 is not in 10.0.0.0/8 or 192.168.7.0/24 or 2001:db8::/32"},
      {"a single address", {.from = networks({"10.0.0.1"})}, {.client = "10.0.0.1"}, ""},
      {"networks within networks", nested, {.client = "10.255.0.1"}, ""},
      {"behind the inner one", nested, {.client = "10.1.2.4"}, ""},
      {"all of IPv6 is not IPv4",
       {.from = networks({"::/0"})},
       {.client = "10.0.0.1"},
       "client 10.0.0.1 is not in ::/0"},
      {"all of IPv6", {.from = networks({"::/0"})}, {.client = "::1"}, ""},
      {"all of IPv6 beside an IPv4 network",
       {.from = networks({"::/0", "10.0.0.0/8"})},
       {.client = "10.0.0.1"},
       ""},
      {"all of IPv4 is not IPv6",
       {.from = networks({"0.0.0.0/0"})},
       {.client = "::1"},
       "client ::1 is not in 0.0.0.0/0"},
      {"a long list is cut",
       many,
       {.client = "10.0.0.7"},
       "client 10.0.0.7 is not in 10.0.0.1/32 or 10.0.0.2/32 or 10.0.0.3/32 or 10.0.0.4/32 or 2 "
       "others"},
  });
}

TEST(Conditions, OfHeaders) {
  const RouteSpec canary{.headers = {is("X-Canary", "yes")}};
  const RouteSpec no_debug{.headers = {absent("X-Debug")}};
  const RouteSpec mobile{.headers = {matches("User-Agent", "(?i)android|iphone")}};
  check({
      {"value", canary, {.headers = {{"X-Canary", "yes"}}}, ""},
      {"letter case of the name", canary, {.headers = {{"x-cANARY", "yes"}}}, ""},
      {"letter case of the value",
       canary,
       {.headers = {{"X-Canary", "Yes"}}},
       "header X-Canary: Yes is not `yes`"},
      {"blanks around the value", canary, {.headers = {{"X-Canary", " yes\t"}}}, ""},
      {"more than the value",
       canary,
       {.headers = {{"X-Canary", "yes, really"}}},
       "header X-Canary: yes, really is not `yes`"},
      {"absent", canary, {}, "header X-Canary is absent, not `yes`"},
      {"a longer name",
       canary,
       {.headers = {{"X-Canary-Bird", "yes"}}},
       "header X-Canary is absent, not `yes`"},
      {"second of two", canary, {.headers = {{"X-Canary", "no"}, {"X-Canary", "yes"}}}, ""},
      {"none of two",
       canary,
       {.headers = {{"X-Canary", "no"}, {"x-canary", "never"}}},
       "header X-Canary: no, never is not `yes`"},
      {"empty value", {.headers = {is("X-A", "")}}, {.headers = {{"X-A", ""}}}, ""},
      {"empty is not absent", {.headers = {is("X-A", "")}}, {}, "header X-A is absent, not ``"},
      {"a name that fairlead knows",
       {.headers = {is("accept", "text/html")}},
       {.headers = {{"Accept-Encoding", "text/html"}, {"ACCEPT", "text/html"}}},
       ""},
      {"a family of names",
       {.headers = {is("X-Forwarded-Color", "blue")}},
       {.headers = {{"X-Forwarded-Shape", "blue"}, {"X-Forwarded-Color", "blue"}}},
       ""},
      {"the other name of a family",
       {.headers = {is("X-Forwarded-Color", "blue")}},
       {.headers = {{"X-Forwarded-Shape", "blue"}}},
       "header X-Forwarded-Color is absent, not `blue`"},
      {"prefix",
       {.headers = {begins("Authorization", "Bearer ")}},
       {.headers = {{"Authorization", "Bearer abc"}}},
       ""},
      {"not the prefix",
       {.headers = {begins("Authorization", "Bearer ")}},
       {.headers = {{"Authorization", "Basic abc"}}},
       "header Authorization: Basic abc does not begin with `Bearer `"},
      {"no prefix of what is absent",
       {.headers = {begins("Authorization", "Bearer ")}},
       {},
       "header Authorization is absent, does not begin with `Bearer `"},
      {"regex", mobile, {.headers = {{"User-Agent", "Mozilla (iPhone; 15)"}}}, ""},
      {"not the regex",
       mobile,
       {.headers = {{"User-Agent", "curl"}}},
       "header User-Agent: curl does not match /(?i)android|iphone/"},
      {"no regex matches what is absent",
       {.headers = {matches("X-A", "")}},
       {},
       "header X-A is absent, does not match //"},
      {"present", {.headers = {present("X-A")}}, {.headers = {{"X-A", ""}}}, ""},
      {"not present", {.headers = {present("X-A")}}, {}, "header X-A is absent"},
      {"is absent", no_debug, {.headers = {{"X-Debugger", "1"}}}, ""},
      {"is not absent", no_debug, {.headers = {{"X-Debug", "1"}}}, "header X-Debug: 1 is present"},
      {"all have to hold",
       {.headers = {is("A", "1"), is("B", "2")}},
       {.headers = {{"B", "2"}, {"A", "1"}}},
       ""},
      {"one does not hold",
       {.headers = {is("A", "1"), is("B", "2")}},
       {.headers = {{"A", "1"}, {"B", "1"}}},
       "header B: 1 is not `2`"},
  });
}

TEST(Conditions, OfParams) {
  const RouteSpec v2{.params = {is("v", "2")}};
  const RouteSpec spaced{.params = {is("full name", "J & J")}};
  check({
      {"value", v2, {.query = "v=2"}, ""},
      {"among others", v2, {.query = "a=b&v=2&c"}, ""},
      {"other value", v2, {.query = "v=1"}, "param v=1 is not `2`"},
      {"longer value", v2, {.query = "v=22"}, "param v=22 is not `2`"},
      {"no query", v2, {}, "param v is absent, not `2`"},
      {"longer name", v2, {.query = "vv=2&w=2"}, "param v is absent, not `2`"},
      {"letter case of the name", v2, {.query = "V=2"}, "param v is absent, not `2`"},
      {"second of two", v2, {.query = "v=1&v=2"}, ""},
      {"none of two", v2, {.query = "v=1&v=3"}, "param v=1, 3 is not `2`"},
      {"encoded name and value", v2, {.query = "%76=%32"}, ""},
      {"blank as plus", spaced, {.query = "full+name=J+%26+J"}, ""},
      {"blank as escape", spaced, {.query = "full%20name=J%20%26%20J"}, ""},
      {"both cases of hexadecimal", {.params = {is("a", "/")}}, {.query = "a=%2f&a=%2F"}, ""},
      {"an escape that is none", {.params = {is("a", "50%")}}, {.query = "a=50%"}, ""},
      {"an escape that is none, within", {.params = {is("a", "%zz")}}, {.query = "a=%zz"}, ""},
      {"equals sign in the value", {.params = {is("a", "b=c")}}, {.query = "a=b=c"}, ""},
      {"without equals sign: empty", {.params = {is("a", "")}}, {.query = "b&a"}, ""},
      {"present without equals sign", {.params = {present("a")}}, {.query = "&a&"}, ""},
      {"not present", {.params = {present("a")}}, {.query = "b=a"}, "param a is absent"},
      {"absent", {.params = {absent("a")}}, {.query = "b=a"}, ""},
      {"not absent", {.params = {absent("a")}}, {.query = "b&%61=1"}, "param a=1 is present"},
      {"prefix", {.params = {begins("a", "x y")}}, {.query = "a=x+yz"}, ""},
      {"not the prefix",
       {.params = {begins("a", "x y")}},
       {.query = "a=x+"},
       "param a=x+ does not begin with `x y`"},
      {"plain prefix", {.params = {begins("a", "x")}}, {.query = "a=xyz"}, ""},
      {"regex", {.params = {matches("v", "^2")}}, {.query = "v=2.1"}, ""},
      {"not the regex",
       {.params = {matches("v", "^2")}},
       {.query = "v=12"},
       "param v=12 does not match /^2/"},
      {"regex over the decoded value",
       {.params = {matches("v", "^a b$")}},
       {.query = "v=%61+b"},
       ""},
      {"a semicolon separates nothing", v2, {.query = "v=1;v=2"}, "param v=1;v=2 is not `2`"},
  });
}

TEST(Conditions, OfCookies) {
  const RouteSpec beta{.cookies = {is("group", "beta")}};
  check({
      {"value", beta, {.headers = {{"Cookie", "group=beta"}}}, ""},
      {"among others", beta, {.headers = {{"Cookie", "a=b; group=beta; c=d"}}}, ""},
      {"without blanks", beta, {.headers = {{"cookie", "a=b;group=beta;c=d"}}}, ""},
      {"in quotes", beta, {.headers = {{"Cookie", "group=\"beta\""}}}, ""},
      {"one quote is part of it",
       beta,
       {.headers = {{"Cookie", "group=\"beta"}}},
       "cookie group=\"beta is not `beta`"},
      {"second field", beta, {.headers = {{"Cookie", "a=b"}, {"Cookie", "group=beta"}}}, ""},
      {"second value", beta, {.headers = {{"Cookie", "group=alpha; group=beta"}}}, ""},
      {"letter case of the name",
       beta,
       {.headers = {{"Cookie", "Group=beta"}}},
       "cookie group is absent, not `beta`"},
      {"no cookies", beta, {}, "cookie group is absent, not `beta`"},
      {"other value",
       beta,
       {.headers = {{"Cookie", "group=alpha"}}},
       "cookie group=alpha is not `beta`"},
      {"longer name",
       beta,
       {.headers = {{"Cookie", "agroup=beta; groups=beta"}}},
       "cookie group is absent, not `beta`"},
      {"not decoded",
       beta,
       {.headers = {{"Cookie", "group=%62eta"}}},
       "cookie group=%62eta is not `beta`"},
      {"equals sign in the value",
       {.cookies = {is("a", "b=c")}},
       {.headers = {{"Cookie", "a=b=c"}}},
       ""},
      {"a pair without equals sign is none",
       {.cookies = {present("group")}},
       {.headers = {{"Cookie", "group; a=b"}}},
       "cookie group is absent"},
      {"empty value", {.cookies = {present("a")}}, {.headers = {{"Cookie", "a="}}}, ""},
      {"absent", {.cookies = {absent("a")}}, {.headers = {{"Cookie", "b=a"}}}, ""},
      {"not absent",
       {.cookies = {absent("a")}},
       {.headers = {{"Cookie", "b=a; a=2"}}},
       "cookie a=2 is present"},
      {"prefix", {.cookies = {begins("s", "eu-")}}, {.headers = {{"Cookie", "s=eu-7"}}}, ""},
      {"regex", {.cookies = {matches("s", "^\\d+$")}}, {.headers = {{"Cookie", "s=\"17\""}}}, ""},
      {"not in another field",
       beta,
       {.headers = {{"X-Cookie", "group=beta"}}},
       "cookie group is absent, not `beta`"},
  });
}

TEST(Conditions, TheCheapestThatFailsIsTold) {
  RouteSpec all{.methods = {"POST"},
                .headers = {is("A", "1")},
                .params = {is("b", "2")},
                .cookies = {is("c", "3")},
                .from = networks({"10.0.0.0/8"}),
                .scheme = "https"};
  Ask ask;
  const auto why = [&] {
    const Router router({}, {all});
    std::vector<TraceLine> trace;
    explain(router, ask, trace);
    return trace.back().why;
  };
  EXPECT_EQ(why(), "method GET is not POST");
  ask.method = "POST";
  EXPECT_EQ(why(), "scheme http is not https");
  ask.scheme = "https";
  EXPECT_EQ(why(), "client 192.0.2.1 is not in 10.0.0.0/8");
  ask.client = "10.0.0.1";
  EXPECT_EQ(why(), "header A is absent, not `1`");
  ask.headers = {{"A", "1"}};
  EXPECT_EQ(why(), "param b is absent, not `2`");
  ask.query = "b=2";
  EXPECT_EQ(why(), "cookie c is absent, not `3`");
  ask.headers.emplace_back("Cookie", "c=3");
  EXPECT_EQ(why(), "");
}

TEST(Conditions, WithoutFieldsNoneIsThere) {
  const Router router({}, {{.headers = {present("A")}}, {.path = "/x", .headers = {absent("A")}}});
  EXPECT_EQ(router.match({.host = "h", .path = "/"}).route, kNone);
  EXPECT_EQ(router.match({.host = "h", .path = "/x"}).route, 1);
}

}  // namespace
}  // namespace fairlead::route
