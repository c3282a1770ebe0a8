// Matching as CONFIG.md rules it: tables of hosts and paths, explanations, and a naive matcher to
// agree with.
#include "route/router.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace fairlead::route {
namespace {

RouteSpec prefix(HostId host, std::string path) { return {host, std::move(path), false, ""}; }
RouteSpec exact(HostId host, std::string path) { return {host, std::move(path), true, ""}; }

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
    const RouteMatch match = router.match({row.host, row.path});
    EXPECT_EQ(match.host, row.claimed_by) << row.name;
    EXPECT_EQ(match.route, row.route) << row.name;
  }
}

TEST(Router, ExplainDecidesAlike) {
  const Router router = makeRouter();
  for (const MatchRow& row : kRows) {
    std::vector<TraceLine> trace;
    const RouteMatch match = router.explain({row.host, row.path}, trace);
    EXPECT_EQ(match.host, row.claimed_by) << row.name;
    EXPECT_EQ(match.route, row.route) << row.name;
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
  EXPECT_EQ(router.match({"a.com", "/"}).host, 2);
  EXPECT_EQ(router.match({"b.com", "/"}).host, 1);
  EXPECT_EQ(router.match({"com", "/"}).host, 0);
  EXPECT_EQ(router.match({"", "/"}).host, 0);
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
      return order[static_cast<size_t>(router.match({"h", path}).route)];
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
  EXPECT_EQ(router.match({"a", "/"}).route, kNone);
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
    std::vector<TraceLine> trace;
    router.explain({row.host, row.path}, trace);
    std::vector<std::string> lines;
    for (const TraceLine& line : trace) {
      const bool is_host = line.route == kNone;
      lines.push_back((is_host ? "host " : "route ") +
                      std::to_string(is_host ? line.host : line.route) + ": " + line.why);
    }
    EXPECT_EQ(lines, row.lines) << row.name;
  }
}

// ---- Agreement with a matcher that is too simple to be wrong.

int hostRank(const std::string& name, std::string_view host) {
  if (name == "*") return 1;
  if (!name.starts_with("*.")) return name == host ? 1000 : 0;
  const std::string suffix = name.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix) ? 1 + static_cast<int>(suffix.size())
                                                               : 0;
}

int pathRank(const RouteSpec& route, std::string_view path) {
  if (route.exact) return path == route.path ? 1000 : 0;
  if (route.path == "/") return 1;
  const std::string below = route.path + "/";
  return path == route.path || path.starts_with(below) ? 1 + static_cast<int>(route.path.size())
                                                       : 0;
}

RouteMatch naiveMatch(const std::vector<HostSpec>& hosts, const std::vector<RouteSpec>& routes,
                      const RouteQuery& query) {
  RouteMatch best;
  int rank = 0;
  for (size_t i = 0; i < hosts.size(); ++i)
    for (const std::string& name : hosts[i].names)
      if (const int r = hostRank(name, query.host); r > rank) {
        rank = r;
        best.host = static_cast<HostId>(i);
      }
  rank = 0;
  for (size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].host != best.host) continue;
    if (const int r = pathRank(routes[i], query.path); r > rank) {
      rank = r;
      best.route = static_cast<RouteId>(i);
    }
  }
  return best;
}

// Short texts over few letters, so that shared beginnings are common.
std::string randomPath(Random& random) {
  static constexpr std::string_view kSegments[] = {"a", "ab", "abc", "b", "ba", "c%2F", "%2F"};
  std::string path;
  for (uint64_t n = random.below(5); n > 0; --n) {
    path += '/';
    path += kSegments[random.below(std::size(kSegments))];
  }
  return path.empty() ? "/" : path;
}

std::string randomHost(Random& random) {
  static constexpr std::string_view kLabels[] = {"a", "b", "ab"};
  std::string host(kLabels[random.below(3)]);
  for (uint64_t n = random.below(4); n > 0; --n)
    host += "." + std::string(kLabels[random.below(3)]);
  return host;
}

TEST(Router, AgreesWithTheNaiveMatcher) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<HostSpec> hosts(random.below(8));
    for (HostSpec& host : hosts)
      for (uint64_t n = random.below(3); n > 0; --n)
        host.names.push_back(
            random.below(9) == 0 ? "*" : (random.below(2) ? "*." : "") + randomHost(random));
    std::vector<RouteSpec> routes(random.below(60));
    for (RouteSpec& route : routes)
      route = {static_cast<HostId>(random.below(hosts.size() + 1)) - 1, randomPath(random),
               random.below(3) == 0, ""};
    const Router router(hosts, routes);
    for (int i = 0; i < 300; ++i) {
      const std::string host = randomHost(random);
      std::string path = randomPath(random);
      if (random.below(5) == 0 && path != "/") path += '/';
      const RouteMatch expected = naiveMatch(hosts, routes, {host, path});
      const RouteMatch match = router.match({host, path});
      ASSERT_EQ(match.host, expected.host) << seed << " " << host;
      ASSERT_EQ(match.route, expected.route) << seed << " " << host << path;
    }
  }
}

}  // namespace
}  // namespace fairlead::route
