// The ledger: counts by rule, the clients that hit most, several workers together.
#include "firewall/ledger.h"

#include <gtest/gtest.h>

#include "unit/firewall/asked.h"

namespace fairlead::firewall {
namespace {

Hit hitAt(std::string_view name, uint32_t line) {
  const Mark mark{.file = 0, .line = line, .column = 3};
  return {.rule = name, .origin = mark, .counted = mark, .counted_as = {}};
}

void note(Ledger& ledger, size_t lane, const Hit& hit, Effect effect, std::string_view client) {
  Asked asked("/admin/x");
  ledger.lane(lane).note(hit, effect, asked.client(client).question());
}

TEST(Ledger, CountsByRuleOverAllWorkers) {
  Ledger ledger(2);
  note(ledger, 0, hitAt("one", 1), Effect::Blocked, "10.0.0.1");
  note(ledger, 0, hitAt("two", 2), Effect::Blocked, "10.0.0.1");
  note(ledger, 1, hitAt("two", 2), Effect::Blocked, "10.0.0.1");
  note(ledger, 1, hitAt("two", 2), Effect::Observed, "10.0.0.2");
  const auto report = ledger.report();
  ASSERT_EQ(report.size(), 2u);
  EXPECT_EQ(report[0].rule, "two");
  EXPECT_EQ(report[0].mark.line, 2u);
  EXPECT_EQ(report[0].blocked, 2u);
  EXPECT_EQ(report[0].observed, 1u);
  ASSERT_EQ(report[0].clients.size(), 2u);
  EXPECT_EQ(report[0].clients[0].client.text(), "10.0.0.1/32");
  EXPECT_EQ(report[0].clients[0].hits, 2u);
  EXPECT_EQ(report[0].clients[0].example, "GET shop.example.com/admin/x");
  EXPECT_GT(report[0].clients[0].last.count(), 0);
  EXPECT_EQ(report[1].rule, "one");
  EXPECT_EQ(report[1].blocked, 1u);
}

TEST(Ledger, CountsTheLinesOfAListTogether) {
  Ledger ledger(1);
  Hit first = hitAt("firewall ip_reject 10.0.0.1/32", 7);
  first.counted.line = 3;
  first.counted_as = "firewall ip_reject @list.txt";
  Hit second = first;
  second.rule = "firewall ip_reject 10.0.0.2/32";
  note(ledger, 0, first, Effect::Blocked, "10.0.0.1");
  note(ledger, 0, second, Effect::Blocked, "10.0.0.2");
  const auto report = ledger.report();
  ASSERT_EQ(report.size(), 1u);
  EXPECT_EQ(report[0].rule, "firewall ip_reject @list.txt");
  EXPECT_EQ(report[0].blocked, 2u);
}

TEST(Ledger, KnowsAClientOfIpv6ByItsNetwork) {
  Ledger ledger(1);
  note(ledger, 0, hitAt("one", 1), Effect::Blocked, "2001:db8::1");
  note(ledger, 0, hitAt("one", 1), Effect::Blocked, "2001:db8::2");
  const auto report = ledger.report();
  ASSERT_EQ(report[0].clients.size(), 1u);
  EXPECT_EQ(report[0].clients[0].client.text(), "2001:db8::/64");
  EXPECT_EQ(report[0].clients[0].hits, 2u);
}

// Thousands of clients come once; three of them come all the time.
TEST(Ledger, KeepsTheClientsThatHitMost) {
  Ledger ledger(1);
  const Hit hit = hitAt("one", 1);
  for (uint32_t i = 0; i < 3000; ++i) {
    note(ledger, 0, hit, Effect::Blocked, IpAddress::v4(0x0a000000 + i).text());
    note(ledger, 0, hit, Effect::Blocked, "192.0.2." + std::to_string(1 + i % 3));
  }
  const auto report = ledger.report();
  EXPECT_EQ(report[0].blocked, 6000u);
  ASSERT_EQ(report[0].clients.size(), HeavyHitters::kPlaces);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(report[0].clients[i].client.text().starts_with("192.0.2.")) << i;
    EXPECT_GE(report[0].clients[i].hits, 1000u);
  }
}

TEST(Ledger, CountsRulesBeyondThoseWithLists) {
  Ledger ledger(1);
  for (uint32_t line = 1; line <= Ledger::kDetailed + 1; ++line)
    note(ledger, 0, hitAt("rule", line), Effect::Blocked, "10.0.0.1");
  size_t without = 0;
  for (const RuleReport& rule : ledger.report()) {
    EXPECT_EQ(rule.blocked, 1u);
    without += rule.clients.empty();
  }
  EXPECT_EQ(without, 1u);
}

}  // namespace
}  // namespace fairlead::firewall
