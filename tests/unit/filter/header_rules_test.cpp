// header_rules: what is removed and set, the Host, and the fields that rules may not touch.
#include "filter/header_rules.h"

#include <gtest/gtest.h>

#include <memory>

#include "unit/filter/flow.h"
#include "unit/filter/flow_text.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

struct ApplyRow {
  const char* name;
  const char* rules;
  FieldList fields;
  const char* expected;
};

const ApplyRow kApplied[] = {
    {"add", "{ add: { MyCustomHeader: Test } }", {{"Host", "a"}}, "Host: a|MyCustomHeader: Test|"},
    {"add replaces in place",
     "{ add: { X-A: new } }",
     {{"x-a", "old"}, {"B", "1"}, {"X-A", "older"}},
     "X-A: new|B: 1|"},
    {"add a known field",
     "{ add: { User-Agent: me } }",
     {{"user-agent", "curl"}},
     "User-Agent: me|"},
    {"add an empty value", "{ add: { X-A: \"\" } }", {}, "X-A: |"},
    {"remove by list",
     "{ remove: [X-A, x-b] }",
     {{"x-a", "1"}, {"X-B", "2"}, {"X-C", "3"}, {"X-A", "4"}},
     "X-C: 3|"},
    {"remove by mapping", "{ remove: { X-A: whatever } }", {{"X-A", "1"}, {"Y", "2"}}, "Y: 2|"},
    {"remove one", "{ remove: X-A }", {{"X-A", "1"}}, ""},
    {"remove what is not there", "{ remove: [X-A] }", {{"Y", "2"}}, "Y: 2|"},
    {"remove of a family leaves the others",
     "{ remove: [X-Forwarded-Ssl] }",
     {{"X-Forwarded-Ssl", "on"}, {"X-Forwarded-Prefix", "/a"}},
     "X-Forwarded-Prefix: /a|"},
    {"remove comes before add",
     "{ add: { X-A: 1 }, remove: [X-A] }",
     {{"X-A", "0"}, {"Y", "2"}},
     "Y: 2|X-A: 1|"},
    {"Host removed stays for the pipeline", "{ remove: { Host: a } }", {{"Host", "a"}}, "Host: a|"},
    {"Host set", "{ add: { Host: \"b:81\" } }", {{"Host", "a"}, {"Y", "2"}}, "Host: b:81|Y: 2|"},
    {"append", "{ append: { Via: edge } }", {{"Via", "1.1 a"}}, "Via: 1.1 a|Via: edge|"},
    {"set_if_missing, there", "{ set_if_missing: { X-A: 2 } }", {{"x-a", "1"}}, "x-a: 1|"},
    {"set_if_missing, missing", "{ set_if_missing: { X-A: 2 } }", {}, "X-A: 2|"},
    {"value trimmed", "{ add: { X-A: \"  v  \" } }", {}, "X-A: v|"},
    {"braces that are no placeholder", "{ add: { X-A: \"{x: 1}\" } }", {}, "X-A: {x: 1}|"},
    {"brace", "{ add: { X-A: \"{{path}\" } }", {}, "X-A: {path}|"},
    {"remove by glob",
     "{ remove: [\"X-Internal-*\"] }",
     {{"x-internal-a", "1"}, {"X-Internal", "2"}, {"X-INTERNAL-", "3"}, {"Y", "4"}},
     "X-Internal: 2|Y: 4|"},
    {"a glob passes by what no rule may touch",
     "{ remove: [\"*\"] }",
     {{"Host", "a"},
      {"Content-Length", "1"},
      {"Transfer-Encoding", "chunked"},
      {"Connection", "close"},
      {"TE", "trailers"},
      {"Upgrade", "x"},
      {"Keep-Alive", "a"},
      {"Proxy-Authorization", "b"},
      {"Proxy-Any", "b"},
      {"Trailer", "c"},
      {"Expect", "d"},
      {"Accept", "e"},
      {"Cookie", "f=1"}},
     "Host: a|Content-Length: 1|Transfer-Encoding: chunked|Connection: close|TE: "
     "trailers|Upgrade: x|Keep-Alive: a|Proxy-Authorization: b|Proxy-Any: b|Trailer: c|Expect: d|"},
    {"rename every line in place",
     "{ rename: { X-Old: X-New } }",
     {{"x-old", "1"}, {"Y", "2"}, {"X-OLD", "3"}},
     "X-New: 1|Y: 2|X-New: 3|"},
    {"rename of a family leaves the others",
     "{ rename: { X-Forwarded-Ssl: Front-End-Https } }",
     {{"X-Forwarded-Prefix", "/a"}, {"X-Forwarded-Ssl", "on"}},
     "X-Forwarded-Prefix: /a|Front-End-Https: on|"},
    {"rename changes letter case", "{ rename: { x-a: X-A } }", {{"x-a", "1"}}, "X-A: 1|"},
    {"rename to a known name",
     "{ rename: { X-Cookie: Cookie } }",
     {{"X-Cookie", "a=1"}},
     "Cookie: a=1|"},
    {"rename of what is not there", "{ rename: { A: B } }", {{"C", "1"}}, "C: 1|"},
    {"replace every match in every line",
     "{ replace: { X-A: { regex: \"[0-9]+\", with: \"#\" } } }",
     {{"x-a", "1a22"}, {"B", "3"}, {"X-A", "333"}},
     "x-a: #a#|B: 3|X-A: #|"},
    {"replace with captures",
     "{ replace: { X-A: { regex: \"(.)-(.)\", with: \"{capture.2}{capture.0}{capture.1}\" } } }",
     {{"X-A", "a-b, c-d"}},
     "X-A: ba-ba, dc-dc|"},
    {"replace with the request's values",
     "{ replace: { X-A: { regex: \"^\", with: \"{client_ip} \" } } }",
     {{"X-A", "v"}},
     "X-A: 203.0.113.7 v|"},
    {"replace by nothing",
     "{ replace: { X-A: { regex: \"a+\", with: \"\" } } }",
     {{"X-A", "aa"}},
     "X-A: |"},
    {"replace trims",
     "{ replace: { X-A: { regex: a, with: \"\" } } }",
     {{"X-A", "a b a"}},
     "X-A: b|"},
    {"replace without a match",
     "{ replace: { X-A: { regex: z, with: y } } }",
     {{"X-A", "a"}},
     "X-A: a|"},
    {"replace of Host",
     "{ replace: { Host: { regex: \"^www[.]\", with: \"\" } } }",
     {{"Host", "www.a.com:80"}},
     "Host: a.com:80|"},
    {"Host removed is not replaced",
     "{ remove: [Host], replace: { Host: { regex: a, with: b } } }",
     {{"Host", "a"}},
     "Host: a|"},
    {"Host removed and set if missing",
     "{ remove: [Host], set_if_missing: { Host: b } }",
     {{"Host", "a"}},
     "Host: b|"},
    {"placeholders",
     "{ add: { X-Who: \"{client_ip}:{client_port} {header.X-A}\" } }",
     {{"X-A", "1"}, {"X-A", "2"}},
     "X-A: 1|X-A: 2|X-Who: 203.0.113.7:40123 1, 2|"},
    {"placeholders speak of the request before rules",
     "{ remove: [X-A], add: { X-B: \"{header.X-A}{header.X-B}\", X-C: \"{header.X-B}\" } }",
     {{"X-A", "1"}, {"X-B", "2"}},
     "X-B: 12|X-C: 2|"},
    {"an empty result is sent", "{ add: { X-A: \" {header.None} \" } }", {}, "X-A: |"},
    {"results are trimmed", "{ append: { X-A: \"{param.p}\" } }", {}, "X-A: v|"},
    {"Host with placeholders",
     "{ add: { Host: \"{header.X-H}:81\" } }",
     {{"Host", "a"}, {"X-H", "b"}},
     "Host: b:81|X-H: b|"},
    {"rules see what those before them set",
     "{ add: { X-A: 1 }, append: { X-A: 2 }, set_if_missing: { X-A: 3 } }",
     {},
     "X-A: 1|X-A: 2|"},
    {"set_if_missing after append",
     "{ append: { x-a: 2 }, set_if_missing: { X-A: 3, X-B: 3 } }",
     {},
     "x-a: 2|X-B: 3|"},
    {"set_if_missing after remove",
     "{ remove: [X-A, Via], set_if_missing: { X-A: 3, Via: 3 } }",
     {{"X-A", "1"}, {"Via", "1"}},
     "X-A: 3|Via: 3|"},
    {"set_if_missing after rename",
     "{ rename: { X-Old: X-New, X-V: Via }, set_if_missing: { X-New: 3, Via: 3, X-Old: 3 } }",
     {{"X-Old", "1"}, {"X-V", "1"}},
     "X-New: 1|Via: 1|X-Old: 3|"},
    {"rename of what was renamed",
     "{ rename: { X-A: X-B, X-B: Via, Via: X-C } }",
     {{"X-A", "1"}, {"Y", "2"}},
     "X-C: 1|Y: 2|"},
    {"replace of what was renamed",
     "{ rename: { X-A: X-B }, replace: { X-B: { regex: a, with: b } } }",
     {{"X-A", "a"}},
     "X-B: b|"},
    {"add replaces what was renamed",
     "{ rename: { X-A: X-B }, add: { X-B: 2 } }",
     {{"X-A", "1"}, {"X-B", "1"}, {"Y", "3"}},
     "X-B: 2|Y: 3|"},
    {"add of a family leaves the others",
     "{ add: { X-Forwarded-Ssl: on } }",
     {{"X-Forwarded-Prefix", "/a"}},
     "X-Forwarded-Prefix: /a|X-Forwarded-Ssl: on|"},
    {"constants around a placeholder",
     "{ add: { X-A: 1, X-B: \"{client_ip}\", X-C: \"\", Via: edge } }",
     {},
     "X-A: 1|X-B: 203.0.113.7|X-C: |Via: edge|"},
    {"a placeholder replaces in place",
     "{ add: { X-A: \"{method}\" } }",
     {{"x-a", "1"}, {"Y", "2"}, {"X-A", "3"}},
     "X-A: GET|Y: 2|"},
    {"the fixed order",
     "{ set_if_missing: { S: 6, A: 6 }, append: { A: 5 }, add: { A: 4, D: 4 }, replace: { N: { "
     "regex: 1, with: 3 }, D: { regex: 1, with: 3 } }, rename: { R: N, D: N }, remove: [D, A] }",
     {{"D", "1"}, {"R", "1"}, {"A", "1"}},
     "N: 3|A: 4|D: 4|A: 5|S: 6|"},
};

TEST(HeaderRules, Apply) {
  for (const ApplyRow& row : kApplied) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "");
    Request request("/?p=+v+", row.fields);
    EXPECT_TRUE(rules.onRequest(request.head, request.scene()));
    EXPECT_EQ(request.fields(), row.expected);
    Request explained("/?p=+v+", row.fields);
    Notes notes;
    EXPECT_TRUE(rules.onRequest(explained.head, explained.scene(&notes)));
    EXPECT_EQ(explained.fields(), row.expected);
  }
}

const ApplyRow kResponses[] = {
    {"remove",
     "{ remove: [Server, \"X-*\"] }",
     {{"Server", "a"}, {"X-A", "1"}, {"Date", "d"}},
     "Date: d|"},
    {"add", "{ add: { X-Served-By: \"{server}\" } }", {}, "X-Served-By: 10.0.0.1:8080|"},
    {"append",
     "{ append: { Set-Cookie: \"a=1\" } }",
     {{"Set-Cookie", "b=2"}},
     "Set-Cookie: b=2|Set-Cookie: a=1|"},
    {"set_if_missing",
     "{ set_if_missing: { Cache-Control: no-store } }",
     {{"Cache-Control", "public"}},
     "Cache-Control: public|"},
    {"rename", "{ rename: { X-Powered-By: X-P } }", {{"X-Powered-By", "php"}}, "X-P: php|"},
    {"replace",
     "{ replace: { Location: { regex: \"^http:\", with: \"https:\" } } }",
     {{"Location", "http://a/"}},
     "Location: https://a/|"},
    {"Host means nothing",
     "{ remove: [Host], append: { Host: \"a b\" } }",
     {{"Host", "x"}},
     "Host: a b|"},
    {"a glob covers Host", "{ remove: [\"H*\"] }", {{"Host", "x"}}, ""},
    {"a glob passes by framing",
     "{ remove: [\"*\"] }",
     {{"Content-Length", "1"}, {"Proxy-Authenticate", "Basic"}, {"ETag", "x"}},
     "Content-Length: 1|Proxy-Authenticate: Basic|"},
};

TEST(HeaderRules, ApplyToResponses) {
  for (const ApplyRow& row : kResponses) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow("{ response: " + std::string(row.rules) + " }"), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_TRUE(rules.empty());
    EXPECT_TRUE(rules.hasResponse());
    Request head("/", row.fields);
    EXPECT_TRUE(rules.onResponse(head.head.fields, head.scene()));
    EXPECT_EQ(head.fields(), row.expected);
  }
}

struct RefuseRow {
  const char* name;
  const char* rules;
  FieldList fields;
};

const std::string kLong(40'000, 'v');

const RefuseRow kRefused[] = {
    {"rendered Host is none",
     "{ add: { Host: \"{header.X-H}\" } }",
     {{"Host", "a"}, {"X-H", "a b"}}},
    {"rendered Host is empty", "{ add: { Host: \"{header.X-H}\" } }", {{"Host", "a"}}},
    {"replaced Host is none",
     "{ replace: { Host: { regex: \"[.]\", with: \" \" } } }",
     {{"Host", "a.b"}}},
    {"line too long", "{ add: { X-A: \"{header.X-Long}{header.X-Long}\" } }", {{"X-Long", kLong}}},
    {"replaced line too long",
     "{ replace: { X-Long: { regex: v, with: www } } }",
     {{"X-Long", kLong}}},
};

TEST(HeaderRules, RefuseHeadsThatTheyCannotMake) {
  for (const RefuseRow& row : kRefused) {
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    Request request("/", row.fields);
    EXPECT_FALSE(rules.onRequest(request.head, request.scene())) << row.name;
  }
}

TEST(HeaderRules, KnowTheirIds) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { cookie: a=b } }"), out);
  Request request("/");
  ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
  EXPECT_EQ(request.head.fields.valueOf(http::FieldId::Cookie), "a=b");
}

struct FaultRow {
  const char* name;
  const char* rules;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"framing", "{ add: { Content-Length: 1 } }",
     "error: `Content-Length` cannot be changed by rules: fairlead sets it to fit the body"},
    {"framing removed", "{ remove: [transfer-encoding] }",
     "error: `transfer-encoding` cannot be changed by rules: fairlead sets it to fit the body"},
    {"hop-by-hop", "{ add: { Connection: close } }",
     "error: `Connection` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"proxy field", "{ append: { Proxy-Whatever: x } }",
     "error: `Proxy-Whatever` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"name with a blank", "{ add: { \"X A\": 1 } }",
     "error: `X A` is not the name of a header field"},
    {"empty name", "{ remove: [\"\"] }", "error: `` is not the name of a header field"},
    {"name with a colon", "{ remove: [\"a:b\"] }",
     "error: `a:b` is not the name of a header field"},
    {"line break", "{ add: { X-A: \"a\r\nB: c\" } }",
     "error: a header value cannot hold line breaks or control characters"},
    {"bare CR", "{ add: { X-A: \"a\rb\" } }",
     "error: a header value cannot hold line breaks or control characters"},
    {"list as value", "{ add: { X-A: [1] } }", "error: this cannot be a list"},
    {"bad Host", "{ add: { Host: \"a b\" } }", "error: `a b` is not a host"},
    {"empty Host", "{ add: { Host: \"\" } }", "error: `` is not a host"},
    {"two Hosts", "{ append: { Host: b } }",
     "error: a request has one `Host` only | `add` replaces it"},
    {"unknown placeholder", "{ add: { X-A: \"{client_id}\" } }",
     "error: unknown placeholder `{client_id}` | did you mean `{client_ip}`?"},
    {"unknown group", "{ append: { X-A: \"a {headers.B}\" } }",
     "error: unknown placeholder `{headers.B}` | did you mean `{header.B}`?"},
    {"bad placeholder in a response", "{ response: { add: { X-A: \"{capture}\" } } }",
     "error: `{capture}` needs a name"},
    {"framing by glob, syntax", "{ remove: [\"X *\"] }",
     "error: `X *` is not the name of a header field"},
    {"a glob where none may be", "{ rename: { \"Proxy-*\": X } }",
     "error: `Proxy-*` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"rename of framing", "{ rename: { Content-Length: X-Length } }",
     "error: `Content-Length` cannot be changed by rules: fairlead sets it to fit the body"},
    {"rename to framing", "{ rename: { X-Length: Content-Length } }",
     "error: `Content-Length` cannot be changed by rules: fairlead sets it to fit the body"},
    {"replace of hop-by-hop", "{ replace: { Upgrade: { regex: a, with: b } } }",
     "error: `Upgrade` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"set_if_missing of hop-by-hop", "{ set_if_missing: { TE: trailers } }",
     "error: `TE` cannot be changed by rules: it belongs to one connection, not to the message"},
    {"framing in a response", "{ response: { add: { Transfer-Encoding: gzip } } }",
     "error: `Transfer-Encoding` cannot be changed by rules: fairlead sets it to fit the body"},
    {"hop-by-hop in a response", "{ response: { remove: [Connection] } }",
     "error: `Connection` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"rename of Host", "{ rename: { Host: X-Host } }",
     "error: a request has exactly one `Host`: it cannot be renamed, and nothing else to it | "
     "`add: { Host: \"{header.X-Name}\" }` sets it to the value of a field"},
    {"rename to Host", "{ rename: { X-Host: host } }",
     "error: a request has exactly one `Host`: it cannot be renamed, and nothing else to it | "
     "`add: { Host: \"{header.X-Name}\" }` sets it to the value of a field"},
    {"rename as a list", "{ rename: [A, B] }", "error: this is not a mapping"},
    {"rename to a list", "{ rename: { A: [B] } }", "error: this cannot be a list"},
    {"rename to no name", "{ rename: { A: \"b c\" } }",
     "error: `b c` is not the name of a header field"},
    {"replace without with", "{ replace: { X-A: { regex: a } } }",
     "error: `replace` needs both `regex` and `with`"},
    {"replace by a text", "{ replace: { X-A: b } }",
     "error: `replace` of a header field cannot be a single value"},
    {"replace with an unknown key", "{ replace: { X-A: { regexp: a, with: b } } }",
     "error: unknown key `regexp` in `replace` of a header field | did you mean `regex`?"},
    {"bad regex", "{ replace: { X-A: { regex: \"(\", with: b } } }",
     "error: `(` is not a regular expression: missing ): ("},
    {"capture that the regex has not",
     "{ replace: { X-A: { regex: \"(a)\", with: "
     "\"{capture.2}\" } } }",
     "error: `{capture.2}`: the regex has one group only"},
    {"line break in with", "{ replace: { X-A: { regex: a, with: \"b\nc\" } } }",
     "error: a header value cannot hold line breaks or control characters"},
    {"response in a response", "{ response: { response: {} } }",
     "error: unknown key `response` in `response` of header_rules"},
    {"slip in a key", "{ respone: {} }",
     "error: unknown key `respone` in header_rules | did you mean `response`?"},
    {"response as a list", "{ response: [Server] }",
     "error: `response` of header_rules cannot be a list"},
    {"add as a list", "{ add: [X-A] }", "error: this is not a mapping"},
};

TEST(HeaderRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    EXPECT_TRUE(rules.empty() && !rules.hasResponse()) << row.name;
  }
}

TEST(HeaderRules, RefuseNulByte) {
  Value rules_value = flow("{ add: { X-A: v } }");
  rules_value.entries[0].value.entries[0].value.text.push_back('\0');
  Diagnostics out;
  HeaderRules rules;
  rules.read(rules_value, out);
  EXPECT_TRUE(out.hasErrors());
}

struct MergeRow {
  const char* name;
  const char* outer;
  const char* inner;
  bool removes_host;
  const char* shown;  // sorted as they are applied
};

const MergeRow kMerged[] = {
    {"inner add replaces outer add, whatever its letters", "{ add: { X-A: outer, X-B: outer } }",
     "{ add: { x-a: inner } }", false, "{add: {X-B: outer, x-a: inner}}"},
    {"remove adds up", "{ remove: [X-R, \"Y-*\"] }", "{ remove: [X-S, x-r] }", false,
     "{remove: [Y-*, X-S, x-r]}"},
    {"kinds stand side by side", "{ add: { A: 1 } }", "{ append: { A: 2 }, remove: [A] }", false,
     "{remove: [A], add: {A: 1}, append: {A: 2}}"},
    {"rename of the same name", "{ rename: { A: B } }", "{ rename: { a: C } }", false,
     "{rename: {a: C}}"},
    {"replace of the same name", "{ replace: { A: { regex: x, with: y } } }",
     "{ replace: { A: { regex: z, with: \"{capture.0}\" } } }", false,
     "{replace: {A: {regex: z, with: {capture.0}}}}"},
    {"requests and responses are apart", "{ add: { A: 1 }, response: { add: { A: 2, B: 3 } } }",
     "{ response: { add: { A: 4 } } }", false, "{add: {A: 1}, response: {add: {B: 3, A: 4}}}"},
    {"Host removed", "{ remove: [Host] }", "{}", true, "{remove: [Host]}"},
    {"inner Host wins over its removal", "{ remove: [Host] }", "{ add: { Host: h } }", false,
     "{remove: [Host], add: {Host: h}}"},
    {"an outer Host is what removal means", "{ add: { Host: h } }", "{ remove: [Host] }", false,
     "{remove: [Host], add: {Host: h}}"},
};

TEST(HeaderRules, InnerReadsOverOuter) {
  for (const MergeRow& row : kMerged) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.outer), out);
    rules.read(flow(row.inner), out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(rules.removesHost(), row.removes_host);
    EXPECT_EQ(flowText(rules.show()), row.shown);
  }
}

TEST(HeaderRules, WhatIsShownReadsBack) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(
      flow("{ add: { A: \"{{x} {path}\", B: \" b \" }, append: { C: \"{x: 1}\" }, remove: [D, "
           "\"E-*\", Host], rename: { F: G }, replace: { H: { regex: \"(a)\", with: "
           "\"{capture.1}\" } }, set_if_missing: { I: 1 }, response: { remove: [J], add: { "
           "K: \"{time}\" } } }"),
      out);
  ASSERT_EQ(firstFinding(out), "");
  HeaderRules again;
  again.read(rules.show(), out);
  EXPECT_EQ(firstFinding(out), "");
  EXPECT_EQ(flowText(again.show()), flowText(rules.show()));
  EXPECT_TRUE(again.removesHost());
}

TEST(HeaderRules, WhatIsShownSaysWhereItStood) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { A: 1 }, remove: [B], rename: { C: D }, replace: { E: { regex: f, with: "
                  "g } }, response: { append: { H: 1 } } }"),
             out);
  EXPECT_TRUE(everyLeafHasMark(rules.show()));
}

TEST(HeaderRules, KnowWhatTheyNeed) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { A: \"{capture.2}\" }, replace: { B: { regex: \"(x)\", with: "
                  "\"{capture.1}\" } }, response: { add: { C: \"{server} {capture.4}\" } } }"),
             out);
  EXPECT_TRUE(rules.needs().captures);
  EXPECT_FALSE(rules.needs().server);
  EXPECT_TRUE(rules.responseNeeds().server);
  EXPECT_EQ(rules.highestCapture(), 4);
  EXPECT_FALSE(HeaderRules().needs().request);
  EXPECT_EQ(HeaderRules().highestCapture(), -1);
}

TEST(HeaderRules, ConstantsAreSentAsTheyStandInTheRules) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { X-A: 1 } }"), out);
  Request first("/");
  Request second("/");
  ASSERT_TRUE(rules.onRequest(first.head, first.scene()));
  ASSERT_TRUE(rules.onRequest(second.head, second.scene()));
  EXPECT_EQ(first.head.fields[0].line().data(), second.head.fields[0].line().data());
}

TEST(HeaderRules, ConstantsLieTogether) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { X-A: 1, Via: 2 }, append: { X-A: 3 } }"), out);
  Request request("/");
  ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
  const http::Fields& fields = request.head.fields;
  ASSERT_EQ(fields.size(), 3u);
  for (size_t i = 1; i < fields.size(); ++i)
    EXPECT_EQ(fields[i].line().data(), fields[i - 1].line().data() + fields[i - 1].line().size());
}

TEST(HeaderRules, CopiesNeedNoOriginal) {
  Diagnostics out;
  auto outer = std::make_unique<HeaderRules>();
  outer->read(flow("{ add: { X-A: outer, X-B: outer } }"), out);
  const HeaderRules same = *outer;
  HeaderRules inner = *outer;
  inner.read(flow("{ add: { X-B: inner, X-C: inner } }"), out);
  outer.reset();
  Request first("/");
  Request second("/");
  ASSERT_TRUE(same.onRequest(first.head, first.scene()));
  ASSERT_TRUE(inner.onRequest(second.head, second.scene()));
  EXPECT_EQ(first.fields(), "X-A: outer|X-B: outer|");
  EXPECT_EQ(second.fields(), "X-A: outer|X-B: inner|X-C: inner|");
}

// Whether names share a bit or not: a rule means its own name only.
TEST(HeaderRules, MeanTheirOwnNameAmongMany) {
  const auto nameOf = [](int i) { return "X-" + std::to_string(i); };
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(nameOf(i));
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow("{ remove: [" + nameOf(i) + "], set_if_missing: { " + nameOf(i + 1) +
                    ": new }, add: { " + nameOf(i + 500) + ": new } }"),
               out);
    FieldList fields;
    std::string expected;
    for (int other = 0; other <= 150; ++other) {
      fields.emplace_back(nameOf(other), "1");
      if (other != i) expected += nameOf(other) + ": 1|";
    }
    Request request("/", fields);
    ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
    EXPECT_EQ(request.fields(), expected + nameOf(i + 500) + ": new|");
  }
}

TEST(HeaderRules, FullHeadIsAFailure) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { X-New: 1 } }"), out);
  Request request("/");
  while (request.head.fields.add(http::Field::make(request.arena, "A", "1"))) {
  }
  EXPECT_FALSE(rules.onRequest(request.head, request.scene()));
}

struct NoteRow {
  const char* name;
  const char* rules;
  std::vector<std::string> notes;
};

const FieldList kNoted = {{"X-Debug", "1"}, {"X-A", "a"}, {"X-A", "b"}, {"Host", "h"}};

const NoteRow kNotes[] = {
    {"remove", "{ remove: [X-Debug, X-None] }", {"header_rules: remove X-Debug"}},
    {"remove by glob", "{ remove: [\"X-*\", \"Y-*\"] }", {"header_rules: remove X-*"}},
    {"remove Host",
     "{ remove: [Host] }",
     {"header_rules: remove Host, the server's own address is sent"}},
    {"rename", "{ rename: { X-A: X-B, X-None: Y } }", {"header_rules: rename X-A to X-B"}},
    {"replace",
     "{ replace: { X-A: { regex: a, with: c }, X-Debug: { regex: \"(.)\", with: \"{capture.1}\" "
     "} } }",
     {"header_rules: replace X-A"}},
    {"add", "{ add: { X-Edge: fairlead } }", {"header_rules: add X-Edge: fairlead"}},
    {"add of a value", "{ add: { X-A: \"{client_ip}\" } }", {"header_rules: add X-A: 203.0.113.7"}},
    {"add of what is there", "{ add: { X-Debug: 1 } }", {}},
    {"append", "{ append: { X-A: c } }", {"header_rules: append X-A: c"}},
    {"set_if_missing",
     "{ set_if_missing: { X-A: c, X-C: d } }",
     {"header_rules: set_if_missing X-C: d"}},
    {"in their order",
     "{ add: { X-E: 1 }, remove: [X-A] }",
     {"header_rules: remove X-A", "header_rules: add X-E: 1"}},
};

// Looks at the head whenever a rule is noted.
class ChangeWatcher final : public Trace {
 public:
  explicit ChangeWatcher(const Request& request) : request_(request), last_(request.fields()) {}
  void note(std::string line, Mark) override {
    lines.push_back(std::move(line));
    const std::string now = request_.fields();
    has_seen_each_change = has_seen_each_change && now != last_;
    last_ = now;
  }
  std::vector<std::string> lines;
  bool has_seen_each_change = true;

 private:
  const Request& request_;
  std::string last_;
};

TEST(HeaderRules, NoteWhatTheyDid) {
  for (const NoteRow& row : kNotes) {
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    Request request("/", kNoted);
    ChangeWatcher notes(request);
    ASSERT_TRUE(rules.onRequest(request.head, request.scene(&notes)));
    EXPECT_EQ(notes.lines, row.notes) << row.name;
    EXPECT_EQ(notes.has_seen_each_change, !rules.removesHost()) << row.name;
  }
}

TEST(HeaderRules, NoteWhatTheyDidToResponses) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ response: { remove: [Server] } }"), out);
  Request response("/", {{"Server", "a"}});
  Notes notes;
  ASSERT_TRUE(rules.onResponse(response.head.fields, response.scene(&notes)));
  EXPECT_EQ(notes.lines, std::vector<std::string>{"header_rules.response: remove Server"});
}

}  // namespace
}  // namespace fairlead::filter
