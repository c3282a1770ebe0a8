// Every way to write a condition, and the route that it makes.
#include "config/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "unit/config/good.h"

namespace fairlead::config {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Config withConditions(const std::string& conditions) {
  return good("paths: [{ path: /a, servers: [a:1], " + conditions + " }]\n");
}

TEST(Conditions, InAllForms) {
  const struct {
    const char* name;
    const char* text;
    const char* conditions;  // as route::conditionsText tells them
  } rows[] = {
      {"one method", "methods: GET", "method\tGET\n"},
      {"methods", "methods: [POST, GET]", "method\tGET\nmethod\tPOST\n"},
      {"a method of one's own, as written", "methods: [Purge]", "method\tPurge\n"},
      {"a header", "headers: { X-One: 1 }", "header\tx-one\texact\t1\n"},
      {"a header of many words", "headers: { X-One: a b }", "header\tx-one\texact\ta b\n"},
      {"a word that is no switch", "headers: { X-One: off }", "header\tx-one\texact\toff\n"},
      {"a boolean is its text", "headers: { X-One: true }", "header\tx-one\texact\ttrue\n"},
      {"an empty value", "headers: { X-One: \"\" }", "header\tx-one\texact\t\n"},
      {"a prefix", "headers: { X-One: { prefix: a } }", "header\tx-one\tprefix\ta\n"},
      {"a pattern", "headers: { X-One: { regex: \"^a|b$\" } }", "header\tx-one\tregex\t^a|b$\n"},
      {"there", "headers: { X-One: { present: true } }", "header\tx-one\tpresent\n"},
      {"not there", "headers: { X-One: { present: false } }", "header\tx-one\tabsent\n"},
      {"several headers", "headers: { b: 2, a: 1 }", "header\ta\texact\t1\nheader\tb\texact\t2\n"},
      {"no headers", "headers: {}", ""},
      {"a parameter", "params: { v: 2 }", "param\tv\texact\t2\n"},
      {"a parameter of any name", "params: { \"a b[]\": x }", "param\ta b[]\texact\tx\n"},
      {"letter case of a parameter counts", "params: { V: 2 }", "param\tV\texact\t2\n"},
      {"forms of parameters",
       "params: { a: { prefix: b }, c: { regex: d }, e: { present: true }, f: { present: false } }",
       "param\ta\tprefix\tb\nparam\tc\tregex\td\nparam\te\tpresent\nparam\tf\tabsent\n"},
      {"a cookie", "cookies: { Session: x }", "cookie\tSession\texact\tx\n"},
      {"forms of cookies",
       "cookies: { a: { prefix: b }, c: { regex: d }, e: { present: true }, f: { present: false } "
       "}",
       "cookie\ta\tprefix\tb\ncookie\tc\tregex\td\ncookie\te\tpresent\ncookie\tf\tabsent\n"},
      {"an address", "from: 10.0.0.1", "from\t10.0.0.1/32\n"},
      {"networks", "from: [10.0.0.0/8, \"2001:db8::/32\"]",
       "from\t10.0.0.0/8\nfrom\t2001:db8::/32\n"},
      {"networks of a file", "from: \"@office.txt\"", "from\t192.0.2.0/24\n"},
      {"http", "scheme: http", "scheme\thttp\n"},
      {"https", "scheme: https", "scheme\thttps\n"},
      {"of every kind",
       "methods: GET, headers: { h: 1 }, params: { p: 2 }, cookies: { c: 3 }, from: 10.0.0.0/8, "
       "scheme: https",
       "cookie\tc\texact\t3\nfrom\t10.0.0.0/8\nheader\th\texact\t1\nmethod\tGET\n"
       "param\tp\texact\t2\nscheme\thttps\n"},
      {"none", "exact: true", ""},
  };
  for (const auto& row : rows) {
    const Config config =
        good("paths: [{ path: /a, servers: [a:1], " + std::string(row.text) + " }]\n",
             {{"office.txt", "# the office\n192.0.2.0/24\n"}});
    ASSERT_THAT(config.routes, SizeIs(1)) << row.name;
    EXPECT_EQ(route::conditionsText(config.routes[0].match), row.conditions) << row.name;
  }
}

TEST(Conditions, KeepTheOrderAndTheSpellingOfTheFile) {
  const route::RouteSpec match =
      withConditions("methods: [POST, GET], headers: { X-B: 1, x-a: 2 }").routes[0].match;
  EXPECT_THAT(match.methods, ElementsAre("POST", "GET"));
  ASSERT_THAT(match.headers, SizeIs(2));
  EXPECT_EQ(match.headers[0].name, "X-B");
  EXPECT_EQ(match.headers[1].name, "x-a");
}

TEST(Conditions, CompileTheirPatterns) {
  const route::RouteSpec match =
      withConditions("params: { v: { regex: \"^[0-9]+$\" } }").routes[0].match;
  ASSERT_THAT(match.params, SizeIs(1));
  const route::Regex& regex = match.params[0].match.regex;
  ASSERT_NE(regex, nullptr);
  EXPECT_TRUE(re2::RE2::PartialMatch("12", *regex));
  EXPECT_FALSE(re2::RE2::PartialMatch("1a", *regex));
}

TEST(Patterns, OfPathsInAllForms) {
  using route::PathKind;
  const struct {
    const char* text;
    PathKind kind;
    const char* path;
  } rows[] = {
      {"path: /", PathKind::Prefix, "/"},
      {"path: /api", PathKind::Prefix, "/api"},
      {"path: /api/", PathKind::Prefix, "/api"},
      {"path: /api, exact: false", PathKind::Prefix, "/api"},
      {"path: /api, exact: true", PathKind::Exact, "/api"},
      {"path: /, exact: true", PathKind::Exact, "/"},
      {"path: /a%20b", PathKind::Prefix, "/a%20b"},
      {"path_regex: \"^/v[0-9]+/(.*)$\"", PathKind::Regex, "^/v[0-9]+/(.*)$"},
      {"path_regex: jpg, exact: false", PathKind::Regex, "jpg"},
  };
  for (const auto& row : rows) {
    const Config config = good("paths: [{ servers: [a:1], " + std::string(row.text) + " }]\n");
    ASSERT_THAT(config.routes, SizeIs(1)) << row.text;
    const route::RouteSpec& match = config.routes[0].match;
    EXPECT_EQ(match.path_kind, row.kind) << row.text;
    EXPECT_EQ(match.path, row.path) << row.text;
    EXPECT_EQ(match.regex != nullptr, row.kind == PathKind::Regex) << row.text;
    EXPECT_EQ(match.host, route::kNone) << row.text;
  }
}

TEST(RouteNames, TellThePatternAndEachCondition) {
  const struct {
    const char* text;
    const char* name;
  } rows[] = {
      {"path: /", "a.example /"},
      {"path: /api", "a.example /api"},
      {"path: /api, exact: true", "a.example /api (exact)"},
      {"path_regex: \"^/v[0-9]+\"", "a.example ~^/v[0-9]+"},
      {"path: /api, methods: [POST, GET]", "a.example /api (POST, GET)"},
      {"path: /api, exact: true, methods: POST, headers: { X-A: 1 }, params: { v: 2 }, cookies: { "
       "c: 3 }, from: [10.0.0.1, 10.1.0.0/16], scheme: https",
       "a.example /api (exact, POST, header X-A, param v, cookie c, from 10.0.0.1/32, from "
       "10.1.0.0/16, https)"},
  };
  for (const auto& row : rows) {
    const std::string path = "paths: [{ servers: [a:1], " + std::string(row.text) + " }]";
    EXPECT_THAT(routeNames(good("hosts: [{ host: [a.example, b.example], " + path + " }]\n")),
                ElementsAre(row.name));
    EXPECT_THAT(routeNames(good(path + "\n")), ElementsAre(std::string(row.name).substr(10)));
  }
}

// Routes that differ in one thing are two routes; the goldens have those that differ in none.
TEST(Routes, ThatCanBeToldApart) {
  const struct {
    const char* one;
    const char* other;
  } rows[] = {
      {"path: /a", "path: /b"},
      {"path: /a", "path: /A"},
      {"path: /a", "path: /a, exact: true"},
      {"path: /a", "path_regex: /a"},
      {"path: /a", "path: /a, methods: GET"},
      {"path: /a, methods: GET", "path: /a, methods: [GET, HEAD]"},
      {"path: /a, headers: { x: 1 }", "path: /a, headers: { x: 2 }"},
      {"path: /a, headers: { x: 1 }", "path: /a, headers: { x: { prefix: 1 } }"},
      {"path: /a, headers: { x: 1 }", "path: /a, params: { x: 1 }"},
      {"path: /a, params: { x: 1 }", "path: /a, params: { X: 1 }"},
      {"path: /a, params: { x: 1 }", "path: /a, cookies: { x: 1 }"},
      {"path: /a, from: 10.0.0.0/8", "path: /a, from: 10.0.0.0/9"},
      {"path: /a, scheme: http", "path: /a, scheme: https"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(good(std::string("paths: [{ servers: [a:1], ") + row.one +
                     " }, { servers: [a:1], " + row.other + " }]\n")
                    .routes,
                SizeIs(2))
        << row.one << " and " << row.other;
}

TEST(Unreachable, RoutesAreWarnedOf) {
  const struct {
    const char* name;
    const char* text;
    const char* told;  // "": nothing
  } rows[] = {
      {"routes of no host beside the host of all",
       "hosts: [{ host: \"*\", servers: [a:1] }]\npaths: [{ path: /x, servers: [a:1] }]\n",
       "`/x` is never reached"},
      {"routes of no host beside other hosts",
       "hosts: [{ host: \"*.example\", servers: [a:1] }]\npaths: [{ path: /x, servers: [a:1] }]\n",
       ""},
      {"a pattern below a prefix",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"^/x/y\", servers: [a:1] }]\n",
       "`^/x/y` is never reached"},
      {"a pattern beside a prefix",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"^/xy\", servers: [a:1] }]\n", ""},
      {"a pattern that begins anywhere",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"/x/y\", servers: [a:1] }]\n", ""},
      {"a pattern with a choice at its front",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"^/(x|z)/y\", servers: [a:1] }]\n",
       ""},
      {"a pattern of which but one part has an anchor",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"^/x/y|/x/z\", servers: [a:1] }]\n",
       ""},
      {"a pattern with a choice behind its front",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"^/x/([]|y]|z)\", servers: [a:1] }]\n",
       "`^/x/([]|y]|z)` is never reached"},
      {"a pattern of any letter case",
       "paths: [{ path: /x, servers: [a:1] }, { path_regex: \"(?i)^/x/y\", servers: [a:1] }]\n",
       ""},
      {"a prefix with a condition leaves the rest",
       "paths: [{ path: /x, methods: GET, servers: [a:1] }, { path_regex: \"^/x/y\", servers: "
       "[a:1] }]\n",
       ""},
      {"an exact path leaves what is below",
       "paths: [{ path: /x, exact: true, servers: [a:1] }, { path_regex: \"^/x/y\", servers: "
       "[a:1] }]\n",
       ""},
      {"the catch-all comes last",
       "paths: [{ path: /, servers: [a:1] }, { path_regex: \"^/x/y\", servers: [a:1] }]\n", ""},
      {"a prefix of another host",
       "hosts: [{ host: a, paths: [{ path: /x, servers: [a:1] }] }]\n"
       "paths: [{ path_regex: \"^/x/y\", servers: [a:1] }]\n",
       ""},
  };
  for (const auto& row : rows) {
    const Loaded loaded = loadWith(row.text);
    EXPECT_TRUE(loaded.config) << row.name;
    const std::string told = renderText(loaded.diagnostics);
    if (*row.told == '\0')
      EXPECT_EQ(told, "") << row.name;
    else
      EXPECT_THAT(told, testing::HasSubstr(std::string("warning: ") + row.told)) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::config
