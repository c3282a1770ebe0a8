// Which of several routes takes a request that more than one of them fits: each rule of the order,
// whatever the order in the file.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "routes.h"

namespace fairlead::route {
namespace {

struct Row {
  const char* name;
  RouteSpec first;  // takes the request
  RouteSpec later;
  Ask ask;
  const char* why;  // what is said of `later`
};

// `of /a` names a route in the trace.
RouteSpec with(RouteSpec route, const RouteSpec& conditions) {
  route.methods = conditions.methods;
  route.headers = conditions.headers;
  route.params = conditions.params;
  route.cookies = conditions.cookies;
  route.from = conditions.from;
  route.scheme = conditions.scheme;
  return route;
}

// Fits every condition below.
Ask everything(std::string path = "/a") {
  return {.path = std::move(path),
          .query = "p=1&q=2&r=3",
          .headers = {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"Cookie", "c=1; d=2; e=3"}}};
}

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    for (const bool swapped : {false, true}) {
      const std::vector<RouteSpec> routes =
          swapped ? std::vector{row.later, row.first} : std::vector{row.first, row.later};
      const Router router({}, routes);
      std::vector<TraceLine> trace;
      EXPECT_EQ(match(router, row.ask).route, swapped ? 1 : 0) << row.name << swapped;
      EXPECT_EQ(explain(router, row.ask, trace).route, swapped ? 1 : 0) << row.name << swapped;
      EXPECT_EQ(trace[swapped ? 0 : 1].why, row.why) << row.name << swapped;
      EXPECT_EQ(trace[swapped ? 1 : 0].why, "") << row.name << swapped;
    }
  }
}

TEST(Precedence, OfPaths) {
  const RouteSpec strong{.methods = {"GET"},
                         .headers = {is("A", "1"), is("B", "2")},
                         .from = networks({"0.0.0.0/0"}),
                         .scheme = "http"};
  check({
      {"exact before prefix", exact(kNone, "/a"), with(prefix(kNone, "/a"), strong), everything(),
       "the exact path /a goes first"},
      {"exact before a regex", exact(kNone, "/a"), with(regex(kNone, "^/a$"), strong), everything(),
       "the exact path /a goes first"},
      {"exact before the catch-all", exact(kNone, "/a"), with(prefix(kNone, "/"), strong),
       everything(), "the exact path /a goes first"},
      {"exact root before the catch-all", exact(kNone, "/"), with(prefix(kNone, "/"), strong),
       everything("/"), "the exact path / goes first"},
      {"longer prefix first", prefix(kNone, "/a/b"), with(prefix(kNone, "/a"), strong),
       everything("/a/b/c"), "the longer path /a/b goes first"},
      {"prefix before a regex", prefix(kNone, "/a"), with(regex(kNone, "^/a/b/c$"), strong),
       everything("/a/b/c"), "the path /a goes before a path_regex"},
      {"regex before the catch-all", regex(kNone, "c$"), with(prefix(kNone, "/"), strong),
       everything("/a/b/c"), "the path_regex /c$/ goes before the catch-all"},
      {"prefix before the catch-all", prefix(kNone, "/a"), with(prefix(kNone, "/"), strong),
       everything("/a"), "the longer path /a goes first"},
  });
}

// What holds for one path holds for the regexes of a host as well.
TEST(Precedence, OfConditions) {
  struct Pair {
    const char* name;
    RouteSpec first;
    RouteSpec later;
    const char* why;
  };
  const auto any = networks({"0.0.0.0/0"});
  const Pair pairs[] = {
      {"any before none", {.headers = {is("A", "1")}}, {}, "it has fewer conditions on headers"},
      {"methods before headers",
       {.methods = {"GET"}},
       {.headers = {is("A", "1"), is("B", "2")}},
       "it asks for no method"},
      {"the number of methods counts nothing, then headers",
       {.methods = {"GET"}, .headers = {is("A", "1")}},
       {.methods = {"GET", "HEAD", "POST"}},
       "it has fewer conditions on headers"},
      {"more headers first",
       {.headers = {is("A", "1"), is("B", "2")}},
       {.headers = {is("C", "3")}, .params = {is("p", "1"), is("q", "2")}},
       "it has fewer conditions on headers"},
      {"what stands twice counts once",
       {.headers = {is("A", "1"), is("B", "2")}},
       {.headers = {is("C", "3"), is("c", "3"), is("C", "3")}, .scheme = "http"},
       "it has fewer conditions on headers"},
      {"absence and presence count like values",
       {.headers = {absent("X"), present("A")}},
       {.headers = {is("A", "1")}},
       "it has fewer conditions on headers"},
      {"headers before params",
       {.headers = {is("A", "1")}},
       {.params = {is("p", "1"), is("q", "2"), is("r", "3")}},
       "it has fewer conditions on headers"},
      {"more params first",
       {.params = {is("p", "1"), is("q", "2")}},
       {.params = {is("r", "3")}, .cookies = {is("c", "1"), is("d", "2")}},
       "it has fewer on params"},
      {"params before cookies",
       {.params = {is("p", "1")}},
       {.cookies = {is("c", "1"), is("d", "2")}, .from = any},
       "it has fewer on params"},
      {"more cookies first",
       {.cookies = {is("c", "1"), is("d", "2")}},
       {.cookies = {is("e", "3")}, .from = any},
       "it has fewer on cookies"},
      {"cookies before the client",
       {.cookies = {is("c", "1")}},
       {.from = any, .scheme = "http"},
       "it has fewer on cookies"},
      {"client before scheme", {.from = any}, {.scheme = "http"}, "it asks for no client address"},
      {"scheme before nothing", {.scheme = "http"}, {}, "it asks for no scheme"},
      {"smaller text of the value",
       {.headers = {begins("A", "")}},
       {.headers = {present("A")}},
       "all else being equal, the smaller text decides"},
      {"smaller name",
       {.headers = {is("A", "1")}},
       {.headers = {is("B", "2")}},
       "all else being equal, the smaller text decides"},
      {"smaller method",
       {.methods = {"GET"}},
       {.methods = {"HEAD", "GET"}},
       "all else being equal, the smaller text decides"},
  };
  std::vector<Row> rows;
  std::vector<std::string> texts;
  for (const Pair& pair : pairs) texts.push_back(pair.why + std::string(": winner goes first"));
  for (size_t i = 0; i < std::size(pairs); ++i) {
    const Pair& pair = pairs[i];
    for (const RouteSpec& path :
         {prefix(kNone, "/"), prefix(kNone, "/a"), exact(kNone, "/a"), regex(kNone, "a")}) {
      RouteSpec first = with(path, pair.first);
      first.name = "winner";
      rows.push_back(
          {pair.name, std::move(first), with(path, pair.later), everything(), texts[i].c_str()});
    }
  }
  check(rows);
}

TEST(Precedence, OfRegexes) {
  check({
      {"longer pattern first", regex(kNone, "^/[ab]"), regex(kNone, "^/"), everything(),
       "its pattern is shorter: ^/[ab] goes first"},
      {"smaller text first", regex(kNone, "/[ab]"), regex(kNone, "^/a?$"), everything(),
       "all else being equal, the smaller text decides: /[ab] goes first"},
      {"conditions before length", with(regex(kNone, "a"), {.scheme = "http"}),
       regex(kNone, "^/a$"), everything(), "it asks for no scheme: a goes first"},
  });
}

TEST(Precedence, TwoThatNobodyCanTellApart) {
  const RouteSpec twin{.headers = {is("A", "1"), is("B", "2")}};
  const RouteSpec other{.headers = {is("b", "2"), is("a", "1")}};
  const Router router({}, {twin, other});
  const auto lines = explained(router, everything());
  EXPECT_EQ(lines,
            (std::vector<std::string>{"route 0: ",
                                      "route 1: nothing tells it apart from the route before it: / "
                                      "goes first"}));
}

// ---- A request that the best route does not take falls to the next one.

struct FallRow {
  const char* name;
  Ask ask;
  RouteId route;
};

TEST(Precedence, WhatIsNotTakenFallsToTheNext) {
  const std::vector<RouteSpec> routes{
      /* 0 */ {.path_kind = PathKind::Exact, .path = "/a/b/c", .headers = {is("X", "0")}},
      /* 1 */ {.path = "/a/b/c", .headers = {is("X", "1")}},
      /* 2 */ {.path = "/a/b", .headers = {is("X", "2"), present("Y")}},
      /* 3 */ {.path = "/a/b", .headers = {is("X", "2")}},
      /* 4 */ {.path = "/a", .methods = {"GET"}},
      /* 5 */
      {.path_kind = PathKind::Regex, .path = "c$", .regex = pattern("c$"), .scheme = "https"},
      /* 6 */ {.path_kind = PathKind::Regex, .path = "[bc]$", .regex = pattern("[bc]$")},
      /* 7 */ {.path = "/", .methods = {"POST"}, .params = {is("p", "1")}},
      /* 8 */ {.path = "/", .methods = {"POST"}},
      /* 9 */ {.path_kind = PathKind::Exact, .path = "/a", .scheme = "https"},
      /* 10 */ {.path = "/ab"},
      /* 11 */ {.path = "/abz", .headers = {is("X", "11")}},
  };
  const FallRow rows[] = {
      {"exact", {.path = "/a/b/c", .headers = {{"X", "0"}}}, 0},
      {"exact to its own prefix", {.path = "/a/b/c", .headers = {{"X", "1"}}}, 1},
      {"exact to a shorter prefix", {.path = "/a/b/c", .headers = {{"X", "2"}}}, 3},
      {"the better one of that prefix", {.path = "/a/b/c", .headers = {{"X", "2"}, {"Y", ""}}}, 2},
      {"exact over two prefixes to a third", {.path = "/a/b/c"}, 4},
      {"prefix to a shorter one", {.path = "/a/b/c/d", .headers = {{"X", "0"}}}, 4},
      {"prefixes to the better regex", {.path = "/a/b/c", .method = "PUT", .scheme = "https"}, 5},
      {"prefixes to the next regex", {.path = "/a/b/c", .method = "PUT"}, 6},
      {"regexes to the catch-all", {.path = "/a/b/d", .method = "POST"}, 8},
      {"the better catch-all", {.path = "/a/b/d", .query = "p=1", .method = "POST"}, 7},
      {"nobody takes it", {.path = "/a/b/d", .method = "PUT"}, kNone},
      {"exact fails, prefix of the same path", {.path = "/a"}, 4},
      {"exact with another scheme", {.path = "/a", .method = "PUT", .scheme = "https"}, 9},
      {"another segment is no shorter prefix", {.path = "/ab/x", .method = "PUT"}, 10},
      {"nor is part of a segment", {.path = "/abz/1"}, kNone},
      {"that segment itself", {.path = "/abz/1", .headers = {{"X", "11"}}}, 11},
      {"only whole segments fall", {.path = "/abc", .method = "PUT"}, 6},
  };
  const Router router({}, routes);
  for (const FallRow& row : rows) EXPECT_EQ(match(router, row.ask).route, row.route) << row.name;
}

TEST(Precedence, AClaimedRequestStaysWithItsHost) {
  const Router router(
      {{{"a.com"}}, {{"*.com"}}, {{"*"}}},
      {{.host = 0, .methods = {"GET"}}, prefix(1, "/"), prefix(2, "/"), prefix(kNone, "/")});
  EXPECT_EQ(match(router, {.host = "a.com"}).route, 0);
  EXPECT_EQ(match(router, {.host = "a.com", .method = "PUT"}).route, kNone);
  EXPECT_EQ(match(router, {.host = "b.com", .method = "PUT"}).route, 1);
}

}  // namespace
}  // namespace fairlead::route
