// What routes may ask of a request and what they may do with it: conditions, splits, answers of
// fairlead's own, CORS, and what placeholders speak of.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "decided.h"
#include "plan_for_test.h"
#include "unit/filter/request.h"

namespace fairlead::proxy {
namespace {

using http::FieldId;
using route::Condition;
using route::ValueMatch;

Condition exactly(std::string name, std::string value) {
  return {.name = std::move(name), .match = {ValueMatch::Kind::Exact, std::move(value), {}}};
}

constexpr const char* kTrusted = "10.1.2.3";
constexpr const char* kStranger = "192.0.2.1";

// --- conditions

const Plan& conditions() {
  static PlanForTest made;
  static const Plan& finished = [] -> const Plan& {
    made.read(made.plan().trusted, "[10.0.0.0/8]");
    const route::HostId host = made.addHost("h");
    made.addRoute({.host = host, .name = "rest"});
    made.addRoute({.host = host, .methods = {"PURGE"}, .name = "method"});
    made.addRoute({.host = host, .headers = {exactly("X-Kind", "a")}, .name = "header"});
    made.addRoute(
        {.host = host, .headers = {exactly("X-Forwarded-Country", "nz")}, .name = "forwarded"});
    made.addRoute(
        {.host = host, .headers = {exactly("X-Forwarded-Proto", "https")}, .name = "proto field"});
    made.addRoute({.host = host, .params = {exactly("id", "a b")}, .name = "param"});
    made.addRoute({.host = host, .cookies = {exactly("beta", "1")}, .name = "cookie"});
    made.addRoute({.host = host, .from = {*Cidr::parse("198.51.100.0/24")}, .name = "from"});
    made.addRoute({.host = host, .path = "/login", .scheme = "https", .name = "https"});
    made.addRoute({.host = host, .path = "/login", .name = "http"});
    made.addRoute(
        {.host = host,
         .path = "/unnamed",
         .headers = {{.name = "X-Request-Id", .match = {ValueMatch::Kind::Absent, {}, {}}}},
         .name = "no id"});
    return made.finished();
  }();
  return finished;
}

struct ConditionRow {
  const char* name;
  std::string_view lines;
  const char* expected;
  const char* peer = kStranger;
};

constexpr ConditionRow kConditions[] = {
    {"an id that fairlead gives is not the request's", "GET /unnamed HTTP/1.1\r\nHost: h\r\n",
     "no id"},
    {"an id of the request's own", "GET /unnamed HTTP/1.1\r\nHost: h\r\nX-Request-Id: a\r\n",
     "rest"},
    {"nothing asked for", "GET / HTTP/1.1\r\nHost: h\r\n", "rest"},
    {"method", "PURGE /x HTTP/1.1\r\nHost: h\r\n", "method"},
    {"methods have letter case", "purge /x HTTP/1.1\r\nHost: h\r\n", "rest"},
    {"header", "GET / HTTP/1.1\r\nHost: h\r\nx-kind: a\r\n", "header"},
    {"header of another value", "GET / HTTP/1.1\r\nHost: h\r\nX-Kind: b\r\n", "rest"},
    {"param, decoded", "GET /?x&id=a+b HTTP/1.1\r\nHost: h\r\n", "param"},
    {"cookie", "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b; beta=1\r\n", "cookie"},
    {"method before header", "PURGE / HTTP/1.1\r\nHost: h\r\nX-Kind: a\r\n", "method"},
    {"the peer's address", "GET / HTTP/1.1\r\nHost: h\r\n", "from", "198.51.100.9"},
    {"the client's address, behind a proxy",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.9\r\n", "from", kTrusted},
    {"an address that a stranger claims",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.9\r\n", "rest"},
    {"the connection's scheme", "GET /login HTTP/1.1\r\nHost: h\r\n", "http"},
    {"the scheme of an absolute target is only said", "GET https://h/login HTTP/1.1\r\nHost: h\r\n",
     "http"},
    {"the scheme that a trusted proxy tells",
     "GET /login HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", "https", kTrusted},
    {"the scheme that a stranger claims",
     "GET /login HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", "http"},
    {"a forwarded field of a trusted proxy",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Country: nz\r\n", "forwarded", kTrusted},
    {"a forwarded field that a stranger made up",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Country: nz\r\n", "rest"},
    {"the field for the scheme, of a trusted proxy",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", "proto field", kTrusted},
    {"the field for the scheme, of a stranger",
     "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", "rest"},
};

TEST(DecideConditions, ReachTheRouter) {
  for (const ConditionRow& row : kConditions) {
    const Decided decided(conditions(), row.lines, row.peer);
    EXPECT_EQ(decided.words(), row.expected) << row.name;
  }
}

// --- splits

// The tokens of the pools, taken from cookies that were set.
std::string cookieFor(const Plan& plan, std::string_view pool) {
  for (int i = 0; i < 256; ++i) {
    const Decided decided(plan, "GET /split HTTP/1.1\r\nHost: h\r\n",
                          "192.0.2." + std::to_string(i));
    if (!decided->split_cookie || plan.pools[decided->leg->pool]->name() != pool) continue;
    const std::string_view cookie = decided->split_cookie->value();
    return std::string(cookie.substr(0, cookie.find(';')));
  }
  ADD_FAILURE() << "no address leads to " << pool;
  return {};
}

class DecideSplit : public testing::Test {
 protected:
  DecideSplit() {
    PlanForTest::read(made_.plan().trusted, "[10.0.0.0/8]");
    const route::HostId host = made_.addHost("h");
    RoutePlan& split = made_.addSplit({.host = host, .path = "/split", .name = "split"},
                                      "{ stable: 50, canary: 50, gone: 0 }");
    PlanForTest::read(split.level.headers, "{ add: { X-Pool: \"{pool}\" } }");
    plan_ = &made_.finished();
    stable_ = cookieFor(*plan_, "stable");
    canary_ = cookieFor(*plan_, "canary");
  }

  void down(std::string_view pool) { made_.takeDown(pool); }
  std::string linesWith(std::string_view cookies) const {
    return "GET /split HTTP/1.1\r\nHost: h\r\nCookie: " + std::string(cookies) + "\r\n";
  }
  std::string_view poolOf(const Decided& decided) const {
    return plan_->pools[decided->leg->pool]->name();
  }

  PlanForTest made_;
  const Plan* plan_ = nullptr;
  std::string stable_;
  std::string canary_;
};

TEST_F(DecideSplit, GoesWhereTheCookieSays) {
  const struct {
    const char* name;
    std::string cookies;
    const char* pool;
    const char* sent;  // Cookie as the server gets it
  } rows[] = {
      {"stable", stable_, "stable", ""},
      {"canary", canary_, "canary", ""},
      {"among others", "a=b; " + canary_ + "; c=d", "canary", "a=b; c=d"},
      {"the first of several that are known", canary_ + "." + stable_.substr(15), "canary", ""},
      {"behind one of another site", "fairlead_split=00000000." + stable_.substr(15), "stable", ""},
  };
  for (const auto& row : rows) {
    Decided decided(*plan_, linesWith(row.cookies));
    ASSERT_FALSE(decided->answer) << row.name;
    EXPECT_EQ(poolOf(decided), row.pool) << row.name;
    EXPECT_FALSE(decided->split_cookie) << row.name << ": the client has it";
    EXPECT_EQ(decided.fields().valueOf(FieldId::Cookie), row.sent) << row.name;
    EXPECT_NE(decided.wire().find("|X-Pool: " + std::string(row.pool) + "|"), std::string::npos);
  }
}

TEST_F(DecideSplit, TellsNewClientsOnce) {
  const Decided first(*plan_, "GET /split HTTP/1.1\r\nHost: h\r\n");
  ASSERT_TRUE(first->split_cookie);
  EXPECT_EQ(first->split_cookie->id(), FieldId::SetCookie);
  const std::string cookie(first->split_cookie->value());
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(cookie, pair + "; Path=/; HttpOnly; SameSite=Lax");
  // From anywhere, with the cookie, the client stays where it was.
  for (int i = 0; i < 32; ++i) {
    const Decided again(*plan_, linesWith(pair), "198.51.100." + std::to_string(i));
    EXPECT_EQ(again->leg, first->leg);
    EXPECT_FALSE(again->split_cookie);
  }
}

TEST_F(DecideSplit, CookieIsSecureForClientsOfHttps) {
  const Decided decided(*plan_, "GET /split HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n",
                        kTrusted);
  ASSERT_TRUE(decided->split_cookie);
  EXPECT_TRUE(decided->split_cookie->value().ends_with("; Secure"));
}

TEST_F(DecideSplit, TheClientsAddressChooses) {
  const std::string lines = "GET /split HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ";
  for (int i = 0; i < 32; ++i) {
    const std::string address = "198.51.100." + std::to_string(i);
    const Decided direct(*plan_, "GET /split HTTP/1.1\r\nHost: h\r\n", address);
    const Decided behind(*plan_, lines + address + "\r\n", kTrusted);
    const Decided claimed(*plan_, lines + address + "\r\n");
    const Decided stranger(*plan_, "GET /split HTTP/1.1\r\nHost: h\r\n");
    EXPECT_EQ(direct->leg, behind->leg) << address;
    EXPECT_EQ(claimed->leg, stranger->leg) << address;
  }
}

TEST_F(DecideSplit, OtherPoolsStandInForOneThatIsDown) {
  down("canary");
  for (int i = 0; i < 64; ++i) {
    const Decided decided(*plan_, "GET /split HTTP/1.1\r\nHost: h\r\n",
                          "192.0.2." + std::to_string(i));
    EXPECT_EQ(poolOf(decided), "stable");
    EXPECT_TRUE(decided->split_cookie);
  }
  const Decided pinned(*plan_, linesWith(canary_));
  EXPECT_EQ(poolOf(pinned), "stable");
  EXPECT_FALSE(pinned->split_cookie) << "it comes back when canary does";

  down("stable");
  const Decided lost(*plan_, linesWith(canary_));
  EXPECT_EQ(poolOf(lost), "canary") << "with 0 % never `gone`, and the client's own as well as any";
}

TEST_F(DecideSplit, IsNotedWithItsPlace) {
  filter::Notes notes;
  const Decided decided(*plan_, linesWith(canary_), kStranger, &notes);
  const auto split = std::ranges::find(notes.lines, "split: canary");
  ASSERT_NE(split, notes.lines.end());
  const auto index = static_cast<size_t>(split - notes.lines.begin());
  EXPECT_EQ(notes.marks[index].column, 15u) << "of the pool's name";
}

// --- answers of fairlead's own, captures, placeholders

route::RouteSpec regexRoute(route::HostId host, const char* pattern, const char* name) {
  return {.host = host,
          .path_kind = route::PathKind::Regex,
          .path = pattern,
          .regex = std::make_shared<const re2::RE2>(pattern),
          .name = name};
}

const Plan& answers() {
  static PlanForTest made;
  static const Plan& finished = [] -> const Plan& {
    made.read(made.plan().trusted, "[10.0.0.0/8]");
    const route::HostId h = made.addHost("h");
    made.addRedirect({.host = h, .path = "/to", .name = "to"},
                     "{ to: \"https://{host}{path}?{query}\", status: 308 }");
    made.addRedirect({.host = h, .path = "/old", .name = "old"}, "{ replace_prefix: /new }");
    made.addRedirect({.host = h, .path = "/host", .name = "host"}, "{ host: www.h }");
    made.addRedirect({.host = h, .path = "/tls", .scheme = "http", .name = "tls"}, "https");
    made.addRoute({.host = h, .path = "/tls", .scheme = "https", .name = "is https"});
    made.addRedirect(regexRoute(h, "^/user/([0-9]+)/(.*)$", "user"),
                     "{ path: \"/u/{capture.1}?rest={capture.2}\" }");
    made.addRespond({.host = h, .path = "/hello", .name = "hello"},
                    "{ status: 201, body: \"{param.who} {header.X-A} {method} {path} {route}\", "
                    "headers: { X-Id: \"{request_id}\", X-Ip: \"{client_ip}\" } }");
    RoutePlan& page = made.addRoute(regexRoute(h, "^/page/(?P<n>[a-z]+)", "page"));
    made.read(page.rewrite, "{ replace_path: \"/p/{capture.1}\" }");
    made.read(page.params, "{ add: { was: \"{path}\", q: \"{query}\" } }");
    made.read(page.level.cookies, "{ remove: [secret], add: { was: \"{cookie.secret}\" } }");
    made.read(page.level.headers,
              "{ remove: [X-Old], add: { X-New: \"{header.X-Old}\", X-Was: "
              "\"{method} {uri} {cookie.secret}\", X-Route: \"{route} {pool}\" } }");
    RoutePlan& waits = made.addRoute({.host = h, .path = "/waits", .name = "waits"});
    made.read(waits.params, "{ add: { a: b } }");
    made.read(waits.level.headers, "{ add: { X-Server: \"{server}\" }, remove: [X-Old] }");
    RoutePlan& raw = made.addRoute({.host = h, .path = "/bad", .name = "bad"});
    made.read(raw.rewrite, "{ regex: { match: \"^/bad\", with: \"\" , over: path } }");
    return made.finished();
  }();
  return finished;
}

struct AnswerRow {
  const char* name;
  std::string_view lines;
  uint16_t status;
  const char* location;
  const char* peer = kStranger;
};

constexpr AnswerRow kAnswers[] = {
    {"to, with the query", "GET /to/x?a=b HTTP/1.1\r\nHost: h\r\n", 308, "https://h/to/x?a=b"},
    {"to, without one", "GET /to HTTP/1.1\r\nHost: h\r\n", 308, "https://h/to"},
    {"prefix, port and query stay", "GET /old/x?a=b HTTP/1.1\r\nHost: h:8080\r\n", 302,
     "http://h:8080/new/x?a=b"},
    {"another host", "GET /host/x HTTP/1.1\r\nHost: h\r\n", 302, "http://www.h/host/x"},
    {"https", "GET /tls/x?y HTTP/1.1\r\nHost: h:8080\r\n", 308, "https://h/tls/x?y"},
    {"the scheme of a trusted proxy",
     "GET /old HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", 302, "https://h/new",
     kTrusted},
    {"captures", "GET /user/42/a%20b?q HTTP/1.1\r\nHost: h\r\n", 302, "http://h/u/42?rest=a%20b"},
    {"no host of the client's in another's place",
     "GET http://h//evil.test HTTP/1.1\r\nHost: x\r\n", 404, ""},
    {"a path that slashes would make a host", "GET /old//evil.test HTTP/1.1\r\nHost: h\r\n", 302,
     "http://h/new/evil.test"},
};

TEST(DecideAnswers, Redirects) {
  for (const AnswerRow& row : kAnswers) {
    SCOPED_TRACE(row.name);
    const Decided decided(answers(), row.lines, row.peer);
    ASSERT_TRUE(decided->answer);
    EXPECT_EQ(decided->answer->status, row.status);
    EXPECT_EQ(decided.said(FieldId::Location), row.location);
    EXPECT_EQ(decided->configured, row.status != 404) << "errors get their pages, others do not";
    EXPECT_EQ(decided->leg, nullptr);
  }
  const Decided stays(answers(), "GET /tls HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n",
                      kTrusted);
  EXPECT_EQ(stays.words(), "is https");
}

TEST(DecideAnswers, RespondRendersItsPlaceholders) {
  const Decided decided(
      answers(), "POST /hello/x?who=a%20b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-Request-Id: r-1\r\n");
  ASSERT_TRUE(decided->answer);
  EXPECT_TRUE(decided->configured);
  EXPECT_EQ(decided->answer->status, 201);
  EXPECT_EQ(decided->answer->body, "a b 1 POST /hello/x hello");
  ASSERT_EQ(decided->answer->fields.size(), 2u);
  EXPECT_EQ(decided->answer->fields[0].line(), "X-Id: r-1\r\n");
  EXPECT_EQ(decided->answer->fields[1].line(), "X-Ip: 192.0.2.1\r\n");
}

#define FORWARDED "X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: http|X-Forwarded-Host: h|"

// Rules change the head one after the other; what placeholders say is what came.
TEST(DecidePlaceholders, SpeakOfTheRequestBeforeTheRules) {
  Decided decided(
      answers(), "GET /page/%61b?x=y HTTP/1.1\r\nHost: h\r\nX-Old: o\r\nCookie: secret=s; k=v\r\n");
  EXPECT_EQ(decided.wire(),
            "GET /p/ab?x=y&was=%2Fpage%2Fab&q=x%3Dy HTTP/1.1|Host: h|Cookie: k=v; was=s|" FORWARDED
            "X-New: o|X-Was: GET /page/ab?x=y s|X-Route: page main||");
}

TEST(DecidePlaceholders, TheRequestsIdIsTheServers) {
  const struct {
    const char* name;
    std::string_view lines;
    const char* id;  // null: a new one
  } rows[] = {
      {"kept", "GET /old HTTP/1.1\r\nHost: h\r\nX-Request-Id: r-1\r\n", "r-1"},
      {"made", "GET /old HTTP/1.1\r\nHost: h\r\n", nullptr},
      {"two", "GET /old HTTP/1.1\r\nHost: h\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n", nullptr},
      {"no token", "GET /old HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\n", nullptr},
      {"of a server's request", "GET /page/a HTTP/1.1\r\nHost: h\r\nX-Request-Id: r-1\r\n", "r-1"},
      {"of one connection only",
       "GET /page/a HTTP/1.1\r\nHost: h\r\nX-Request-Id: r-1\r\nConnection: X-Request-Id\r\n",
       "r-1"},
  };
  for (const auto& row : rows) {
    Decided decided(answers(), row.lines);
    const std::string_view id = decided.facts().request_id;
    EXPECT_EQ(decided.fields().countOf(FieldId::XRequestId), 1u) << row.name;
    EXPECT_EQ(decided.fields().valueOf(FieldId::XRequestId), id) << row.name;
    if (row.id)
      EXPECT_EQ(id, row.id) << row.name;
    else
      EXPECT_EQ(id.size(), 32u) << row.name;
  }
}

// The head stays what it is until a server is chosen.
TEST(DecideWaiting, RulesThatSpeakOfTheServer) {
  constexpr std::string_view kLines = "GET /waits?x HTTP/1.1\r\nHost: h\r\nX-Old: o\r\n";
  Decided decided(answers(), kLines);
  ASSERT_TRUE(decided->leg);
  EXPECT_TRUE(decided->route->rules_wait_for_server);
  const http::RequestHead untouched = decided.head();
  EXPECT_EQ(wireOf(untouched).substr(0, 18), "GET /waits?x HTTP/");
  EXPECT_NE(wireOf(untouched).find("|X-Old: o|"), std::string::npos);
  // Each attempt, from the untouched head.
  for (const char* server : {"one", "two"}) {
    decided.head() = untouched;
    decided.facts().server = server;
    filter::PathMapping mapping;
    EXPECT_EQ(applyRules(decided.head(), *decided->route, decided.scene(), mapping).status, 0);
    EXPECT_EQ(decided.wire(), "GET /waits?x&a=b HTTP/1.1|Host: h|" FORWARDED "X-Server: " +
                                  std::string(server) + "||");
  }
}

}  // namespace
}  // namespace fairlead::proxy
