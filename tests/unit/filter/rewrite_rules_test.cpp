// rewrite_rules: what each kind of rule does to a request, what it refuses, and that paths stay
// canonical.
#include "filter/rewrite_rules.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"
#include "unit/filter/request.h"
#include "unit/filter/watcher.h"

namespace fairlead::filter {
namespace {

RewriteRules rulesOf(std::string_view text) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow(text), out);
  EXPECT_FALSE(out.hasErrors()) << text << ": " << firstFinding(out);
  return rules;
}

struct ApplyRow {
  const char* name;
  const char* rules;
  const char* target;
  const char* expected;  // nullptr: refused
};

const ApplyRow kReplaced[] = {
    {"the course's", "{ replace: { v1: v2 } }", "/v1/users", "/v2/users"},
    {"every occurrence", "{ replace: { v1: v2 } }", "/v1/apiv1/v1", "/v2/apiv2/v2"},
    {"none", "{ replace: { v1: v2 } }", "/v3", "/v3"},
    {"the query is left alone", "{ replace: { v1: v2 } }", "/v1?v1", "/v2?v1"},
    {"whole segments", "{ replace: { /v1/: /v2/ } }", "/v1/a/v10", "/v2/a/v10"},
    {"occurrences do not overlap", "{ replace: { aa: b } }", "/aaaaa", "/bba"},
    {"not over its own result", "{ replace: { a: aa } }", "/aba", "/aabaa"},
    {"to nothing", "{ replace: { /api: \"\" } }", "/api/x", "/x"},
    {"to nothing at all", "{ replace: { /api: \"\" } }", "/api", "/"},
    {"slash in front is kept", "{ replace: { /api/: \"\" } }", "/api/x", "/x"},
    {"slashes merge", "{ replace: { /api: / } }", "/api/x", "/x"},
    {"in order", "{ replace: { a: b, b: c } }", "/ab", "/cc"},
    {"text with a blank", "{ replace: { \"my docs\": \"our docs\" } }", "/my%20docs/x",
     "/our%20docs/x"},
    {"text in escapes", "{ replace: { \"%6dy\": \"o%75r\" } }", "/my", "/our"},
    {"small hex digits", "{ replace: { \"%2f\": - } }", "/a%2fb", "/a-b"},
    {"not within an escape", "{ replace: { 20: 30 } }", "/a%20b/20", "/a%20b/30"},
    {"not at the end of an escape", "{ replace: { 0b: x } }", "/a%20b/0b", "/a%20b/x"},
    {"longer", "{ replace: { v1: version-one } }", "/v1/v1", "/version-one/version-one"},
    {"the asterisk", "{ replace: { \"*\": x } }", "*", "*"},
    {"placeholder", "{ replace: { /me/: \"/{param.user}/\" } }", "/me/x?user=a/b",
     "/a%2Fb/x?user=a/b"},
    {"an escaped brace", "{ replace: { \"{{x}\": \"{{y}\" } }", "/{x}", "/{y}"},
    {"braces that are no placeholder", "{ replace: { \"{1}\": \"{2}\" } }", "/{1}", "/{2}"},
    {"an escape that spells a placeholder", "{ replace: { a: \"{ho%73t}\" } }", "/a", "/{host}"},
    {"dot segment put together", "{ replace: { v1: \"\" } }", "/a/.v1./secret", nullptr},
    {"dot segment alone", "{ replace: { v1: \"\" } }", "/a/v1./b", nullptr},
    {"dot segment before a semicolon", "{ replace: { v1: \"\" } }", "/a/.v1.;/b", nullptr},
    {"dot segment from a client", "{ replace: { /x/: \"/{param.p}/\" } }", "/a/x/b?p=..", nullptr},
};

// The route is /api.
const ApplyRow kPrefixes[] = {
    {"strip the route", "{ strip_prefix: true }", "/api/x", "/x"},
    {"strip the route, nothing below", "{ strip_prefix: true }", "/api", "/"},
    {"strip the route, slash below", "{ strip_prefix: true }", "/api/?a", "/?a"},
    {"strip a path", "{ strip_prefix: /api/v1 }", "/api/v1/x", "/x"},
    {"strip a path with a slash at its end", "{ strip_prefix: /api/ }", "/api/x", "/x"},
    {"strip what is not there", "{ strip_prefix: /app }", "/api/x", "/api/x"},
    {"strip whole segments only", "{ strip_prefix: /ap }", "/api/x", "/api/x"},
    {"strip nothing", "{ strip_prefix: / }", "/api/x", "/api/x"},
    {"strip an escaped path", "{ strip_prefix: \"/a b\" }", "/a%20b/x", "/x"},
    {"strip a placeholder", "{ strip_prefix: \"/{host}\" }", "/shop.example.com/x", "/x"},
    {"strip is switched off", "{ strip_prefix: false }", "/api/x", "/api/x"},

    {"replace the route's", "{ replace_prefix: /v2 }", "/api/x", "/v2/x"},
    {"slash at the end is kept", "{ replace_prefix: /v2 }", "/api/", "/v2/"},
    {"no slash is added", "{ replace_prefix: /v2 }", "/api", "/v2"},
    {"slash at the end of the new one", "{ replace_prefix: /v2/ }", "/api/x", "/v2/x"},
    {"replace by the root", "{ replace_prefix: / }", "/api/x", "/x"},
    {"replace by the root, nothing below", "{ replace_prefix: / }", "/api", "/"},
    {"replace by the same", "{ replace_prefix: /api }", "/api/x", "/api/x"},
    {"replace by a placeholder", "{ replace_prefix: \"/{cookie.t}\" }", "/api/x", "/a%2Fb/x"},
    {"replace by the path", "{ replace_prefix: \"{path}\" }", "/api/x", "/api/x/x"},
    {"replace by dots", "{ replace_prefix: \"/{param.p}\" }", "/api/x?p=..", nullptr},
    {"replace by nothing", "{ replace_prefix: \"/{param.none}\" }", "/api/x", "/x"},
    {"replace elsewhere", "{ replace_prefix: /v2 }", "/apis/x", "/apis/x"},

    {"add", "{ add_prefix: /app }", "/api/x?y", "/app/api/x?y"},
    {"add to the root", "{ add_prefix: /app }", "/", "/app/"},
    {"add a placeholder", "{ add_prefix: \"/{client_ip}\" }", "/x", "/203.0.113.7/x"},
    {"add normalises", "{ add_prefix: \"/a%2fb/%7e c/\" }", "/x", "/a%2Fb/~%20c/x"},
    {"add nothing", "{ add_prefix: / }", "/x", "/x"},
    {"add is switched off", "{ add_prefix: off }", "/x", "/x"},
    {"the asterisk has no prefix", "{ add_prefix: /app, replace_path: /x }", "*", "*"},

    {"the whole path", "{ replace_path: /index.html }", "/api/x?y", "/index.html?y"},
    {"the whole path keeps its slash", "{ replace_path: /a/ }", "/api/x", "/a/"},
    {"a path after the path", "{ replace_path: \"{path}/index.html\" }", "/api", "/api/index.html"},
    {"a path of values", "{ replace_path: \"/{method}/{query}\" }", "/x?a=b/c",
     "/GET/a%3Db%2Fc?a=b/c"},
    {"a path of the route's captures", "{ replace_path: \"/{capture.1}\" }", "/x", "/v2"},
    {"a path that begins with no slash", "{ replace_path: \"{param.a}\" }", "/x?a=b", "/b?a=b"},
    {"a line break is refused", "{ replace_path: \"/{param.a}\" }", "/x?a=%0d%0aX:1", nullptr},

    {"all prefixes", "{ strip_prefix: true, add_prefix: /b }", "/api/x", "/b/x"},
    {"replace, then add", "{ replace_prefix: /v2, add_prefix: /b }", "/api/x", "/b/v2/x"},
    {"strip more than the route, then add", "{ strip_prefix: /api/v1, add_prefix: /b }",
     "/api/v1/x", "/b/x"},
    {"replace_path wins", "{ add_prefix: /b, replace_path: /c }", "/x", "/c"},
    {"replace works on the new path", "{ replace_path: /v1/x, replace: { /v1/: /v2/ } }", "/a",
     "/v2/x"},
    {"regex goes last", "{ replace: { a: b }, regex: { match: b, with: c } }", "/a", "/c"},
};

const ApplyRow kMatched[] = {
    {"every match", "{ regex: { match: \"[0-9]+\", with: n } }", "/1/a22/3b?4", "/n/an/nb?4"},
    {"no match", "{ regex: { match: z, with: n } }", "/a", "/a"},
    {"groups", "{ regex: { match: \"^/v([0-9]+)/(.*)\", with: \"/{capture.2}/{capture.1}\" } }",
     "/v2/a/b", "/a/b/2"},
    {"whole match", "{ regex: { match: \"a+\", with: \"{capture.0}{capture.0}\" } }", "/aab",
     "/aaaab"},
    {"a group of nothing", "{ regex: { match: \"a(b)?\", with: \"x{capture.1}\" } }", "/ac", "/xc"},
    {"placeholders", "{ regex: { match: ^/, with: \"/{host}/\" } }", "/a", "/shop.example.com/a"},
    {"several rules in order",
     "{ regex: [{ match: a, with: b }, { match: b, with: c, over: path }] }", "/ab", "/cc"},
    {"slashes merge", "{ regex: { match: b, with: / } }", "/a/b/c", "/a/c"},
    {"nothing is left", "{ regex: { match: \".*\", with: \"\" } }", "/a/b?c", "/?c"},
    {"anchors are the path's", "{ regex: { match: b$, with: c } }", "/b/b?b", "/b/c?b"},
    {"braces of the pattern", "{ regex: { match: \"[0-9]{2}\", with: x } }", "/123", "/x3"},
    {"blank in with", "{ regex: { match: a, with: \"b c\" } }", "/a", "/b%20c"},
    {"dot segment put together", "{ regex: { match: x, with: \"\" } }", "/a/.x./b", nullptr},
    {"escaped dots put together", "{ regex: { match: x, with: \"\" } }", "/a/%25x2e", "/a/%252e"},
    {"dots out of escapes", "{ regex: { match: \"25\", with: \"\" } }", "/a/%252e%252e/b", nullptr},
    {"an escape is broken", "{ regex: { match: \"2\", with: \"\" } }", "/a%20b", nullptr},
    {"escapes combine", "{ regex: { match: \"x\", with: \"\" } }", "/%25x41", "/%2541"},
    {"the path has no query", "{ regex: { match: a, with: \"{query}\" } }", "/a?b=c", "/b%3Dc?b=c"},

    {"uri: path and query", "{ regex: { match: a, with: b, over: uri } }", "/a?a=a", "/b?b=b"},
    {"uri: drop the query", "{ regex: { match: \"[?].*\", with: \"\", over: uri } }", "/a?b=c",
     "/a"},
    {"uri: add a query",
     "{ regex: { match: \"^/item/(.*)\", with: \"/item?id={capture.1}\", over: uri } }", "/item/7",
     "/item?id=7"},
    {"uri: a query beside a query",
     "{ regex: { match: \"^/item/([^?]*)[?]?\", with: \"/item?id={capture.1}&\", over: uri } }",
     "/item/7?a=b", "/item?id=7&a=b"},
    {"uri: only the first ? is one", "{ regex: { match: a, with: \"?\", over: uri } }", "/a/a",
     "/?/?"},
    {"uri: a lone ?", "{ regex: { match: b, with: \"\", over: uri } }", "/a?b", "/a?"},
    {"uri: everything goes", "{ regex: { match: \".*\", with: \"\", over: uri } }", "/a?b", "/"},
    {"uri: query alone", "{ regex: { match: \"^/a\", with: \"\", over: uri } }", "/a?b", "/?b"},
    {"uri: the query's bytes stay", "{ regex: { match: \"/a\", with: \"/b\", over: uri } }",
     "/a?%7e=%zz+&&", "/b?%7e=%zz+&&"},
    {"uri: a bad escape in the query", "{ regex: { match: a, with: \"%\", over: uri } }", "/b?a",
     "/b?%"},
    {"uri: a bad escape in the path", "{ regex: { match: a, with: \"%\", over: uri } }", "/a?b",
     nullptr},
    {"uri: blanks are escaped", "{ regex: { match: a, with: \" ü\", over: uri } }", "/a?a",
     "/%20%C3%BC?%20%C3%BC"},
    {"uri: the path is canonical", "{ regex: { match: a, with: \"%7e%2f\", over: uri } }", "/a?a",
     "/~%2F?%7e%2f"},
    {"uri: dots", "{ regex: { match: a, with: \"..\", over: uri } }", "/b/a?a", nullptr},
    {"uri: dots in the query", "{ regex: { match: a, with: \"..\", over: uri } }", "/b?/a/",
     "/b?/../"},
    {"uri: the query inserted", "{ regex: { match: \"^.*$\", with: \"/s?{query}&x\", over: uri } }",
     "/a?b=c%20d", "/s?b=c%20d&x"},
    {"uri: a value inserted", "{ regex: { match: \"^.*$\", with: \"/s?q={param.q}\", over: uri } }",
     "/a?q=%26%23%3f", "/s?q=%26%23%3F"},
    {"uri: the asterisk", "{ regex: { match: \".*\", with: x, over: uri } }", "*", "*"},
};

void expectApplied(const ApplyRow& row) {
  SCOPED_TRACE(row.name);
  RewriteRules rules = rulesOf(row.rules);
  rules.bindTo("/api");
  Request request(row.target, {{"Cookie", "t=a/b"}});
  const std::string before(request.head.target.path);
  const std::string raw(request.head.target.raw_path);
  PathMapping mapping;
  ASSERT_EQ(rules.onRequest(request.head, request.scene(), mapping), row.expected != nullptr)
      << request.target();
  if (!row.expected) return;
  EXPECT_EQ(request.target(), row.expected);
  // Where bytes are sent as received, a rewritten path is sent all the same.
  const std::string after(request.head.target.path);
  EXPECT_EQ(request.head.target.raw_path, before == after ? raw : after);
}

TEST(RewriteRules, ReplaceText) {
  for (const ApplyRow& row : kReplaced) expectApplied(row);
}

TEST(RewriteRules, ChangePrefixes) {
  for (const ApplyRow& row : kPrefixes) expectApplied(row);
}

TEST(RewriteRules, ReplaceMatches) {
  for (const ApplyRow& row : kMatched) expectApplied(row);
}

TEST(RewriteRules, PrefixesNeedTheRoutesPath) {
  struct Row {
    const char* rules;
    const char* bound;  // null: to none
    const char* target;
    const char* expected;
  };
  const Row rows[] = {
      {"{ strip_prefix: true }", nullptr, "/api/x", "/api/x"},
      {"{ replace_prefix: /v2 }", nullptr, "/api/x", "/api/x"},
      {"{ strip_prefix: /api }", nullptr, "/api/x", "/x"},
      {"{ add_prefix: /v2 }", nullptr, "/api/x", "/v2/api/x"},
      {"{ strip_prefix: true }", "/", "/api/x", "/api/x"},
      {"{ replace_prefix: /v2 }", "/", "/api/x", "/v2/api/x"},
      {"{ replace_prefix: /v2 }", "/", "/", "/v2/"},
      {"{ replace_prefix: /v2 }", "/api/", "/api", "/v2"},
      {"{ replace_prefix: /v2 }", "/a%20b", "/a%20b", "/v2"},
  };
  for (const Row& row : rows) {
    RewriteRules rules = rulesOf(row.rules);
    if (row.bound) rules.bindTo(row.bound);
    Request request(row.target);
    PathMapping mapping;
    EXPECT_TRUE(rules.onRequest(request.head, request.scene(), mapping));
    EXPECT_EQ(request.target(), row.expected)
        << row.rules << " at " << (row.bound ? row.bound : "");
  }
}

TEST(RewriteRules, TellWhatNeedsThePrefix) {
  EXPECT_EQ(rulesOf("{ strip_prefix: true }").needsPrefix()->column, 17u);
  EXPECT_EQ(rulesOf("{ replace_prefix: /v2 }").needsPrefix()->column, 19u);
  EXPECT_FALSE(rulesOf("{ strip_prefix: /api, add_prefix: /b }").needsPrefix());
}

struct MappingRow {
  const char* name;
  const char* rules;
  const char* target;
  const char* mapping;  // "outer -> inner", or "" when there is none
};

// The route is /api.
const MappingRow kMappings[] = {
    {"nothing", "{}", "/api/x", ""},
    {"strip", "{ strip_prefix: true }", "/api/x", "/api -> "},
    {"strip, nothing below", "{ strip_prefix: true }", "/api", "/api -> "},
    {"strip what is not there", "{ strip_prefix: /b }", "/api", ""},
    {"strip deeper than the route", "{ strip_prefix: /api/v1 }", "/api/v1/x", "/api/v1 -> "},
    {"replace", "{ replace_prefix: /v2 }", "/api/x", "/api -> /v2"},
    {"replace by the root", "{ replace_prefix: / }", "/api/x", "/api -> "},
    {"replace by the same", "{ replace_prefix: /api/ }", "/api/x", ""},
    {"add", "{ add_prefix: /app }", "/api/x", " -> /app"},
    {"strip and add", "{ strip_prefix: true, add_prefix: /app }", "/api/x", "/api -> /app"},
    {"replace and add", "{ replace_prefix: /v2, add_prefix: /app }", "/api/x", "/api -> /app/v2"},
    {"back to where it was", "{ strip_prefix: true, add_prefix: /api }", "/api/x", ""},
    {"strip, then replace what is below", "{ strip_prefix: /api/v1, replace_prefix: /v2 }",
     "/api/v1/api/x", "/api/v1/api -> /v2"},
    {"placeholders", "{ replace_prefix: \"/{host}/{param.t}\" }", "/api/x?t=1",
     "/api -> /shop.example.com/1"},
    {"replace_path", "{ strip_prefix: true, replace_path: /a }", "/api/x", ""},
    {"replace_path by the same", "{ strip_prefix: true, replace_path: /x }", "/api/x", "/api -> "},
    {"replace", "{ strip_prefix: true, replace: { x: y } }", "/api/x", ""},
    {"replace of nothing", "{ strip_prefix: true, replace: { z: y } }", "/api/x", "/api -> "},
    {"regex", "{ strip_prefix: true, regex: { match: x, with: y } }", "/api/x", ""},
    {"regex over the path of the uri",
     "{ strip_prefix: true, regex: { match: x, with: y, over: uri } }", "/api/x", ""},
    {"regex over the query of the uri",
     "{ strip_prefix: true, regex: { match: a, with: y, over: uri } }", "/api/x?a", "/api -> "},
};

TEST(RewriteRules, TellHowThePrefixChanged) {
  for (const MappingRow& row : kMappings) {
    RewriteRules rules = rulesOf(row.rules);
    rules.bindTo("/api");
    Request request(row.target);
    PathMapping mapping;
    ASSERT_TRUE(rules.onRequest(request.head, request.scene(), mapping)) << row.name;
    std::string told;
    if (mapping.prefix_changed)
      told = std::string(mapping.outer) + " -> " + std::string(mapping.inner);
    EXPECT_EQ(told, row.mapping) << row.name;
    EXPECT_FALSE(mapping.host_changed) << row.name;
  }
}

struct SentRow {
  const char* name;
  const char* rules;
  const char* method;
  const char* target;
  const char* expected;  // "METHOD target Host: ...|"; nullptr: refused
};

const SentRow kSent[] = {
    {"host", "{ host: app.internal }", "GET", "/a", "GET /a Host: app.internal|"},
    {"host with a port", "{ host: \"[::1]:81\" }", "GET", "/a", "GET /a Host: [::1]:81|"},
    {"host of a value", "{ host: \"{param.h}.internal\" }", "GET", "/a?h=x",
     "GET /a?h=x Host: x.internal|"},
    {"host of a bad value", "{ host: \"{param.h}.internal\" }", "GET", "/a?h=x/y", nullptr},
    {"host with a line break", "{ host: \"{param.h}\" }", "GET", "/a?h=x%0d%0aY:1", nullptr},
    {"host of nothing", "{ host: \"{param.h}\" }", "GET", "/a", nullptr},
    {"host of the asterisk", "{ host: app.internal, method: GET }", "OPTIONS", "*",
     "OPTIONS * Host: app.internal|"},
    {"method", "{ method: POST }", "GET", "/a", "POST /a Host: a.example|"},
    {"method of its own", "{ method: PURGE }", "GET", "/a", "PURGE /a Host: a.example|"},
    {"method of a value", "{ method: \"{header.X-Method}\" }", "POST", "/a",
     "PATCH /a Host: a.example|"},
    {"method of a bad value", "{ method: \"{param.m}\" }", "POST", "/a?m=A%20B", nullptr},
    {"method of nothing", "{ method: \"{param.m}\" }", "POST", "/a", nullptr},
    {"no CONNECT of a value", "{ method: \"{param.m}\" }", "POST", "/a?m=CONNECT", nullptr},
    {"no HEAD of a value", "{ method: \"{param.m}\" }", "POST", "/a?m=HEAD", nullptr},
    {"HEAD stays HEAD", "{ method: GET }", "HEAD", "/a", "HEAD /a Host: a.example|"},
    {"both switched off", "{ method: off, host: off }", "GET", "/a", "GET /a Host: a.example|"},
};

TEST(RewriteRules, ChangeHostAndMethod) {
  for (const SentRow& row : kSent) {
    SCOPED_TRACE(row.name);
    const RewriteRules rules = rulesOf(row.rules);
    Request request(row.target, {{"Host", "a.example"}, {"X-Method", "PATCH"}});
    request.head.method_text = row.method;
    request.head.method = http::methodOf(row.method);
    PathMapping mapping;
    ASSERT_EQ(rules.onRequest(request.head, request.scene(), mapping), row.expected != nullptr);
    if (!row.expected) continue;
    EXPECT_EQ(
        std::string(request.head.method_text) + " " + request.target() + " " + request.fields(),
        std::string(row.expected) + "X-Method: PATCH|");
    EXPECT_EQ(request.head.method, http::methodOf(request.head.method_text));
    EXPECT_EQ(mapping.host_changed,
              request.head.fields.valueOf(http::FieldId::Host) != "a.example");
    EXPECT_FALSE(mapping.prefix_changed);
  }
}

const ApplyRow kNoted[] = {
    {"what changed nothing is not told",
     "{ replace: { v1: v2, x: y }, add_prefix: /, method: GET }", "/v1",
     "rewrite_rules: replace v1 by v2: /v2 -> GET /v2|"},
    {"each with its change",
     "{ strip_prefix: true, add_prefix: \"/{host}\", replace: { /a: /b }, "
     "regex: [{ match: b$, with: c }, { match: c, with: \"d?e\", over: uri }], host: x, method: "
     "POST }",
     "/api/a",
     "rewrite_rules: strip_prefix true: /a -> GET /a|"
     "rewrite_rules: add_prefix /{host}: /shop.example.com/a -> GET /shop.example.com/a|"
     "rewrite_rules: replace /a by /b: /shop.example.com/b -> GET /shop.example.com/b|"
     "rewrite_rules: regex b$ by c: /shop.example.com/c -> GET /shop.example.com/c|"
     "rewrite_rules: regex c by d?e: /shop.example.d?eom/d?e -> GET /shop.example.d?eom/d?e|"
     "rewrite_rules: host x -> GET /shop.example.d?eom/d?e|"
     "rewrite_rules: method POST -> POST /shop.example.d?eom/d?e|"},
    {"replaced as a whole", "{ replace_prefix: /b, replace_path: /c }", "/api?q",
     "rewrite_rules: replace_prefix /b: /b?q -> GET /b?q|"
     "rewrite_rules: replace_path /c: /c?q -> GET /c?q|"},
    {"what is refused is not told", "{ replace: { a: \"..\" } }", "/a", ""},
};

TEST(RewriteRules, NoteWhatTheyDid) {
  for (const ApplyRow& row : kNoted) {
    RewriteRules rules = rulesOf(row.rules);
    rules.bindTo("/api");
    Request request(row.target, {{"Host", "a.example"}});
    request.head.method_text = "GET";
    Watcher watcher(request);
    PathMapping mapping;
    (void)rules.onRequest(request.head, request.scene(&watcher), mapping);
    EXPECT_EQ(watcher.seen, row.expected) << row.name;
  }
}

TEST(RewriteRules, AGrowingPathHasAnEnd) {
  const std::string long_text(1000, 'b');
  const std::string texts[] = {
      "{ replace: { /a: /" + long_text + " } }",
      "{ regex: { match: a, with: " + long_text + " } }",
      "{ regex: { match: a, with: " + long_text + ", over: uri } }",
      "{ add_prefix: \"{path}{path}{path}{path}{path}\" }",
      "{ replace_path: \"{path}{path}{path}{path}{path}\" }",
  };
  std::string path;
  while (path.size() < 8000) path += "/a";
  for (const std::string& text : texts) {
    Request request(path);
    PathMapping mapping;
    EXPECT_FALSE(rulesOf(text).onRequest(request.head, request.scene(), mapping))
        << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace fairlead::filter
