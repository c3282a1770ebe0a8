// What makes two routes the same, and what tells them apart.
#include "route/spec.h"

#include <gtest/gtest.h>

#include "route/networks.h"
#include "routes.h"

namespace fairlead::route {
namespace {

struct PairRow {
  const char* name;
  RouteSpec a;
  RouteSpec b;
  bool same;
};

TEST(Identity, TellsRoutesApart) {
  const PairRow rows[] = {
      {"the plainest", {}, {}, true},
      {"name is no part of it", {.name = "a"}, {.name = "b"}, true},
      {"host", {.host = 0}, {.host = 1}, false},
      {"path", {.path = "/a"}, {.path = "/b"}, false},
      {"kind of path", prefix(0, "/a"), exact(0, "/a"), false},
      {"pattern or path", exact(0, "/a"), regex(0, "/a"), false},
      {"same pattern", regex(0, "^/a$"), regex(0, "^/a$"), true},
      {"order of methods", {.methods = {"GET", "PUT"}}, {.methods = {"PUT", "GET"}}, true},
      {"methods twice", {.methods = {"GET", "GET"}}, {.methods = {"GET"}}, true},
      {"letter case of methods", {.methods = {"GET"}}, {.methods = {"get"}}, false},
      {"fewer methods", {.methods = {"GET", "PUT"}}, {.methods = {"GET"}}, false},
      {"any method", {.methods = {"GET"}}, {}, false},
      {"order of headers",
       {.headers = {is("A", "1"), is("B", "2")}},
       {.headers = {is("B", "2"), is("A", "1")}},
       true},
      {"letter case of header names",
       {.headers = {is("A", "1")}},
       {.headers = {is("a", "1")}},
       true},
      {"letter case of header values",
       {.headers = {is("A", "x")}},
       {.headers = {is("A", "X")}},
       false},
      {"headers twice",
       {.headers = {is("A", "1"), is("a", "1")}},
       {.headers = {is("a", "1")}},
       true},
      {"kind of condition", {.headers = {is("A", "1")}}, {.headers = {begins("A", "1")}}, false},
      {"pattern or value", {.headers = {is("A", "1")}}, {.headers = {matches("A", "1")}}, false},
      {"present or absent", {.headers = {present("A")}}, {.headers = {absent("A")}}, false},
      {"what stands beside `present` says nothing",
       {.headers = {{"A", {ValueMatch::Kind::Present, "x"}}}},
       {.headers = {present("A")}},
       true},
      {"header or param", {.headers = {is("a", "1")}}, {.params = {is("a", "1")}}, false},
      {"param or cookie", {.params = {is("a", "1")}}, {.cookies = {is("a", "1")}}, false},
      {"letter case of params", {.params = {is("a", "1")}}, {.params = {is("A", "1")}}, false},
      {"letter case of cookies", {.cookies = {is("a", "1")}}, {.cookies = {is("A", "1")}}, false},
      {"order of networks",
       {.from = networks({"10.0.0.0/8", "::1"})},
       {.from = networks({"::1", "10.0.0.0/8"})},
       true},
      {"networks within networks",
       {.from = networks({"10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"})},
       {.from = networks({"10.0.0.0/8"})},
       true},
      {"networks", {.from = networks({"10.0.0.0/8"})}, {.from = networks({"11.0.0.0/8"})}, false},
      {"length of a network",
       {.from = networks({"10.0.0.0/8"})},
       {.from = networks({"10.0.0.0/16"})},
       false},
      {"scheme", {.scheme = "http"}, {.scheme = "https"}, false},
      {"a value that looks like a line",
       {.params = {is("a", "1\nparam\tb\texact\t2")}},
       {.params = {is("a", "1"), is("b", "2")}},
       false},
      {"a name that looks like a part",
       {.params = {is("a\texact", "1")}},
       {.params = {is("a", "exact\t1")}},
       false},
      {"a backslash is no line end",
       {.params = {is("a", "\\n")}},
       {.params = {is("a", "\n")}},
       false},
      {"a path that looks like a condition",
       regex(0, "a\nscheme\thttp"),
       {.host = 0, .path_kind = PathKind::Regex, .path = "a", .scheme = "http"},
       false},
  };
  for (const PairRow& row : rows) {
    EXPECT_EQ(identity(row.a) == identity(row.b), row.same) << row.name;
    EXPECT_EQ(identity(row.b) == identity(row.a), row.same) << row.name;
  }
}

TEST(Identity, IsText) {
  const RouteSpec route{.host = 3,
                        .path = "/a",
                        .methods = {"PUT", "GET"},
                        .headers = {is("X-Canary", "yes"), absent("X-Debug")},
                        .params = {matches("v", "^2")},
                        .cookies = {begins("s", "eu-"), present("t")},
                        .from = networks({"10.0.0.0/8"}),
                        .scheme = "https"};
  EXPECT_EQ(conditionsText(route),
            "cookie\ts\tprefix\teu-\n"
            "cookie\tt\tpresent\n"
            "from\t10.0.0.0/8\n"
            "header\tx-canary\texact\tyes\n"
            "header\tx-debug\tabsent\n"
            "method\tGET\n"
            "method\tPUT\n"
            "param\tv\tregex\t^2\n"
            "scheme\thttps\n");
  EXPECT_EQ(identity(route), "3\nprefix\t/a\n" + conditionsText(route));
  EXPECT_EQ(identity({.path_kind = PathKind::Regex, .path = "^/a"}), "-1\nregex\t^/a\n");
}

TEST(Unconditional, AsksForHostAndPathOnly) {
  EXPECT_TRUE(isUnconditional({}));
  EXPECT_TRUE(isUnconditional(exact(3, "/a")));
  EXPECT_TRUE(isUnconditional(regex(3, "^/a")));
  EXPECT_FALSE(isUnconditional({.methods = {"GET"}}));
  EXPECT_FALSE(isUnconditional({.headers = {absent("A")}}));
  EXPECT_FALSE(isUnconditional({.params = {present("a")}}));
  EXPECT_FALSE(isUnconditional({.cookies = {present("a")}}));
  EXPECT_FALSE(isUnconditional({.from = networks({"0.0.0.0/0"})}));
  EXPECT_FALSE(isUnconditional({.scheme = "http"}));
}

TEST(Networks, OfNothing) {
  EXPECT_TRUE(Networks().empty());
  EXPECT_FALSE(Networks().contains(IpAddress()));
  EXPECT_FALSE(Networks(networks({"::1"})).empty());
}

TEST(Networks, ListIsSortedAndWithoutInnerOnes) {
  const Networks all(networks({"2001:db8::/32", "10.1.0.0/16", "::/0", "10.0.0.0/8", "9.0.0.0/8"}));
  std::string text;
  for (const Cidr& network : all.list()) text += network.text() + " ";
  EXPECT_EQ(text, "9.0.0.0/8 10.0.0.0/8 ::/0 ");
}

}  // namespace
}  // namespace fairlead::route
