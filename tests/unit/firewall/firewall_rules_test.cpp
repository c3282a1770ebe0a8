// The firewall's rules: what they reject, what they exempt, and how faults in them are told.
#include "firewall/firewall_rules.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "unit/firewall/asked.h"

namespace fairlead::firewall {
namespace {

using filter::flow;
using filter::Notes;

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
    Asked asked(row.path);
    const auto hit = rules.findHit(asked.client(row.client).question());
    ASSERT_EQ(hit.has_value(), *row.rule != '\0');
    if (!hit) continue;
    EXPECT_EQ(hit->rule, row.rule);
    EXPECT_EQ(hit->origin.line, 1u);
    EXPECT_EQ(hit->counted, hit->origin);
  }
}

struct RequestRow {
  const char* name;
  const char* rules;
  const char* method;
  const char* host;
  const char* path;
  Asked::FieldList fields;
  const char* rule;  // that rejects, "" when the request passes
};

const RequestRow kRequests[] = {
    {"exact path",
     "{ path_reject: [{ exact: /a }] }",
     "GET",
     "h",
     "/a",
     {},
     "firewall path_reject exact:/a"},
    {"exact, not below", "{ path_reject: [{ exact: /a }] }", "GET", "h", "/a/b", {}, ""},
    {"exact, not with a slash", "{ path_reject: [{ exact: /a }] }", "GET", "h", "/a/", {}, ""},
    {"exact with a slash",
     "{ path_reject: [{ exact: /a/ }] }",
     "GET",
     "h",
     "/a/",
     {},
     "firewall path_reject exact:/a/"},
    {"exact becomes canonical",
     "{ path_reject: [{ exact: /x/../%61 }] }",
     "GET",
     "h",
     "/a",
     {},
     "firewall path_reject exact:/a"},
    {"glob within a segment",
     "{ path_reject: [{ glob: /a/*.php }] }",
     "GET",
     "h",
     "/a/x.php",
     {},
     "firewall path_reject glob:/a/*.php"},
    {"a star does not cross segments",
     "{ path_reject: [{ glob: /a/*.php }] }",
     "GET",
     "h",
     "/a/b/x.php",
     {},
     ""},
    {"two stars do",
     "{ path_reject: [{ glob: \"/**.php\" }] }",
     "GET",
     "h",
     "/a/b/x.php",
     {},
     "firewall path_reject glob:/**.php"},
    {"two stars and a slash: any segments",
     "{ path_reject: [{ glob: \"/**/.git/**\" }] }",
     "GET",
     "h",
     "/a/b/.git/config",
     {},
     "firewall path_reject glob:/**/.git/**"},
    {"... and none",
     "{ path_reject: [{ glob: \"/**/.git/**\" }] }",
     "GET",
     "h",
     "/.git/config",
     {},
     "firewall path_reject glob:/**/.git/**"},
    {"a dot is a dot", "{ path_reject: [{ glob: /a.b }] }", "GET", "h", "/axb", {}, ""},
    {"regex",
     "{ path_reject: [{ regex: \"(?i)[.]env$\" }] }",
     "GET",
     "h",
     "/x/.ENV",
     {},
     "firewall path_reject regex:(?i)[.]env$"},
    {"several patterns, the one that fits",
     "{ path_reject: [{ glob: /a }, { regex: ^/b$ }, { regex: ^/c$ }] }",
     "GET",
     "h",
     "/c",
     {},
     "firewall path_reject regex:^/c$"},
    {"X-Original-URL",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"X-Original-URL", "/admin/x"}},
     "firewall path_reject /admin"},
    {"X-Original-URL in an odd spelling",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"x-original-url", "/y/..//%61dmin?q"}},
     "firewall path_reject /admin"},
    {"X-Rewrite-URL without its slash",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"X-Rewrite-URL", "admin"}},
     "firewall path_reject /admin"},
    {"X-Rewrite-URL as a whole URL",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"X-Rewrite-URL", "http://h/admin"}},
     "firewall path_reject /admin"},
    {"X-Original-URL that nobody can read",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"X-Original-URL", "/../admin"}},
     "firewall path_reject in X-Original-URL"},
    {"X-Original-URL to elsewhere",
     "{ path_reject: [/admin] }",
     "GET",
     "h",
     "/",
     {{"X-Original-URL", "/shop"}},
     ""},
    {"method",
     "{ method_reject: [TRACE, PUT] }",
     "PUT",
     "h",
     "/",
     {},
     "firewall method_reject PUT"},
    {"other method", "{ method_reject: [TRACE] }", "GET", "h", "/", {}, ""},
    {"letter case of methods counts", "{ method_reject: [TRACE] }", "trace", "h", "/", {}, ""},
    {"method of one's own",
     "{ method_reject: purge }",
     "purge",
     "h",
     "/",
     {},
     "firewall method_reject purge"},
    {"method that a field names",
     "{ method_reject: [DELETE] }",
     "POST",
     "h",
     "/",
     {{"X-HTTP-Method-Override", "delete"}},
     "firewall method_reject DELETE"},
    {"another such field",
     "{ method_reject: [DELETE] }",
     "POST",
     "h",
     "/",
     {{"x-method-override", "DELETE"}},
     "firewall method_reject DELETE"},
    {"host",
     "{ host_reject: [old.example] }",
     "GET",
     "old.example",
     "/",
     {},
     "firewall host_reject old.example"},
    {"hosts below",
     "{ host_reject: [\"*.old.example\"] }",
     "GET",
     "a.old.example",
     "/",
     {},
     "firewall host_reject *.old.example"},
    {"other host", "{ host_reject: [\"*.old.example\"] }", "GET", "old.example", "/", {}, ""},
    {"field",
     "{ header_reject: { User-Agent: (?i)badbot } }",
     "GET",
     "h",
     "/",
     {{"user-agent", "a BadBot/1"}},
     "firewall header_reject User-Agent: (?i)badbot"},
    {"any of its values",
     "{ header_reject: { X-A: ^evil$ } }",
     "GET",
     "h",
     "/",
     {{"X-A", "good"}, {"X-A", "evil"}},
     "firewall header_reject X-A: ^evil$"},
    {"several patterns of a field",
     "{ header_reject: { X-A: [^a$, ^b$] } }",
     "GET",
     "h",
     "/",
     {{"X-A", "b"}},
     "firewall header_reject X-A: ^b$"},
    {"no such field", "{ header_reject: { X-A: \"\" } }", "GET", "h", "/", {}, ""},
    {"addresses come first",
     "{ ip_reject: [203.0.113.7], method_reject: [GET], path_reject: [/] }",
     "GET",
     "h",
     "/",
     {},
     "firewall ip_reject 203.0.113.7/32"},
};

TEST(Firewall, JudgesRequests) {
  for (const RequestRow& row : kRequests) {
    Asked asked(row.path, row.fields);
    EXPECT_EQ(asked.method(row.method).host(row.host).hitBy(rulesOf(row.rules)), row.rule)
        << row.name;
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
    {"two patterns in one entry", "{ path_reject: [{ exact: /a, glob: /b }] }",
     "error: an entry is one path or one pattern"},
    {"a pattern of nothing", "{ path_reject: [{}] }", "error: an entry is one path or one pattern"},
    {"unknown pattern", "{ path_reject: [{ glbo: /a }] }",
     "error: unknown key `glbo` in an entry of path_reject | did you mean `glob`?"},
    {"glob that matches no path", "{ path_reject: [{ glob: a/* }] }",
     "error: this pattern matches no path"},
    {"regex", "{ path_reject: [{ regex: \"(\" }] }",
     "error: `(` is not a regular expression: missing ): ("},
    {"method in small letters", "{ method_reject: [trace] }",
     "error: methods are written in capitals | did you mean `TRACE`?"},
    {"no method", "{ method_reject: [\"A B\"] }", "error: `A B` is not a method"},
    {"fields as a list", "{ header_reject: [User-Agent] }", "error: this is not a mapping"},
    {"no field", "{ header_reject: { \"A B\": x } }", "error: `A B` is no name of a field"},
    {"mode", "{ mode: obsrve }", "error: `obsrve` is not known here | did you mean `observe`?"},
    {"action", "{ action: deny }", "error: `deny` is no action"},
    {"action without its time", "{ action: tarpit }",
     "error: `tarpit` is no action | did you mean `{ tarpit: 10s }`?"},
    {"two actions", "{ action: { status: 404, tarpit: 1s } }", "error: this is two actions"},
    {"no action", "{ action: {} }", "error: this says nothing to do"},
    {"status of success", "{ action: { status: 200 } }", "error: 200 is too small"},
    {"tarpit for ever", "{ action: { tarpit: 1h } }", "error: `1h` is too long"},
    {"rate without unit", "{ rate_limit: 100 }",
     "error: the rate `100` has no unit | did you mean `100/s`?"},
    {"rate of nothing", "{ rate_limit: 0/s }", "error: a rate cannot be zero"},
    {"no rate", "{ rate_limit: { burst: 2 } }", "error: this says no rate"},
    {"rate by nothing known", "{ rate_limit: { rate: 1/s, key: hots } }",
     "error: `hots` is not known here | did you mean `host`?"},
    {"rate by a field without name", "{ rate_limit: { rate: 1/s, key: \"header:\" } }",
     "error: `header` needs a name"},
    {"limit of nothing", "{ connection_limit: 0 }", "error: 0 is too small"},
    {"no limit", "{ request_limit: { mode: observe } }", "error: this says no limit"},
    {"body of nothing", "{ max_body: 0B }", "error: no body could ever pass"},
    {"limits that are off",
     "{ rate_limit: off, connection_limit: off, request_limit: off, max_body: off, auto_ban: off }",
     ""},
    {"ban without cause", "{ auto_ban: { for: 1m } }", "error: this says no cause"},
    {"cause without number", "{ auto_ban: \"x 404 in 1m\" }", "error: `x` is no number"},
    {"cause without x", "{ auto_ban: \"20 404 in 1m\" }",
     "error: `x` is missing between the number and the statuses"},
    {"cause with a word", "{ auto_ban: \"20 x 404|gone in 1m\" }", "error: `gone` is no status"},
    {"cause without time", "{ auto_ban: \"20 x 404\" }",
     "error: `in` is missing between the statuses and the time"},
    {"cause with a bare time", "{ auto_ban: \"20 x 404 in 60\" }",
     "error: the duration `60` has no unit"},
    {"cause with too short a time", "{ auto_ban: \"20 x 404 in 1ms\" }",
     "error: the time goes from 1s to 24h"},
    {"cause with too many", "{ auto_ban: \"2000 x 404 in 1m\" }",
     "error: the number goes from 1 to 1000"},
    {"cause and more", "{ auto_ban: \"2 x 404 in 1m please\" }", "error: `please` is too much"},
    {"growth without x", "{ auto_ban: { when: \"2 x 404 in 1m\", grow: 2 } }",
     "error: `2` says no growth"},
    {"longest ban shorter than the first",
     "{ auto_ban: { when: \"2 x 404 in 1m\", for: 1h, max: 1m } }",
     "error: `max` is shorter than the first ban"},
    {"country without a database", "{ country_reject: [CN] }",
     "error: there is no database of countries"},
};

TEST(Firewall, TellsFaults) {
  for (const FaultRow& row : kFaults) {
    EXPECT_EQ(faultOf(row.rules), row.finding) << row.name;
  }
}

TEST(Firewall, KnowsNoRouteBeforeTheHost) {
  Diagnostics out;
  const Geo geo;
  Lists lists;
  FirewallRules rules;
  rules.read(
      flow("{ rate_limit: { rate: 1/s, key: route } }"),
      {.readHost = readPlainHost, .lists = lists, .geo = geo, .out = out, .knows_route = false});
  EXPECT_EQ(filter::firstFinding(out), "error: here the route of a request is not known yet");
}

TEST(Firewall, NamesTheNearestKey) {
  const std::string fault = faultOf("{ ip_rejects: [10.0.0.1] }");
  EXPECT_NE(fault.find("`ip_reject`"), std::string::npos) << fault;
}

TEST(Firewall, AddsUpOverSeveralReads) {
  Diagnostics out;
  const Geo geo;
  FirewallRules rules;
  Lists lists;
  EXPECT_TRUE(rules.empty());
  rules.read(flow("{ ip_reject: [10.0.0.1], path_reject: [/a] }"),
             {readPlainHost, lists, geo, out});
  rules.read(flow("{ ip_reject: [10.0.0.2], path_reject: [/a/b, /c] }"),
             {readPlainHost, lists, geo, out});
  EXPECT_FALSE(rules.empty());
  for (const char* client : {"10.0.0.1", "10.0.0.2"})
    EXPECT_NE(Asked("/").client(client).hitBy(rules), "") << client;
  for (const char* path : {"/a", "/a/b", "/c"})
    EXPECT_NE(Asked(path).client("::1").hitBy(rules), "") << path;
  const Value shown = rules.show();
  EXPECT_EQ(shown.find("ip_reject")->items.size(), 2u);
  EXPECT_EQ(shown.find("path_reject")->items.size(), 3u);
  EXPECT_EQ(shown.find("ip_allow"), nullptr);
}

TEST(Firewall, NotesWhatItDid) {
  const FirewallRules rules = rulesOf("{ ip_allow: [10.0.0.0/8], path_reject: [/x] }");
  Notes notes;
  Judgement judgement;
  Asked asked("/x/y");
  EXPECT_TRUE(blocks(rules, asked.client("10.0.0.1").question(&notes), nullptr, judgement));
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
      Asked asked(path);
      asked.request.facts.client = client;
      ASSERT_EQ(asked.hitBy(rules) != "", rejected) << seed << path;
    }
  }
}

}  // namespace
}  // namespace fairlead::firewall
