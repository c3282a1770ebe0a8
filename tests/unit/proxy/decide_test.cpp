// What becomes of a request: the order of execution, refusals, and the head that the server gets.
#include "proxy/decide.h"

#include <gtest/gtest.h>

#include <string>

#include "decided.h"
#include "plan_for_test.h"

namespace fairlead::proxy {
namespace {

constexpr std::string_view kOk = "{ status: 200, body: ok }";

// Rules at every level.
const Plan& plan() {
  static PlanForTest made;
  static const Plan& finished = [] -> const Plan& {
    constexpr auto kRead = [](auto& rules, std::string_view text) { made.read(rules, text); };
    kRead(made.plan().firewall, "{ ip_reject: [203.0.113.7], path_reject: [/global] }");
    kRead(made.plan().trusted, "[10.0.0.0/8]");

    const route::HostId shop = made.addHost("shop.example.com");
    kRead(made.host(shop).firewall, "{ path_reject: [/internal, /fixed/secret] }");
    made.addRoute({.host = shop, .name = "shop /"});
    RoutePlan& api = made.addRoute({.host = shop, .path = "/api", .name = "shop /api"});
    kRead(api.firewall, "{ path_reject: [/api/secret] }");
    kRead(api.rewrite, "{ replace: { /v1/: /v2/ } }");
    kRead(api.params, "{ add: { from: edge }, remove: [utm_source] }");
    kRead(api.level.headers, "{ add: { X-Edge: fairlead }, remove: [X-Debug] }");
    made.addRoute({.host = shop, .path = "/up", .name = "shop /up"}).max_body = 100;
    made.addRespond({.host = shop, .path = "/fixed", .name = "shop /fixed"}, kOk).max_body = 100;

    const route::HostId bare = made.addHost("bare.example.com");
    kRead(made.host(bare).firewall, "{ path_reject: [/nope] }");
    made.addRoute({.host = bare, .path = "/only", .name = "bare /only"});

    made.addRespond({.path = "/status", .name = "/status"}, kOk);
    made.addRoute({.path = "/mango", .name = "/mango"});
    return made.finished();
  }();
  return finished;
}

struct Row {
  const char* name;
  std::string_view lines;
  const char* expected;
  bool blocked = false;
  std::string_view peer = "192.0.2.1";
};

class Decides : public testing::TestWithParam<Row> {};

TEST_P(Decides, WhatBecomesOfTheRequest) {
  const Row& row = GetParam();
  const Decided decided(plan(), row.lines, row.peer);
  EXPECT_EQ(decided.words(), row.expected);
  EXPECT_EQ(decided->firewall.blocked.has_value(), row.blocked);
}

constexpr Row kRows[] = {
    // Where it leads.
    {"host", "GET /x HTTP/1.1\r\nHost: shop.example.com\r\n", "shop /"},
    {"host_and_path", "GET /api/x HTTP/1.1\r\nHost: shop.example.com\r\n", "shop /api"},
    {"host_with_port", "GET /x HTTP/1.1\r\nHost: shop.example.com:8080\r\n", "shop /"},
    {"host_in_capitals", "GET /x HTTP/1.1\r\nHost: SHOP.example.com.\r\n", "shop /"},
    {"absolute_target", "GET http://shop.example.com/api HTTP/1.1\r\nHost: other\r\n", "shop /api"},
    {"canonical_path", "GET /%61pi/../api//x HTTP/1.1\r\nHost: shop.example.com\r\n", "shop /api"},
    {"options_of_the_host", "OPTIONS * HTTP/1.1\r\nHost: shop.example.com\r\n", "shop /"},
    {"no_host_at_all", "GET /mango/x HTTP/1.0\r\n", "/mango"},
    {"top_level_path", "GET /mango HTTP/1.1\r\nHost: unknown.test\r\n", "/mango"},
    {"top_level_answer", "GET /status HTTP/1.1\r\nHost: unknown.test\r\n", "200"},
    // 404
    {"unknown_host", "GET / HTTP/1.1\r\nHost: unknown.test\r\n", "404"},
    {"host_without_that_path", "GET /other HTTP/1.1\r\nHost: bare.example.com\r\n", "404"},
    {"a_host_claims_its_requests", "GET /status HTTP/1.1\r\nHost: bare.example.com\r\n", "404"},
    {"options_of_a_host_without_catch_all", "OPTIONS * HTTP/1.1\r\nHost: bare.example.com\r\n",
     "404"},
    // 403, level by level.
    {"global_address", "GET / HTTP/1.1\r\nHost: shop.example.com\r\n", "403", true, "203.0.113.7"},
    {"global_path", "GET /global/x HTTP/1.1\r\nHost: shop.example.com\r\n", "403", true},
    {"global_before_the_host_is_known", "GET /global HTTP/1.1\r\nHost: unknown.test\r\n", "403",
     true},
    {"global_address_behind_a_proxy",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-For: 203.0.113.7\r\n", "403", true,
     "10.1.2.3"},
    {"an_untrusted_peer_is_not_believed",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-For: 203.0.113.7\r\n", "shop /"},
    {"host_path", "GET /internal HTTP/1.1\r\nHost: shop.example.com\r\n", "403", true},
    {"host_before_404", "GET /nope HTTP/1.1\r\nHost: bare.example.com\r\n", "403", true},
    {"host_before_its_answer", "GET /fixed/secret HTTP/1.1\r\nHost: shop.example.com\r\n", "403",
     true},
    {"path_firewall", "GET /api/secret/x HTTP/1.1\r\nHost: shop.example.com\r\n", "403", true},
    {"path_firewall_by_odd_spelling",
     "GET /x/..//api/%73ecret HTTP/1.1\r\nHost: shop.example.com\r\n", "403", true},
    {"whole_segments_only", "GET /internals HTTP/1.1\r\nHost: shop.example.com\r\n", "shop /"},
    {"firewall_before_417", "GET /internal HTTP/1.1\r\nHost: shop.example.com\r\nExpect: magic\r\n",
     "403", true},
    // Steps that the route does not take.
    {"connect", "CONNECT shop.example.com:443 HTTP/1.1\r\nHost: shop.example.com:443\r\n", "501"},
    {"unknown_expectation", "GET / HTTP/1.1\r\nHost: shop.example.com\r\nExpect: magic\r\n", "417"},
    {"expectation_among_others",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nExpect: 100-continue, magic\r\n", "417"},
    {"continue_is_known",
     "PUT / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 1\r\nExpect: 100-continue\r\n",
     "shop /"},
    {"body_at_the_limit", "PUT /up HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 100\r\n",
     "shop /up"},
    {"body_over_the_limit", "PUT /up HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 101\r\n",
     "413"},
    {"body_over_the_limit_of_an_answer",
     "PUT /fixed HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 101\r\n", "413"},
    {"no_limit_elsewhere",
     "PUT / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 123456789012\r\n", "shop /"},
    {"chunked_is_judged_as_it_comes",
     "PUT /up HTTP/1.1\r\nHost: shop.example.com\r\nTransfer-Encoding: chunked\r\n", "shop /up"},
    {"own_answer", "GET /fixed HTTP/1.1\r\nHost: shop.example.com\r\n", "200"},
    // Max-Forwards, RFC 9110 section 7.6.2.
    {"options_end_here", "OPTIONS / HTTP/1.1\r\nHost: shop.example.com\r\nMax-Forwards: 0\r\n",
     "200"},
    {"trace_ends_here", "TRACE / HTTP/1.1\r\nHost: shop.example.com\r\nMax-Forwards: 0\r\n", "200"},
    {"options_go_on", "OPTIONS / HTTP/1.1\r\nHost: shop.example.com\r\nMax-Forwards: 1\r\n",
     "shop /"},
    {"get_does_not_count", "GET / HTTP/1.1\r\nHost: shop.example.com\r\nMax-Forwards: 0\r\n",
     "shop /"},
    {"what_is_no_number_does_not_count",
     "OPTIONS / HTTP/1.1\r\nHost: shop.example.com\r\nMax-Forwards: none\r\n", "shop /"},
    // Connection that names what matters end to end.
    {"connection_names_host", "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Host\r\n",
     "400"},
    {"connection_names_length",
     "PUT / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 1\r\nConnection: close, "
     "content-length\r\n",
     "400"},
    {"connection_names_authorization",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Authorization\r\n", "400"},
    {"connection_names_cookie",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Cookie\r\n", "400"},
    {"connection_names_forwarded_for",
     "GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: X-Forwarded-For\r\n", "400"},
};

INSTANTIATE_TEST_SUITE_P(Table, Decides, testing::ValuesIn(kRows),
                         [](const auto& given) { return std::string(given.param.name); });

TEST(Decide, SaysWhichHostAndRule) {
  const Decided blocked(plan(), "GET /internal HTTP/1.1\r\nHost: shop.example.com\r\n");
  ASSERT_NE(blocked->host, nullptr);
  EXPECT_EQ(blocked->host->name, "shop.example.com");
  EXPECT_EQ(blocked->route, nullptr);
  EXPECT_EQ(blocked->answer->rule, "firewall path_reject /internal");

  const Decided fixed(plan(), "GET /fixed HTTP/1.1\r\nHost: shop.example.com\r\n");
  EXPECT_EQ(fixed->route->name, "shop /fixed");
  EXPECT_EQ(fixed->answer->body, "ok");
}

// --- what the server gets

struct WireRow {
  const char* name;
  std::string_view lines;
  std::string_view wire;  // line ends as "|"
  std::string_view peer = "192.0.2.1";
};

class Rewrites : public testing::TestWithParam<WireRow> {};

TEST_P(Rewrites, TheHeadForTheServer) {
  const WireRow& row = GetParam();
  Decided decided(plan(), row.lines, row.peer);
  ASSERT_FALSE(decided->answer) << decided->answer->status;
  EXPECT_EQ(decided.wire(), row.wire);
}

#define FORWARDED "X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: http|X-Forwarded-Host: mango|"

constexpr WireRow kWireRows[] = {
    {"plain", "GET /mango?a=b HTTP/1.1\r\nHost: mango\r\nAccept: */*\r\n",
     "GET /mango?a=b HTTP/1.1|Host: mango|Accept: */*|" FORWARDED "|"},
    {"http_1_0_becomes_1_1", "GET /mango HTTP/1.0\r\nHost: mango\r\n",
     "GET /mango HTTP/1.1|Host: mango|" FORWARDED "|"},
    {"canonical_path", "GET /./%6Dango/%2f?x=%2f HTTP/1.1\r\nHost: mango\r\n",
     "GET /mango/%2F?x=%2f HTTP/1.1|Host: mango|" FORWARDED "|"},
    {"hop_by_hop_fields_are_removed",
     "GET /mango HTTP/1.1\r\nHost: mango\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\nX-Keep: "
     "2\r\nKeep-Alive: timeout=5\r\nProxy-Authorization: x\r\nProxy-Connection: close\r\nTE: "
     "gzip\r\n",
     "GET /mango HTTP/1.1|Host: mango|X-Keep: 2|" FORWARDED "|"},
    {"te_trailers_is_passed_on", "GET /mango HTTP/1.1\r\nHost: mango\r\nTE: gzip, trailers\r\n",
     "GET /mango HTTP/1.1|Host: mango|TE: trailers|" FORWARDED "Connection: TE||"},
    {"names_with_underscores_are_dropped",
     "GET /mango HTTP/1.1\r\nHost: mango\r\nX_Forwarded_For: 1.2.3.4\r\n",
     "GET /mango HTTP/1.1|Host: mango|" FORWARDED "|"},
    {"length_stays", "PUT /mango HTTP/1.1\r\nHost: mango\r\nContent-Length: 5\r\n",
     "PUT /mango HTTP/1.1|Host: mango|Content-Length: 5|" FORWARDED "|"},
    {"chunked_is_said_anew",
     "PUT /mango HTTP/1.1\r\nHost: mango\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n",
     "PUT /mango HTTP/1.1|Host: mango|" FORWARDED "Transfer-Encoding: chunked||"},
    {"continue_is_passed_on",
     "PUT /mango HTTP/1.1\r\nHost: mango\r\nContent-Length: 5\r\nExpect: 100-continue\r\n",
     "PUT /mango HTTP/1.1|Host: mango|Content-Length: 5|Expect: 100-continue|" FORWARDED "|"},
    {"what_an_untrusted_client_says_is_replaced",
     "GET /mango HTTP/1.1\r\nHost: mango\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: "
     "https\r\nX-Forwarded-Prefix: /p\r\nForwarded: for=1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\n",
     "GET /mango HTTP/1.1|Host: mango|" FORWARDED "|"},
    {"what_a_trusted_proxy_says_is_extended",
     "GET /mango HTTP/1.1\r\nHost: mango\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: "
     "https\r\nX-Forwarded-Host: shown.test\r\n",
     "GET /mango HTTP/1.1|Host: mango|X-Forwarded-For: 1.1.1.1, 10.1.2.3|X-Forwarded-Proto: "
     "https|X-Forwarded-Host: shown.test||",
     "10.1.2.3"},
    {"request_id_is_passed_on", "GET /mango HTTP/1.1\r\nHost: mango\r\nX-Request-Id: r-1\r\n",
     "GET /mango HTTP/1.1|Host: mango|X-Request-Id: r-1|" FORWARDED "|"},
    {"max_forwards_counts_down", "OPTIONS /mango HTTP/1.1\r\nHost: mango\r\nMax-Forwards: 10\r\n",
     "OPTIONS /mango HTTP/1.1|Host: mango|Max-Forwards: 9|" FORWARDED "|"},
    {"max_forwards_one_becomes_zero", "TRACE /mango HTTP/1.1\r\nHost: mango\r\nMax-Forwards: 1\r\n",
     "TRACE /mango HTTP/1.1|Host: mango|Max-Forwards: 0|" FORWARDED "|"},
    {"rules_of_the_route",
     "GET /api/v1/u?utm_source=x&id=1 HTTP/1.1\r\nHost: shop.example.com\r\nX-Debug: 1\r\nX-Edge: "
     "mine\r\n",
     "GET /api/v2/u?id=1&from=edge HTTP/1.1|Host: shop.example.com|X-Edge: "
     "fairlead|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: http|X-Forwarded-Host: "
     "shop.example.com||"},
};

INSTANTIATE_TEST_SUITE_P(Table, Rewrites, testing::ValuesIn(kWireRows),
                         [](const auto& given) { return std::string(given.param.name); });

TEST(Decide, MakesARequestId) {
  const Decided decided(plan(), "GET /mango HTTP/1.1\r\nHost: mango\r\n");
  EXPECT_EQ(decided.fields().valueOf(http::FieldId::XRequestId).size(), 32u);
}

TEST(Decide, KnowsTheClientBehindATrustedProxy) {
  const Decided decided(
      plan(), "GET /mango HTTP/1.1\r\nHost: mango\r\nX-Forwarded-For: 198.51.100.1, 10.9.9.9\r\n",
      "10.1.2.3");
  EXPECT_EQ(decided.client().client.text(), "198.51.100.1");
  EXPECT_TRUE(decided.client().peer_trusted);
}

// --- protocol changes

struct UpgradeRow {
  const char* name;
  std::string_view lines;
  std::string_view upgrade;
};

TEST(Decide, PassesSomeUpgradesOn) {
  const UpgradeRow rows[] = {
      {"websocket",
       "GET /mango HTTP/1.1\r\nHost: mango\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
       "websocket"},
      {"in any letter case",
       "GET /mango HTTP/1.1\r\nHost: mango\r\nconnection: keep-alive, UPGRADE\r\nupgrade: "
       "WebSocket\r\n",
       "WebSocket"},
      {"h2c",
       "GET /mango HTTP/1.1\r\nHost: mango\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
       "h2c\r\nHTTP2-Settings: x\r\n",
       ""},
      {"with a body",
       "POST /mango HTTP/1.1\r\nHost: mango\r\nContent-Length: 2\r\nConnection: "
       "Upgrade\r\nUpgrade: "
       "websocket\r\n",
       ""},
      {"without Connection", "GET /mango HTTP/1.1\r\nHost: mango\r\nUpgrade: websocket\r\n", ""},
      {"in HTTP/1.0",
       "GET /mango HTTP/1.0\r\nHost: mango\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", ""},
      {"none", "GET /mango HTTP/1.1\r\nHost: mango\r\n", ""},
  };
  for (const UpgradeRow& row : rows) {
    SCOPED_TRACE(row.name);
    Decided decided(plan(), row.lines);
    EXPECT_EQ(decided->upgrade, row.upgrade);
    const std::string wire = decided.wire();
    EXPECT_EQ(wire.find("Upgrade:") != std::string::npos, !row.upgrade.empty()) << wire;
    EXPECT_EQ(wire.find("HTTP2-Settings"), std::string::npos);
    if (row.upgrade.empty()) continue;
    EXPECT_TRUE(wire.ends_with("Connection: Upgrade|Upgrade: " + std::string(row.upgrade) + "||"))
        << wire;
  }
}

// Whatever a route may ask of a request reaches the router.
TEST(RouteQuery, HoldsAllThatRoutingReads) {
  const auto request =
      requestOf("PURGE /a/./b?c=d&e HTTP/1.1\r\nHost: Shop.Example.com:8080\r\nCookie: f=g\r\n");
  const filter::ClientFacts client{.peer = *IpAddress::parse("10.0.0.1"),
                                   .client = *IpAddress::parse("203.0.113.7"),
                                   .scheme = "https"};
  const route::RouteQuery query = queryOf(request->head, client);
  EXPECT_EQ(query.host, "shop.example.com");
  EXPECT_EQ(query.path, "/a/b");
  EXPECT_EQ(query.method, "PURGE");
  EXPECT_EQ(query.scheme, "https");
  EXPECT_EQ(query.query, "c=d&e");
  EXPECT_EQ(query.client.text(), "203.0.113.7");
  EXPECT_EQ(query.fields, &request->head.fields);
}

}  // namespace
}  // namespace fairlead::proxy
