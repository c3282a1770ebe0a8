// The matching semantics of the Kubernetes Gateway API, case by case: what its HTTPRoute examples
// ask for, written as routes.
#include <gtest/gtest.h>

#include <algorithm>

#include "routes.h"

namespace fairlead::route {
namespace {

struct Case {
  const char* name;
  Ask ask;
  RouteId route;
};

// The same for the routes in reverse order.
void check(const std::vector<HostSpec>& hosts, std::vector<RouteSpec> routes,
           const std::vector<Case>& cases) {
  const Router router(hosts, routes);
  std::ranges::reverse(routes);
  const Router reversed(hosts, routes);
  const auto last = static_cast<RouteId>(routes.size()) - 1;
  for (const Case& one : cases) {
    EXPECT_EQ(match(router, one.ask).route, one.route) << one.name;
    EXPECT_EQ(match(reversed, one.ask).route, one.route == kNone ? kNone : last - one.route)
        << one.name << ", reversed";
  }
}

TEST(Gateway, PathAndHeader) {
  check({},
        {prefix(kNone, "/"),
         {.headers = {is("version", "one")}},
         prefix(kNone, "/v2"),
         {.headers = {is("version", "two")}}},
        {
            {"root", {.path = "/"}, 0},
            {"below root", {.path = "/example"}, 0},
            {"header", {.path = "/", .headers = {{"Version", "one"}}}, 1},
            {"header below root", {.path = "/example", .headers = {{"Version", "two"}}}, 3},
            {"path", {.path = "/v2"}, 2},
            {"path with slash", {.path = "/v2/"}, 2},
            {"below path", {.path = "/v2/example"}, 2},
            {"longer path before header", {.path = "/v2", .headers = {{"Version", "one"}}}, 2},
            {"no segment boundary", {.path = "/v2example"}, 0},
            {"not at the beginning", {.path = "/foo/v2/example"}, 0},
        });
}

TEST(Gateway, OrderOfPaths) {
  check({},
        {prefix(kNone, "/match"), exact(kNone, "/match/exact/one"), prefix(kNone, "/match/prefix"),
         exact(kNone, "/match"), prefix(kNone, "/match/prefix/one"), regex(kNone, "^/match/.*")},
        {
            {"exact before prefix", {.path = "/match"}, 3},
            {"exact in depth", {.path = "/match/exact/one"}, 1},
            {"beside the exact path", {.path = "/match/exact"}, 0},
            {"longest prefix", {.path = "/match/prefix/one/any"}, 4},
            {"shorter prefix", {.path = "/match/prefix/any"}, 2},
            {"shortest prefix", {.path = "/match/any"}, 0},
            {"exact is not below", {.path = "/match/exact/one/more"}, 0},
            {"letter case", {.path = "/Match"}, kNone},
        });
}

TEST(Gateway, Headers) {
  check({},
        {{.headers = {is("version", "one")}},
         {.headers = {is("version", "two")}},
         {.headers = {is("version", "two"), is("color", "orange")}},
         {.headers = {is("color", "blue")}},
         {.headers = {is("color", "green")}}},
        {
            {"one", {.headers = {{"Version", "one"}}}, 0},
            {"two", {.headers = {{"Version", "two"}}}, 1},
            {"more headers first", {.headers = {{"Version", "two"}, {"Color", "orange"}}}, 2},
            {"half of two is nothing", {.headers = {{"Color", "orange"}}}, kNone},
            {"equal number: the smaller text",
             {.headers = {{"Version", "two"}, {"Color", "blue"}}},
             3},
            {"either color", {.headers = {{"Color", "green"}}}, 4},
            {"no such color", {.headers = {{"Color", "purple"}}}, kNone},
            {"another header", {.headers = {{"Some-Other-Header", "one"}}}, kNone},
            {"no header", {}, kNone},
        });
}

TEST(Gateway, Params) {
  check(
      {},
      {{.params = {is("animal", "whale")}},
       {.params = {is("animal", "dolphin")}},
       {.params = {is("animal", "dolphin"), is("color", "blue")}},
       {.params = {is("ANIMAL", "Whale")}},
       {.path = "/path1", .params = {is("animal", "whale")}},
       {.path = "/path1", .headers = {is("version", "one")}},
       {.path = "/path1", .headers = {is("version", "one")}, .params = {is("animal", "whale")}}},
      {
          {"whale", {.query = "animal=whale"}, 0},
          {"dolphin", {.query = "animal=dolphin"}, 1},
          {"more params first", {.query = "color=blue&animal=dolphin"}, 2},
          {"letter case", {.query = "ANIMAL=Whale"}, 3},
          {"half of the letter case", {.query = "animal=Whale"}, kNone},
          {"no such animal", {.query = "animal=horse"}, kNone},
          {"whole values", {.query = "animal=whalesong"}, kNone},
          {"a repeated one: the smaller text", {.query = "animal=whale&animal=dolphin"}, 1},
          {"no query", {}, kNone},
          {"path and param", {.path = "/path1/x", .query = "animal=whale"}, 4},
          {"headers before params",
           {.path = "/path1", .query = "animal=whale&color=blue", .headers = {{"version", "one"}}},
           6},
          {"headers alone", {.path = "/path1", .headers = {{"version", "one"}}}, 5},
      });
}

TEST(Gateway, Methods) {
  check({},
        {{.methods = {"POST"}},
         {.methods = {"GET"}},
         {.path = "/path1", .methods = {"GET"}},
         {.path = "/path2", .methods = {"PUT"}, .headers = {is("version", "two")}},
         {.path = "/path4", .methods = {"PATCH"}},
         {.path = "/path4", .headers = {is("version", "four")}}},
        {
            {"POST", {.method = "POST"}, 0},
            {"GET", {}, 1},
            {"HEAD is not GET", {.method = "HEAD"}, kNone},
            {"path and method", {.path = "/path1"}, 2},
            {"path without its method falls to the root", {.path = "/path1", .method = "POST"}, 0},
            {"path, method and header",
             {.path = "/path2", .method = "PUT", .headers = {{"version", "two"}}},
             3},
            {"without the header", {.path = "/path2", .method = "PUT"}, kNone},
            {"method before headers",
             {.path = "/path4", .method = "PATCH", .headers = {{"version", "four"}}},
             4},
            {"headers alone", {.path = "/path4", .headers = {{"version", "four"}}}, 5},
        });
}

TEST(Gateway, HostNames) {
  check({{{"very.specific.com"}},
         {{"*.wildcard.io"}},
         {{"foo.anotherwildcard.io", "*.b.wildcard.io"}}},
        {prefix(0, "/s1"), exact(1, "/s2"), prefix(2, "/s3"), prefix(1, "/s3")},
        {
            {"exact host", {.host = "very.specific.com", .path = "/s1"}, 0},
            {"exact host, no route", {.host = "very.specific.com", .path = "/s2"}, kNone},
            {"another host", {.host = "non.matching.com", .path = "/s1"}, kNone},
            {"below an exact host", {.host = "a.very.specific.com", .path = "/s1"}, kNone},
            {"above an exact host", {.host = "specific.com", .path = "/s1"}, kNone},
            {"wildcard", {.host = "foo.wildcard.io", .path = "/s2"}, 1},
            {"wildcard, several labels", {.host = "foo.bar.wildcard.io", .path = "/s2"}, 1},
            {"wildcard, no label", {.host = "wildcard.io", .path = "/s2"}, kNone},
            {"wildcard, part of a label", {.host = "foo.nonwildcard.io", .path = "/s2"}, kNone},
            {"longer wildcard", {.host = "a.b.wildcard.io", .path = "/s3"}, 2},
            {"its apex is the shorter one's", {.host = "b.wildcard.io", .path = "/s3"}, 3},
            {"one of two names", {.host = "foo.anotherwildcard.io", .path = "/s3/x"}, 2},
            {"beside that name", {.host = "bar.anotherwildcard.io", .path = "/s3"}, kNone},
        });
}

}  // namespace
}  // namespace fairlead::route
