// Every kind of rule through the levels defaults, host and path: what a route ends up with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/good.h"
#include "unit/filter/shown.h"

namespace fairlead::config {
namespace {

struct Row {
  const char* name;
  const char* key;
  const char* defaults;  // "": nothing is said there
  const char* host;
  const char* path;
  const char* shown;  // of the path's route, as `fairlead show` has it
};

std::string entryOf(const char* key, const char* value) {
  return *value == '\0' ? "" : std::string(", ") + key + ": " + value;
}

Config fileOf(const Row& row) {
  return good(
      "pools: { p: { servers: [a:1] }, q: { servers: [b:1] } }\n"
      "defaults: { balance: p2c" +
          entryOf(row.key, row.defaults) +
          " }\n"
          "hosts:\n  - { host: a.example, pool: p" +
          entryOf(row.key, row.host) +
          ",\n"
          "      paths: [{ path: /x, pool: q" +
          entryOf(row.key, row.path) + " }] }\n",
      {{"down.html", "<h1>down</h1>"}});
}

Value rulesOf(const RouteRules& rules, std::string_view key) {
  if (key == "header_rules") return rules.headers.show();
  if (key == "param_rules") return rules.params.show();
  if (key == "rewrite_rules") return rules.rewrite.show();
  if (key == "cookie_rules") return rules.cookies.show();
  if (key == "cors") return rules.cors.show();
  if (key == "error_pages") return rules.error_pages.show();
  if (key == "mirror") return rules.mirror.show();
  ADD_FAILURE() << key;
  return {};
}

constexpr Row kRows[] = {
    {"header names are merged one by one", "header_rules", "{ add: { X-A: 1, X-B: 1 } }",
     "{ add: { x-b: 2, X-C: 2 } }", "{ add: { X-C: 3, X-D: 3 } }",
     "{ add: { X-A: 1, x-b: 2, X-C: 3, X-D: 3 } }"},
    {"headers to remove add up", "header_rules", "{ remove: [X-A] }", "{ remove: { X-B: any } }",
     "{ remove: [x-a, \"X-C-*\"] }", "{ remove: [X-B, x-a, X-C-*] }"},
    {"kinds of header rules stand beside each other", "header_rules",
     "{ append: { X-A: 1 }, set_if_missing: { X-B: 1 } }", "{ rename: { X-C: X-D } }",
     "{ append: { X-A: 2 }, rename: { X-C: X-E }, replace: { X-F: { regex: a, with: b } } }",
     "{ rename: { X-C: X-E }, replace: { X-F: { regex: a, with: b } }, append: { X-A: 2 }, "
     "set_if_missing: { X-B: 1 } }"},
    {"an addition within a removal", "header_rules", "{ remove: [X-A] }", "", "{ add: { X-A: 1 } }",
     "{ remove: [X-A], add: { X-A: 1 } }"},
    {"response headers", "header_rules", "{ response: { add: { X-A: 1 }, remove: [Server] } }",
     "{ response: { add: { X-A: 2 }, remove: [X-Powered-By] } }", "{ add: { X-A: 3 } }",
     "{ add: { X-A: 3 }, response: { remove: [Server, X-Powered-By], add: { X-A: 2 } } }"},
    {"parameters", "param_rules", "{ add: { a: 1 }, remove: [x], rename: { r: s } }",
     "{ add: { b: 2 }, remove: [\"utm_*\"], rename: { r: t } }",
     "{ add: { a: 3 }, append: { c: 3 }, set_if_missing: { d: 3 }, replace: { e: { regex: f, "
     "with: g } } }",
     "{ remove: [x, utm_*], rename: { r: t }, replace: { e: { regex: f, with: g } }, "
     "add: { b: 2, a: 3 }, append: { c: 3 }, set_if_missing: { d: 3 } }"},
    {"rewriting", "rewrite_rules", "{ replace: { /a/: /b/ }, host: a.internal, method: GET }",
     "{ replace: { /a/: /c/, /d/: /e/ }, rewrite_location: false }",
     "{ host: off, strip_prefix: true, add_prefix: /v2 }",
     "{ strip_prefix: true, add_prefix: /v2, replace: { /a/: /c/, /d/: /e/ }, method: GET, "
     "rewrite_location: false }"},
    {"an inner prefix replaces the outer one", "rewrite_rules", "{ replace_prefix: /one }",
     "{ replace_prefix: /two }", "{ replace_prefix: /three }", "{ replace_prefix: /three }"},
    {"patterns of paths are one list", "rewrite_rules", "{ regex: { match: a, with: b } }", "",
     "{ regex: [{ match: c, with: d }, { match: e, with: f, over: uri }] }",
     "{ regex: [{ match: c, with: d }, { match: e, with: f, over: uri }] }"},
    {"cookies", "cookie_rules", "{ add: { a: 1 }, remove: [x] }",
     "{ add: { b: 2 }, remove: [\"y*\"] }", "{ add: { a: 3 }, rename: { c: d } }",
     "{ remove: [x, y*], rename: { c: d }, add: { b: 2, a: 3 } }"},
    {"attributes of cookies", "cookie_rules", "{ response: { secure: true, same_site: lax } }",
     "{ response: { same_site: strict, id: { path: /i } } }",
     "{ response: { http_only: true, id: { path: /j, domain: off } } }",
     "{ response: { secure: true, http_only: true, same_site: strict, id: { domain: off, path: /j "
     "} } }"},
    {"cors key by key, lists replaced", "cors",
     "{ origins: [\"https://a.example\", \"https://b.example\"], max_age: 1h }",
     "{ methods: [GET] }", "{ origins: \"https://c.example\", credentials: true }",
     "{ origins: [https://c.example], methods: [GET], credentials: true, max_age: 1h }"},
    {"cors off", "cors", "\"*\"", "", "off", "off"},
    {"cors on again", "cors", "\"*\"", "off", "{ max_age: 2h }",
     "{ origins: [*], credentials: false, max_age: 2h }"},
    {"error pages by status", "error_pages", "{ 503: \"@down.html\", 404: gone }",
     "{ 5xx: broken, 404: lost }", "{ 503: { body: \"{ }\", content_type: text/x } }",
     "{ 5xx: broken, 404: lost, 503: { body: { }, content_type: text/x } }"},
    {"one page off", "error_pages", "{ 503: a, 404: b }", "{ 503: off }", "",
     "{ 404: b, 503: off }"},
    {"all pages off", "error_pages", "{ 503: a, 404: b }", "off", "{ 5xx: c }", "{ 5xx: c }"},
    {"mirror key by key", "mirror", "p", "{ percent: 10 }", "{ max_body: 1MiB }",
     "{ pool: p, percent: 10%, max_body: 1MiB }"},
    {"another mirror", "mirror", "{ pool: p, percent: 10 }", "", "q",
     "{ pool: q, percent: 10%, max_body: 64KiB }"},
    {"mirror off", "mirror", "p", "", "off", "{  }"},
};

TEST(RuleMerging, InnerOverOuterKeyByKey) {
  for (const Row& row : kRows) {
    const Config config = fileOf(row);
    ASSERT_EQ(config.routes.size(), 2u) << row.name;
    EXPECT_EQ(filter::shownText(rulesOf(config.routes[1].rules, row.key)), row.shown) << row.name;
  }
}

// What holds where no route is: for answers such as 404.
TEST(RuleMerging, AHostHasItsRulesWithoutThoseOfItsPaths) {
  for (const Row& row : kRows) {
    Row without = row;
    without.path = "";
    const Config config = fileOf(row);
    const Config expected = fileOf(without);
    for (const RouteRules* rules : {&config.hosts.at(0).rules, &config.routes.at(0).rules})
      EXPECT_EQ(filter::shownText(rulesOf(*rules, row.key)),
                filter::shownText(rulesOf(expected.routes.at(1).rules, row.key)))
          << row.name;
  }
}

TEST(RuleMerging, EachLeafKeepsThePlaceThatItComesFrom) {
  const Config config = fileOf(kRows[0]);
  const Value shown = config.routes.at(1).rules.headers.show();
  const Value* add = shown.find("add");
  ASSERT_NE(add, nullptr);
  const std::pair<const char*, uint32_t> lines[] = {{"X-A", 2}, {"x-b", 4}, {"X-C", 5}, {"X-D", 5}};
  for (const auto& [name, line] : lines) {
    ASSERT_NE(add->find(name), nullptr) << name;
    EXPECT_EQ(add->find(name)->mark.line, line) << name;
  }
}

}  // namespace
}  // namespace fairlead::config
