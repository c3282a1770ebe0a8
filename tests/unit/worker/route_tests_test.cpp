// The tests of a configuration: each expectation met and missed, and the words of the failure.
#include "worker/route_tests.h"

#include <gtest/gtest.h>

#include "config/diagnostic.h"
#include "config/load.h"

namespace fairlead::worker {
namespace {

constexpr const char* kConfig = R"(
trusted_proxies: [10.0.0.0/8]
firewall_rules: { ip_reject: [203.0.113.7] }
pools:
  shop: { servers: [10.0.0.1:8080] }
  twins: { servers: [10.0.0.2:80, 10.0.0.3:80] }
  named: { servers: [{ url: 10.0.0.4:80, name: four }] }
hosts:
  - host: shop.example.com
    pool: shop
    header_rules:
      add: { X-Edge: "{client_ip}" }
      remove: [X-Debug]
      response: { add: { X-Served-By: fairlead } }
    firewall_rules: { path_reject: [/.git] }
    paths:
      - { path: /api, pool: twins, rewrite_rules: { replace_prefix: /v2 }, param_rules: { remove: [utm_*] } }
      - { path: /named, pool: named, header_rules: { remove: [Host] } }
      - { path: /old, redirect: { path: /new } }
      - { path: /post, methods: [POST], pool: named }
      - { path: /fixed, respond: { status: 418, body: "no {param.x}" } }
      - { path_regex: "^/user/([0-9]+)$", pool: named, header_rules: { add: { X-User: "{capture.1}", X-Where: "{server}" } } }
)";

// One test of a file, and what is said about it: "expected; actual" for each failure, or "".
struct Row {
  const char* name;
  const char* test;
  const char* told;
};

const Row kRows[] = {
    {"pool", "{ get: http://shop.example.com/x, pool: shop }", ""},
    {"another pool", "{ get: http://shop.example.com/api/x, pool: shop }",
     "pool `shop`; pool `twins`"},
    {"a pool where fairlead answers", "{ get: http://shop.example.com/old, pool: shop }",
     "pool `shop`; status 302 by redirect"},
    {"the firewall's status", "{ get: http://shop.example.com/.git/config, status: 403 }", ""},
    {"the firewall names its rule", "{ get: http://shop.example.com/.git/config, status: 404 }",
     "status 404; status 403 by firewall path_reject /.git"},
    {"a client's address", "{ get: http://shop.example.com/, from: 203.0.113.7, status: 403 }", ""},
    {"no route", "{ get: http://else.example.com/, status: 404 }", ""},
    {"the parser's status", "{ get: http://shop.example.com/%00, status: 400 }", ""},
    {"a server's status is not known", "{ get: http://shop.example.com/, status: 200 }",
     "status 200; pool `shop`, whose server says the status"},
    {"the only server", "{ get: http://shop.example.com/, server: 10.0.0.1:8080 }", ""},
    {"a server by its name", "{ get: http://shop.example.com/named, server: four }", ""},
    {"a server by its address", "{ get: http://shop.example.com/named, server: 10.0.0.4:80 }", ""},
    {"one of several servers", "{ get: http://shop.example.com/api, server: 10.0.0.2:80 }",
     "server `10.0.0.2:80`; pool `twins`, which balances over 2 servers"},
    {"another server", "{ get: http://shop.example.com/, server: four }",
     "server `four`; server `10.0.0.1:8080`"},
    {"upstream",
     "{ get: \"http://shop.example.com/api/u?id=1&utm_x=2\", upstream: \"/v2/u?id=1\" }", ""},
    {"another upstream", "{ get: http://shop.example.com/api/u, upstream: /v3/u }",
     "upstream /v3/u; upstream /v2/u"},
    {"a field to the server", "{ get: http://shop.example.com/, headers: { x-edge: 127.0.0.1 } }",
     ""},
    {"another value", "{ get: http://shop.example.com/, headers: { X-Edge: 1.2.3.4 } }",
     "X-Edge: 1.2.3.4 to the server; X-Edge: 127.0.0.1"},
    {"an absent field",
     "{ request: { url: http://shop.example.com/, headers: { X-Debug: 1 } }, headers: { X-Debug: "
     "off } }",
     ""},
    {"a field that is there", "{ get: http://shop.example.com/, headers: { X-Edge: off } }",
     "no X-Edge to the server; X-Edge: 127.0.0.1"},
    {"a field that is not there", "{ get: http://shop.example.com/, headers: { X-None: a } }",
     "X-None: a to the server; no X-None"},
    {"Host of the server",
     "{ get: http://shop.example.com/named, headers: { Host: \"10.0.0.4:80\" } }", ""},
    {"a field to the client",
     "{ get: http://shop.example.com/, response_headers: { X-Served-By: fairlead } }", ""},
    {"a field to the client with an answer",
     "{ get: http://shop.example.com/old, response_headers: { X-Served-By: fairlead } }", ""},
    {"redirect",
     "{ get: \"http://shop.example.com/old?a=b\", redirect: \"http://shop.example.com/new?a=b\" }",
     ""},
    {"another redirect",
     "{ get: http://shop.example.com/old, redirect: http://shop.example.com/newer }",
     "redirect to http://shop.example.com/newer; redirect to http://shop.example.com/new"},
    {"a redirect where none is", "{ get: http://shop.example.com/, redirect: /x }",
     "redirect to /x; pool `shop`"},
    {"method", "{ post: http://shop.example.com/post, pool: named }", ""},
    {"another method", "{ get: http://shop.example.com/post, pool: named }",
     "pool `named`; pool `shop`"},
    {"captures and the server",
     "{ get: http://shop.example.com/user/42, headers: { X-User: 42, X-Where: four } }", ""},
    {"several failures", "{ get: http://shop.example.com/, pool: twins, upstream: /x }",
     "pool `twins`; pool `shop` | upstream /x; upstream /"},
    {"fields of the request, from a trusted proxy",
     "{ request: { url: http://shop.example.com/, from: 10.1.1.1, headers: { X-Forwarded-For: "
     "203.0.113.7 } }, status: 403 }",
     ""},
};

TEST(RouteTests, JudgeEachExpectation) {
  for (const Row& row : kRows) {
    const std::string text = std::string(kConfig) + "tests:\n  - " + row.test + "\n";
    const config::Loaded loaded =
        config::loadText("fairlead.yaml", text, [](std::string_view) { return std::nullopt; });
    ASSERT_TRUE(loaded.config) << row.name << "\n" << config::renderText(loaded.diagnostics);
    const Snapshot snapshot = compile(*loaded.config);
    const auto results = runTests(*loaded.config, snapshot);
    ASSERT_EQ(results.size(), 1u) << row.name;
    std::string told;
    for (const TestFailure& failure : results[0].failures) {
      told += (told.empty() ? "" : " | ") + failure.expected + "; " + failure.actual;
      EXPECT_FALSE(failure.where.isBuiltIn()) << row.name;
    }
    EXPECT_EQ(told, row.told) << row.name;
  }
}

TEST(RouteTests, TellWhichRouteWasReached) {
  const std::string text = std::string(kConfig) +
                           "tests:\n"
                           "  - { get: http://shop.example.com/api/x, pool: twins }\n"
                           "  - { get: http://nobody.example.com/, status: 404 }\n";
  const config::Loaded loaded =
      config::loadText("fairlead.yaml", text, [](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(loaded.config);
  const Snapshot snapshot = compile(*loaded.config);
  const auto results = runTests(*loaded.config, snapshot);
  ASSERT_EQ(results.size(), 2u);
  ASSERT_NE(results[0].route, route::kNone);
  EXPECT_EQ(snapshot.plan.routes[static_cast<size_t>(results[0].route)].name,
            "shop.example.com /api");
  EXPECT_EQ(results[1].route, route::kNone);
}

}  // namespace
}  // namespace fairlead::worker
