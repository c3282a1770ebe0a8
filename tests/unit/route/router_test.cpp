// Matching by host and path: tables, explanations, and what a path_regex captures.
#include "route/router.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "routes.h"

namespace fairlead::route {
namespace {

// Hosts: 0 shop, 1 wildcard, 2 deeper wildcard, 3 IPv6 literal, 4 two names.
Router makeRouter() {
  return Router({{{"shop.example.com"}},
                 {{"*.example.com"}},
                 {{"*.eu.example.com"}},
                 {{"[::1]"}},
                 {{"a.test", "*.b.test"}}},
                {
                    /* 0 */ prefix(0, "/"),
                    /* 1 */ prefix(0, "/api"),
                    /* 2 */ exact(0, "/api"),
                    /* 3 */ prefix(0, "/api/v2"),
                    /* 4 */ exact(0, "/api/v2/status"),
                    /* 5 */ prefix(0, "/apiary"),
                    /* 6 */ prefix(1, "/only"),
                    /* 7 */ prefix(2, "/"),
                    /* 8 */ exact(3, "/"),
                    /* 9 */ prefix(4, "/x%2Fy"),
                    /* 10 */ prefix(kNone, "/mango"),
                    /* 11 */ prefix(kNone, "/mango/ripe"),
                    /* 12 */ exact(kNone, "/status"),
                });
}

struct MatchRow {
  const char* name;
  const char* host;
  const char* path;
  HostId claimed_by;
  RouteId route;
};

const MatchRow kRows[] = {
    {"catch-all", "shop.example.com", "/", 0, 0},
    {"catch-all below", "shop.example.com", "/other", 0, 0},
    {"catch-all takes OPTIONS *", "shop.example.com", "*", 0, 0},
    {"exact beats prefix", "shop.example.com", "/api", 0, 2},
    {"prefix below", "shop.example.com", "/api/x", 0, 1},
    {"prefix with slash at the end", "shop.example.com", "/api/", 0, 1},
    {"whole segments only", "shop.example.com", "/apix", 0, 0},
    {"another whole segment", "shop.example.com", "/apiary", 0, 5},
    {"below the other segment", "shop.example.com", "/apiary/b", 0, 5},
    {"part of a segment", "shop.example.com", "/ap", 0, 0},
    {"longest prefix", "shop.example.com", "/api/v2", 0, 3},
    {"longest prefix below", "shop.example.com", "/api/v2/users", 0, 3},
    {"longest prefix, segment differs", "shop.example.com", "/api/v22", 0, 1},
    {"exact in depth", "shop.example.com", "/api/v2/status", 0, 4},
    {"exact is not a prefix", "shop.example.com", "/api/v2/status/x", 0, 3},
    {"exact without slash", "shop.example.com", "/api/v2/status/", 0, 3},
    {"letter case of paths counts", "shop.example.com", "/API", 0, 0},
    {"exact host beats wildcard", "shop.example.com", "/only", 0, 0},
    {"wildcard", "blog.example.com", "/only/a", 1, 6},
    {"wildcard over two labels", "a.b.example.com", "/only", 1, 6},
    {"wildcard claims, no route", "blog.example.com", "/mango", 1, kNone},
    {"wildcard is not the apex", "example.com", "/only", kNone, kNone},
    {"wildcard is not a mere suffix", "badexample.com", "/only", kNone, kNone},
    {"wildcard needs a label", ".example.com", "/only", kNone, kNone},
    {"longest wildcard first", "x.eu.example.com", "/only", 2, 7},
    {"its apex is the shorter one's", "eu.example.com", "/only", 1, 6},
    {"IPv6 literal", "[::1]", "/", 3, 8},
    {"exact root is no catch-all", "[::1]", "/x", 3, kNone},
    {"first name of two", "a.test", "/x%2Fy", 4, 9},
    {"second name of two", "z.b.test", "/x%2Fy/z", 4, 9},
    {"an encoded slash separates nothing", "a.test", "/x", 4, kNone},
    {"no host: top-level", "other.org", "/mango", kNone, 10},
    {"no host: longest", "other.org", "/mango/ripe/1", kNone, 11},
    {"no host: exact", "other.org", "/status", kNone, 12},
    {"no host: exact only", "other.org", "/status/x", kNone, kNone},
    {"no host name at all", "", "/mango", kNone, 10},
    {"nothing fits", "other.org", "/", kNone, kNone},
};

TEST(Router, Matches) {
  const Router router = makeRouter();
  for (const MatchRow& row : kRows) {
    const RouteMatch found = match(router, {.host = row.host, .path = row.path});
    EXPECT_EQ(found.host, row.claimed_by) << row.name;
    EXPECT_EQ(found.route, row.route) << row.name;
  }
}

TEST(Router, ExplainDecidesAlike) {
  const Router router = makeRouter();
  for (const MatchRow& row : kRows) {
    std::vector<TraceLine> trace;
    const RouteMatch found = explain(router, {.host = row.host, .path = row.path}, trace);
    EXPECT_EQ(found.host, row.claimed_by) << row.name;
    EXPECT_EQ(found.route, row.route) << row.name;
    for (const TraceLine& line : trace) {
      EXPECT_EQ(line.matched, line.why.empty()) << row.name;
      EXPECT_EQ(line.matched,
                line.route == kNone ? line.host == row.claimed_by : line.route == row.route)
          << row.name;
    }
  }
}

TEST(Router, AnyHostComesLast) {
  const Router router({{{"*"}}, {{"*.com"}}, {{"a.com"}}},
                      {prefix(0, "/"), prefix(1, "/"), prefix(2, "/"), prefix(kNone, "/")});
  EXPECT_EQ(match(router, {.host = "a.com", .path = "/"}).host, 2);
  EXPECT_EQ(match(router, {.host = "b.com", .path = "/"}).host, 1);
  EXPECT_EQ(match(router, {.host = "com", .path = "/"}).host, 0);
  EXPECT_EQ(match(router, {.host = "", .path = "/"}).host, 0);
}

TEST(Router, OrderOfRoutesNeverMatters) {
  std::vector<RouteSpec> routes{prefix(kNone, "/"), prefix(kNone, "/a"), prefix(kNone, "/a/b"),
                                exact(kNone, "/a/b"), exact(kNone, "/a")};
  std::vector<int> order{0, 1, 2, 3, 4};
  do {
    std::vector<RouteSpec> shuffled;
    for (const int i : order) shuffled.push_back(routes[static_cast<size_t>(i)]);
    const Router router({}, shuffled);
    const auto found = [&](const char* path) {
      return order[static_cast<size_t>(match(router, {.path = path}).route)];
    };
    ASSERT_EQ(found("/a"), 4);
    ASSERT_EQ(found("/a/b"), 3);
    ASSERT_EQ(found("/a/b/c"), 2);
    ASSERT_EQ(found("/a/c"), 1);
    ASSERT_EQ(found("/b"), 0);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Router, WithoutRoutes) {
  const Router router({}, {});
  EXPECT_EQ(match(router, {.host = "a", .path = "/"}).route, kNone);
}

struct WhyRow {
  const char* name;
  const char* host;
  const char* path;
  std::vector<std::string> lines;  // "host N: why" and "route N: why"
};

TEST(Router, ExplainsTheFirstConditionThatFailed) {
  const Router router({{{"a.com"}}, {{"*.com", "b.org"}}},
                      {prefix(0, "/api"), exact(0, "/api/x"), prefix(0, "/"), prefix(1, "/"),
                       prefix(kNone, "/m"), exact(kNone, "/n")});
  const WhyRow rows[] = {
      {"one of several",
       "a.com",
       "/api/x",
       {"host 0: ", "host 1: host a.com is claimed by a more exact entry, a.com",
        "route 0: the exact path /api/x goes first",
        "route 1: ", "route 2: the exact path /api/x goes first"}},
      {"longer wins",
       "a.com",
       "/api",
       {"host 0: ", "host 1: host a.com is claimed by a more exact entry, a.com", "route 0: ",
        "route 1: path /api is not exactly /api/x", "route 2: the longer path /api goes first"}},
      {"no host",
       "c.net",
       "/x",
       {"host 0: host c.net is not a.com", "host 1: host c.net is not *.com or b.org",
        "route 4: path /x is not /m or below", "route 5: path /x is not exactly /n"}},
      {"no host name",
       "",
       "/m",
       {"host 0: host (none) is not a.com", "host 1: host (none) is not *.com or b.org",
        "route 4: ", "route 5: path /m is not exactly /n"}},
  };
  for (const WhyRow& row : rows) {
    const auto lines = explained(router, {.host = row.host, .path = row.path});
    EXPECT_EQ(lines, row.lines) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::route
