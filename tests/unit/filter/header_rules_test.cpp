// header_rules: what is removed and set, the Host, and the fields that rules may not touch.
#include "filter/header_rules.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"
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
    {"braces that are no placeholder", "{ add: { X-A: \"{x}\" } }", {}, "X-A: {x}|"},
};

TEST(HeaderRules, Apply) {
  for (const ApplyRow& row : kApplied) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "");
    Request request("/", row.fields);
    EXPECT_TRUE(rules.onRequest(request.head, request.scene()));
    EXPECT_EQ(request.fields(), row.expected);
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
     "request"},
    {"proxy field", "{ append: { Proxy-Whatever: x } }",
     "error: `Proxy-Whatever` cannot be changed by rules: it belongs to one connection, not to the "
     "request"},
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
    {"placeholder", "{ add: { X-A: \"{client_ip}\" } }",
     "error: `{client_ip}`: placeholders are not supported by this version"},
    {"placeholder of a group", "{ add: { X-A: \"a {header.B}\" } }",
     "error: `{header.B}`: placeholders are not supported by this version"},
    {"add as a list", "{ add: [X-A] }", "error: this is not a mapping"},
    {"later key", "{ response: { remove: [Server] } }",
     "error: `response` is not supported by this version"},
};

TEST(HeaderRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    HeaderRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    EXPECT_TRUE(rules.empty()) << row.name;
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

TEST(HeaderRules, InnerReadsOverOuter) {
  Diagnostics out;
  HeaderRules outer;
  outer.read(flow("{ add: { X-A: outer, X-B: outer }, remove: [X-R, Host] }"), out);
  EXPECT_TRUE(outer.removesHost());
  HeaderRules inner = outer;
  inner.read(flow("{ add: { x-a: inner, Host: h }, remove: [X-S, x-r] }"), out);
  EXPECT_FALSE(inner.removesHost());
  Request request("/", {{"Host", "c"}, {"X-R", "1"}, {"X-S", "2"}});
  ASSERT_TRUE(inner.onRequest(request.head, request.scene()));
  EXPECT_EQ(request.fields(), "Host: h|X-B: outer|x-a: inner|");
  EXPECT_EQ(inner.describe().size(), 5u);
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

TEST(HeaderRules, NoteWhatTheyDid) {
  Diagnostics out;
  HeaderRules rules;
  rules.read(flow("{ add: { X-Edge: fairlead }, remove: [X-Debug, X-None, Host] }"), out);
  Request request("/", {{"X-Debug", "1"}});
  Notes notes;
  ASSERT_TRUE(rules.onRequest(request.head, request.scene(&notes)));
  EXPECT_EQ(notes.lines,
            (std::vector<std::string>{"header_rules: remove X-Debug",
                                      "header_rules: remove Host, the server's own address is sent",
                                      "header_rules: add X-Edge: fairlead"}));
}

}  // namespace
}  // namespace fairlead::filter
