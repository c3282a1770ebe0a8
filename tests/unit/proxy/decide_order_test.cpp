// What comes before what: which step answers first, whose pre-flight it is, and the order in which
// rules change a head.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "decided.h"
#include "plan_for_test.h"
#include "unit/filter/request.h"

namespace fairlead::proxy {
namespace {

using http::FieldId;

// --- pre-flights

const Plan& cors() {
  static PlanForTest made;
  static const Plan& finished = [] -> const Plan& {
    made.read(made.plan().firewall, "{ path_reject: [/api/internal] }");
    const route::HostId h = made.addHost("h");
    const auto add = [h](const char* name, const char* path, std::vector<std::string> methods,
                         const char* origin) {
      const bool names_options = std::ranges::find(methods, "OPTIONS") != methods.end();
      RoutePlan& route =
          made.addRoute({.host = h, .path = path, .methods = std::move(methods), .name = name});
      route.names_options = names_options;
      if (*origin) made.read(route.level.cors, origin);
    };
    add("rest", "/", {}, "");
    add("api", "/api", {}, "\"https://api.test\"");
    add("api put", "/api", {"PUT"}, "\"https://put.test\"");
    add("api delete", "/api", {"DELETE"}, "");
    add("post only", "/post", {"POST"}, "\"https://post.test\"");
    add("own", "/own", {"OPTIONS"}, "");
    add("own get", "/own", {"GET"}, "\"https://own.test\"");
    add("two", "/two", {"GET", "OPTIONS"}, "\"https://get.test\"");
    add("two put", "/two", {"PUT"}, "\"https://put.test\"");
    return made.finished();
  }();
  return finished;
}

struct PreflightRow {
  const char* name;
  const char* path;
  const char* origin;  // its scheme is https
  const char* method;  // asked for
  const char* route;   // that the request reaches
  bool is_answered;
  bool is_allowed = true;
};

constexpr PreflightRow kPreflights[] = {
    {"any method", "/api/x", "api.test", "GET", "api", true},
    {"a foreign origin", "/api", "evil.test", "GET", "api", true, false},
    {"the route of the method that is asked for", "/api", "put.test", "PUT", "api put", true},
    {"another route's origin", "/api", "api.test", "PUT", "api put", true, false},
    {"a route of that method only", "/post", "post.test", "POST", "post only", true},
    {"another method than that route's", "/post", "post.test", "PUT", "rest", false},
    {"no route with CORS", "/", "api.test", "GET", "rest", false},
    {"a server that answers OPTIONS by itself", "/own", "own.test", "GET", "own", false},
    {"a route for OPTIONS with CORS", "/two", "get.test", "GET", "two", true},
    {"the other method beside it", "/two", "put.test", "PUT", "two put", true},
};

TEST(DecidePreflight, IsAnsweredForTheMethodThatItAsksFor) {
  for (const PreflightRow& row : kPreflights) {
    SCOPED_TRACE(row.name);
    const Decided decided(cors(), std::string("OPTIONS ") + row.path +
                                      " HTTP/1.1\r\nHost: h\r\nOrigin: https://" + row.origin +
                                      "\r\nAccess-Control-Request-Method: " + row.method + "\r\n");
    ASSERT_NE(decided->route, nullptr);
    EXPECT_EQ(decided->route->name, row.route);
    EXPECT_EQ(decided->preflight, row.is_answered);
    ASSERT_EQ(decided->answer.has_value(), row.is_answered);
    if (!row.is_answered) continue;
    EXPECT_EQ(decided->answer->status, 204);
    EXPECT_TRUE(decided->configured);
    std::string allowed;
    for (const http::Field& field : decided->answer->fields)
      if (field.name() == "Access-Control-Allow-Origin") allowed = field.value();
    EXPECT_EQ(allowed, row.is_allowed ? std::string("https://") + row.origin : "");
  }
}

struct NoPreflightRow {
  const char* name;
  std::string_view lines;
  const char* expected;
  std::string_view origin;  // that is remembered for the response
};

constexpr NoPreflightRow kNoPreflights[] = {
    {"OPTIONS without Origin",
     "OPTIONS /api HTTP/1.1\r\nHost: h\r\nAccess-Control-Request-Method: GET\r\n", "api", ""},
    {"OPTIONS that asks for nothing",
     "OPTIONS /api HTTP/1.1\r\nHost: h\r\nOrigin: https://api.test\r\n", "api", "https://api.test"},
    {"another method",
     "GET /api HTTP/1.1\r\nHost: h\r\nOrigin: https://api.test\r\nAccess-Control-Request-Method: "
     "GET\r\n",
     "api", "https://api.test"},
    {"the request itself", "PUT /api HTTP/1.1\r\nHost: h\r\nOrigin: https://put.test\r\n",
     "api put", "https://put.test"},
    {"a route without CORS", "DELETE /api HTTP/1.1\r\nHost: h\r\nOrigin: https://put.test\r\n",
     "api delete", "https://put.test"},
    {"the firewall comes first",
     "OPTIONS /api/internal HTTP/1.1\r\nHost: h\r\nOrigin: "
     "https://api.test\r\nAccess-Control-Request-Method: GET\r\n",
     "403", "https://api.test"},
};

TEST(DecidePreflight, IsNoOtherRequest) {
  for (const NoPreflightRow& row : kNoPreflights) {
    const Decided decided(cors(), row.lines);
    EXPECT_EQ(decided.words(), row.expected) << row.name;
    EXPECT_FALSE(decided->preflight) << row.name;
    EXPECT_EQ(decided->origin, row.origin) << row.name;
  }
}

// --- the order of the steps

// On one route nearly everything could answer: each row takes the first of them away.
const Plan& everything() {
  static PlanForTest made;
  static const Plan& finished = [] -> const Plan& {
    made.read(made.plan().firewall, "{ ip_reject: [203.0.113.1] }");
    const route::HostId h = made.addHost("h");
    made.read(made.host(h).firewall, "{ ip_reject: [203.0.113.2] }");
    RoutePlan& route = made.addRedirect({.host = h, .path = "/x", .name = "x"}, "/y");
    made.read(route.firewall, "{ ip_reject: [203.0.113.3] }");
    made.read(route.level.cors, "\"https://o.test\"");
    route.max_body = 10;
    return made.finished();
  }();
  return finished;
}

struct OrderRow {
  const char* name;
  const char* peer;
  std::string_view lines;
  const char* status;
  bool knows_host;
  bool knows_route;
  bool has_page;  // an error page may stand for it
};

#define PREFLIGHT "Origin: https://o.test\r\nAccess-Control-Request-Method: GET\r\n"
#define LARGE "Content-Length: 11\r\n"

constexpr OrderRow kOrder[] = {
    {"the global firewall", "203.0.113.1",
     "OPTIONS /x HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n" LARGE PREFLIGHT, "403", false, false,
     true},
    {"the host's", "203.0.113.2",
     "OPTIONS /x HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n" LARGE PREFLIGHT, "403", true, false,
     true},
    {"no route", "203.0.113.3",
     "OPTIONS /z HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n" LARGE PREFLIGHT, "404", true, false,
     true},
    {"the route's firewall", "203.0.113.3",
     "OPTIONS /x HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n" LARGE PREFLIGHT, "403", true, true,
     true},
    {"an expectation", "192.0.2.1",
     "OPTIONS /x HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n" LARGE PREFLIGHT, "417", true, true,
     true},
    {"the body's size", "192.0.2.1", "OPTIONS /x HTTP/1.1\r\nHost: h\r\n" LARGE PREFLIGHT, "413",
     true, true, true},
    {"the pre-flight", "192.0.2.1", "OPTIONS /x HTTP/1.1\r\nHost: h\r\n" PREFLIGHT, "204", true,
     true, false},
    {"the route's answer", "192.0.2.1",
     "OPTIONS /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\nConnection: Host\r\n", "302", true, true,
     false},
};

TEST(DecideOrder, OfAnswers) {
  for (const OrderRow& row : kOrder) {
    const Decided decided(everything(), row.lines, row.peer);
    EXPECT_EQ(decided.words(), row.status) << row.name;
    EXPECT_EQ(decided->host != nullptr, row.knows_host) << row.name;
    EXPECT_EQ(decided->route != nullptr, row.knows_route) << row.name;
    EXPECT_EQ(!decided->configured, row.has_page) << row.name;
    EXPECT_EQ(decided->leg, nullptr) << row.name;
  }
}

// What holds for an answer is what its innermost level says.
TEST(DecideOrder, OfLevels) {
  const Plan& plan = everything();
  const auto levelFor = [&](std::string_view peer, std::string_view path) {
    const Decided decided(plan, "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n", peer);
    return &levelOf(*decided, plan);
  };
  EXPECT_EQ(levelFor("203.0.113.1", "/x"), &plan.level);
  EXPECT_EQ(levelFor("203.0.113.2", "/x"), &plan.hosts[0].level);
  EXPECT_EQ(levelFor("192.0.2.1", "/z"), &plan.hosts[0].level);
  EXPECT_EQ(levelFor("192.0.2.1", "/x"), &plan.routes[0].level);
}

// --- the order of the rules

class Rules : public testing::Test {
 protected:
  Rules() : route_(&made_.addRoute({.path = "/a", .name = "a"})) {}

  template <typename Rules>
  static void read(Rules& rules, std::string_view text) {
    PlanForTest::read(rules, text);
  }

  PlanForTest made_;
  RoutePlan* route_;
};

TEST_F(Rules, ParametersThenUrlThenCookiesThenFields) {
  read(route_->level.headers, "{ add: { Cookie: \"h=1\" } }");
  read(route_->level.cookies, "{ add: { c: 1 } }");
  read(route_->rewrite, "{ regex: { match: \"p=1\", with: \"p=2\", over: uri }, host: inner }");
  read(route_->params, "{ add: { p: 1 } }");
  filter::Notes notes;
  Decided decided(made_.finished(), "GET /a HTTP/1.1\r\nHost: h\r\n", "192.0.2.1", &notes);
  ASSERT_FALSE(decided->answer);
  EXPECT_EQ(decided.wire(),
            "GET /a?p=2 HTTP/1.1|Host: inner|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: "
            "http|X-Forwarded-Host: h|Cookie: h=1||");
  std::string kinds;
  for (const std::string& line : notes.lines)
    kinds += line.substr(0, line.find_first_of(" :")) + " ";
  EXPECT_EQ(kinds, "what param_rules rewrite_rules rewrite_rules cookie_rules header_rules ");
}

TEST_F(Rules, ThatEndInNoRequestRefuseIt) {
  const struct {
    const char* name;
    const char* params;
    const char* rewrite;
    const char* cookies;
    const char* headers;
    uint16_t status;
    std::string_view sentence;
  } rows[] = {
      {"nothing to change", "{ remove: [x] }", "{ strip_prefix: /other }", "{ remove: [x] }",
       "{ remove: [X-None] }", 0, ""},
      {"a value stays within its segment", "{}",
       "{ regex: { match: \"/a\", with: \"/{param.up}\" } }", "{}", "{}", 0, ""},
      {"a path above the root", "{}", "{ regex: { match: \"/a\", with: \"/{param.dots}\" } }", "{}",
       "{}", 400, "The rewritten URL, host or method is not valid."},
      {"no host", "{}", "{ host: \"{param.up}\" }", "{}", "{}", 400,
       "The rewritten URL, host or method is not valid."},
      {"no method", "{}", "{ method: \"{param.up}\" }", "{}", "{}", 400,
       "The rewritten URL, host or method is not valid."},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    PlanForTest made;
    RoutePlan& route = made.addRoute({.path = "/a", .name = "a"});
    read(route.params, row.params);
    read(route.rewrite, row.rewrite);
    read(route.level.cookies, row.cookies);
    read(route.level.headers, row.headers);
    const Decided decided(made.finished(), "GET /a?up=.%2F..&dots=.. HTTP/1.1\r\nHost: h\r\n");
    EXPECT_EQ(decided->answer ? decided->answer->status : 0, row.status);
    EXPECT_EQ(decided->leg == nullptr, row.status != 0);
    if (decided->answer) {
      EXPECT_EQ(decided->answer->body, row.sentence);
      EXPECT_FALSE(decided->configured);
    }
  }
}

TEST_F(Rules, ThatMakeTheHeadTooLargeRefuseIt) {
  std::string params = "{ append: { ";
  for (int i = 0; i < 10; ++i) params += "p" + std::to_string(i) + ": \"{query}\", ";
  read(route_->params, params + "} }");
  const Decided query(made_.finished(),
                      "GET /a?" + std::string(6000, 'q') + " HTTP/1.1\r\nHost: h\r\n");
  ASSERT_TRUE(query->answer);
  EXPECT_EQ(query->answer->status, 400);
  EXPECT_EQ(query->answer->body, "The rewritten query is too long.");
}

TEST_F(Rules, ThatAddTooManyFieldsRefuseIt) {
  std::string add = "{ append: { ";
  for (int i = 0; i < 120; ++i) add += "X-" + std::to_string(i) + ": a, ";
  read(route_->level.headers, add + "} }");
  std::string lines = "GET /a HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 90; ++i) lines += "Y-" + std::to_string(i) + ": b\r\n";
  const Decided decided(made_.finished(), lines);
  ASSERT_TRUE(decided->answer);
  EXPECT_EQ(decided->answer->status, 431);
  EXPECT_EQ(decided->leg, nullptr);
}

}  // namespace
}  // namespace fairlead::proxy
