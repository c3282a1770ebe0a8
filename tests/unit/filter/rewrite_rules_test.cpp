// rewrite_rules: what `replace` does to paths, what it refuses, and that paths stay canonical.
#include "filter/rewrite_rules.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

struct ApplyRow {
  const char* name;
  const char* rules;
  const char* target;
  const char* expected;  // nullptr: refused
};

const ApplyRow kApplied[] = {
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
    {"dot segment put together", "{ replace: { v1: \"\" } }", "/a/.v1./secret", nullptr},
    {"dot segment alone", "{ replace: { v1: \"\" } }", "/a/v1./b", nullptr},
    {"dot segment before a semicolon", "{ replace: { v1: \"\" } }", "/a/.v1.;/b", nullptr},
};

TEST(RewriteRules, Apply) {
  for (const ApplyRow& row : kApplied) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    RewriteRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_FALSE(out.hasErrors()) << firstFinding(out);
    Request request(row.target);
    ASSERT_EQ(rules.onRequest(request.head, request.scene()), row.expected != nullptr);
    if (row.expected) EXPECT_EQ(request.target(), row.expected);
  }
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
    {"empty text", "{ replace: { \"\": a } }", "error: there is no text to replace"},
    {"query", "{ replace: { /a/: \"/b?c\" } }", "error: a path ends before `?` and `#`"},
    {"bad escape", "{ replace: { /a/: \"/%g\" } }",
     "error: `%` is not followed by two hexadecimal digits"},
    {"control", "{ replace: { /a/: \"/%00\" } }", "error: a path cannot hold control characters"},
    {"no mapping", "{ replace: [a, b] }", "error: this is not a mapping"},
    {"placeholder", "{ replace: { /a/: \"/{query}/\" } }",
     "error: `{query}`: placeholders are not supported by this version"},
    {"later key", "{ replace_prefix: /v2 }",
     "error: `replace_prefix` is not supported by this version"},
};

TEST(RewriteRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    RewriteRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(RewriteRules, WarnOnce) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow("{ replace: { a: b, c: d } }"), out);
  EXPECT_EQ(out.all().size(), 1u);
}

TEST(RewriteRules, InnerReadsOverOuter) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow("{ replace: { a: outer, b: outer } }"), out);
  rules.read(flow("{ replace: { a: inner } }"), out);
  Request request("/a/b");
  ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
  EXPECT_EQ(request.target(), "/inner/outer");
  EXPECT_EQ(rules.describe().size(), 2u);
}

TEST(RewriteRules, AGrowingPathHasAnEnd) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow("{ replace: { a: " + std::string(1000, 'b') + " } }"), out);
  Request request("/" + std::string(8000, 'a'));
  EXPECT_FALSE(rules.onRequest(request.head, request.scene()));
}

TEST(RewriteRules, NoteWhatTheyDid) {
  Diagnostics out;
  RewriteRules rules;
  rules.read(flow("{ replace: { v1: v2, x: y } }"), out);
  Request request("/v1");
  Notes notes;
  ASSERT_TRUE(rules.onRequest(request.head, request.scene(&notes)));
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"rewrite_rules: replace v1 by v2: /v2"}));
}

// Whatever the rules and the path: refused, or canonical.
TEST(RewriteRules, ARewrittenPathIsCanonical) {
  static constexpr std::string_view kParts[] = {"a", "/", ".", "..", "%2F", "%20", "2",  "0",
                                                "F", "%", "b", "//", "%41", ";",   "%e4"};
  Random random(12);
  const auto randomText = [&](uint64_t longest) {
    std::string text;
    for (uint64_t n = 1 + random.below(longest); n > 0; --n)
      text += kParts[random.below(std::size(kParts))];
    return text;
  };
  int rewritten = 0;
  for (int i = 0; i < 50000; ++i) {
    Diagnostics out;
    RewriteRules rules;
    rules.read(flow("{ replace: { \"" + randomText(2) + "\": \"" + randomText(3) + "\" } }"), out);
    const std::string target = "/" + randomText(8);
    Arena arena;
    if (out.hasErrors() || !http::parseTarget(target, false, false, arena)) continue;
    Request request(target);
    const std::string before(request.head.target.path);
    if (!rules.onRequest(request.head, request.scene())) continue;
    const std::string after(request.head.target.path);
    rewritten += before != after;
    const auto canonical = http::canonicalPath(after, arena);
    ASSERT_TRUE(canonical) << target << " " << after;
    ASSERT_EQ(*canonical, after) << target;
  }
  EXPECT_GT(rewritten, 1000);
}

}  // namespace
}  // namespace fairlead::filter
