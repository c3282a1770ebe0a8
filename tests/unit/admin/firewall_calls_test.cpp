// What the API says of bans and of the firewall's rules, and what it makes of orders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/api.h"
#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Cidr networkOf(const char* text) { return *Cidr::parse(text); }

// Keeps bans in a list.
class Book final : public BanBook {
 public:
  std::vector<KnownBan> all() override { return bans; }
  std::optional<BanDone> ban(const BanOrder& order) override {
    if (is_full) return std::nullopt;
    orders.push_back(order);
    return BanDone{.ban = {.ban = {.network = order.network,
                                   .since = kNow,
                                   .until = deadlineAfter(kNow, order.span)},
                           .by = kOperator,
                           .why = order.why},
                   .is_kept = true};
  }
  bool lift(const Cidr& network) override {
    return std::erase_if(bans, [&](const KnownBan& known) { return known.ban.network == network; });
  }

  void add(const char* network) {
    bans.push_back({{.network = networkOf(network), .since = kNow}, kOperator, ""});
  }

  std::vector<KnownBan> bans;
  std::vector<BanOrder> orders;
  bool is_full = false;
};

// 2026-01-02T03:04:05.678Z.
Moment momentForTest() {
  return {.steady = kNow, .wall = std::chrono::microseconds(1'767'323'045'678'000)};
}

class BanCalls : public testing::Test {
 protected:
  Answer ask(std::string_view method, std::string_view path, std::string_view query = {}) {
    return answerTo({.status = {}, .moment = momentForTest, .bans = &book_}, method, path, query);
  }
  static std::string errorOf(const Answer& answer) {
    return Json::parse(answer.body).at("error").get<std::string>();
  }

  Book book_;
};

TEST_F(BanCalls, ListBans) {
  book_.bans = {
      {{.network = networkOf("203.0.113.9"),
        .since = kNow - 90s,
        .until = kNow + 510s,
        .strikes = 2,
        .rule = 0},
       "20 x 404 in 1m (edge.yaml:7)",
       ""},
      {{.network = networkOf("2001:db8::/64"), .since = kNow - 1h}, kOperator, "scraping"}};
  EXPECT_EQ(Json::parse(ask("GET", "/api/bans").body), Json::parse(R"json({
    "at": "2026-01-02T03:04:05.678Z",
    "bans": [
      {"network": "203.0.113.9", "since": "2026-01-02T03:02:35.678Z", "for_seconds": 90.0,
       "until": "2026-01-02T03:12:35.678Z", "until_in_seconds": 510.0, "strikes": 2,
       "by": "20 x 404 in 1m (edge.yaml:7)", "why": ""},
      {"network": "2001:db8::/64", "since": "2026-01-02T02:04:05.678Z", "for_seconds": 3600.0,
       "until": null, "until_in_seconds": null, "strikes": 1, "by": "by hand",
       "why": "scraping"}]})json"));
}

struct OrderRow {
  const char* name;
  const char* path;
  const char* query;
  const char* network;
  Duration span;
  const char* why;
};

TEST_F(BanCalls, TakeOrders) {
  const OrderRow rows[] = {
      {"an address", "/api/bans/203.0.113.9", "", "203.0.113.9", 0s, ""},
      {"for a while", "/api/bans/203.0.113.9", "for=10m", "203.0.113.9", 10min, ""},
      {"with a reason", "/api/bans/203.0.113.9", "why=too%20much+of+it%21&for=1s", "203.0.113.9",
       1s, "too much of it!"},
      {"no reason after all", "/api/bans/203.0.113.9", "why=&", "203.0.113.9", 0s, ""},
      {"a network", "/api/bans/203.0.113.0%2F24", "", "203.0.113.0/24", 0s, ""},
      {"IPv6", "/api/bans/2001:db8::%2F64", "", "2001:db8::/64", 0s, ""},
      {"mapped, which is IPv4", "/api/bans/::ffff:203.0.113.9", "", "203.0.113.9", 0s, ""},
      {"the loopback", "/api/bans/127.0.0.1", "", "127.0.0.1", 0s, ""},
      {"everybody", "/api/bans/0.0.0.0%2F0", "", "0.0.0.0/0", 0s, ""},
  };
  for (const OrderRow& row : rows) {
    const Answer answer = ask("PUT", row.path, row.query);
    ASSERT_EQ(answer.status, 200) << row.name << answer.body;
    const BanOrder& order = book_.orders.back();
    EXPECT_EQ(order.network, networkOf(row.network)) << row.name;
    EXPECT_EQ(order.span, row.span) << row.name;
    EXPECT_EQ(order.why, row.why) << row.name;
    const Json done = Json::parse(answer.body);
    EXPECT_EQ(done.at("ban").at("network"), row.network) << row.name;
    EXPECT_EQ(done.at("kept"), true) << row.name;
  }
}

struct FaultRow {
  const char* name;
  const char* path;
  const char* query;
  const char* says;
};

TEST_F(BanCalls, RefuseWhatIsNoOrder) {
  const std::string long_why = "why=" + std::string(201, 'x');
  const FaultRow rows[] = {
      {"no address", "/api/bans/nobody", "", "`nobody` is not an IP address or network"},
      {"a port", "/api/bans/1.2.3.4:80", "", "did you mean `1.2.3.4`?"},
      {"host bits", "/api/bans/10.1.2.3%2F8", "", "did you mean `10.0.0.0/8`?"},
      {"a prefix too long", "/api/bans/10.0.0.0%2F33", "", "from 0 to 32"},
      {"a time without unit", "/api/bans/1.2.3.4", "for=10", "did you mean `10s`?"},
      {"no time", "/api/bans/1.2.3.4", "for=", "not a duration"},
      {"a time too short", "/api/bans/1.2.3.4", "for=10ms", "one second long at least"},
      {"negative time", "/api/bans/1.2.3.4", "for=-1s", "not a duration"},
      {"another parameter", "/api/bans/1.2.3.4", "fro=1h", "did you mean `for`?"},
      {"twice the same", "/api/bans/1.2.3.4", "for=1h&for=2h", "`for` is given twice"},
      {"a long reason", "/api/bans/1.2.3.4", long_why.c_str(), "200"},
  };
  for (const FaultRow& row : rows) {
    const Answer answer = ask("PUT", row.path, row.query);
    EXPECT_EQ(answer.status, 400) << row.name;
    EXPECT_THAT(errorOf(answer), HasSubstr(row.says)) << row.name;
  }
  EXPECT_TRUE(book_.orders.empty());
}

TEST_F(BanCalls, SayWhenThereIsNoRoom) {
  book_.is_full = true;
  const Answer answer = ask("PUT", "/api/bans/1.2.3.4");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(errorOf(answer), HasSubstr("client_table"));
}

TEST_F(BanCalls, LiftBans) {
  for (const char* network : {"203.0.113.9", "203.0.113.0/24", "203.0.0.0/16"}) book_.add(network);
  const Json done = Json::parse(ask("DELETE", "/api/bans/203.0.113.9").body);
  EXPECT_EQ(done.at("lifted"), "203.0.113.9");
  EXPECT_THAT(done.at("still_banned_by"), ElementsAre("203.0.113.0/24", "203.0.0.0/16"));
  EXPECT_EQ(book_.bans.size(), 2u);
}

TEST_F(BanCalls, SayWhatIsBannedInstead) {
  for (const char* network : {"203.0.113.0/24", "10.0.0.1", "10.0.0.2", "2001:db8::/64"})
    book_.add(network);
  const FaultRow rows[] = {
      {"nothing", "/api/bans/192.0.2.1", "", "192.0.2.1 is not banned"},
      {"its network", "/api/bans/203.0.113.9", "",
       "203.0.113.9 is not banned itself, but as part of 203.0.113.0/24; lift that ban"},
      {"its network, IPv6", "/api/bans/2001:db8::5", "", "as part of 2001:db8::/64"},
      {"parts of it", "/api/bans/10.0.0.0%2F24", "",
       "10.0.0.0/24 is not banned itself, but 2 parts of it are: 10.0.0.1, 10.0.0.2"},
  };
  for (const FaultRow& row : rows) {
    const Answer answer = ask("DELETE", row.path);
    EXPECT_EQ(answer.status, 404) << row.name;
    EXPECT_THAT(errorOf(answer), HasSubstr(row.says)) << row.name;
  }
  EXPECT_EQ(ask("DELETE", "/api/bans/10.1.2.3%2F8").status, 400);
  EXPECT_EQ(book_.bans.size(), 4u);
}

// A form of a web page knows GET and POST only.
TEST_F(BanCalls, KnowTheirMethods) {
  EXPECT_EQ(ask("POST", "/api/bans/1.2.3.4").status, 405);
  EXPECT_EQ(ask("POST", "/api/bans/1.2.3.4").allow, "PUT, DELETE");
  EXPECT_EQ(ask("GET", "/api/bans/1.2.3.4").status, 405);
  EXPECT_EQ(ask("OPTIONS", "/api/bans/1.2.3.4").status, 405);
  EXPECT_EQ(ask("DELETE", "/api/bans").status, 405);
  EXPECT_TRUE(book_.orders.empty());
}

// --- the rules

FirewallFacts factsForTest() {
  FirewallFacts facts;
  facts.table = {.capacity = 1000, .in_use = 20, .evictions = 3, .untracked = 4, .bans = 2};
  facts.table_bytes = 65536;
  firewall::RuleReport report{
      .rule = "firewall path_reject /.git", .mark = {}, .blocked = 7, .observed = 1, .clients = {}};
  for (int i = 0; i < 12; ++i)
    report.clients.push_back(
        {.client = Cidr(IpAddress::v4(0xcb007100u + static_cast<uint32_t>(i)), 128),
         .hits = static_cast<uint64_t>(20 - i),
         .example = "GET a.test/.git",
         .last = momentForTest().wall - 1s});
  facts.rules = {{report, "edge.yaml:3"},
                 {{.rule = "bans by hand", .mark = {}, .clients = {}}, ""}};
  return facts;
}

Answer askFirewall(std::string_view query = {}) {
  return answerTo({.status = {}, .moment = momentForTest, .firewall = factsForTest}, "GET",
                  "/api/firewall", query);
}

TEST(FirewallCall, TellsOfRulesAndTable) {
  Json body = Json::parse(askFirewall().body);
  Json& rule = body.at("rules").at(0);
  EXPECT_EQ(rule.at("clients").size(), 10u);
  EXPECT_EQ(rule.at("clients").at(0), Json::parse(R"({
    "client": "203.0.113.0", "hits": 20, "example": "GET a.test/.git",
    "last": "2026-01-02T03:04:04.678Z", "last_ago_seconds": 1.0})"));
  rule.erase("clients");
  EXPECT_EQ(body, Json::parse(R"({
    "at": "2026-01-02T03:04:05.678Z",
    "rules": [
      {"rule": "firewall path_reject /.git", "place": "edge.yaml:3", "blocked": 7, "observed": 1},
      {"rule": "bans by hand", "place": null, "blocked": 0, "observed": 0, "clients": []}],
    "table": {"capacity": 1000, "in_use": 20, "evictions": 3, "untracked": 4, "bytes": 65536},
    "bans": 2})"));
}

TEST(FirewallCall, ListsAsManyClientsAsAreWanted) {
  const auto clientsOf = [](const Answer& answer) {
    return Json::parse(answer.body).at("rules").at(0).at("clients").size();
  };
  EXPECT_EQ(clientsOf(askFirewall("clients=0")), 0u);
  EXPECT_EQ(clientsOf(askFirewall("clients=3")), 3u);
  EXPECT_EQ(clientsOf(askFirewall("clients=100")), 12u);
  for (const char* query : {"clients=101", "clients=", "clients=x", "clients=-1", "rule=x"})
    EXPECT_EQ(askFirewall(query).status, 400) << query;
}

}  // namespace
}  // namespace fairlead::admin
