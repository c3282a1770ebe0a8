// param_rules: what is removed and set, and that everything else keeps its bytes and its order.
#include "filter/param_rules.h"

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
    {"remove by list", "{ remove: [a, c] }", "/?a=1&b=2&c=3", "/?b=2"},
    {"remove by mapping", "{ remove: { RemoveMe: Remove } }", "/?x=1&RemoveMe=other", "/?x=1"},
    {"remove one", "{ remove: a }", "/?b&a=1", "/?b"},
    {"remove repeated", "{ remove: [a] }", "/?a=1&b=2&a=3&a", "/?b=2"},
    {"remove without value", "{ remove: [a] }", "/?a&b", "/?b"},
    {"remove the last loses the ?", "{ remove: [a] }", "/p?a=1", "/p"},
    {"remove by encoded name", "{ remove: [ab] }", "/?%61%62=1&c", "/?c"},
    {"remove with a plus", "{ remove: [\"a b\"] }", "/?a+b=1&a%2Bb=2", "/?a%2Bb=2"},
    {"names are whole", "{ remove: [a] }", "/?ab=1&ba=1&=a", "/?ab=1&ba=1&=a"},
    {"letter case counts", "{ remove: [a] }", "/?A=1", "/?A=1"},
    {"bad escape is itself", "{ remove: [\"a%\", \"b%zz\"] }", "/?a%=1&b%zz=2&c%4=3", "/?c%4=3"},
    {"empty parts survive", "{ remove: [a] }", "/?&a=1&&b&", "/?&&b&"},
    {"lone ? survives", "{ remove: [a] }", "/?", "/?"},
    {"no query stays none", "{ remove: [a] }", "/", "/"},
    {"untouched bytes", "{ remove: [a] }", "/?%7e=%aF+&b=%20;c=1&d=?/",
     "/?%7e=%aF+&b=%20;c=1&d=?/"},
    {"remove comes before add", "{ remove: [a], add: { a: 1 } }", "/?a=0&b=2", "/?b=2&a=1"},
    {"nothing to do", "{}", "/?a=1", "/?a=1"},
    {"the asterisk has no query", "{ add: { a: 1 } }", "*", "*"},
    {"empty value", "{ add: { a: \"\" } }", "/?a=1", "/?a="},
};

TEST(ParamRules, Apply) {
  for (const ApplyRow& row : kApplied) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    ParamRules rules;
    rules.read(flow(row.rules), out);
    EXPECT_EQ(firstFinding(out), "");
    Request request(row.target);
    rules.onRequest(request.head, request.scene());
    EXPECT_EQ(request.target(), row.expected);
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
    {"add as a list", "{ add: [a] }", "error: this is not a mapping"},
    {"placeholder", "{ add: { a: \"{host}\" } }",
     "error: `{host}`: placeholders are not supported by this version"},
    {"later key", "{ rename: { a: b } }", "error: `rename` is not supported by this version"},
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

TEST(ParamRules, InnerReadsOverOuter) {
  Diagnostics out;
  ParamRules rules;
  rules.read(flow("{ add: { a: outer, b: outer }, remove: [r] }"), out);
  rules.read(flow("{ add: { a: inner }, remove: [s, r] }"), out);
  Request request("/?r=1&s=2&t=3");
  rules.onRequest(request.head, request.scene());
  EXPECT_EQ(request.target(), "/?t=3&b=outer&a=inner");
  EXPECT_EQ(rules.describe().size(), 4u);
}

TEST(ParamRules, NoteWhatTheyDid) {
  Diagnostics out;
  ParamRules rules;
  rules.read(flow("{ add: { a: 1 }, remove: [r, s] }"), out);
  Request request("/?r=1");
  Notes notes;
  rules.onRequest(request.head, request.scene(&notes));
  EXPECT_EQ(notes.lines,
            (std::vector<std::string>{"param_rules: remove r", "param_rules: add a=1"}));
}

// Parameters of random bytes that no rule names come out as they went in, in their order.
TEST(ParamRules, UntouchedParametersKeepTheirBytes) {
  static constexpr std::string_view kBytes = "abr%2=+;?/~!zZ09&&";
  Diagnostics out;
  ParamRules rules;
  rules.read(flow("{ add: { new: 1 }, remove: [r, r2] }"), out);
  Random random(11);
  for (int i = 0; i < 20000; ++i) {
    std::string query;
    for (uint64_t n = random.below(30); n > 0; --n) query += kBytes[random.below(kBytes.size())];
    std::string expected;
    bool is_first = true;
    for (size_t begin = 0; !query.empty() && begin <= query.size();) {
      const size_t end = std::min(query.find('&', begin), query.size());
      const std::string param = query.substr(begin, end - begin);
      begin = end + 1;
      const std::string name = param.substr(0, param.find('='));
      if (name == "r" || name == "r2") continue;
      expected += (is_first ? "" : "&") + param;
      is_first = false;
    }
    expected += is_first ? "new=1" : "&new=1";
    Request request("/?" + query);
    rules.onRequest(request.head, request.scene());
    ASSERT_EQ(request.head.target.query, expected) << query;
  }
}

}  // namespace
}  // namespace fairlead::filter
