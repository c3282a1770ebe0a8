// Routes with a path_regex: which paths they take, what they capture, and the one pass that asks
// all of them.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "route/regex_set.h"
#include "routes.h"

namespace fairlead::route {
namespace {

struct Row {
  const char* name;
  const char* host;
  const char* path;
  RouteId route;
};

TEST(PathRegex, Matches) {
  const Router router({{{"one"}}, {{"many"}}}, {
                                                   /* 0 */ regex(0, "^/users/[0-9]+$"),
                                                   /* 1 */ regex(1, "^/users/[0-9]+$"),
                                                   /* 2 */ regex(1, "\\.(png|jpe?g)$"),
                                                   /* 3 */ regex(1, "(?i)/admin"),
                                                   /* 4 */ regex(1, "^/[^/]+/edit$"),
                                                   /* 5 */ regex(kNone, "^/x"),
                                                   /* 6 */ prefix(1, "/static"),
                                               });
  const Row rows[] = {
      {"anchored as written", "one", "/users/17", 0},
      {"not in full", "one", "/users/17/x", kNone},
      {"nothing else on that host", "one", "/a.png", kNone},
      {"one of many", "many", "/users/17", 1},
      {"unanchored at the beginning", "many", "/deep/in/a.jpeg", 2},
      {"unanchored at both ends", "many", "/deep/Admin/x", 3},
      {"two that match: the longer pattern", "many", "/Admin/a.png", 2},
      {"two that match: the longer pattern, again", "many", "/admin/edit", 4},
      {"a prefix before all of them", "many", "/static/a.png", 6},
      {"none of many", "many", "/users/x", kNone},
      {"of no host", "other", "/xy", 5},
      {"of no host, none", "other", "/y", kNone},
      {"an encoded slash is a part of its segment", "many", "/a%2Fb/edit", 4},
      {"OPTIONS *", "one", "*", kNone},
  };
  for (const Row& row : rows)
    EXPECT_EQ(match(router, {.host = row.host, .path = row.path}).route, row.route) << row.name;
}

TEST(PathRegex, IsExplained) {
  const Router router({}, {regex(kNone, "^/a"), regex(kNone, "b$")});
  EXPECT_EQ(explained(router, {.path = "/b"}),
            (std::vector<std::string>{"route 0: path /b does not match /^/a/", "route 1: "}));
}

TEST(PathRegex, HostsWithTheSamePatternsKeepTheirRoutes) {
  RouteSpec get = regex(2, "^/a");
  get.methods = {"GET"};
  const Router router({{{"one"}}, {{"two"}}, {{"three"}}},
                      {regex(0, "^/a"), regex(0, "b$"), regex(1, "b$"), regex(1, "^/a"), get,
                       regex(2, "b$"), regex(2, "^/a")});
  const Row rows[] = {
      {"one", "one", "/a", 0},       {"one, other pattern", "one", "/b", 1},
      {"two", "two", "/a", 3},       {"two, other pattern", "two", "/b", 2},
      {"three", "three", "/a/b", 4}, {"three, other pattern", "three", "/b", 5},
  };
  for (const Row& row : rows)
    EXPECT_EQ(match(router, {.host = row.host, .path = row.path}).route, row.route) << row.name;
  EXPECT_EQ(match(router, {.host = "three", .path = "/a", .method = "PUT"}).route, 6);
}

struct CaptureRow {
  const char* name;
  const char* pattern;
  const char* path;
  std::vector<std::string> groups;
};

TEST(PathRegex, Captures) {
  const CaptureRow rows[] = {
      {"whole match", "^/users", "/users/17", {"/users"}},
      {"groups", "^/users/([0-9]+)/(.*)$", "/users/17/a/b", {"/users/17/a/b", "17", "a/b"}},
      {"named groups",
       "/(?P<year>\\d{4})-(?P<month>\\d\\d)",
       "/blog/2024-05/x",
       {"/2024-05", "2024", "05"}},
      {"a group that took no part", "^/(a)|(b)$", "/b", {"b", "", "b"}},
      {"an empty group", "^/(x*)", "/", {"/", ""}},
      {"groups that do not capture", "^/(?:a|b)/(c)", "/a/c", {"/a/c", "c"}},
      {"no match", "^/users", "/a", {}},
  };
  for (const CaptureRow& row : rows) {
    const Router router({}, {regex(kNone, row.pattern)});
    const std::string path = row.path;
    std::array<std::string_view, 8> into;
    const size_t count = router.captures(0, path, into);
    EXPECT_EQ(std::vector<std::string>(into.begin(), into.begin() + static_cast<ptrdiff_t>(count)),
              row.groups)
        << row.name;
    for (size_t i = 0; i < count; ++i)
      EXPECT_TRUE(into[i].empty() ||
                  (into[i].data() >= path.data() && into[i].end() <= path.data() + path.size()))
          << row.name << ": not a view of the path";
  }
}

TEST(PathRegex, CapturesAsManyAsThereIsRoomFor) {
  std::string many = "^";
  for (size_t i = 0; i < 40; ++i) many += "(.)";
  const Router router({}, {regex(kNone, "^/(a)/(b)"), prefix(kNone, "/p"), regex(kNone, many)});
  EXPECT_EQ(router.captureCount(0), 2);
  EXPECT_EQ(router.captureCount(1), -1);
  EXPECT_EQ(router.captureCount(2), 40);

  std::array<std::string_view, 2> two;
  EXPECT_EQ(router.captures(0, "/a/b", two), 2u);
  EXPECT_EQ(two[1], "a");
  EXPECT_EQ(router.captures(0, "/a/b", {}), 0u);
  EXPECT_EQ(router.captures(1, "/p", two), 0u);
  std::array<std::string_view, 64> plenty;
  const std::string path(50, 'x');
  EXPECT_EQ(router.captures(2, path, plenty), Router::kMaxGroups);
  EXPECT_EQ(plenty[31], "x");
}

// ---- The set.

std::vector<size_t> matchesOf(const RegexSet& set, std::string_view text) {
  std::vector<size_t> found;
  set.forEachMatch(text, [&](size_t index) {
    found.push_back(index);
    return false;
  });
  return found;
}

// Patterns whose states do not fit into little memory.
std::vector<Regex> greedyPatterns() {
  std::vector<Regex> patterns;
  for (int i = 0; i < 12; ++i)
    patterns.push_back(pattern("a[ab]{" + std::to_string(3 + i % 5) + "}b.*x" + std::to_string(i)));
  patterns.push_back(pattern("^/y"));
  patterns.push_back(pattern("z$"));
  return patterns;
}

const std::string kTexts[] = {"",
                              "/",
                              "/y",
                              "/yz",
                              "/abbabx1",
                              "/abx0",
                              "/aaaaabbbx3",
                              "/abababababx11z",
                              "/y/aabbbbaab/x4/x9",
                              "/a\xff"
                              "babbbx2"};

TEST(RegexSet, FindsAllInOrderWithWhateverMemoryThereIs) {
  const std::vector<Regex> patterns = greedyPatterns();
  std::map<bool, int> tables;
  for (int64_t memory = 1; memory < int64_t{1} << 22; memory += memory / 3 + 1) {
    const RegexSet set(patterns, memory);
    ++tables[set.isOnePass()];
    for (const std::string& text : kTexts) {
      std::vector<size_t> expected;
      for (size_t i = 0; i < patterns.size(); ++i)
        if (re2::RE2::PartialMatch(text, *patterns[i])) expected.push_back(i);
      ASSERT_EQ(matchesOf(set, text), expected) << memory << " " << text;
    }
  }
  EXPECT_GT(tables[false], 10) << "memory was never short";
  EXPECT_GT(tables[true], 10) << "memory was always short";
}

TEST(RegexSet, HasMemoryForAThousand) {
  std::vector<Regex> patterns;
  for (int i = 0; i < 1000; ++i)
    patterns.push_back(pattern("^/service-" + std::to_string(i) + "/v[0-9]+/(users|items)/"));
  const RegexSet set(patterns);
  EXPECT_TRUE(set.isOnePass());
  EXPECT_EQ(matchesOf(set, "/service-517/v12/items/3"), std::vector<size_t>{517});
  EXPECT_EQ(matchesOf(set, "/service-517/v/items/3"), std::vector<size_t>{});
}

TEST(RegexSet, StopsWhenToldTo) {
  for (const int64_t memory : {RegexSet::kSuited, int64_t{1}}) {
    const RegexSet set({pattern("a"), pattern("b"), pattern("c")}, memory);
    std::vector<size_t> asked;
    set.forEachMatch("cba", [&](size_t index) {
      asked.push_back(index);
      return index == 1;
    });
    EXPECT_EQ(asked, (std::vector<size_t>{0, 1})) << memory;
  }
}

TEST(RegexSet, OfNoneAndOfOne) {
  EXPECT_EQ(matchesOf(RegexSet(), "a"), std::vector<size_t>{});
  EXPECT_EQ(matchesOf(RegexSet({pattern("a")}), "xa"), std::vector<size_t>{0});
  EXPECT_EQ(matchesOf(RegexSet({pattern("a")}), "x"), std::vector<size_t>{});
}

TEST(RegexSet, IsSharedByThoseWhoAskForTheSame) {
  SharedSets sets;
  const auto first = sets.of({pattern("a"), pattern("b")});
  EXPECT_EQ(sets.of({pattern("a"), pattern("b")}), first);
  EXPECT_NE(sets.of({pattern("b"), pattern("a")}), first);
  EXPECT_NE(sets.of({pattern("a"), pattern("b"), pattern("c")}), first);
  EXPECT_NE(sets.of({pattern("ab")}), sets.of({pattern("a")}));
}

// One set knows one syntax; patterns of another are asked by themselves.
TEST(RegexSet, OfTwoKindsOfSyntax) {
  const auto anyCase = [](const std::string& text) {
    re2::RE2::Options options;
    options.set_case_sensitive(false);
    return std::make_shared<const re2::RE2>(text, options);
  };
  const RegexSet mixed({pattern("a"), anyCase("b")});
  EXPECT_FALSE(mixed.isOnePass());
  EXPECT_EQ(matchesOf(mixed, "AB"), std::vector<size_t>{1});
  const RegexSet alike({anyCase("a"), anyCase("b")});
  EXPECT_TRUE(alike.isOnePass());
  EXPECT_EQ(matchesOf(alike, "AB"), (std::vector<size_t>{0, 1}));
  SharedSets sets;
  EXPECT_NE(sets.of({pattern("a")}), sets.of({anyCase("a")}));
}

}  // namespace
}  // namespace fairlead::route
