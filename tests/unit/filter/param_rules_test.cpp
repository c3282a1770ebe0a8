// param_rules: what each kind of rule does, and that everything else keeps its bytes and its order.
#include "filter/param_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "unit/filter/flow.h"
#include "unit/filter/flow_text.h"
#include "unit/filter/request.h"
#include "unit/filter/watcher.h"

namespace fairlead::filter {
namespace {

struct ApplyRow {
  const char* name;
  const char* rules;
  const char* target;
  const char* expected;
};

const ApplyRow kApplied[] = {
    {"add to none", "{ add: { MyCustomParam: Test } }", "/", "/?MyCustomParam=Test"},
    {"add to an empty query", "{ add: { a: 1 } }", "/?", "/?a=1"},
    {"add at the end", "{ add: { a: 1 } }", "/?b=2", "/?b=2&a=1"},
    {"add in place", "{ add: { a: 1 } }", "/?a=0&b=2", "/?a=1&b=2"},
    {"add once", "{ add: { a: 1 } }", "/?x&a=0&b=2&a=3&a", "/?x&a=1&b=2"},
    {"add several", "{ add: { a: 1, b: 2 } }", "/?b=0", "/?b=2&a=1"},
    {"add encodes", "{ add: { \"a b\": \"c&d=e/ü\" } }", "/", "/?a%20b=c%26d%3De%2F%C3%BC"},
    {"add finds the encoded name", "{ add: { \"a b\": 1 } }", "/?a+b=0&a%20b=2", "/?a%20b=1"},
    {"add an empty value", "{ add: { a: \"\" } }", "/?a=1", "/?a="},
    {"add after an empty part", "{ add: { a: 1 } }", "/?&", "/?&&a=1"},
    {"a name is no glob in add", "{ add: { \"a*\": 1 } }", "/?ab=0", "/?ab=0&a%2A=1"},

    {"append to none", "{ append: { a: 1 } }", "/", "/?a=1"},
    {"append beside", "{ append: { a: 1 } }", "/?a=0&b", "/?a=0&b&a=1"},
    {"set_if_missing, missing", "{ set_if_missing: { a: 1 } }", "/?b", "/?b&a=1"},
    {"set_if_missing, there", "{ set_if_missing: { a: 1 } }", "/?%61=0", "/?%61=0"},
    {"set_if_missing, without value", "{ set_if_missing: { a: 1 } }", "/?a", "/?a"},
    {"set_if_missing after remove", "{ remove: a, set_if_missing: { a: 1 } }", "/?a=0", "/?a=1"},

    {"remove by list", "{ remove: [a, c] }", "/?a=1&b=2&c=3", "/?b=2"},
    {"remove by mapping", "{ remove: { RemoveMe: Remove } }", "/?x=1&RemoveMe=other", "/?x=1"},
    {"remove one", "{ remove: a }", "/?b&a=1", "/?b"},
    {"remove repeated", "{ remove: [a] }", "/?a=1&b=2&a=3&a", "/?b=2"},
    {"remove without value", "{ remove: [a] }", "/?a&b", "/?b"},
    {"remove the last loses the ?", "{ remove: [a] }", "/p?a=1", "/p"},
    {"remove by encoded name", "{ remove: [ab] }", "/?%61%62=1&c", "/?c"},
    {"remove with a plus", "{ remove: [\"a b\"] }", "/?a+b=1&a%2Bb=2", "/?a%2Bb=2"},
    {"remove by glob", "{ remove: [utm_*] }", "/?utm_source=a&q=1&utm_%6dedium&utm=2",
     "/?q=1&utm=2"},
    {"glob in the middle", "{ remove: [\"a*z\"] }", "/?az=1&a+z&abc&abz", "/?abc"},
    {"glob over everything", "{ remove: [\"*\"] }", "/?a=1&&=2", "/"},
    {"names are whole", "{ remove: [a] }", "/?ab=1&ba=1&=a", "/?ab=1&ba=1&=a"},
    {"letter case counts", "{ remove: [a] }", "/?A=1", "/?A=1"},
    {"bad escape is itself", "{ remove: [\"a%\", \"b%zz\"] }", "/?a%=1&b%zz=2&c%4=3", "/?c%4=3"},
    {"empty parts survive", "{ remove: [a] }", "/?&a=1&&b&", "/?&&b&"},
    {"lone ? survives", "{ remove: [a] }", "/?", "/?"},
    {"no query stays none", "{ remove: [a] }", "/", "/"},
    {"untouched bytes", "{ remove: [a] }", "/?%7e=%aF+&b=%20;c=1&d=?/",
     "/?%7e=%aF+&b=%20;c=1&d=?/"},

    {"rename keeps place and value bytes", "{ rename: { q: query } }", "/?a&q=%7e+x&b",
     "/?a&query=%7e+x&b"},
    {"rename encodes", "{ rename: { q: \"a b\" } }", "/?q=1", "/?a%20b=1"},
    {"rename without value", "{ rename: { q: query } }", "/?q&q=", "/?query&query="},
    {"rename every one", "{ rename: { q: query } }", "/?q=1&%71=2", "/?query=1&query=2"},
    {"rename beside the new name", "{ rename: { q: a } }", "/?a=1&q=2", "/?a=1&a=2"},
    {"names are exchanged", "{ rename: { a: b, b: a } }", "/?a=1&b=2", "/?b=1&a=2"},
    {"rename what is not there", "{ rename: { q: query } }", "/?Q=1", "/?Q=1"},

    {"replace", "{ replace: { id: { regex: ^0+, with: \"\" } } }", "/?id=007&x=007",
     "/?id=7&x=007"},
    {"replace every match", "{ replace: { a: { regex: \"[0-9]\", with: n } } }", "/?a=1x2",
     "/?a=nxn"},
    {"replace in every one", "{ replace: { a: { regex: x, with: y } } }", "/?a=x&b=x&%61=x",
     "/?a=y&b=x&%61=y"},
    {"replace sees the decoded value", "{ replace: { a: { regex: \"^b c$\", with: \"d e\" } } }",
     "/?a=b+c&a=b%20%63", "/?a=d%20e&a=d%20e"},
    {"replace encodes what is left", "{ replace: { a: { regex: x, with: y } } }", "/?a=%26x+%2f",
     "/?a=%26y%20%2F"},
    {"replace without a match keeps bytes", "{ replace: { a: { regex: x, with: y } } }",
     "/?a=%7e+%2f", "/?a=%7e+%2f"},
    {"replace by the same keeps bytes", "{ replace: { a: { regex: x, with: x } } }", "/?a=%78+%2f",
     "/?a=%78+%2f"},
    {"replace with a group",
     "{ replace: { a: { regex: \"(\\w)-(\\w)\", with: \"{capture.2}{capture.1}\" } } }",
     "/?a=1-2,3-4", "/?a=21%2C43"},
    {"replace with the whole match",
     "{ replace: { a: { regex: \"b+\", with: \"<{capture.0}>\" } } }", "/?a=abba",
     "/?a=a%3Cbb%3Ea"},
    {"a group of nothing", "{ replace: { a: { regex: \"x(y)?\", with: \"[{capture.1}]\" } } }",
     "/?a=x", "/?a=%5B%5D"},
    {"replace a missing value", "{ replace: { a: { regex: ^$, with: on } } }",
     "/?a&b&a=", "/?a=on&b&a=on"},
    {"nothing by nothing stays without value", "{ replace: { a: { regex: ^$, with: \"\" } } }",
     "/?a&b", "/?a&b"},
    {"empty matches", "{ replace: { a: { regex: \"x*\", with: - } } }", "/?a=axxb", "/?a=-a-b-"},
    {"empty matches between characters", "{ replace: { a: { regex: \"\", with: - } } }",
     "/?a=%C3%BCb", "/?a=-%C3%BC-b-"},

    {"remove comes before add", "{ remove: [a], add: { a: 1 } }", "/?a=0&b=2", "/?b=2&a=1"},
    {"the whole order",
     "{ set_if_missing: { e: 6 }, append: { d: 5 }, add: { c: 4 }, "
     "replace: { c: { regex: 1, with: x } }, rename: { b: c }, remove: [a, c] }",
     "/?a=1&b=1&c=1", "/?c=4&d=5&e=6"},
    {"replace sees the new name", "{ replace: { c: { regex: 1, with: x } }, rename: { b: c } }",
     "/?b=1", "/?c=x"},
    {"append after set is there for set_if_missing",
     "{ append: { a: 1 }, set_if_missing: { a: 2 } }", "/", "/?a=1"},
    {"nothing to do", "{}", "/?a=1", "/?a=1"},
    {"the asterisk has no query", "{ add: { a: 1 } }", "*", "*"},

    {"placeholder", "{ add: { ip: \"{client_ip}\" } }", "/", "/?ip=203.0.113.7"},
    {"placeholder is encoded", "{ add: { from: \"{uri} ü\" } }", "/a%20b?c=d",
     "/a%20b?c=d&from=%2Fa%2520b%3Fc%3Dd%20%C3%BC"},
    {"of the request before rewriting", "{ remove: [a], add: { b: \"{param.a}\" } }", "/?a=1+2",
     "/?b=1%202"},
    {"placeholders of several rules", "{ append: { a: \"{host}\", b: \"{query}\" } }", "/?x",
     "/?x&a=shop.example.com&b=x"},
    {"a line break stays encoded", "{ add: { a: \"{param.x}\" } }", "/?x=%0d%0aY:+1",
     "/?x=%0d%0aY:+1&a=%0D%0AY%3A%201"},
    {"placeholder in with", "{ replace: { a: { regex: x, with: \"{host}\" } } }", "/?a=x",
     "/?a=shop.example.com"},
    {"brace", "{ add: { a: \"{{host}\" } }", "/", "/?a=%7Bhost%7D"},
};

TEST(ParamRules, Apply) {
  for (const ApplyRow& row : kApplied) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "");
    Request request(row.target);
    EXPECT_TRUE(rules.onRequest(request.head, request.scene()));
    EXPECT_EQ(request.target(), row.expected);
  }
}

const ApplyRow kNoted[] = {
    {"what changed nothing is not told", "{ remove: [r, s, t*], rename: { x: y }, add: { a: 1 } }",
     "/?a=1&r=1", "param_rules: remove r -> /?a=1|"},
    {"each with its change",
     "{ remove: [r, \"u*\"], rename: { b: c }, replace: { c: { regex: \"1\", with: \"2\" } }, "
     "add: { d: \"{host}\" }, append: { e: 1 }, set_if_missing: { f: 1, e: 2 } }",
     "/?r&ua&ub&b=1",
     "param_rules: remove r -> /?ua&ub&b=1|"
     "param_rules: remove u* -> /?b=1|"
     "param_rules: rename b to c -> /?c=1|"
     "param_rules: replace c: 1 by 2 -> /?c=2|"
     "param_rules: add d=shop.example.com -> /?c=2&d=shop.example.com|"
     "param_rules: append e=1 -> /?c=2&d=shop.example.com&e=1|"
     "param_rules: set_if_missing f=1 -> /?c=2&d=shop.example.com&e=1&f=1|"},
    {"the query goes in between", "{ remove: [r], add: { a: 1 } }", "/?r",
     "param_rules: remove r -> /|param_rules: add a=1 -> /?a=1|"},
    {"nothing at all", "{ remove: [r] }", "/?a", ""},
};

TEST(ParamRules, NoteWhatTheyDid) {
  for (const ApplyRow& row : kNoted) {
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(row.rules), out);
    Request request(row.target);
    Watcher watcher(request);
    EXPECT_TRUE(rules.onRequest(request.head, request.scene(&watcher)));
    EXPECT_EQ(watcher.seen, row.expected) << row.name;
  }
}

struct FaultRow {
  const char* name;
  const char* rules;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"empty name", "{ remove: [\"\"] }", "error: a parameter needs a name"},
    {"empty name in add", "{ add: { \"\": 1 } }", "error: a parameter needs a name"},
    {"empty name in rename", "{ rename: { \"\": a } }", "error: a parameter needs a name"},
    {"empty new name", "{ rename: { a: \"\" } }", "error: a parameter needs a name"},
    {"empty name in replace", "{ replace: { \"\": { regex: a, with: b } } }",
     "error: a parameter needs a name"},
    {"add as a list", "{ add: [a] }", "error: this is not a mapping"},
    {"rename as a list", "{ rename: [a] }", "error: this is not a mapping"},
    {"replace as a text", "{ replace: a }", "error: this is not a mapping"},
    {"a value that is a list", "{ append: { a: [1, 2] } }", "error: this cannot be a list"},
    {"a new name that is a list", "{ rename: { a: [b] } }", "error: this cannot be a list"},
    {"replace by a text", "{ replace: { a: b } }",
     "error: `replace` of a parameter cannot be a single value"},
    {"replace without with", "{ replace: { a: { regex: b } } }",
     "error: `replace` needs both `regex` and `with`"},
    {"replace without regex", "{ replace: { a: { with: b } } }",
     "error: `replace` needs both `regex` and `with`"},
    {"the key of rewrite_rules", "{ replace: { a: { match: x, with: y } } }",
     "error: unknown key `match` in `replace` of a parameter"},
    {"bad regex", "{ replace: { a: { regex: \"(\", with: b } } }",
     "error: `(` is not a regular expression: missing ): ("},
    {"back-reference", "{ replace: { a: { regex: \"(a)\\1\", with: b } } }",
     "error: `(a)\\1` is not a regular expression: invalid escape sequence: \\1"},
    {"group that is not there", "{ replace: { a: { regex: \"(b)\", with: \"{capture.2}\" } } }",
     "error: `{capture.2}`: the regex has one group only"},
    {"unknown placeholder", "{ add: { a: \"{hots}\" } }",
     "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
    {"unknown placeholder in with", "{ replace: { a: { regex: b, with: \"{hots}\" } } }",
     "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
    {"unknown key", "{ ad: { a: 1 } }",
     "error: unknown key `ad` in param_rules | did you mean `add`?"},
};

TEST(ParamRules, TellFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    EXPECT_TRUE(rules.empty()) << row.name;
  }
}

struct MergeRow {
  const char* name;
  const char* outer;
  const char* inner;
  const char* expected;
};

const MergeRow kMerged[] = {
    {"same names are replaced", "{ add: { a: outer, b: outer } }", "{ add: { a: inner } }",
     "{add: {b: outer, a: inner}}"},
    {"remove adds up", "{ remove: [r, s*] }", "{ remove: [t, r] }", "{remove: [r, s*, t]}"},
    {"kinds stay apart", "{ add: { a: 1 } }", "{ append: { a: 2 }, set_if_missing: { a: 3 } }",
     "{add: {a: 1}, append: {a: 2}, set_if_missing: {a: 3}}"},
    {"rename", "{ rename: { a: b, c: d } }", "{ rename: { a: x } }", "{rename: {c: d, a: x}}"},
    {"replace", "{ replace: { a: { regex: x, with: y } } }",
     "{ replace: { a: { regex: z, with: \"{host}\" } } }",
     "{replace: {a: {regex: z, with: {host}}}}"},
    {"nothing over something", "{ add: { a: 1 } }", "{}", "{add: {a: 1}}"},
    {"shown as written", "{ add: { \"a b\": \"{{x} {client_ip} é\" } }", "{}",
     "{add: {a b: {{x} {client_ip} é}}"},
};

TEST(ParamRules, ReadOverAndShow) {
  for (const MergeRow& row : kMerged) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(row.outer), out);
    rules.read(flow(row.inner), out);
    EXPECT_EQ(firstFinding(out), "");
    const Value shown = rules.show();
    EXPECT_EQ(flowText(shown), row.expected);
    EXPECT_TRUE(everyLeafHasMark(shown));
    ParamRules again;
    again.read(shown, out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(flowText(again.show()), row.expected);
  }
}

TEST(ParamRules, KnowWhatTheyNeed) {
  Diagnostics out;
  ParamRules rules;
  rules.read(flow("{ add: { a: 1 }, replace: { b: { regex: \"(x)\", with: \"{capture.1}\" } } }"),
             out);
  EXPECT_FALSE(rules.needs().request);
  EXPECT_EQ(rules.highestCapture(), -1);
  rules.read(flow("{ append: { c: \"{capture.3}\", d: \"{capture.2}\" } }"), out);
  EXPECT_TRUE(rules.needs().captures);
  EXPECT_FALSE(rules.needs().server);
  EXPECT_EQ(rules.highestCapture(), 3);
  rules.read(flow("{ replace: { b: { regex: x, with: \"{server}\" } } }"), out);
  EXPECT_TRUE(rules.needs().server);
  EXPECT_EQ(firstFinding(out), "");
}

TEST(ParamRules, AGrowingQueryHasAnEnd) {
  Diagnostics out;
  ParamRules rules;
  const std::string with(1000, 'b');
  rules.read(flow("{ replace: { a: { regex: x, with: " + with + " } } }"), out);
  Request few("/?a=" + std::string(30, 'x'));
  EXPECT_TRUE(rules.onRequest(few.head, few.scene()));
  EXPECT_EQ(few.head.target.query.size(), 30'002u);
  Request many("/?a=" + std::string(20, 'x') + "&a=" + std::string(20, 'x'));
  EXPECT_FALSE(rules.onRequest(many.head, many.scene()));
  rules = ParamRules();
  rules.read(flow("{ add: { a: \"{query}\", b: \"{query}\" } }"), out);
  Request doubled("/?" + std::string(8000, '='));
  EXPECT_FALSE(rules.onRequest(doubled.head, doubled.scene()));
  EXPECT_EQ(firstFinding(out), "");
}

std::string randomQuery(Random& random) {
  static constexpr std::string_view kBytes = "abr%2=+;?/~!zZ09&&";
  std::string query;
  for (uint64_t n = random.below(30); n > 0; --n) query += kBytes[random.below(kBytes.size())];
  return query;
}

std::vector<std::string> partsOf(const std::string& query) {
  std::vector<std::string> parts;
  for (size_t begin = 0; !query.empty() && begin <= query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    parts.push_back(query.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Do the random rules speak of it? No escape of these queries decodes to one of the names.
bool isNamed(const std::string& part) {
  static constexpr std::string_view kNamed[] = {"a", "b", "r", "new"};
  return std::ranges::find(kNamed, part.substr(0, part.find('='))) != std::end(kNamed);
}

// Whatever the rules: parameters that none of them names come out as they went in, in their order.
TEST(ParamRules, UntouchedParametersKeepTheirBytes) {
  static constexpr const char* kRules[] = {
      "{ add: { a: 1 }, remove: [r] }",
      "{ append: { new: \"{query}\" }, rename: { a: b, b: r } }",
      "{ replace: { a: { regex: \"[^2]\", with: \"{capture.0}2\" } }, set_if_missing: { new: 1 } }",
      "{ remove: [a, b, r, new] }",
      "{ rename: { r: new }, replace: { new: { regex: \".\", with: \"\" } }, add: { b: \"\" } }",
  };
  Random random(11);
  int edited = 0;
  for (int i = 0; i < 50000; ++i) {
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(kRules[random.below(std::size(kRules))]), out);
    ASSERT_FALSE(out.hasErrors());
    const std::string query = randomQuery(random);
    Request request("/?" + query);
    ASSERT_TRUE(rules.onRequest(request.head, request.scene()));
    const std::string after(request.head.target.query);
    edited += after != query;
    auto before_parts = partsOf(query);
    auto after_parts = partsOf(after);
    std::erase_if(before_parts, isNamed);
    std::erase_if(after_parts, isNamed);
    // A query of one empty part cannot be told from none.
    if (before_parts == std::vector<std::string>{""}) before_parts.clear();
    if (after_parts == std::vector<std::string>{""}) after_parts.clear();
    ASSERT_EQ(before_parts, after_parts) << query << " became " << after;
  }
  EXPECT_GT(edited, 10000);
}

}  // namespace
}  // namespace fairlead::filter
