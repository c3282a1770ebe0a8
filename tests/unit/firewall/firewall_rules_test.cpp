// The firewall's rules: what they reject, what they exempt, and how faults in them are told.
#include "firewall/firewall_rules.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::firewall {
namespace {

using filter::firstFinding;
using filter::flow;
using filter::Notes;

FirewallRules rulesOf(std::string_view text) {
  Diagnostics out;
  FirewallRules rules;
  Lists lists;
  rules.read(flow(text), lists, out);
  EXPECT_EQ(firstFinding(out), "");
  return rules;
}

struct JudgeRow {
  const char* name;
  const char* rules;
  const char* client;
  const char* path;
  const char* rule;  // that rejects, "" when the request passes
};

const JudgeRow kJudged[] = {
    {"listed address", "{ ip_reject: [10.192.0.1, 10.192.0.2] }", "10.192.0.2", "/",
     "firewall ip_reject 10.192.0.2/32"},
    {"other address", "{ ip_reject: [10.192.0.1, 10.192.0.2] }", "10.192.0.3", "/", ""},
    {"single value", "{ ip_reject: 10.0.0.0/8 }", "10.9.9.9", "/", "firewall ip_reject 10.0.0.0/8"},
    {"mapped address", "{ ip_reject: [10.0.0.0/8] }", "::ffff:10.0.0.1", "/",
     "firewall ip_reject 10.0.0.0/8"},
    {"IPv6", "{ ip_reject: [\"2001:db8::/32\"] }", "2001:db8::7", "/",
     "firewall ip_reject 2001:db8::/32"},
    {"longer allow opens", "{ ip_reject: [10.0.0.0/8], ip_allow: [10.1.0.0/16] }", "10.1.2.3", "/",
     ""},
    {"shorter allow does not", "{ ip_reject: [10.1.0.0/16], ip_allow: [10.0.0.0/8] }", "10.1.2.3",
     "/", "firewall ip_reject 10.1.0.0/16"},
    {"equal: allow wins", "{ ip_reject: [10.0.0.0/8], ip_allow: [10.0.0.0/8] }", "10.1.2.3", "/",
     ""},
    {"reject within allow within reject",
     "{ ip_reject: [10.0.0.0/8, 10.1.1.0/24], ip_allow: [10.1.0.0/16] }", "10.1.1.1", "/",
     "firewall ip_reject 10.1.1.0/24"},
    {"allow alone only exempts", "{ ip_allow: [10.0.0.0/8] }", "203.0.113.7", "/", ""},
    {"deny by default", "{ ip_reject: [0.0.0.0/0, \"::/0\"], ip_allow: [10.0.0.0/8] }",
     "203.0.113.7", "/", "firewall ip_reject 0.0.0.0/0"},
    {"deny by default, IPv6", "{ ip_reject: [0.0.0.0/0, \"::/0\"], ip_allow: [10.0.0.0/8] }", "::1",
     "/", "firewall ip_reject ::/0"},
    {"deny by default, exempt", "{ ip_reject: [0.0.0.0/0, \"::/0\"], ip_allow: [10.0.0.0/8] }",
     "10.1.1.1", "/", ""},
    {"all of IPv6 is not IPv4", "{ ip_reject: [\"::/0\"] }", "10.1.1.1", "/", ""},
    {"path itself", "{ path_reject: [/messages, /apps] }", "::1", "/apps",
     "firewall path_reject /apps"},
    {"path below", "{ path_reject: [/messages, /apps] }", "::1", "/messages/1",
     "firewall path_reject /messages"},
    {"path with slash", "{ path_reject: [/messages] }", "::1", "/messages/",
     "firewall path_reject /messages"},
    {"whole segments", "{ path_reject: [/messages] }", "::1", "/messages2", ""},
    {"sorts between entry and path", "{ path_reject: [/a, /a-b] }", "::1", "/a/x",
     "firewall path_reject /a"},
    {"letter case", "{ path_reject: [/messages] }", "::1", "/Messages", ""},
    {"other path", "{ path_reject: [/messages] }", "::1", "/", ""},
    {"part of the way", "{ path_reject: [/messages/old] }", "::1", "/messages", ""},
    {"trailing slash is ignored", "{ path_reject: [/apps/] }", "::1", "/apps",
     "firewall path_reject /apps"},
    {"everything", "{ path_reject: [/] }", "::1", "/x", "firewall path_reject /"},
    {"entry becomes canonical", "{ path_reject: [/a/../%69nternal//x] }", "::1", "/internal/x/y",
     "firewall path_reject /internal/x"},
    {"entry with a blank", "{ path_reject: [\"/my docs\"] }", "::1", "/my%20docs",
     "firewall path_reject /my%20docs"},
    {"encoded delimiter", "{ path_reject: [/@fs] }", "::1", "/%40fs/x",
     "firewall path_reject /@fs"},
    {"entry with an encoded delimiter", "{ path_reject: [\"/a%3Ab\"] }", "::1", "/a:b",
     "firewall path_reject /a%3Ab"},
    {"encoded slash", "{ path_reject: [/a/b] }", "::1", "/a%2Fb", ""},
    {"exempt address, rejected path", "{ ip_allow: [\"::1\"], path_reject: [/x] }", "::1", "/x",
     "firewall path_reject /x"},
    {"no rules", "{}", "::1", "/x", ""},
};

TEST(Firewall, Judges) {
  for (const JudgeRow& row : kJudged) {
    SCOPED_TRACE(row.name);
    const FirewallRules rules = rulesOf(row.rules);
    const auto answer = rules.judge(*IpAddress::parse(row.client), row.path, nullptr);
    ASSERT_EQ(answer.has_value(), *row.rule != '\0');
    if (!answer) continue;
    EXPECT_EQ(answer->status, 403);
    EXPECT_EQ(answer->rule, row.rule);
    EXPECT_EQ(answer->origin.line, 1u);
  }
}

struct FaultRow {
  const char* name;
  const char* rules;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"host bits", "{ ip_reject: [10.1.2.3/8] }",
     "error: `10.1.2.3/8` has host bits set beyond its prefix | did you mean `10.0.0.0/8`?"},
    {"no address", "{ ip_allow: [localhost] }",
     "error: `localhost` is not an IP address or network"},
    {"no list", "{ ip_reject: { a: b } }", "error: this cannot be a mapping"},
    {"no slash", "{ path_reject: [messages] }",
     "error: a path begins with `/` | did you mean `/messages`?"},
    {"query", "{ path_reject: [/a?b] }", "error: a path ends before `?` and `#`"},
    {"bad escape", "{ path_reject: [/a%2] }",
     "error: `%` is not followed by two hexadecimal digits"},
    {"above the root", "{ path_reject: [/../a] }", "error: The path climbs above its root"},
    {"long form", "{ path_reject: [{ glob: /a/* }] }",
     "error: `glob` is not supported by this version"},
    {"later key", "{ rate_limit: { rate: 1/s } }",
     "error: `rate_limit` is not supported by this version"},
    {"later key that is off", "{ rate_limit: off }", ""},
};

TEST(Firewall, TellsFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    FirewallRules rules;
    Lists lists;
    rules.read(flow(row.rules), lists, out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Firewall, NamesTheNearestKey) {
  Diagnostics out;
  FirewallRules rules;
  Lists lists;
  rules.read(flow("{ ip_rejects: [10.0.0.1] }"), lists, out);
  EXPECT_NE(firstFinding(out).find("`ip_reject`"), std::string::npos) << firstFinding(out);
}

TEST(Firewall, AddsUpOverSeveralReads) {
  Diagnostics out;
  FirewallRules rules;
  Lists lists;
  EXPECT_TRUE(rules.empty());
  rules.read(flow("{ ip_reject: [10.0.0.1], path_reject: [/a] }"), lists, out);
  rules.read(flow("{ ip_reject: [10.0.0.2], path_reject: [/a/b, /c] }"), lists, out);
  EXPECT_FALSE(rules.empty());
  for (const char* client : {"10.0.0.1", "10.0.0.2"})
    EXPECT_TRUE(rules.judge(*IpAddress::parse(client), "/", nullptr)) << client;
  for (const char* path : {"/a", "/a/b", "/c"})
    EXPECT_TRUE(rules.judge(*IpAddress::parse("::1"), path, nullptr)) << path;
  const Value shown = rules.show();
  EXPECT_EQ(shown.find("ip_reject")->items.size(), 2u);
  EXPECT_EQ(shown.find("path_reject")->items.size(), 3u);
  EXPECT_EQ(shown.find("ip_allow"), nullptr);
}

TEST(Firewall, NotesWhatItDid) {
  const FirewallRules rules = rulesOf("{ ip_allow: [10.0.0.0/8], path_reject: [/x] }");
  Notes notes;
  rules.judge(*IpAddress::parse("10.0.0.1"), "/x/y", &notes);
  EXPECT_EQ(notes.lines, (std::vector<std::string>{"firewall ip_allow 10.0.0.0/8 exempts 10.0.0.1",
                                                   "firewall path_reject /x rejects /x/y"}));
}

// Against a walk over all rules.
TEST(Firewall, AgreesWithTheNaiveReading) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::string ips[2];
    std::vector<std::pair<Cidr, bool>> networks;
    for (uint64_t n = random.below(20); n > 0; --n) {
      const int bits = 96 + static_cast<int>(random.below(33));
      const auto quad = static_cast<uint32_t>(0x0a000000 | random.below(4) << 22 | random.below(4));
      const Cidr cidr(IpAddress::v4(quad).masked(bits), bits);
      const bool allow = random.below(2) == 0;
      networks.emplace_back(cidr, allow);
      ips[allow] += cidr.text() + ", ";
    }
    std::vector<std::string> paths;
    std::string path_list;
    static constexpr std::string_view kSegments[] = {"a", "a-", "ab", "b", "a.b"};
    const auto randomPath = [&] {
      std::string path;
      for (uint64_t n = 1 + random.below(3); n > 0; --n)
        path += "/" + std::string(kSegments[random.below(std::size(kSegments))]);
      return path;
    };
    for (uint64_t n = random.below(8); n > 0; --n) {
      paths.push_back(randomPath());
      path_list += paths.back() + ", ";
    }
    const FirewallRules rules = rulesOf("{ ip_reject: [" + ips[0] + "], ip_allow: [" + ips[1] +
                                        "], path_reject: [" + path_list + "] }");
    for (int i = 0; i < 200; ++i) {
      const auto client = IpAddress::v4(
          static_cast<uint32_t>(0x0a000000 | random.below(4) << 22 | random.below(4)));
      const std::string path = randomPath();
      int longest = -1;
      bool rejected = false;
      for (const auto& [cidr, allow] : networks) {
        if (!cidr.contains(client) || cidr.bits() < longest) continue;
        rejected = cidr.bits() > longest ? !allow : rejected && !allow;
        longest = cidr.bits();
      }
      for (const std::string& prefix : paths)
        rejected = rejected || path == prefix || path.starts_with(prefix + "/");
      ASSERT_EQ(rules.judge(client, path, nullptr).has_value(), rejected) << seed << path;
    }
  }
}

}  // namespace
}  // namespace fairlead::firewall
