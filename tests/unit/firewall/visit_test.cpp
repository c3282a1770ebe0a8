// Requests at limits and bans: what is counted under what, what passes, and what is only observed.
#include "firewall/visit.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "unit/firewall/asked.h"

namespace fairlead::firewall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One worker with its own table, a clock that the test turns, and everything that was learned.
class Post {
 public:
  explicit Post(std::string_view text) : rules(rulesOf(text)) {
    for (AutoBan& ban : rules.bans()) {
      ban.number = static_cast<uint16_t>(bans.size());
      bans.push_back(ban);
    }
    sentry_.bans = bans;
  }

  // Judged like a request over this connection; its places are free again afterwards.
  Judgement judge(Asked& asked, Places& places) {
    Visit visit(sentry_, places, now);
    Judgement judgement;
    if (!visit.isBanned(asked.question(), judgement))
      blocks(rules, asked.question(), &visit, judgement);
    return judgement;
  }
  bool passes(std::string_view client, std::string_view path = "/",
              const Asked::FieldList& fields = {}) {
    Asked asked(path, fields);
    Places places;
    return !judge(asked.client(client), places).blocked;
  }
  void answer(std::string_view client, uint16_t status) {
    Asked asked("/x");
    Places places;
    Visit(sentry_, places, now).answered(rules, asked.client(client).question(), status, now);
  }
  Sentry& sentry() { return sentry_; }

  FirewallRules rules;
  std::vector<AutoBan> bans;
  std::vector<std::string> learned;  // "203.0.113.7/32 10s"
  TimePoint now{seconds(1000)};
  Ledger ledger{1};

 private:
  ClientTable clients_{1 << 20, {1, 2}};
  Sentry sentry_{.clients = clients_,
                 .ledger = ledger.lane(0),
                 .bans = {},
                 .onBan = [this](const Learned& event) {
                   const auto span = event.ban.until - event.ban.since;
                   learned.push_back((event.observed ? "would: " : "") + event.ban.network.text() +
                                     " " + std::to_string(span / seconds(1)) + "s");
                 }};
};

// --- rates

TEST(RateLimits, LetTheBurstPassAndThenTheRate) {
  Post post("{ rate_limit: { rate: 10/s, burst: 3 } }");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(post.passes("10.0.0.1")) << i;
  EXPECT_FALSE(post.passes("10.0.0.1"));
  EXPECT_TRUE(post.passes("10.0.0.2"));
  post.now += milliseconds(100);
  EXPECT_TRUE(post.passes("10.0.0.1"));
  EXPECT_FALSE(post.passes("10.0.0.1"));
}

TEST(RateLimits, HaveABurstOfOneSecondsWorth) {
  const struct {
    const char* rate;
    uint32_t burst;
  } rows[] = {{"100/s", 100}, {"20/m", 1}, {"90/m", 2}, {"1/h", 1}};
  for (const auto& row : rows)
    EXPECT_EQ(rulesOf(std::string("{ rate_limit: ") + row.rate + " }").rates()[0].burst.value,
              row.burst)
        << row.rate;
}

struct KeyRow {
  const char* name;
  const char* key;
  std::vector<const char*> same;  // requests that are counted together with the first one
  std::vector<const char*> other;
};

// "client path name=value"
std::unique_ptr<Asked> askedOf(std::string_view text) {
  const size_t blank = text.find(' ');
  const size_t next = std::min(text.find(' ', blank + 1), text.size());
  Asked::FieldList fields;
  if (next < text.size()) {
    const std::string_view field = text.substr(next + 1);
    const size_t equals = field.find('=');
    fields.emplace_back(field.substr(0, equals), field.substr(equals + 1));
  }
  auto asked = std::make_unique<Asked>(text.substr(blank + 1, next - blank - 1), fields);
  asked->client(text.substr(0, blank));
  return asked;
}

const KeyRow kKeys[] = {
    {"client", "client_ip", {"10.0.0.1 /", "10.0.0.1 /x"}, {"10.0.0.2 /"}},
    {"a client of IPv6 is its /64",
     "client_ip",
     {"2001:db8::1 /", "2001:db8::ffff:1 /"},
     {"2001:db8:0:1::1 /"}},
    {"field",
     "header:X-User",
     {"10.0.0.1 / X-User=a", "10.0.0.2 / X-User=a"},
     {"10.0.0.1 / X-User=b"}},
    {"without the field: the client",
     "header:X-User",
     {"10.0.0.1 /", "10.0.0.1 /x"},
     {"10.0.0.2 /"}},
    {"cookie",
     "cookie:u",
     {"10.0.0.1 / Cookie=u=1", "10.0.0.2 / Cookie=u=1"},
     {"10.0.0.1 / Cookie=u=2"}},
    {"parameter", "param:k", {"10.0.0.1 /?k=1", "10.0.0.2 /y?k=1"}, {"10.0.0.1 /?k=2"}},
    {"all", "all", {"10.0.0.1 /", "10.0.0.2 /x"}, {}},
};

TEST(RateLimits, CountByTheirKey) {
  for (const KeyRow& row : kKeys) {
    Post post(std::string("{ rate_limit: { rate: 1/m, key: \"") + row.key + "\" } }");
    const auto passes = [&](const char* text) {
      const auto asked = askedOf(text);
      Places places;
      return !post.judge(*asked, places).blocked;
    };
    EXPECT_TRUE(passes(row.same[0])) << row.name;
    for (const char* same : row.same) EXPECT_FALSE(passes(same)) << row.name << ": " << same;
    for (const char* other : row.other) EXPECT_TRUE(passes(other)) << row.name << ": " << other;
  }
}

TEST(RateLimits, MakeAClientOfIpv6AsLargeAsTold) {
  Post post("{ rate_limit: { rate: 1/m, ipv6_prefix: 128 } }");
  EXPECT_TRUE(post.passes("2001:db8::1"));
  EXPECT_TRUE(post.passes("2001:db8::2"));
  EXPECT_FALSE(post.passes("2001:db8::2"));
}

TEST(RateLimits, AreCountedEachByItself) {
  Post post("{ rate_limit: [{ rate: 1/m, burst: 3 }, { rate: 1/m, key: header:X-User }] }");
  EXPECT_TRUE(post.passes("10.0.0.1", "/", {{"X-User", "a"}}));
  EXPECT_FALSE(post.passes("10.0.0.1", "/", {{"X-User", "a"}}));
  EXPECT_TRUE(post.passes("10.0.0.1", "/", {{"X-User", "b"}}));
  EXPECT_FALSE(post.passes("10.0.0.1", "/", {{"X-User", "c"}}));
}

TEST(RateLimits, TellTheClientWhenToComeAgain) {
  Post post("{ rate_limit: { rate: 1/m, burst: 2 } }");
  Asked asked("/");
  Places places;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(post.judge(asked, places).blocked);
  post.now += seconds(20);
  const Judgement judgement = post.judge(asked, places);
  ASSERT_TRUE(judgement.blocked);
  const filter::Answer answer = answerOf(judgement, asked.request.arena);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.rule, "firewall rate_limit 1/m by client_ip");
  std::string fields;
  for (const http::Field& field : answer.fields)
    fields += std::string(field.name()) + ": " + std::string(field.value()) + "\n";
  EXPECT_EQ(fields,
            "Retry-After: 40\nRateLimit-Limit: 2\nRateLimit-Remaining: 0\nRateLimit-Reset: 100\n"
            "RateLimit-Policy: 2;w=120\n");
}

// --- at once

TEST(RequestLimits, HoldAPlaceAsLongAsTheRequest) {
  Post post("{ request_limit: 2 }");
  Asked asked("/");
  Places places;
  Judgement judgement;
  {
    Visit first(post.sentry(), places, post.now);
    Visit second(post.sentry(), places, post.now);
    EXPECT_FALSE(blocks(post.rules, asked.question(), &first, judgement));
    EXPECT_FALSE(blocks(post.rules, asked.question(), &second, judgement));
    EXPECT_FALSE(post.passes("203.0.113.7"));
    EXPECT_TRUE(post.passes("203.0.113.8"));
  }
  EXPECT_TRUE(post.passes("203.0.113.7"));
}

TEST(ConnectionLimits, CountConnectionsAndNotRequests) {
  Post post("{ connection_limit: 2 }");
  Asked asked("/");
  Places third;
  {
    Places first;
    Places second;
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(post.judge(asked, first).blocked) << i;
      EXPECT_FALSE(post.judge(asked, second).blocked) << i;
    }
    EXPECT_TRUE(post.judge(asked, third).blocked);
  }
  // It came as one too many, and stays that; the next one finds room.
  EXPECT_TRUE(post.judge(asked, third).blocked);
  Places fourth;
  EXPECT_FALSE(post.judge(asked, fourth).blocked);
}

TEST(ConnectionLimits, CountRequestsOfClientsBehindATrustedProxy) {
  Post post("{ connection_limit: 1 }");
  Asked asked("/");
  asked.request.facts.peer_trusted = true;
  Places proxy;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(post.judge(asked, proxy).blocked) << i;
  Judgement judgement;
  Visit under_way(post.sentry(), proxy, post.now);
  EXPECT_FALSE(blocks(post.rules, asked.question(), &under_way, judgement));
  EXPECT_TRUE(post.judge(asked, proxy).blocked);
}

// --- bans

TEST(AutoBans, AreLearnedFromAnswersAndEnd) {
  Post post("{ auto_ban: { when: \"3 x 401|404 in 1m\", for: 10s } }");
  post.answer("10.0.0.1", 404);
  post.answer("10.0.0.1", 401);
  post.answer("10.0.0.1", 500);
  post.answer("10.0.0.2", 404);
  EXPECT_TRUE(post.passes("10.0.0.1"));
  post.answer("10.0.0.1", 404);
  EXPECT_FALSE(post.passes("10.0.0.1"));
  EXPECT_TRUE(post.passes("10.0.0.2"));
  EXPECT_EQ(post.learned, std::vector<std::string>{"10.0.0.1/32 10s"});
  post.now += seconds(10);
  EXPECT_TRUE(post.passes("10.0.0.1"));
}

TEST(AutoBans, GrowUpToTheLongest) {
  Post post("{ auto_ban: { when: \"1 x 404 in 1s\", for: 10s, grow: 2x, max: 35s } }");
  for (int i = 0; i < 4; ++i) {
    post.answer("10.0.0.1", 404);
    post.now += seconds(36);
  }
  EXPECT_EQ(post.learned, (std::vector<std::string>{"10.0.0.1/32 10s", "10.0.0.1/32 20s",
                                                    "10.0.0.1/32 35s", "10.0.0.1/32 35s"}));
}

TEST(AutoBans, RollUpToTheNetwork) {
  Post post("{ auto_ban: { when: \"1 x 404 in 1m\", for: 1m, roll_up: 3 } }");
  for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) post.answer(client, 404);
  EXPECT_EQ(post.learned.back(), "10.0.0.0/24 60s");
  EXPECT_FALSE(post.passes("10.0.0.99"));
  EXPECT_TRUE(post.passes("10.0.1.1"));
}

TEST(AutoBans, CountClientsOfIpv6ByTheirNetwork) {
  Post post("{ auto_ban: { when: \"2 x 404 in 1m\" } }");
  post.answer("2001:db8::1", 404);
  post.answer("2001:db8::2", 404);
  EXPECT_EQ(post.learned, std::vector<std::string>{"2001:db8::/64 600s"});
  EXPECT_FALSE(post.passes("2001:db8::3"));
}

TEST(AutoBans, SpareWhomTheLevelAllows) {
  Post post("{ auto_ban: \"1 x 404 in 1m\", ip_allow: [10.0.0.0/8] }");
  post.answer("10.0.0.1", 404);
  EXPECT_TRUE(post.passes("10.0.0.1"));
  EXPECT_EQ(post.learned.size(), 0u);
}

TEST(AutoBans, KnowClassesOfStatuses) {
  Post post("{ auto_ban: \"1 x 4xx|503 in 1m\" }");
  post.answer("10.0.0.1", 500);
  EXPECT_TRUE(post.passes("10.0.0.1"));
  post.answer("10.0.0.1", 418);
  EXPECT_FALSE(post.passes("10.0.0.1"));
}

TEST(AutoBans, DoNotFeedThemselves) {
  Post post("{ auto_ban: { when: \"1 x 403 in 1m\", for: 10s, grow: 2x } }");
  post.answer("203.0.113.7", 403);
  Asked asked("/");
  Places places;
  for (int i = 0; i < 9; ++i) {
    post.now += seconds(1);
    Visit visit(post.sentry(), places, post.now);
    Judgement judgement;
    EXPECT_TRUE(visit.isBanned(asked.question(), judgement)) << i;
    visit.answered(post.rules, asked.question(), 403, post.now);
  }
  post.now += seconds(1);
  EXPECT_TRUE(post.passes("203.0.113.7"));
  EXPECT_EQ(post.learned, std::vector<std::string>{"203.0.113.7/32 10s"});
}

TEST(AutoBans, ActAsTheirRuleSays) {
  Post post("{ auto_ban: { when: \"1 x 404 in 1m\", action: { status: 404 } } }");
  post.answer("203.0.113.7", 404);
  Asked asked("/");
  Places places;
  const Judgement judgement = post.judge(asked, places);
  ASSERT_TRUE(judgement.blocked);
  EXPECT_EQ(judgement.blocked->rule, "ban of 203.0.113.7");
  EXPECT_EQ(judgement.blocked->origin, post.bans[0].mark);
  EXPECT_EQ(answerOf(judgement, asked.request.arena).status, 404);
}

TEST(Bans, ByHandAnswer403) {
  Post post("{}");
  post.sentry().clients.ban(*Cidr::parse("203.0.113.0/24"), {}, post.now);
  Asked asked("/");
  Places places;
  const Judgement judgement = post.judge(asked, places);
  ASSERT_TRUE(judgement.blocked);
  EXPECT_EQ(judgement.blocked->rule, "ban of 203.0.113.0/24");
  EXPECT_EQ(judgement.blocked->counted_as, "bans by hand");
  EXPECT_EQ(answerOf(judgement, asked.request.arena).status, 403);
}

// --- observing

struct ObserveRow {
  const char* name;
  const char* rules;
  const char* rule;  // that would have blocked
};

const ObserveRow kObserved[] = {
    {"a level's rules", "{ path_reject: [/], mode: observe }", "firewall path_reject /"},
    {"a level's limits", "{ rate_limit: { rate: 1/m }, mode: observe }",
     "firewall rate_limit 1/m by client_ip"},
    {"one limit", "{ rate_limit: { rate: 1/m, mode: observe } }",
     "firewall rate_limit 1/m by client_ip"},
    {"connections", "{ connection_limit: { limit: 1, mode: observe } }",
     "firewall connection_limit 1"},
    {"requests", "{ request_limit: { limit: 1, mode: observe } }", "firewall request_limit 1"},
};

TEST(ObserveMode, LetsPassAndCounts) {
  for (const ObserveRow& row : kObserved) {
    Post post(row.rules);
    Asked asked("/");
    Places one;
    Places two;
    Visit under_way(post.sentry(), one, post.now);
    Judgement first;
    blocks(post.rules, asked.question(), &under_way, first);
    const Judgement second = post.judge(asked, two);
    EXPECT_FALSE(second.blocked) << row.name;
    ASSERT_TRUE(second.observed) << row.name;
    EXPECT_EQ(second.observed->rule, row.rule) << row.name;
    const auto report = post.ledger.report();
    ASSERT_EQ(report.size(), 1u) << row.name;
    EXPECT_EQ(report[0].rule, row.rule);
    EXPECT_EQ(report[0].blocked, 0u);
    EXPECT_GE(report[0].observed, 1u);
  }
}

TEST(ObserveMode, ALimitsOwnModeWinsOverTheLevels) {
  Post post("{ path_reject: [/], mode: observe, rate_limit: { rate: 1/m, mode: enforce } }");
  EXPECT_TRUE(post.passes("10.0.0.1"));
  EXPECT_FALSE(post.passes("10.0.0.1"));
}

TEST(ObserveMode, ABanIsOnlyTold) {
  Post post("{ auto_ban: { when: \"1 x 404 in 1m\", for: 10s, mode: observe } }");
  post.answer("10.0.0.1", 404);
  EXPECT_TRUE(post.passes("10.0.0.1"));
  EXPECT_EQ(post.learned, std::vector<std::string>{"would: 10.0.0.1/32 10s"});
  EXPECT_EQ(post.ledger.report()[0].observed, 1u);
}

// --- what a trace says

TEST(Explained, LimitsAreTold) {
  const FirewallRules rules = rulesOf(
      "{ rate_limit: 1/s, connection_limit: 5, request_limit: { limit: 2, mode: observe } }");
  filter::Notes notes;
  Judgement judgement;
  EXPECT_FALSE(blocks(rules, Asked("/").question(&notes), nullptr, judgement));
  EXPECT_EQ(notes.lines, (std::vector<std::string>{
                             "firewall connection_limit 5 counts the connection",
                             "firewall request_limit 2 counts the request, and only observes",
                             "firewall rate_limit 1/s by client_ip counts the request"}));
}

}  // namespace
}  // namespace fairlead::firewall
