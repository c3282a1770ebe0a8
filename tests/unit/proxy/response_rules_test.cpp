// What the rules do to a response, be it a server's or fairlead's own.
#include "proxy/response_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "decided.h"
#include "plan_for_test.h"
#include "unit/filter/request.h"

namespace fairlead::proxy {
namespace {

enum class From : uint8_t { Server, Fairlead };

// A host with the route `/a` and its rules; what the client asked, what answered, and what the
// client gets.
struct Row {
  const char* name;
  struct Written {
    const char* headers = "{}";
    const char* cookies = "{}";
    const char* cors = "";
    const char* rewrite = "{}";
  } rules;
  const char* request;   // fields
  const char* response;  // fields
  const char* expected;  // line ends as "|"
  From from = From::Server;
};

constexpr const char* kNone = "";
constexpr const char* kOrigin = "Origin: https://o.test\r\n";

constexpr Row kRows[] = {
    {"nothing to do",
     {},
     kNone,
     "Location: /x\r\nSet-Cookie: a=b\r\n",
     "Location: /x|Set-Cookie: a=b|"},

    // Places.
    {"a prefix is mapped back",
     {.rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Location: /inner/x?y#z\r\nContent-Location: /inner\r\nSet-Cookie: a=b; Path=/inner/q\r\n",
     "Location: /a/x?y#z|Content-Location: /a|Set-Cookie: a=b; Path=/a/q|"},
    {"the server's own name becomes the client's",
     {.rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Location: http://10.0.0.1:8080/inner/x\r\n",
     "Location: http://h:8000/a/x|"},
    {"with a host that was rewritten",
     {.rewrite = "{ host: inner.test }"},
     kNone,
     "Location: http://inner.test/x\r\n",
     "Location: http://h:8000/x|"},
    {"with a Host that a rule sets",
     {.headers = "{ add: { Host: inner.test } }"},
     kNone,
     "Location: http://inner.test/x\r\n",
     "Location: http://h:8000/x|"},
    {"other sites stay",
     {.rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Location: https://other.test/inner\r\n",
     "Location: https://other.test/inner|"},
    {"not when it is off",
     {.rewrite = "{ replace_prefix: /inner, rewrite_location: false }"},
     kNone,
     "Location: /inner/x\r\nSet-Cookie: a=b; Path=/inner\r\n",
     "Location: /inner/x|Set-Cookie: a=b; Path=/inner|"},
    {"not of fairlead's own answers",
     {.rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Location: /inner/x\r\n",
     "Location: /inner/x|",
     From::Fairlead},

    // Cookies.
    {"attributes of the server's cookies",
     {.cookies = "{ response: { secure: true, same_site: lax } }"},
     kNone,
     "Set-Cookie: a=b\r\nSet-Cookie: c=d; SameSite=None\r\n",
     "Set-Cookie: a=b; Secure; SameSite=Lax|Set-Cookie: c=d; SameSite=Lax; Secure|"},
    {"fairlead's own cookies stay",
     {.cookies = "{ response: { secure: true } }"},
     kNone,
     "Set-Cookie: fairlead_split=00000000\r\n",
     "Set-Cookie: fairlead_split=00000000|"},
    {"a path that a rule sets is the client's",
     {.cookies = "{ response: { path: /inner } }", .rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Set-Cookie: a=b; Path=/inner/q\r\n",
     "Set-Cookie: a=b; Path=/inner|"},

    // CORS.
    {"an allowed origin",
     {.cors = "\"https://o.test\""},
     kOrigin,
     "Access-Control-Allow-Origin: *\r\nX: y\r\n",
     "X: y|Vary: Origin|Access-Control-Allow-Origin: https://o.test|"},
    {"another origin", {.cors = "\"https://p.test\""}, kOrigin, "X: y\r\n", "X: y|Vary: Origin|"},
    {"an Origin that a rule keeps from the server",
     {.headers = "{ remove: [Origin] }", .cors = "\"https://o.test\""},
     kOrigin,
     "X: y\r\n",
     "X: y|Vary: Origin|Access-Control-Allow-Origin: https://o.test|"},
    {"an Origin that a rule makes up",
     {.headers = "{ add: { Origin: \"https://o.test\" } }", .cors = "\"https://o.test\""},
     kNone,
     "X: y\r\n",
     "X: y|Vary: Origin|"},
    {"of fairlead's own answers as well",
     {.cors = "\"https://o.test\""},
     kOrigin,
     "X: y\r\n",
     "X: y|Vary: Origin|Access-Control-Allow-Origin: https://o.test|",
     From::Fairlead},

    // Fields.
    {"header_rules.response",
     {.headers = "{ response: { remove: [Server], add: { X-Edge: \"{route} {server}\" } } }"},
     kNone,
     "Server: s\r\nX: y\r\n",
     "X: y|X-Edge: a one|"},
    {"of fairlead's own answers",
     {.headers = "{ response: { add: { X-Edge: 1, Content-Type: text/x } } }"},
     kNone,
     "Content-Type: text/plain\r\n",
     "Content-Type: text/x|X-Edge: 1|",
     From::Fairlead},
    {"they see what the steps before made",
     {.headers = "{ response: { rename: { Location: X-Location }, append: { Vary: Cookie } } }",
      .cors = "\"https://o.test\"",
      .rewrite = "{ replace_prefix: /inner }"},
     kNone,
     "Location: /inner/x\r\n",
     "X-Location: /a/x|Vary: Origin|Vary: Cookie|"},
    {"they have the last word",
     {.headers = "{ response: { remove: [Access-Control-*, Set-Cookie] } }",
      .cookies = "{ response: { secure: true } }",
      .cors = "\"https://o.test\""},
     kOrigin,
     "Set-Cookie: a=b\r\nX: y\r\n",
     "X: y|Vary: Origin|"},
};

http::ResponseHead headOf(const http::ResponseHead& parsed) {
  http::ResponseHead head = parsed;
  head.status = 200;
  return head;
}

std::string linesOf(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) text += barred(field.line());
  return text;
}

class ResponseRules : public testing::Test {
 protected:
  RoutePlan& addRoute(const Row::Written& rules) {
    RoutePlan& route = made_.addRoute({.path = "/a", .name = "a"});
    PlanForTest::read(route.level.headers, rules.headers);
    PlanForTest::read(route.level.cookies, rules.cookies);
    PlanForTest::read(route.rewrite, rules.rewrite);
    if (*rules.cors) PlanForTest::read(route.level.cors, rules.cors);
    route.rewrite.bindTo("/a");
    return route;
  }
  static bool apply(Decided& decided, const Plan& plan, http::ResponseHead& head, From from) {
    decided.facts().server = "one";
    const bool is_servers = from == From::Server;
    return applyResponseRules(
        head,
        {.decision = *decided,
         .level = levelOf(*decided, plan),
         .scene = decided.scene(),
         .from_server = is_servers,
         .client_authority = is_servers ? decided.head().authority : std::string_view{},
         .sent_authority =
             is_servers ? decided.fields().valueOf(http::FieldId::Host) : std::string_view{},
         .server_address = is_servers ? std::string_view("10.0.0.1:8080") : std::string_view{}});
  }

  PlanForTest made_;
};

TEST_F(ResponseRules, OfEachKind) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    made_ = PlanForTest();
    addRoute(row.rules);
    const Plan& plan = made_.finished();
    Decided decided(plan, std::string("GET /a HTTP/1.1\r\nHost: h:8000\r\n") + row.request);
    ASSERT_FALSE(decided->answer);
    const auto response = responseOf(std::string("HTTP/1.1 200 OK\r\n") + row.response);
    http::ResponseHead head = headOf(response->head);
    ASSERT_TRUE(apply(decided, plan, head, row.from));
    EXPECT_EQ(linesOf(head.fields), row.expected);
  }
}

// The split's cookie: after the rules of cookies, which leave it alone, and before those of fields,
// which may say anything.
TEST_F(ResponseRules, SplitCookieIsSetBesideTheServers) {
  RoutePlan& route = made_.addSplit({.path = "/a", .name = "a"}, "{ one: 50, two: 50 }");
  PlanForTest::read(route.level.cookies, "{ response: { secure: true } }");
  const Plan& plan = made_.finished();
  for (const From from : {From::Server, From::Fairlead}) {
    Decided decided(plan, "GET /a HTTP/1.1\r\nHost: h\r\n");
    ASSERT_TRUE(decided->split_cookie);
    const auto response = responseOf("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n");
    ASSERT_TRUE(apply(decided, plan, response->head, from));
    const std::string own = "Set-Cookie: " + std::string(decided->split_cookie->value()) + "|";
    EXPECT_EQ(own.find("Secure"), std::string::npos);
    EXPECT_EQ(linesOf(response->head.fields),
              (from == From::Server ? "Set-Cookie: a=b; Secure|" : "Set-Cookie: a=b|") + own);
    // A client that has the cookie is told nothing.
    Decided again(plan, "GET /a HTTP/1.1\r\nHost: h\r\nCookie: " +
                            std::string(decided->split_cookie->value().substr(0, 23)) + "\r\n");
    const auto second = responseOf("HTTP/1.1 200 OK\r\nX: y\r\n");
    ASSERT_TRUE(apply(again, plan, second->head, from));
    EXPECT_EQ(linesOf(second->head.fields), "X: y|");
  }
}

// A pre-flight's answer has its CORS fields already; rules of fields hold for it like for any.
TEST_F(ResponseRules, PreflightsGetNothingTwice) {
  RoutePlan& route = made_.addRoute({.path = "/a", .name = "a"});
  PlanForTest::read(route.level.cors, "\"https://o.test\"");
  PlanForTest::read(route.level.headers, "{ response: { add: { X-Edge: 1 } } }");
  const Plan& plan = made_.finished();
  Decided decided(plan,
                  "OPTIONS /a HTTP/1.1\r\nHost: h\r\nOrigin: "
                  "https://o.test\r\nAccess-Control-Request-Method: GET\r\n");
  ASSERT_TRUE(decided->preflight);
  http::ResponseHead head;
  head.clear();
  for (const http::Field& field : decided->answer->fields) head.fields.add(field);
  const std::string before = linesOf(head.fields);
  ASSERT_TRUE(apply(decided, plan, head, From::Fairlead));
  EXPECT_EQ(linesOf(head.fields), before + "X-Edge: 1|");
}

// Where no route is, the level that the request came to speaks.
TEST_F(ResponseRules, OfTheInnermostLevel) {
  const route::HostId host = made_.addHost("h");
  RoutePlan& route = made_.addRoute({.host = host, .path = "/a", .name = "a"});
  PlanForTest::read(made_.plan().level.headers, "{ response: { add: { X-Level: defaults } } }");
  PlanForTest::read(made_.host(host).level.headers, "{ response: { add: { X-Level: host } } }");
  PlanForTest::read(route.level.headers, "{ response: { add: { X-Level: route } } }");
  PlanForTest::read(route.firewall, "{ path_reject: [/a/no] }");
  const Plan& plan = made_.finished();
  const struct {
    const char* name;
    const char* lines;
    const char* level;
  } rows[] = {
      {"no host", "GET /a HTTP/1.1\r\nHost: other\r\n", "defaults"},
      {"no route", "GET /b HTTP/1.1\r\nHost: h\r\n", "host"},
      {"a route", "GET /a HTTP/1.1\r\nHost: h\r\n", "route"},
      {"a route that rejects", "GET /a/no HTTP/1.1\r\nHost: h\r\n", "route"},
  };
  for (const auto& row : rows) {
    Decided decided(plan, row.lines);
    http::ResponseHead head;
    head.clear();
    ASSERT_TRUE(apply(decided, plan, head, From::Fairlead)) << row.name;
    EXPECT_EQ(linesOf(head.fields), std::string("X-Level: ") + row.level + "|") << row.name;
  }
}

TEST_F(ResponseRules, TooManyFieldsAreAFailure) {
  const struct {
    const char* name;
    Row::Written rules;
  } rows[] = {{"cors", {.cors = "\"https://o.test\""}},
              {"headers", {.headers = "{ response: { add: { X-Edge: 1 } } }"}}};
  for (const auto& row : rows) {
    made_ = PlanForTest();
    addRoute(row.rules);
    const Plan& plan = made_.finished();
    Decided decided(plan, "GET /a HTTP/1.1\r\nHost: h\r\nOrigin: https://o.test\r\n");
    http::ResponseHead head;
    head.clear();
    while (head.fields.add(http::Field::make(decided.scene().arena, "A", "1"))) {
    }
    EXPECT_FALSE(apply(decided, plan, head, From::Server)) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::proxy
