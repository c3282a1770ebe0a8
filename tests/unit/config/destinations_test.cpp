// Where routes lead: pools, splits, redirects, answers; and what comes with each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/good.h"

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kPools = R"(
pools:
  stable: { servers: [a:1, b:1], timeouts: { response: 9s }, retry: { attempts: 3 } }
  canary: { servers: [c:1], timeouts: { connect: 8s }, retry: off }
)";

TEST(Destinations, ASplitHasALegForEachPool) {
  const Config config = good(std::string(kPools) +
                             "hosts:\n  - host: a.example\n    timeouts: { total: 1m, response: "
                             "7s }\n    retry: { attempts: 2, budget: 30% }\n"
                             "    split: { stable: 95, canary: 5 }\n");
  ASSERT_THAT(config.routes, SizeIs(1));
  const auto legs = config.routes[0].legs();
  ASSERT_THAT(legs, SizeIs(2));
  EXPECT_EQ(legs[0].name, "stable");
  EXPECT_EQ(legs[0].percent, 95u);
  EXPECT_EQ(config.pools.at(legs[0].pool.value).name, "stable");
  EXPECT_EQ(legs[1].name, "canary");
  EXPECT_EQ(legs[1].percent, 5u);
  EXPECT_EQ(config.pools.at(legs[1].pool.value).name, "canary");
  EXPECT_EQ(legs[1].mark.line, 9u);

  // Each pool says its own over what the route says.
  EXPECT_EQ(legs[0].timeouts.response.value, 9s);
  EXPECT_EQ(legs[0].timeouts.connect.value, 2s);
  EXPECT_EQ(legs[0].timeouts.total.value, 1min);
  EXPECT_EQ(legs[0].retry.attempts.value, 3u);
  EXPECT_DOUBLE_EQ(legs[0].retry.budget.value, 0.3);
  EXPECT_EQ(legs[1].timeouts.response.value, 7s);
  EXPECT_EQ(legs[1].timeouts.connect.value, 8s);
  EXPECT_EQ(legs[1].timeouts.total.value, 1min);
  EXPECT_EQ(legs[1].retry.attempts.value, 0u);
}

TEST(Destinations, SharesMayBeNothingOrAll) {
  const struct {
    const char* split;
    std::vector<uint32_t> percents;
  } rows[] = {
      {"{ stable: 100, canary: 0 }", {100, 0}},
      {"{ canary: 100 }", {100}},
      {"{ stable: 50, canary: 50 }", {50, 50}},
  };
  for (const auto& row : rows) {
    const Config config = good(kPools + std::string("paths: [{ path: /, split: ") + row.split +
                               " }, { path: /both, split: { stable: 1, canary: 99 } }]\n");
    std::vector<uint32_t> percents;
    for (const Leg& leg : config.routes.at(0).legs()) percents.push_back(leg.percent);
    EXPECT_EQ(percents, row.percents) << row.split;
  }
}

TEST(Destinations, APoolOfASplitAloneIsUsed) {
  const Loaded loaded =
      loadWith(std::string(kPools) + "paths: [{ path: /, split: { stable: 95, canary: 5 } }]\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(renderText(loaded.diagnostics), "");
}

TEST(Destinations, OneLegForServersAndPool) {
  const Config config =
      good(std::string(kPools) +
           "paths: [{ path: /a, servers: [x:1, y:1] }, { path: /b, pool: canary }, { path: /c, "
           "pool: stable }]\n");
  EXPECT_EQ(poolOf(config, 0).name, "/a");
  EXPECT_THAT(poolOf(config, 0).servers, SizeIs(2));
  EXPECT_EQ(poolOf(config, 1).name, "canary");
  for (const Route& route : config.routes) EXPECT_EQ(route.legs()[0].percent, 100u);
}

TEST(Destinations, RedirectsHaveNoLegs) {
  const struct {
    const char* name;
    const char* redirect;
    const char* location;  // for http://a.example:8080/x/y?q=1, a route for /x
    const char* scheme;    // the condition
  } rows[] = {
      {"https", "https", "https://a.example/x/y?q=1", "http"},
      {"https at length", "{ scheme: https }", "https://a.example/x/y?q=1", "http"},
      {"https with a status", "{ scheme: https, status: 301 }", "https://a.example/x/y?q=1",
       "http"},
      {"https by a text", "\"https://{host}{uri}\"", "https://a.example/x/y?q=1", "http"},
      {"https and more", "{ scheme: https, host: b.example }", "https://b.example/x/y?q=1", ""},
      {"a host", "{ host: b.example }", "http://b.example:8080/x/y?q=1", ""},
      {"a path", "{ path: /new }", "http://a.example:8080/new?q=1", ""},
      {"a prefix", "{ replace_prefix: /new }", "http://a.example:8080/new/y?q=1", ""},
      {"a text", "\"https://b.example{path}\"", "https://b.example/x/y?q=1", ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const Config config = good("hosts: [{ host: a.example, paths: [{ path: /x, redirect: " +
                               std::string(row.redirect) + " }] }]\n");
    ASSERT_THAT(config.routes, SizeIs(1));
    const Route& route = config.routes[0];
    EXPECT_THAT(route.legs(), SizeIs(0));
    EXPECT_EQ(route.match.scheme, row.scheme);
    Arena arena;
    filter::ClientFacts client;
    client.scheme = "http";
    filter::RequestFacts request;
    request.method = "GET";
    request.host = "a.example";
    request.path = "/x/y";
    request.query = "q=1";
    const auto location = std::get<filter::Redirect>(route.destination)
                              .location({client, arena, nullptr, request}, "a.example:8080", "/x");
    ASSERT_TRUE(location) << location.error().sentence;
    EXPECT_EQ(*location, row.location);
  }
}

TEST(Destinations, ARedirectToHttpsMayBeToldAsWritten) {
  // Told or not, the condition is the same, so that the other scheme has a route of its own.
  const Config config =
      good(std::string(kPools) +
           "hosts:\n  - host: a.example\n    redirect: https\n    paths: [{ path: "
           "/, scheme: https, pool: stable }]\n"
           "  - host: b.example\n    paths:\n      - { path: /, scheme: http, "
           "redirect: https }\n      - { path: /, pool: canary }\n");
  EXPECT_THAT(routeNames(config), ElementsAre("a.example / (http)", "a.example / (https)",
                                              "b.example / (http)", "b.example /"));
}

TEST(Destinations, AnswersInAllForms) {
  const struct {
    const char* name;
    const char* respond;
    uint16_t status;
    const char* body;
    const char* type;
  } rows[] = {
      {"a status", "204", 204, "", ""},
      {"a text", "{ body: hello }", 200, "hello", "text/plain; charset=utf-8"},
      {"markup", "{ body: \"<p>hello\" }", 200, "<p>hello", "text/html; charset=utf-8"},
      {"a type", "{ body: hello, content_type: text/csv }", 200, "hello", "text/csv"},
      {"a file", "{ status: 404, file: pages/gone.html }", 404, "<h1>{host}</h1>",
       "text/html; charset=utf-8"},
      {"placeholders", "{ body: \"{host} {{\" }", 200, "a.example {", "text/plain; charset=utf-8"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const Config config = good("paths: [{ path: /, respond: " + std::string(row.respond) + " }]\n",
                               {{"pages/gone.html", "<h1>{host}</h1>"}});
    ASSERT_THAT(config.routes, SizeIs(1));
    EXPECT_THAT(config.routes[0].legs(), SizeIs(0));
    Arena arena;
    const filter::ClientFacts client;
    filter::RequestFacts request;
    request.host = "a.example";
    const filter::Answer answer = std::get<filter::Respond>(config.routes[0].destination)
                                      .answer({client, arena, nullptr, request});
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(answer.body, row.body);
    EXPECT_EQ(answer.content_type, row.type);
  }
}

TEST(Destinations, CapturesCountTheGroupsOfTheirPattern) {
  for (const char* text : {
           "redirect: \"/new/{capture.1}\"",
           "respond: { body: \"{capture.0} {capture.1}\" }",
           "servers: [a:1], rewrite_rules: { replace_path: \"/{capture.1}\" }",
           "servers: [a:1], header_rules: { response: { add: { X-A: \"{capture.1}\" } } }",
           "servers: [a:1], param_rules: { add: { a: \"{capture.1}\" } }",
           "servers: [a:1], cookie_rules: { add: { a: \"{capture.1}\" } }",
           "servers: [a:1], error_pages: { 404: \"{capture.1}\" }",
       }) {
    const auto told = [&](const std::string& pattern) {
      return renderText(
          loadWith("paths: [{ " + pattern + ", " + std::string(text) + " }]\n").diagnostics);
    };
    EXPECT_EQ(told("path_regex: \"^/old/(.*)$\""), "") << text;
    EXPECT_THAT(told("path_regex: ^/old/"), HasSubstr("error: the rules of this route use"))
        << text;
    EXPECT_THAT(told("path: /old"), HasSubstr("expected a `path_regex`")) << text;
  }
}

}  // namespace
}  // namespace fairlead::config
