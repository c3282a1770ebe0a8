// cors: who may come, what pre-flights are told, and what becomes of responses.
#include "filter/cors.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"
#include "unit/filter/request.h"
#include "unit/filter/shown.h"

namespace fairlead::filter {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

Cors corsOf(std::string_view text) {
  Diagnostics out;
  Cors cors;
  cors.read(flow(text), out);
  EXPECT_EQ(firstFinding(out), "") << text;
  return cors;
}

std::string linesOf(const auto& fields) {
  std::string text;
  for (const http::Field& field : fields)
    text += std::string(field.name()) + ": " + std::string(field.value()) + "|";
  return text;
}

// --- pre-flights

struct PreflightRow {
  const char* name;
  const char* cors;
  const char* origin;
  FieldList asked;
  const char* fields;
};

#define ORIGIN "Access-Control-Allow-Origin: "
#define METHODS "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE|"
#define HEADERS "Access-Control-Allow-Headers: "

const PreflightRow kPreflights[] = {
    {"an allowed origin",
     "{ origins: [https://app.example.com] }",
     "https://app.example.com",
     {},
     "Vary: Origin|" ORIGIN "https://app.example.com|" METHODS},
    {"a foreign origin",
     "{ origins: [https://app.example.com] }",
     "https://evil.example",
     {},
     "Vary: Origin|"},
    {"any origin", "\"*\"", "https://app.example.com", {}, ORIGIN "*|" METHODS},
    {"any origin, even null", "\"*\"", "null", {}, ORIGIN "*|" METHODS},
    {"credentials",
     "{ origins: https://a.example, credentials: true }",
     "https://a.example",
     {},
     "Vary: Origin|" ORIGIN "https://a.example|Access-Control-Allow-Credentials: true|" METHODS},
    {"methods",
     "{ origins: \"*\", methods: [GET, PURGE] }",
     "https://a.example",
     {},
     ORIGIN "*|Access-Control-Allow-Methods: GET, PURGE|"},
    {"any method",
     "{ origins: \"*\", methods: \"*\" }",
     "https://a.example",
     {},
     ORIGIN "*|Access-Control-Allow-Methods: PUT|"},
    {"no method but the simple ones",
     "{ origins: \"*\", methods: [] }",
     "https://a.example",
     {},
     ORIGIN "*|"},
    {"headers asked for",
     "\"*\"",
     "https://a.example",
     {{"Access-Control-Request-Headers", "x-token, content-type"}},
     ORIGIN "*|" METHODS HEADERS "x-token, content-type|"},
    {"headers asked for that are none",
     "\"*\"",
     "https://a.example",
     {{"Access-Control-Request-Headers", "x-token, a b"}},
     ORIGIN "*|" METHODS},
    {"no headers asked for",
     "\"*\"",
     "https://a.example",
     {{"Access-Control-Request-Headers", ""}},
     ORIGIN "*|" METHODS},
    {"headers",
     "{ origins: \"*\", headers: [X-Token, X-Other] }",
     "https://a.example",
     {{"Access-Control-Request-Headers", "x-evil"}},
     ORIGIN "*|" METHODS HEADERS "X-Token, X-Other|"},
    {"all headers",
     "{ origins: \"*\", headers: \"*\" }",
     "https://a.example",
     {{"Access-Control-Request-Headers", "x-token"}},
     ORIGIN "*|" METHODS HEADERS "x-token|"},
    {"no headers",
     "{ origins: \"*\", headers: [] }",
     "https://a.example",
     {{"Access-Control-Request-Headers", "x-token"}},
     ORIGIN "*|" METHODS},
    {"max_age",
     "{ origins: \"*\", max_age: 1h }",
     "https://a.example",
     {},
     ORIGIN "*|" METHODS "Access-Control-Max-Age: 3600|"},
    {"max_age of nothing",
     "{ origins: \"*\", max_age: 0s }",
     "https://a.example",
     {},
     ORIGIN "*|" METHODS "Access-Control-Max-Age: 0|"},
    {"max_age off",
     "{ origins: \"*\", max_age: off }",
     "https://a.example",
     {},
     ORIGIN "*|" METHODS},
    {"expose is for responses",
     "{ origins: \"*\", expose: [X-Total] }",
     "https://a.example",
     {},
     ORIGIN "*|" METHODS},
    {"everything",
     "{ origins: [https://a.example], methods: [GET], headers: [X-A], credentials: true, max_age: "
     "10m, expose: [X-Total] }",
     "https://a.example",
     {},
     "Vary: Origin|" ORIGIN
     "https://a.example|Access-Control-Allow-Credentials: true|Access-Control-Allow-Methods: "
     "GET|" HEADERS "X-A|Access-Control-Max-Age: 600|"},
};

TEST(Cors, AnswersPreflights) {
  for (const PreflightRow& row : kPreflights) {
    SCOPED_TRACE(row.name);
    const Cors cors = corsOf(row.cors);
    EXPECT_TRUE(cors.isOn());
    FieldList fields{{"Origin", row.origin}, {"Access-Control-Request-Method", "PUT"}};
    fields.insert(fields.end(), row.asked.begin(), row.asked.end());
    Request request("/", fields);
    const Answer answer = cors.preflight(request.head, request.arena);
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.rule, "cors");
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.origin.line, 1u);
    EXPECT_EQ(linesOf(answer.fields), row.fields);
  }
}

TEST(Cors, KnowsPreflights) {
  const struct {
    const char* name;
    http::Method method;
    FieldList fields;
    bool is_one;
  } rows[] = {
      {"all of it",
       http::Method::Options,
       {{"Origin", "https://a.example"}, {"access-control-request-method", "PUT"}},
       true},
      {"no method asked for", http::Method::Options, {{"Origin", "https://a.example"}}, false},
      {"no origin", http::Method::Options, {{"Access-Control-Request-Method", "PUT"}}, false},
      {"another method",
       http::Method::Get,
       {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "PUT"}},
       false},
      {"nothing", http::Method::Options, {}, false},
  };
  for (const auto& row : rows) {
    Request request("/", row.fields);
    request.head.method = row.method;
    EXPECT_EQ(Cors::isPreflight(request.head), row.is_one) << row.name;
  }
}

// --- origins

struct OriginRow {
  const char* name;
  const char* origins;
  const char* origin;
  bool allowed;
};

const OriginRow kOrigins[] = {
    {"the same", "https://a.example", "https://a.example", true},
    {"another scheme", "https://a.example", "http://a.example", false},
    {"another host", "https://a.example", "https://b.example", false},
    {"another port", "https://a.example", "https://a.example:8443", false},
    {"with its port", "https://a.example:8443", "https://a.example:8443", true},
    {"the default port", "\"https://a.example:443\"", "https://a.example", true},
    {"the default port of http", "\"http://a.example:80\"", "http://a.example", true},
    {"a port that is default elsewhere", "\"http://a.example:443\"", "http://a.example", false},
    {"capitals in the file", "HTTPS://A.Example", "https://a.example", true},
    {"a longer host", "https://a.example", "https://a.example.evil.test", false},
    {"a host before", "https://a.example", "https://evila.example", false},
    {"one of several", "[https://a.example, https://b.example]", "https://b.example", true},
    {"none of several", "[https://a.example, https://b.example]", "https://c.example", false},
    {"an app's scheme", "capacitor://localhost", "capacitor://localhost", true},
    {"an address", "\"http://127.0.0.1:3000\"", "http://127.0.0.1:3000", true},
    {"an IPv6 address", "\"http://[::1]:3000\"", "http://[::1]:3000", true},
    {"null", "https://a.example", "null", false},
    {"empty", "https://a.example", "", false},
    {"a host below", "https://*.example.com", "https://app.example.com", true},
    {"two labels below", "https://*.example.com", "https://a.b.example.com", true},
    {"the domain itself", "https://*.example.com", "https://example.com", false},
    {"no label", "https://*.example.com", "https://.example.com", false},
    {"below, another scheme", "https://*.example.com", "http://app.example.com", false},
    {"below, another port", "https://*.example.com", "https://app.example.com:8443", false},
    {"below, with its port", "\"https://*.example.com:8443\"", "https://app.example.com:8443",
     true},
    {"below, the default port", "\"https://*.example.com:443\"", "https://app.example.com", true},
    {"a name that ends alike", "https://*.example.com", "https://evilexample.com", false},
    {"below another domain", "https://*.example.com", "https://app.example.com.evil.test", false},
    {"a path that ends alike", "https://*.example.com", "https://evil.test/.example.com", false},
    {"a user that ends alike", "https://*.example.com", "https://evil.test@a.example.com", false},
    {"a port that ends alike", "https://*.example.com", "https://evil.test:80.example.com", false},
    {"a blank", "https://*.example.com", "https://evil .example.com", false},
};

TEST(Cors, LetsOriginsIn) {
  for (const OriginRow& row : kOrigins) {
    const Cors cors = corsOf("{ origins: " + std::string(row.origins) + " }");
    Request request("/");
    ASSERT_TRUE(cors.onResponse(request.head.fields, row.origin, request.arena)) << row.name;
    EXPECT_EQ(request.head.fields.find("Access-Control-Allow-Origin") != nullptr, row.allowed)
        << row.name;
  }
}

// --- responses

struct ResponseRow {
  const char* name;
  const char* cors;
  const char* origin;
  FieldList fields;
  const char* expected;
};

const ResponseRow kResponses[] = {
    {"allowed",
     "https://a.example",
     "https://a.example",
     {{"A", "1"}},
     "A: 1|Vary: Origin|" ORIGIN "https://a.example|"},
    {"the server's own fields are replaced",
     "https://a.example",
     "https://a.example",
     {{"access-control-allow-origin", "*"},
      {"A", "1"},
      {"Access-Control-Allow-Credentials", "true"},
      {"Access-Control-Expose-Headers", "X-Own"},
      {"Access-Control-Whatever", "x"}},
     "A: 1|Vary: Origin|" ORIGIN "https://a.example|"},
    {"foreign: the server's stay",
     "https://a.example",
     "https://b.example",
     {{"Access-Control-Allow-Origin", "https://b.example"}},
     ORIGIN "https://b.example|Vary: Origin|"},
    {"no origin", "https://a.example", "", {{"A", "1"}}, "A: 1|Vary: Origin|"},
    {"any", "\"*\"", "https://a.example", {{"A", "1"}}, "A: 1|" ORIGIN "*|"},
    {"any, no origin", "\"*\"", "", {{"A", "1"}}, "A: 1|"},
    {"credentials",
     "{ origins: https://a.example, credentials: true }",
     "https://a.example",
     {},
     "Vary: Origin|" ORIGIN "https://a.example|Access-Control-Allow-Credentials: true|"},
    {"expose",
     "{ origins: \"*\", expose: [X-Total, X-Page] }",
     "https://a.example",
     {},
     ORIGIN "*|Access-Control-Expose-Headers: X-Total, X-Page|"},
    {"expose everything",
     "{ origins: \"*\", expose: \"*\" }",
     "https://a.example",
     {},
     ORIGIN "*|Access-Control-Expose-Headers: *|"},
    {"pre-flight settings say nothing here",
     "{ origins: \"*\", methods: [GET], headers: [X-A], max_age: 1h }",
     "https://a.example",
     {},
     ORIGIN "*|"},
    {"varies already", "https://a.example", "", {{"Vary", "Origin"}}, "Vary: Origin|"},
    {"varies already, in other letters",
     "https://a.example",
     "",
     {{"Vary", "Accept-Encoding, ORIGIN"}},
     "Vary: Accept-Encoding, ORIGIN|"},
    {"varies already, on another line",
     "https://a.example",
     "",
     {{"Vary", "Accept"}, {"vary", "origin"}},
     "Vary: Accept|vary: origin|"},
    {"varies by everything", "https://a.example", "", {{"Vary", "*"}}, "Vary: *|"},
    {"varies by something else",
     "https://a.example",
     "",
     {{"Vary", "Accept, X-Origin"}},
     "Vary: Accept, X-Origin|Vary: Origin|"},
};

TEST(Cors, CompletesResponses) {
  for (const ResponseRow& row : kResponses) {
    const Cors cors = corsOf(row.cors);
    Request request("/", row.fields);
    EXPECT_TRUE(cors.onResponse(request.head.fields, row.origin, request.arena)) << row.name;
    EXPECT_EQ(linesOf(request.head.fields), row.expected) << row.name;
  }
}

TEST(Cors, AFullHeadIsAFailure) {
  const Cors cors = corsOf("https://a.example");
  Request request("/");
  while (request.head.fields.add(http::Field::make(request.arena, "A", "1"))) {
  }
  EXPECT_FALSE(cors.onResponse(request.head.fields, "https://a.example", request.arena));
  EXPECT_FALSE(cors.onResponse(request.head.fields, "", request.arena));
}

// --- reading

TEST(Cors, TellsFaults) {
  const struct {
    const char* name;
    const char* cors;
    const char* finding;
  } rows[] = {
      {"no scheme", "{ origins: [app.example.com] }",
       "error: `app.example.com` is not an origin | did you mean `https://app.example.com`?"},
      {"no scheme, below", "{ origins: [\"*.example.com\"] }",
       "error: `*.example.com` is not an origin | did you mean `https://*.example.com`?"},
      {"no scheme, with a port", "{ origins: [\"localhost:3000\"] }",
       "error: `localhost:3000` is not an origin | did you mean `https://localhost:3000`?"},
      {"a slash at the end", "{ origins: [https://a.example/] }",
       "error: an origin ends with its host and port | did you mean `https://a.example`?"},
      {"a path", "{ origins: [https://a.example/x] }",
       "error: an origin ends with its host and port | did you mean `https://a.example`?"},
      {"a star within", "{ origins: [https://a.*.example] }",
       "error: `https://a.*.example` is not an origin"},
      {"a star within a label", "{ origins: [https://*a.example] }",
       "error: `https://*a.example` is not an origin"},
      {"two stars", "{ origins: [https://*.*.example] }",
       "error: `https://*.*.example` is not an origin"},
      {"a star for the host", "{ origins: [https://*] }", "error: `https://*` is not an origin"},
      {"a star for the port", "{ origins: [\"https://a.example:*\"] }",
       "error: `https://a.example:*` is not an origin"},
      {"a user", "{ origins: [https://u@a.example] }",
       "error: `https://u@a.example` is not an origin"},
      {"no host", "{ origins: [\"https://\"] }", "error: `https://` is not an origin"},
      {"a bad scheme", "{ origins: [\"ht tp://a.example\"] }",
       "error: `ht tp://a.example` is not an origin"},
      {"a name that is not ASCII", "{ origins: [https://bücher.example] }",
       "error: `https://bücher.example` is not an origin"},
      {"null", "{ origins: [null] }", "error: any page can make itself the origin `null`"},
      {"no origins", "{ origins: [] }", "error: there is no origin in this list"},
      {"no origins in short", "[]", "error: there is no origin in this list"},
      {"any with credentials", "{ origins: \"*\", credentials: true }",
       "error: credentials cannot be had by any origin"},
      {"one of them any", "{ origins: [https://a.example, \"*\"], credentials: true }",
       "error: credentials cannot be had by any origin"},
      {"a method of two words", "{ origins: \"*\", methods: [\"GE T\"] }",
       "error: `GE T` is not a method"},
      {"a method in small letters", "{ origins: \"*\", methods: [get] }",
       "error: methods are told apart by letter case | did you mean `GET`?"},
      {"an unknown method in small letters", "{ origins: \"*\", methods: [purge] }", ""},
      {"a bad header", "{ origins: \"*\", headers: [\"X A\"] }",
       "error: `X A` is not the name of a header field"},
      {"a bad exposed header", "{ origins: \"*\", expose: [\"X:\"] }",
       "error: `X:` is not the name of a header field"},
      {"all exposed, with credentials",
       "{ origins: https://a.example, credentials: true, expose: \"*\" }",
       "error: `*` exposes nothing when there are credentials"},
      {"credentials of another kind", "{ origins: \"*\", credentials: include }",
       "error: `include` is not a boolean"},
      {"max_age without a unit", "{ origins: \"*\", max_age: 3600 }",
       "error: the duration `3600` has no unit | did you mean `3600s`?"},
      {"an unknown key", "{ origin: \"*\" }",
       "error: unknown key `origin` in cors | did you mean `origins`?"},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    Cors cors;
    cors.read(flow(row.cors), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Cors, AListThatIsTooLongIsTold) {
  std::string list;
  for (int i = 0; i < 1000; ++i) list += "X-Header-" + std::to_string(i) + ", ";
  Diagnostics out;
  Cors cors;
  cors.read(flow("{ origins: \"*\", expose: [" + list + "] }"), out);
  EXPECT_EQ(firstFinding(out), "error: this list is longer than 8 KiB");
}

TEST(Cors, CredentialsPointAtTheStar) {
  Diagnostics out;
  Cors cors;
  cors.read(flow("{ origins: \"*\", credentials: true }"), out);
  ASSERT_EQ(out.all().size(), 1u);
  EXPECT_EQ(out.all()[0].mark.column, 30u);
  ASSERT_TRUE(out.all()[0].also);
  EXPECT_EQ(out.all()[0].also->column, 12u);
}

// --- levels

struct MergeRow {
  const char* name;
  std::vector<const char*> levels;  // outer first
  const char* shown;
};

TEST(Cors, InnerLevelsReadOverOuterOnes) {
  const MergeRow rows[] = {
      {"short", {"https://a.example"}, "{ origins: [https://a.example], credentials: false }"},
      {"key by key",
       {"{ origins: https://a.example, max_age: 1h }", "{ credentials: true }"},
       "{ origins: [https://a.example], credentials: true, max_age: 1h }"},
      {"lists are replaced",
       {"{ origins: [https://a.example, https://b.example], methods: [GET], headers: [A], expose: "
        "[B] }",
        "{ origins: https://c.example, methods: [PUT, POST], headers: [C] }"},
       "{ origins: [https://c.example], methods: [PUT, POST], headers: [C], credentials: false, "
       "expose: [B] }"},
      {"off", {"https://a.example", "off"}, "off"},
      {"on again",
       {"https://a.example", "off", "{ max_age: 1m }"},
       "{ origins: [https://a.example], credentials: false, max_age: 1m }"},
      {"max_age off",
       {"{ origins: \"*\", max_age: 1h }", "{ max_age: off }"},
       "{ origins: [*], credentials: false }"},
      {"no more credentials",
       {"{ origins: https://a.example, credentials: true }",
        "{ credentials: false, origins: \"*\" }"},
       "{ origins: [*], credentials: false }"},
  };
  for (const MergeRow& row : rows) {
    Diagnostics out;
    Cors cors;
    for (const char* level : row.levels) cors.read(flow(level), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    const std::string shown = shownText(cors.show());
    EXPECT_EQ(shown, row.shown) << row.name;
    Cors again;
    again.read(cors.show(), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(shownText(again.show()), shown) << row.name;
  }
}

TEST(Cors, AnyOriginAndCredentialsMayNotMeetOnTheWay) {
  Diagnostics out;
  Cors cors;
  cors.read(flow("{ origins: \"*\" }"), out);
  cors.read(flow("{ credentials: true }"), out);
  EXPECT_EQ(firstFinding(out), "error: credentials cannot be had by any origin");
}

TEST(Cors, IsOnWhereItHasOrigins) {
  const struct {
    const char* name;
    std::vector<const char*> levels;
    bool is_on;
    bool is_empty;
    bool lacks_origins;
  } rows[] = {
      {"nothing read", {}, false, true, false},
      {"off", {"off"}, false, false, false},
      {"an origin", {"https://a.example"}, true, false, false},
      {"no origin", {"{ max_age: 1h }"}, false, false, true},
      {"no origin, and off", {"{ max_age: 1h }", "off"}, false, false, false},
      {"the origin comes later", {"{ max_age: 1h }", "https://a.example"}, true, false, false},
      {"switched off later", {"https://a.example", "off"}, false, false, false},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    Cors cors;
    for (const char* level : row.levels) cors.read(flow(level), out);
    EXPECT_EQ(cors.isOn(), row.is_on) << row.name;
    EXPECT_EQ(cors.empty(), row.is_empty) << row.name;
    EXPECT_EQ(cors.lacksOrigins().has_value(), row.lacks_origins) << row.name;
  }
}

TEST(Cors, MayBeCopied) {
  auto original = std::make_unique<Cors>(corsOf("{ origins: \"*\", methods: [GET] }"));
  const Cors copy = *original;
  original.reset();
  Request request("/", {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "GET"}});
  EXPECT_EQ(linesOf(copy.preflight(request.head, request.arena).fields),
            ORIGIN "*|Access-Control-Allow-Methods: GET|");
}

}  // namespace
}  // namespace fairlead::filter
