// cookie_rules: the cookies of requests, and the attributes of Set-Cookie.
#include "filter/cookie_rules.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "http/cookies.h"
#include "unit/filter/flow.h"
#include "unit/filter/flow_text.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

struct Row {
  const char* name;
  const char* rules;
  FieldList fields;
  const char* expected;
};

const Row kRequests[] = {
    {"remove", "{ remove: [a] }", {{"Cookie", "a=1; b=2; a=3"}}, "Cookie: b=2|"},
    {"remove the last one", "{ remove: a }", {{"Cookie", "a=1"}, {"X", "y"}}, "X: y|"},
    {"remove by mapping", "{ remove: { a: any } }", {{"Cookie", "a=1; b=2"}}, "Cookie: b=2|"},
    {"remove by glob",
     "{ remove: [\"utm_*\"] }",
     {{"Cookie", "utm_a=1; utm=2; UTM_b=3; utm_=4"}},
     "Cookie: utm=2; UTM_b=3|"},
    {"remove in several fields",
     "{ remove: [a] }",
     {{"Cookie", "a=1"}, {"Cookie", "b=2;a=1;c"}, {"cookie", "d=\"x\""}},
     "Cookie: b=2;c|cookie: d=\"x\"|"},
    {"letter case counts", "{ remove: [A] }", {{"Cookie", "a=1"}}, "Cookie: a=1|"},
    {"rename",
     "{ rename: { a: longer } }",
     {{"Cookie", "a=1;b=2; a = 3"}},
     "Cookie: longer=1;b=2; longer = 3|"},
    {"rename without value", "{ rename: { a: b } }", {{"Cookie", "a; c"}}, "Cookie: b; c|"},
    {"rename what is not there", "{ rename: { x: y } }", {{"Cookie", "a=1;;"}}, "Cookie: a=1;;|"},
    {"add to none", "{ add: { a: 1 } }", {{"X", "y"}}, "X: y|Cookie: a=1|"},
    {"add behind", "{ add: { b: 2 } }", {{"Cookie", "a=1"}}, "Cookie: a=1; b=2|"},
    {"add behind the last field",
     "{ add: { c: 3 } }",
     {{"Cookie", "a=1"}, {"Cookie", "b=2"}},
     "Cookie: a=1|Cookie: b=2; c=3|"},
    {"add replaces in place",
     "{ add: { a: new } }",
     {{"Cookie", "z=0;  a=1; b=2"}},
     "Cookie: z=0;  a=new; b=2|"},
    {"add replaces the first of several",
     "{ add: { a: new } }",
     {{"Cookie", "a=1; b=2; a=3"}, {"Cookie", "a=4"}},
     "Cookie: a=new; b=2|"},
    {"add an empty value", "{ add: { a: \"\" } }", {}, "Cookie: a=|"},
    {"add in the order of the file", "{ add: { b: 1, a: 2 } }", {}, "Cookie: b=1; a=2|"},
    {"placeholders",
     "{ add: { who: \"{client_ip}-{cookie.a}\" } }",
     {{"Cookie", "a=1"}},
     "Cookie: a=1; who=203.0.113.7-1|"},
    {"values cannot leave their cookie",
     "{ add: { a: \"{header.X}\" } }",
     {{"X", "1; admin=true, \"\\ \xc3\xbc"}},
     "X: 1; admin=true, \"\\ \xc3\xbc|Cookie: a=1%3B%20admin=true%2C%20%22%5C%20%C3%BC|"},
    {"the request before rules",
     "{ remove: [a], add: { b: \"{cookie.a}\" } }",
     {{"Cookie", "a=1"}},
     "Cookie: b=1|"},
    {"the fixed order",
     "{ add: { c: 3 }, rename: { a: c, b: d }, remove: [b] }",
     {{"Cookie", "a=1; b=2"}},
     "Cookie: c=3|"},
    {"other fields stay",
     "{ remove: [a], add: { b: 1 } }",
     {{"X", "a=1"}, {"Set-Cookie", "a=1"}},
     "X: a=1|Set-Cookie: a=1|Cookie: b=1|"},
};

TEST(CookieRules, ApplyToRequests) {
  for (const Row& row : kRequests) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    CookieRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_FALSE(rules.empty());
    Request request("/", row.fields);
    EXPECT_TRUE(rules.onRequest(request.head, request.scene()));
    EXPECT_EQ(request.fields(), row.expected);
  }
}

TEST(CookieRules, TakeQuotedValues) {
  Value rules_value = flow("{ add: { a: v } }");
  rules_value.entries[0].value.entries[0].value.text = "\"v\"";
  Diagnostics out;
  CookieRules rules;
  rules.read(rules_value, out);
  Request request("/");
  ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
  EXPECT_EQ(request.fields(), "Cookie: a=\"v\"|");
}

// Set-Cookie lines are written here without "Set-Cookie: ".
struct ResponseRow {
  const char* name;
  const char* rules;  // of `response`
  std::vector<std::string> before;
  std::vector<std::string> after;
};

const ResponseRow kResponses[] = {
    {"secure", "{ secure: true }", {"a=1", "b=2; Path=/"}, {"a=1; Secure", "b=2; Path=/; Secure"}},
    {"secure there", "{ secure: true }", {"a=1;secure ;Path=/"}, {"a=1;secure ;Path=/"}},
    {"secure twice", "{ secure: true }", {"a=1; Secure; secure"}, {"a=1; Secure"}},
    {"secure removed", "{ secure: false }", {"a=1; Secure; Path=/; SECURE"}, {"a=1; Path=/"}},
    {"secure removed where it is not", "{ secure: false }", {"a=1;"}, {"a=1;"}},
    {"http_only", "{ http_only: true }", {"a=1; HTTPONLY", "b"}, {"a=1; HTTPONLY", "b; HttpOnly"}},
    {"http_only removed", "{ http_only: false }", {"a=1; httponly"}, {"a=1"}},
    {"same_site replaces in place",
     "{ same_site: lax }",
     {"a=1; SameSite=None; Secure"},
     {"a=1; SameSite=Lax; Secure"}},
    {"same_site there",
     "{ same_site: strict }",
     {"a=1; samesite=STRICT"},
     {"a=1; samesite=STRICT"}},
    {"same_site several times",
     "{ same_site: strict }",
     {"a=1; SameSite=Lax; SameSite=None"},
     {"a=1; SameSite=Strict"}},
    {"domain",
     "{ domain: example.com }",
     {"a=1; Domain=.old.example", "b"},
     {"a=1; Domain=example.com", "b; Domain=example.com"}},
    {"domain removed", "{ domain: off }", {"a=1;Domain=x.example;Path=/"}, {"a=1;Path=/"}},
    {"path",
     "{ path: /app }",
     {"a=1; Path=/", "b=2; Path=/app"},
     {"a=1; Path=/app", "b=2; Path=/app"}},
    {"all at once",
     "{ path: /, domain: a.example, same_site: none, http_only: true, secure: true }",
     {"a=1"},
     {"a=1; Secure; HttpOnly; SameSite=None; Domain=a.example; Path=/"}},
    {"other attributes keep their bytes",
     "{ secure: true }",
     {"a=\"x y\";expires=Wed, 21 Oct 2026 07:28:00 GMT;;Max-Age = 5; Partitioned"},
     {"a=\"x y\";expires=Wed, 21 Oct 2026 07:28:00 GMT;;Max-Age = 5; Partitioned; Secure"}},
    {"separator at the end", "{ secure: true }", {"a=1;"}, {"a=1; Secure"}},
    {"a cookie called like an attribute",
     "{ secure: false, path: /x }",
     {"secure=1", "Path=/"},
     {"secure=1; Path=/x", "Path=/; Path=/x"}},
    {"one cookie", "{ b: { secure: true } }", {"a=1", "b=2", "B=3"}, {"a=1", "b=2; Secure", "B=3"}},
    {"the one's settings over the general ones",
     "{ secure: true, same_site: lax, b: { same_site: strict, secure: false } }",
     {"a=1", "b=2; Secure"},
     {"a=1; Secure; SameSite=Lax", "b=2; SameSite=Strict"}},
    {"fairlead's own",
     "{ secure: true }",
     {"fairlead_split=1", "fairlead=1"},
     {"fairlead_split=1", "fairlead=1; Secure"}},
    {"placeholders",
     "{ domain: \"{host}\", path: \"/{header.X-Path}\" }",
     {"a=1"},
     {"a=1; Domain=shop.example.com; Path=/x%3B%20Secure"}},
    {"a placeholder without value",
     "{ domain: \"{header.None}\" }",
     {"a=1; Domain=b"},
     {"a=1; Domain=b"}},
};

std::vector<std::string> applied(const CookieRules& rules,
                                 const std::vector<std::string>& cookies) {
  FieldList fields{{"Date", "d"}};
  for (const std::string& cookie : cookies) fields.emplace_back("Set-Cookie", cookie);
  Request head("/", fields);
  http::Fields of_request;
  of_request.add(http::Field::make(head.arena, "X-Path", "x; Secure"));
  head.asked.fields = &of_request;
  EXPECT_TRUE(rules.onResponse(head.head.fields, head.scene()));
  std::vector<std::string> result;
  for (const http::Field& field : head.head.fields)
    if (field.id() == http::FieldId::SetCookie) result.emplace_back(field.value());
  return result;
}

TEST(CookieRules, ApplyToResponses) {
  for (const ResponseRow& row : kResponses) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    CookieRules rules;
    rules.read(flow("{ response: " + std::string(row.rules) + " }"), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_TRUE(rules.empty());
    EXPECT_TRUE(rules.hasResponse());
    EXPECT_EQ(applied(rules, row.before), row.after);
  }
}

struct FaultRow {
  const char* name;
  const char* rules;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"bad name", "{ add: { \"a b\": 1 } }", "error: `a b` is not the name of a cookie"},
    {"empty name", "{ remove: [\"\"] }", "error: `` is not the name of a cookie"},
    {"bad glob", "{ remove: [\"a;*\"] }", "error: `a;*` is not the name of a cookie"},
    {"bad new name", "{ rename: { a: \"b=c\" } }", "error: `b=c` is not the name of a cookie"},
    {"bad value", "{ add: { a: \"1; b=2\" } }", "error: `1; b=2` cannot be the value of a cookie"},
    {"bad value beside a placeholder", "{ add: { a: \"{path}, \" } }",
     "error: `{path}, ` cannot be the value of a cookie"},
    {"line break", "{ add: { a: \"1\r\nX: y\" } }",
     "error: `1\r\nX: y` cannot be the value of a cookie"},
    {"list as value", "{ add: { a: [1] } }", "error: this cannot be a list"},
    {"add as a list", "{ add: [a] }", "error: this is not a mapping"},
    {"rename as a text", "{ rename: a }", "error: this is not a mapping"},
    {"unknown placeholder", "{ add: { a: \"{cookies.b}\" } }",
     "error: unknown placeholder `{cookies.b}` | did you mean `{cookie.b}`?"},
    {"unknown key", "{ append: { a: 1 } }", "error: unknown key `append` in cookie_rules"},
    {"slip in a key", "{ respons: {} }",
     "error: unknown key `respons` in cookie_rules | did you mean `response`?"},
    {"response as a list", "{ response: [secure] }",
     "error: `response` of cookie_rules cannot be a list"},
    {"no boolean", "{ response: { secure: yes } }",
     "error: `yes` is not a boolean | did you mean `true`?"},
    {"no word of same_site", "{ response: { same_site: Strict } }",
     "error: `Strict` is not known here | did you mean `strict`?"},
    {"no domain", "{ response: { domain: \"a b\" } }", "error: `a b` is not a domain"},
    {"empty domain", "{ response: { domain: \"\" } }", "error: `` is not a domain"},
    {"domain with an attribute", "{ response: { domain: \"{host}; Secure\" } }",
     "error: `{host}; Secure` is not a domain"},
    {"relative path", "{ response: { path: app } }",
     "error: a path begins with `/` | did you mean `/app`?"},
    {"path with an attribute", "{ response: { path: \"/; Secure\" } }",
     "error: the path of a cookie cannot hold `;` or control characters"},
    {"slip in an attribute", "{ response: { secur: true } }",
     "error: unknown key `secur` in `response` of cookie_rules | did you mean `secure`?"},
    {"a cookie without mapping", "{ response: { session_id: true } }",
     "error: unknown key `session_id` in `response` of cookie_rules"},
    {"slip in a cookie's attribute", "{ response: { sid: { samesite: lax } } }",
     "error: unknown key `samesite` in the attributes of `sid` | did you mean `same_site`?"},
    {"bad name of a cookie", "{ response: { \"a b\": { secure: true } } }",
     "error: `a b` is not the name of a cookie"},
    {"fairlead's own cookie", "{ response: { fairlead_split: { secure: true } } }",
     "error: `fairlead_split` is a cookie of fairlead's own, which rules leave alone"},
};

TEST(CookieRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    CookieRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    EXPECT_TRUE(rules.empty() && !rules.hasResponse()) << row.name;
  }
}

struct WarningRow {
  const char* name;
  const char* response;
  bool warns;
};

const WarningRow kWarnings[] = {
    {"none alone", "{ same_site: none }", true},
    {"none and secure", "{ same_site: none, secure: true }", false},
    {"none and not secure", "{ same_site: none, secure: false }", true},
    {"other words", "{ same_site: lax }", false},
    {"secure for all", "{ secure: true, a: { same_site: none } }", false},
    {"not secure for the one", "{ secure: true, a: { same_site: none, secure: false } }", true},
    {"secure for another", "{ b: { secure: true }, a: { same_site: none } }", true},
};

TEST(CookieRules, WarnOfSameSiteNoneWithoutSecure) {
  for (const WarningRow& row : kWarnings) {
    Diagnostics out;
    CookieRules rules;
    rules.read(flow("{ response: " + std::string(row.response) + " }"), out);
    EXPECT_EQ(firstFinding(out),
              row.warns ? "warning: browsers refuse cookies with SameSite=None that are not Secure "
                          "| add `secure: true`"
                        : "")
        << row.name;
    EXPECT_TRUE(rules.hasResponse()) << row.name;
  }
}

struct MergeRow {
  const char* name;
  const char* outer;
  const char* inner;
  const char* shown;
};

const MergeRow kMerged[] = {
    {"add of the same name", "{ add: { a: 1, b: 2 } }", "{ add: { a: 3 } }", "{add: {b: 2, a: 3}}"},
    {"names in other letters are others", "{ add: { a: 1 } }", "{ add: { A: 2 } }",
     "{add: {a: 1, A: 2}}"},
    {"remove adds up", "{ remove: [a] }", "{ remove: [b, a] }", "{remove: [b, a]}"},
    {"kinds side by side", "{ remove: [a] }", "{ add: { a: 1 }, rename: { c: a } }",
     "{remove: [a], rename: {c: a}, add: {a: 1}}"},
    {"attributes one by one", "{ response: { secure: true, path: / } }",
     "{ response: { secure: false, domain: off } }",
     "{response: {secure: false, domain: off, path: /}}"},
    {"a cookie's attributes one by one", "{ response: { s: { secure: true, same_site: lax } } }",
     "{ response: { same_site: strict, s: { same_site: none } } }",
     "{response: {same_site: strict, s: {secure: true, same_site: none}}}"},
};

TEST(CookieRules, InnerReadsOverOuter) {
  for (const MergeRow& row : kMerged) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    CookieRules rules;
    rules.read(flow(row.outer), out);
    rules.read(flow(row.inner), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(flowText(rules.show()), row.shown);
    EXPECT_TRUE(everyLeafHasMark(rules.show()));
    CookieRules again;
    again.read(rules.show(), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(flowText(again.show()), row.shown);
  }
}

TEST(CookieRules, ADomainCalledOffIsShownAsAText) {
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ response: { domain: \"off\" } }"), out);
  EXPECT_EQ(applied(rules, {"a=1"}), std::vector<std::string>{"a=1; Domain=off"});
  CookieRules again;
  again.read(rules.show(), out);
  EXPECT_EQ(applied(again, {"a=1"}), std::vector<std::string>{"a=1; Domain=off"});
}

TEST(CookieRules, KnowWhatTheyNeed) {
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ add: { a: \"{capture.2}\" }, response: { domain: \"{server}{capture.3}\" } }"),
             out);
  EXPECT_TRUE(rules.needs().captures);
  EXPECT_FALSE(rules.needs().server);
  EXPECT_TRUE(rules.responseNeeds().server);
  EXPECT_EQ(rules.highestCapture(), 3);
  EXPECT_EQ(CookieRules().highestCapture(), -1);
}

TEST(CookieRules, RefuseHeadsThatTheyCannotMake) {
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ add: { a: \"{header.X}{header.X}\" } }"), out);
  Request request("/", {{"X", std::string(40'000, 'x')}});
  EXPECT_FALSE(rules.onRequest(request.head, request.scene()));
  Request with_cookie("/", {{"X", std::string(40'000, 'x')}, {"Cookie", "b=1"}});
  EXPECT_FALSE(rules.onRequest(with_cookie.head, with_cookie.scene()));
  Request full("/");
  while (full.head.fields.add(http::Field::make(full.arena, "A", "1"))) {
  }
  EXPECT_FALSE(rules.onRequest(full.head, full.scene()));
}

struct NoteRow {
  const char* name;
  const char* rules;
  std::vector<std::string> notes;
};

const NoteRow kNotes[] = {
    {"remove",
     "{ remove: [a, none, \"b*\"] }",
     {"cookie_rules: remove a", "cookie_rules: remove b*"}},
    {"rename", "{ rename: { a: c, x: y } }", {"cookie_rules: rename a to c"}},
    {"add", "{ add: { c: \"{client_ip}\", a: 1 } }", {"cookie_rules: add c=203.0.113.7"}},
};

TEST(CookieRules, NoteWhatTheyDid) {
  for (const NoteRow& row : kNotes) {
    Diagnostics out;
    CookieRules rules;
    rules.read(flow(row.rules), out);
    Request request("/", {{"Cookie", "a=1; b=2"}});
    Notes notes;
    ASSERT_TRUE(rules.onRequest(request.head, request.scene(&notes)));
    EXPECT_EQ(notes.lines, row.notes) << row.name;
  }
}

TEST(CookieRules, NoteWhatTheyDidToResponses) {
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ response: { secure: true, http_only: false, a: { path: /x } } }"), out);
  Request response("/", {{"Set-Cookie", "a=1"}});
  Notes notes;
  ASSERT_TRUE(rules.onResponse(response.head.fields, response.scene(&notes)));
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"cookie_rules.response: secure: true",
                                                   "cookie_rules.response: a: path: /x"}));
}

TEST(CookieRules, TouchNothingWithoutACookie) {
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ remove: [\"*\"], rename: { a: b } }"), out);
  Request request("/", {{"X", "a=1"}});
  ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
  EXPECT_EQ(request.fields(), "X: a=1|");
}

// Cookies that no rule names keep their bytes and their order, however odd they are.
TEST(CookieRules, LeaveOtherCookiesAlone) {
  constexpr std::string_view kParts[] = {"a=1", "keep=\"x y\"", " keep2",  "",    "b=;",
                                         "b",   "  a = 2 ",     "keep3==", "x=1", "c=3\t"};
  Diagnostics out;
  CookieRules rules;
  rules.read(flow("{ remove: [a, \"x*\"], rename: { b: other }, add: { c: new } }"), out);
  Random random(99);
  for (int round = 0; round < 2'000; ++round) {
    std::string cookies = "keep0=1";
    for (uint64_t left = random.below(8); left > 0; --left)
      cookies += ";" + std::string(kParts[random.below(std::size(kParts))]);
    Request request("/", {{"Cookie", cookies}});
    ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
    const auto kept = [](const http::Fields& fields) {
      std::vector<std::string> result;
      http::forEachCookie(fields, [&](const http::Cookie& cookie) {
        if (cookie.name.starts_with("keep"))
          result.push_back(std::string(cookie.name) + "=" + std::string(cookie.value));
      });
      return result;
    };
    ASSERT_EQ(kept(request.head.fields), kept(request.received)) << cookies;
    http::Cookie found;
    ASSERT_FALSE(http::findCookie(request.head.fields, "a", found)) << cookies;
    ASSERT_FALSE(http::findCookie(request.head.fields, "b", found)) << cookies;
    ASSERT_TRUE(http::findCookie(request.head.fields, "c", found)) << cookies;
    ASSERT_EQ(found.value, "new") << cookies;
  }
}

}  // namespace
}  // namespace fairlead::filter
