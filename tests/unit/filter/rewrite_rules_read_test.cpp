// rewrite_rules: what is an error, how levels merge, and that what is shown reads back.
#include <gtest/gtest.h>

#include "filter/rewrite_rules.h"
#include "unit/filter/flow.h"
#include "unit/filter/flow_text.h"

namespace fairlead::filter {
namespace {

RewriteRules rulesOf(std::string_view text) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow(text), out);
  EXPECT_FALSE(out.hasErrors()) << text << ": " << firstFinding(out);
  return rules;
}

struct FaultRow {
  const char* name;
  const char* rules;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"whole segments need no warning", "{ replace: { /v1/: /v2/ } }", ""},
    {"within a segment", "{ replace: { v1: v2 } }",
     "warning: `v1` is replaced wherever it occurs in the path, also within a segment"},
    {"slash at one end only", "{ replace: { /v1: /v2 } }",
     "warning: `/v1` is replaced wherever it occurs in the path, also within a segment"},
    {"nothing left for replace_prefix", "{ strip_prefix: true, replace_prefix: /v2 }",
     "warning: `strip_prefix: true` goes first and leaves nothing for `replace_prefix`"},
    {"empty text", "{ replace: { \"\": a } }", "error: there is no text to replace"},
    {"query", "{ replace: { /a/: \"/b?c\" } }", "error: a path ends before `?` and `#`"},
    {"bad escape", "{ replace: { /a/: \"/%g\" } }",
     "error: `%` is not followed by two hexadecimal digits"},
    {"bad escape before a placeholder", "{ replace: { /a/: \"/%4{host}\" } }",
     "error: `%` is not followed by two hexadecimal digits"},
    {"control", "{ replace: { /a/: \"/%00\" } }", "error: a path cannot hold control characters"},
    {"no mapping", "{ replace: [a, b] }", "error: this is not a mapping"},
    {"placeholder in what is replaced", "{ replace: { \"/{host}/\": /a/ } }",
     "error: the text that is replaced cannot hold placeholders"},
    {"unknown placeholder", "{ replace: { /a/: \"/{hots}/\" } }",
     "error: unknown placeholder `{hots}` | did you mean `{host}`?"},

    {"prefix without slash", "{ strip_prefix: api }",
     "error: a path begins with `/` | did you mean `/api`?"},
    {"replace_prefix without slash", "{ replace_prefix: \"v2/{host}\" }",
     "error: a path begins with `/` | did you mean `/v2/{host}`?"},
    {"a brace that is no placeholder", "{ add_prefix: \"{{host}\" }",
     "error: a path begins with `/` | did you mean `/{{host}`?"},
    {"add_prefix with a query", "{ add_prefix: \"/a?b\" }",
     "error: a path ends before `?` and `#`"},
    {"add_prefix with a fragment", "{ add_prefix: \"/a#b\" }",
     "error: a path ends before `?` and `#`"},
    {"replace_path with a query", "{ replace_path: \"{path}?a=b\" }",
     "error: a path ends before `?` and `#`"},
    {"replace_path that climbs", "{ replace_path: /a/../b }",
     "error: the path of a rule has no `.` and `..` segments"},
    {"dots in escapes", "{ add_prefix: \"/a/%2e%2e\" }",
     "error: the path of a rule has no `.` and `..` segments"},
    {"dots beside placeholders", "{ add_prefix: \"/{host}/..\" }",
     "error: the path of a rule has no `.` and `..` segments"},
    {"dots and a semicolon", "{ add_prefix: \"/..;\" }",
     "error: A dot segment of the path is followed by a semicolon"},
    {"dots and a semicolon in a whole path", "{ replace_path: \"/a/.;b\" }",
     "error: A dot segment of the path is followed by a semicolon"},
    {"a prefix that is a list", "{ strip_prefix: [/a] }", "error: this cannot be a list"},
    {"replace_prefix: true", "{ replace_prefix: true }",
     "error: a path begins with `/` | did you mean `/true`?"},
    {"unknown placeholder in a path", "{ replace_path: \"/{parth}\" }",
     "error: unknown placeholder `{parth}` | did you mean `{path}`?"},

    {"bad regex", "{ regex: { match: \"a(\", with: b } }",
     "error: `a(` is not a regular expression: missing ): a("},
    {"look-ahead", "{ regex: { match: \"a(?=b)\", with: b } }",
     "error: `a(?=b)` is not a regular expression: invalid perl operator: (?="},
    {"regex without with", "{ regex: { match: a } }",
     "error: `regex` needs both `match` and `with`"},
    {"regex without match", "{ regex: [{ with: a }] }",
     "error: `regex` needs both `match` and `with`"},
    {"regex that is a text", "{ regex: a }",
     "error: `regex` of rewrite_rules cannot be a single value"},
    {"the key of param_rules", "{ regex: { regex: a, with: b } }",
     "error: unknown key `regex` in `regex` of rewrite_rules"},
    {"over what", "{ regex: { match: a, with: b, over: url } }",
     "error: `url` is not known here | did you mean `uri`?"},
    {"a query over the path", "{ regex: { match: a, with: \"b?c\" } }",
     "error: a path ends before `?` and `#`"},
    {"a fragment over the uri", "{ regex: { match: a, with: \"b#c\", over: uri } }",
     "error: a request has no fragment: `#` ends its URI"},
    {"group that is not there", "{ regex: { match: a, with: \"{capture.1}\" } }",
     "error: `{capture.1}`: the regex has no group"},

    {"host that is none", "{ host: \"a b\" }", "error: `a b` is not a host"},
    {"host with a path", "{ host: \"a.example/b\" }", "error: `a.example/b` is not a host"},
    {"host that is empty", "{ host: \"\" }", "error: `` is not a host"},
    {"method that is none", "{ method: \"PO ST\" }", "error: `PO ST` is not a method"},
    {"method in small letters", "{ method: post }",
     "error: `post` is not a method: letter case counts | did you mean `POST`?"},
    {"HEAD", "{ method: HEAD }",
     "error: a request cannot be made a HEAD request: its answer would not be one to what the "
     "client asked"},
    {"CONNECT", "{ method: CONNECT }",
     "error: a request cannot be made a CONNECT request: its answer would not be one to what the "
     "client asked"},
    {"unknown placeholder in host", "{ host: \"{hots}\" }",
     "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
    {"rewrite_location", "{ rewrite_location: yes }",
     "error: `yes` is not a boolean | did you mean `true`?"},
    {"unknown key", "{ strip_prefx: /a }",
     "error: unknown key `strip_prefx` in rewrite_rules | did you mean `strip_prefix`?"},
};

TEST(RewriteRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    RewriteRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    if (out.hasErrors()) EXPECT_TRUE(rules.empty()) << row.name;
  }
}

TEST(RewriteRules, WarnOnce) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow("{ replace: { a: b, c: d } }"), out);
  EXPECT_EQ(out.all().size(), 1u);
}

struct MergeRow {
  const char* name;
  const char* outer;
  const char* inner;
  const char* expected;
};

const MergeRow kMerged[] = {
    {"texts of the same name", "{ replace: { /a/: /x/, /b/: /y/ } }", "{ replace: { /a/: /z/ } }",
     "{replace: {/b/: /y/, /a/: /z/}}"},
    {"texts in another spelling", "{ replace: { \"/a b/\": /x/ } }",
     "{ replace: { /a%20b/: /z/ } }", "{replace: {/a%20b/: /z/}}"},
    {"single values", "{ strip_prefix: true, add_prefix: /a, replace_path: /b }",
     "{ strip_prefix: /c, add_prefix: /d, replace_path: \"{path}x\" }",
     "{strip_prefix: /c, add_prefix: /d, replace_path: {path}x}"},
    {"switched off",
     "{ strip_prefix: true, add_prefix: /a, method: POST, regex: { match: a, with: b } }",
     "{ strip_prefix: off, add_prefix: off, method: off, regex: off }", "{}"},
    {"lists of regexes are replaced", "{ regex: [{ match: a, with: b }, { match: c, with: d }] }",
     "{ regex: { match: e, with: \"{host}?\", over: uri } }",
     "{regex: [{match: e, with: {host}?, over: uri}]}"},
    {"host and method", "{ host: a, method: POST }", "{ host: \"{header.Host}\" }",
     "{host: {header.Host}, method: POST}"},
    {"words that are texts", "{ host: \"off\", method: \"true\" }", "{}",
     "{host: \"off\", method: \"true\"}"},
    {"rewrite_location", "{ rewrite_location: false }", "{ replace_prefix: / }",
     "{replace_prefix: /, rewrite_location: false}"},
    {"rewrite_location back", "{ rewrite_location: false }", "{ rewrite_location: true }",
     "{rewrite_location: true}"},
    {"as written", "{ add_prefix: \"/a b/{{x}/{client_ip}\" }", "{}",
     "{add_prefix: /a b/{{x}/{client_ip}}"},
    {"the route's path", "{ strip_prefix: true }", "{}", "{strip_prefix: true}"},
};

TEST(RewriteRules, ReadOverAndShow) {
  for (const MergeRow& row : kMerged) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    RewriteRules rules;
    rules.read(flow(row.outer), out);
    rules.read(flow(row.inner), out);
    EXPECT_EQ(firstFinding(out), "");
    const Value shown = rules.show();
    EXPECT_EQ(flowText(shown), row.expected);
    EXPECT_TRUE(everyLeafHasMark(shown));
    RewriteRules again;
    again.read(shown, out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(flowText(again.show()), row.expected);
  }
}

TEST(RewriteRules, KnowWhatTheyNeed) {
  RewriteRules rules = rulesOf("{ add_prefix: /a, regex: { match: (a), with: \"{capture.1}\" } }");
  EXPECT_FALSE(rules.empty());
  EXPECT_TRUE(rules.rewritesLocation());
  EXPECT_FALSE(rules.needs().request);
  EXPECT_EQ(rules.highestCapture(), -1);
  rules = rulesOf("{ replace_path: \"/{capture.2}\", method: \"{capture.4}\" }");
  EXPECT_TRUE(rules.needs().captures);
  EXPECT_FALSE(rules.needs().server);
  EXPECT_EQ(rules.highestCapture(), 4);
  for (const char* text : {"{ host: \"{server}\" }", "{ replace: { /a/: \"/{server}/\" } }",
                           "{ strip_prefix: \"/{server}\" }"})
    EXPECT_TRUE(rulesOf(text).needs().server) << text;
  rules = rulesOf("{ rewrite_location: false }");
  EXPECT_TRUE(rules.empty());
  EXPECT_FALSE(rules.rewritesLocation());
}

}  // namespace
}  // namespace fairlead::filter
