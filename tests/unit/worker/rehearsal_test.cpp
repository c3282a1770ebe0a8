// What is told of a request that is only rehearsed: the rules that did something, the head before
// and after each, the answer, and what would be sent.
#include "worker/rehearsal.h"

#include <gtest/gtest.h>

#include <string>

#include "config/diagnostic.h"
#include "config/load.h"

namespace fairlead::worker {
namespace {

constexpr const char* kConfig = R"(
trusted_proxies: [10.0.0.0/8]
firewall_rules: { ip_reject: [203.0.113.7] }
defaults:
  header_rules: { response: { add: { X-Level: defaults } } }
  error_pages: { 404: "no {path} here: {status} {reason}" }
pools:
  one: { servers: [{ url: 10.0.0.1:8080, name: first }] }
  two: { servers: [10.0.0.2:80, 10.0.0.3:80] }
  rest: { servers: [10.0.0.4:80, { url: 10.0.0.5:80, weight: 0 }] }
hosts:
  - host: h
    header_rules: { response: { add: { X-Level: host } } }
    paths:
      - path: /rules
        pool: one
        param_rules: { remove: [utm_*], add: { a: b } }
        rewrite_rules: { replace_prefix: /inner, host: inner.test }
        cookie_rules: { remove: [c] }
        header_rules: { remove: [X-Debug, X-Absent], add: { X-Edge: "{client_ip}" } }
      - { path: /waits, pool: one, header_rules: { add: { X-Server: "{server}" }, remove: [Host] }, rewrite_rules: { strip_prefix: true } }
      - { path: /waits2, pool: two, header_rules: { add: { X-Server: "{server}" }, remove: [Host] } }
      - { path: /waits-bad, pool: two, header_rules: { add: { X-Server: "{server}" } }, rewrite_rules: { regex: { match: "^/waits-bad", with: "/{param.x}" } } }
      - { path: /rest, pool: rest }
      - { path: /split, split: { one: 0, two: 100 }, header_rules: { response: { add: { X-Pool: "{pool}" } } } }
      - { path: /cors, methods: [PUT], pool: two, cors: "https://o.test" }
      - { path: /cors, methods: [GET], pool: one }
      - { path: /says, headers: { X-Forwarded-Country: nz }, pool: one }
      - { path: /says, pool: two }
      - { path: /old, redirect: { replace_prefix: /new } }
      - { path: /fixed, respond: { status: 200, body: "{request_id}" } }
      - { path: /raw, pool: one, path_policy: raw }
)";

class RehearsalTest : public testing::Test {
 protected:
  static const Snapshot& snapshot() {
    static const Snapshot made = [] {
      const config::Loaded loaded =
          config::loadText("fairlead.yaml", kConfig, [](std::string_view) { return std::nullopt; });
      if (!loaded.config) throw std::runtime_error(config::renderText(loaded.diagnostics));
      return compile(*loaded.config);
    }();
    return made;
  }
  static RehearsedRequest get(std::string url) {
    return {.method = "GET",
            .url = std::move(url),
            .fields = {},
            .from = *IpAddress::parse("192.0.2.1")};
  }
  static std::string routeOf(const Rehearsal& rehearsal) {
    const route::RouteId route = rehearsal.match().route;
    return route == route::kNone ? "none" : snapshot().plan.routes[static_cast<size_t>(route)].name;
  }
  static std::string linesOf(const http::Fields& fields) {
    std::string text;
    for (const http::Field& field : fields) {
      text += field.line();
      text.replace(text.size() - 2, 2, "|");
    }
    return text;
  }
};

// --- the steps

TEST_F(RehearsalTest, TellsEachRuleThatDidSomething) {
  RehearsedRequest request = get("http://h/rules/x?utm_a=1&id=2");
  request.fields = {{"X-Debug", "1"}, {"Cookie", "c=1; d=2"}, {"X-Forwarded-For", "1.1.1.1"}};
  const Rehearsal rehearsal(snapshot(), request);
  struct Step {
    const char* rule;
    const char* before;
    const char* after;
  };
  const Step expected[] = {
      {"param_rules: remove utm_*", "GET /rules/x?utm_a=1&id=2", "GET /rules/x?id=2"},
      {"param_rules: add a=b", "GET /rules/x?id=2", "GET /rules/x?id=2&a=b"},
      {"rewrite_rules: replace_prefix /inner: /inner/x?id=2&a=b", "GET /rules/x?id=2&a=b",
       "GET /inner/x?id=2&a=b"},
      {"rewrite_rules: host inner.test", "Host: h", "Host: inner.test"},
      {"cookie_rules: remove c", "Cookie: c=1; d=2", "Cookie: d=2"},
      {"header_rules: remove X-Debug", "X-Debug: 1", ""},
      {"header_rules: add X-Edge: 192.0.2.1", "", "X-Edge: 192.0.2.1"},
  };
  const auto joined = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "|") + line;
    return text;
  };
  ASSERT_EQ(rehearsal.steps().size(), std::size(expected) + 1);
  const RehearsedStep& first = rehearsal.steps().front();
  EXPECT_EQ(first.rule, "what the server is told of the client");
  EXPECT_EQ(joined(first.before), "X-Forwarded-For: 1.1.1.1") << "a stranger's word";
  for (size_t i = 0; i < std::size(expected); ++i) {
    const RehearsedStep& step = rehearsal.steps()[i + 1];
    EXPECT_EQ(step.rule, expected[i].rule);
    EXPECT_EQ(joined(step.before), expected[i].before) << step.rule;
    EXPECT_EQ(joined(step.after), expected[i].after) << step.rule;
    EXPECT_FALSE(step.where.isBuiltIn()) << step.rule;
  }
  EXPECT_EQ(rehearsal.received().target.path, "/rules/x") << "as it came";
  EXPECT_EQ(rehearsal.received().fields.find("X-Debug")->value(), "1");
  EXPECT_EQ(rehearsal.upstreamTarget(), "/inner/x?id=2&a=b");
}

TEST_F(RehearsalTest, SaysNothingOfRulesThatDidNothing) {
  const Rehearsal rehearsal(snapshot(), get("http://h/rules"));
  for (const RehearsedStep& step : rehearsal.steps()) {
    EXPECT_EQ(step.rule.find("remove"), std::string::npos) << step.rule;
    EXPECT_FALSE(step.before.empty() && step.after.empty()) << step.rule;
  }
}

// --- where it goes

struct Row {
  const char* name;
  const char* method;
  const char* url;
  const char* route;   // "none": 404
  const char* pool;    // "": fairlead answers
  const char* server;  // "": several
  const char* sent;    // target and Host; of an answer, status and body
};

constexpr Row kRows[] = {
    {"the only server", "GET", "http://h/rules/x", "h /rules", "one", "first",
     "/inner/x?a=b inner.test"},
    {"one of several", "GET", "http://h/split", "h /split", "two", "", "/split h"},
    {"the only one with a weight", "GET", "http://h/rest", "h /rest", "rest", "10.0.0.4:80",
     "/rest h"},
    {"rules that know the server", "GET", "http://h/waits/x", "h /waits", "one", "first",
     "/x 10.0.0.1:8080"},
    {"rules that cannot know it", "GET", "http://h/waits2", "h /waits2", "two", "",
     "/waits2 (the chosen server's own address)"},
    {"rules that wait and refuse", "GET", "http://h/waits-bad?x=..", "h /waits-bad", "", "",
     "400 The rewritten URL, host or method is not valid."},
    {"port and letter case of the host", "GET", "http://H:8080/rest", "h /rest", "rest",
     "10.0.0.4:80", "/rest H:8080"},
    {"no path in the URL", "GET", "http://h?x", "none", "", "", "404 no / here: 404 Not Found"},
    {"no host", "GET", "http://nobody/x", "none", "", "", "404 no /x here: 404 Not Found"},
    {"a path alone", "GET", "/x", "none", "", "", "404 no /x here: 404 Not Found"},
    {"a redirect", "GET", "http://h/old/x", "h /old", "", "", "302 Moved to http://h/new/x"},
    {"bytes as received", "GET", "http://h/raw/%7e", "h /raw", "one", "first", "/raw/%7e h"},
    {"their canonical form", "GET", "http://h/rest/%7e", "h /rest", "rest", "10.0.0.4:80",
     "/rest/~ h"},
    {"a method", "PUT", "http://h/cors", "h /cors [PUT]", "two", "", "/cors h"},
};

TEST_F(RehearsalTest, TellsWhereRequestsGo) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    RehearsedRequest request = get(row.url);
    request.method = row.method;
    const Rehearsal rehearsal(snapshot(), request);
    ASSERT_EQ(rehearsal.fault(), nullptr);
    if (std::string_view(row.route) != "h /cors [PUT]") EXPECT_EQ(routeOf(rehearsal), row.route);
    EXPECT_EQ(rehearsal.pool() ? rehearsal.pool()->name() : "", row.pool);
    EXPECT_EQ(rehearsal.onlyServer() ? rehearsal.onlyServer()->name : "", row.server);
    if (rehearsal.pool()) {
      EXPECT_EQ(rehearsal.upstreamTarget() + " " + rehearsal.sentHost(), row.sent);
    } else if (rehearsal.response().status != 302) {
      EXPECT_EQ(std::to_string(rehearsal.response().status) + " " + std::string(rehearsal.body()),
                row.sent);
    }
  }
}

// The servers' names in rules that wait for them.
TEST_F(RehearsalTest, NamesTheServerWhereOnlyOneCanBeChosen) {
  const Rehearsal one(snapshot(), get("http://h/waits"));
  EXPECT_EQ(one.sent().fields.find("X-Server")->value(), "first");
  EXPECT_EQ(one.sent().fields.find("Host")->value(), "10.0.0.1:8080");
  const Rehearsal two(snapshot(), get("http://h/waits2"));
  EXPECT_EQ(two.sent().fields.find("X-Server")->value(), "(the chosen server)");
}

// Routes are explained by what routing saw, which is not all that came.
TEST_F(RehearsalTest, TellsTheRouteOfTheTraffic) {
  struct {
    const char* name;
    const char* method;
    const char* url;
    std::vector<std::pair<std::string, std::string>> fields;
    const char* from;
  } rows[] = {
      {"a stranger's field", "GET", "http://h/says", {{"X-Forwarded-Country", "nz"}}, "192.0.2.1"},
      {"a trusted proxy's", "GET", "http://h/says", {{"X-Forwarded-Country", "nz"}}, "10.1.1.1"},
      {"a pre-flight",
       "OPTIONS",
       "http://h/cors",
       {{"Origin", "https://o.test"}, {"Access-Control-Request-Method", "PUT"}},
       "192.0.2.1"},
      {"an address behind a proxy",
       "GET",
       "http://h/says",
       {{"X-Forwarded-For", "192.0.2.9"}},
       "10.1.1.1"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const Rehearsal rehearsal(snapshot(), {.method = row.method,
                                           .url = row.url,
                                           .fields = row.fields,
                                           .from = *IpAddress::parse(row.from)});
    ASSERT_NE(rehearsal.decision().route, nullptr);
    ASSERT_NE(rehearsal.match().route, route::kNone);
    EXPECT_EQ(&snapshot().plan.routes[static_cast<size_t>(rehearsal.match().route)],
              rehearsal.decision().route);
    ASSERT_FALSE(rehearsal.considered().empty());
  }
}

// --- the answer

TEST_F(RehearsalTest, TellsWhatRulesSayToTheClient) {
  const struct {
    const char* name;
    const char* url;
    const char* lines;
  } rows[] = {
      {"of a server's response", "http://h/rest", "X-Level: host|"},
      {"no host", "http://nobody/x",
       "Content-Type: text/plain; charset=utf-8|Content-Length: 25|X-Level: defaults|"},
      {"a redirect", "http://h/old/x",
       "Content-Type: text/plain; charset=utf-8|Content-Length: 5|Location: "
       "http://h/new/x|X-Level: host|"},
  };
  for (const auto& row : rows) {
    const Rehearsal rehearsal(snapshot(), get(row.url));
    EXPECT_EQ(linesOf(rehearsal.response().fields), row.lines) << row.name;
  }
  const Rehearsal split(snapshot(), get("http://h/split"));
  const std::string lines = linesOf(split.response().fields);
  EXPECT_TRUE(lines.starts_with("Set-Cookie: fairlead_split=")) << lines;
  EXPECT_TRUE(lines.ends_with("; Path=/; HttpOnly; SameSite=Lax|X-Level: host|X-Pool: two|"))
      << lines;
}

TEST_F(RehearsalTest, CorsOfResponses) {
  RehearsedRequest request = get("http://h/cors");
  request.method = "PUT";
  request.fields = {{"Origin", "https://o.test"}};
  const Rehearsal rehearsal(snapshot(), request);
  EXPECT_EQ(linesOf(rehearsal.response().fields),
            "Vary: Origin|Access-Control-Allow-Origin: https://o.test|X-Level: host|");
}

TEST_F(RehearsalTest, StopsWhereTheParserDoes) {
  const struct {
    const char* name;
    const char* method;
    const char* url;
    uint16_t status;
  } rows[] = {
      {"a path above the root", "GET", "http://h/../x", 400},
      {"an encoded NUL", "GET", "http://h/%00", 400},
      {"a method that is none", "G T", "http://h/", 400},
      {"a target that is too long", "GET", nullptr, 414},
  };
  const std::string long_url = "http://h/" + std::string(9000, 'x');
  for (const auto& row : rows) {
    RehearsedRequest request = get(row.url ? row.url : long_url);
    request.method = row.method;
    const Rehearsal rehearsal(snapshot(), request);
    ASSERT_NE(rehearsal.fault(), nullptr) << row.name;
    EXPECT_EQ(rehearsal.fault()->status, row.status) << row.name;
    EXPECT_EQ(rehearsal.pool(), nullptr) << row.name;
    EXPECT_TRUE(rehearsal.steps().empty()) << row.name;
  }
}

TEST_F(RehearsalTest, FirewallsAnswerWithTheirRule) {
  RehearsedRequest request = get("http://h/rest");
  request.from = *IpAddress::parse("203.0.113.7");
  const Rehearsal rehearsal(snapshot(), request);
  ASSERT_TRUE(rehearsal.decision().answer);
  EXPECT_EQ(rehearsal.response().status, 403);
  EXPECT_EQ(rehearsal.body(), "Forbidden");
  EXPECT_EQ(rehearsal.decision().answer->rule, "firewall ip_reject 203.0.113.7/32");
  EXPECT_FALSE(rehearsal.decision().answer->origin.isBuiltIn());
}

}  // namespace
}  // namespace fairlead::worker
