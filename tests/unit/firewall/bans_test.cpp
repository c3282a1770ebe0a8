// Bans: whom they hold for, how long, and what becomes of them when there is no room.
#include "firewall/bans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "firewall/client_table.h"

namespace fairlead::firewall {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr HashSecret kSecret = {0x1234, 0x5678};
constexpr uint64_t kOneBucket = 512;
constexpr uint64_t kCells = CellTable::kCellsPerBucket;

TimePoint at(Duration since_start) { return TimePoint(hours(1)) + since_start; }
Cidr cidr(std::string_view text) { return *Cidr::parse(text); }
IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

struct GrowthRow {
  const char* name;
  BanRule rule;
  uint32_t strikes;
  Duration span;
};

TEST(Bans, Grow) {
  const BanRule doubling{.span = minutes(10), .grow = 2, .longest = hours(24)};
  const GrowthRow rows[] = {
      {"the first", doubling, 0, minutes(10)},
      {"the second", doubling, 1, minutes(20)},
      {"the eighth", doubling, 7, minutes(1280)},
      {"at the longest", doubling, 8, hours(24)},
      {"far beyond it", doubling, 255, hours(24)},
      {"without growth", {.span = minutes(10)}, 200, minutes(10)},
      {"by a fraction", {.span = minutes(10), .grow = 1.5}, 2, seconds(1350)},
      {"without bound", {.span = minutes(10), .grow = 10}, 255, Duration::max()},
      {"until lifted", {.longest = hours(1)}, 0, Duration::max()},
      {"longer than the longest", {.span = hours(2), .longest = hours(1)}, 0, hours(1)},
  };
  for (const GrowthRow& row : rows) EXPECT_EQ(banSpan(row.rule, row.strikes), row.span) << row.name;
}

struct LookUpRow {
  const char* address;
  const char* network;  // of the ban that holds, "" for none
};

TEST(Bans, HoldForTheLongestNetwork) {
  ClientTable table(1 << 20, kSecret);
  for (const char* network : {"192.0.2.0/24", "192.0.2.7", "10.0.0.0/8", "2001:db8:0:1::/64",
                              "2001:db8:0:1::5", "2001:db8::/32", "0.0.0.0/1", "fe80::/10"})
    ASSERT_TRUE(table.ban(cidr(network), {minutes(1)}, at({}))) << network;
  const LookUpRow rows[] = {
      {"192.0.2.7", "192.0.2.7/32"},
      {"::ffff:192.0.2.7", "192.0.2.7/32"},
      {"192.0.2.8", "192.0.2.0/24"},
      {"192.0.3.8", ""},
      {"10.255.255.255", "10.0.0.0/8"},
      {"11.0.0.0", "0.0.0.0/1"},
      {"2001:db8:0:1::5", "2001:db8:0:1::5/128"},
      {"2001:db8:0:1::6", "2001:db8:0:1::/64"},
      {"2001:db8:0:2::6", "2001:db8::/32"},
      {"2001:db9::1", ""},
      {"febf::1", "fe80::/10"},
      {"::a00:1", ""},
  };
  for (const LookUpRow& row : rows) {
    const auto ban = table.banOf(ip(row.address), at({}));
    EXPECT_EQ(ban ? ban->network.text() : "", row.network) << row.address;
  }
}

TEST(Bans, AllOfAFamily) {
  ClientTable table(1 << 20, kSecret);
  ASSERT_TRUE(table.ban(cidr("::/0"), {minutes(1)}, at({})));
  EXPECT_TRUE(table.banOf(ip("2001:db8::1"), at({})));
  EXPECT_FALSE(table.banOf(ip("192.0.2.1"), at({})));
  ASSERT_TRUE(table.ban(cidr("0.0.0.0/0"), {minutes(1)}, at({})));
  EXPECT_TRUE(table.banOf(ip("192.0.2.1"), at({})));
}

TEST(Bans, EndAndCanBeLifted) {
  ClientTable table(1 << 20, kSecret);
  const Cidr network = cidr("192.0.2.0/24");
  const IpAddress client = ip("192.0.2.1");
  EXPECT_FALSE(table.lift(network, at({})));
  const auto banned = table.ban(network, {.span = minutes(1), .rule = 3}, at({}));
  ASSERT_TRUE(banned);
  EXPECT_TRUE(banned->is_new);
  EXPECT_EQ(banned->ban.until, at(minutes(1)));
  const auto ban = table.banOf(client, at(seconds(59)));
  ASSERT_TRUE(ban);
  EXPECT_EQ(ban->since, at({}));
  EXPECT_EQ(ban->until, at(minutes(1)));
  EXPECT_EQ(ban->rule, 3);
  EXPECT_EQ(ban->strikes, 1u);
  EXPECT_FALSE(table.banOf(client, at(minutes(1))));
  EXPECT_FALSE(table.lift(network, at(minutes(1)))) << "it has ended";

  ASSERT_TRUE(table.ban(network, {}, at(minutes(1))));
  EXPECT_TRUE(table.banOf(client, at(hours(100'000)))) << "until it is lifted";
  EXPECT_EQ(table.banOf(client, at(minutes(2)))->until, kNever);
  EXPECT_TRUE(table.lift(network, at(minutes(2))));
  EXPECT_FALSE(table.banOf(client, at(minutes(2))));
  EXPECT_FALSE(table.lift(network, at(minutes(2))));
}

TEST(Bans, ASecondOneMovesTheEndOnlyLater) {
  ClientTable table(1 << 20, kSecret);
  const Cidr network = cidr("192.0.2.1");
  ASSERT_TRUE(table.ban(network, {.span = minutes(10), .rule = 1}, at({})));
  auto again = table.ban(network, {.span = minutes(1), .rule = 2}, at({}));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->ban.until, at(minutes(10)));
  EXPECT_EQ(again->ban.rule, 1);
  again = table.ban(network, {.span = minutes(20), .rule = 2}, at({}));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->ban.until, at(minutes(20)));
  EXPECT_EQ(again->ban.rule, 2);
  EXPECT_EQ(again->ban.strikes, 1u);
  EXPECT_EQ(again->ban.since, at({}));
  EXPECT_EQ(table.bans(at({})).size(), 1u);
}

TEST(Bans, OnlyAHandMovesTheEndOfOneByHand) {
  ClientTable table(1 << 20, kSecret);
  const Cidr network = cidr("192.0.2.1");
  ASSERT_TRUE(table.ban(network, {.span = minutes(1)}, at({})));
  auto again = table.ban(network, {.span = minutes(10), .memory = hours(1), .rule = 1}, at({}));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->ban.until, at(minutes(1)));
  EXPECT_EQ(again->ban.rule, kByHand);
  again = table.ban(network, {.span = minutes(2)}, at({}));
  EXPECT_EQ(again->ban.until, at(minutes(2)));
  again = table.ban(network, {.span = minutes(10), .rule = 1}, at(minutes(2)));
  EXPECT_TRUE(again->is_new) << "it is over";
}

TEST(Bans, AreRememberedBeyondTheirEnd) {
  ClientTable table(1 << 20, kSecret);
  const BanRule rule{.span = minutes(10), .memory = hours(1), .rule = 1};
  ASSERT_TRUE(table.ban(cidr("192.0.2.1"), rule, at({})));
  const auto count = [&](Duration when, BansThat which) {
    return table.bans(at(when), which).size();
  };
  EXPECT_EQ(count(minutes(9), BansThat::AreRemembered), 1u);
  EXPECT_EQ(count(minutes(10), BansThat::Hold), 0u);
  EXPECT_EQ(count(minutes(69), BansThat::AreRemembered), 1u);
  EXPECT_EQ(count(minutes(70), BansThat::AreRemembered), 0u);
  EXPECT_EQ(table.facts(at(minutes(70))).in_use, 0u);
}

TEST(Bans, GrowWhileTheOneBeforeIsRemembered) {
  ClientTable table(1 << 20, kSecret);
  const Cidr network = cidr("192.0.2.1");
  const BanRule rule{
      .span = minutes(10), .grow = 2, .longest = hours(1), .memory = hours(2), .rule = 5};
  struct Row {
    Duration begin;
    uint32_t strikes;
    Duration span;
  };
  const Row rows[] = {
      {minutes(0), 1, minutes(10)},   {minutes(10), 2, minutes(20)},
      {minutes(100), 3, minutes(40)}, {minutes(200), 4, minutes(60)},
      {minutes(379), 5, minutes(60)},  // ended at 260, remembered until 380
      {minutes(559), 1, minutes(10)},  // ended at 439, remembered until 559
  };
  for (const Row& row : rows) {
    const auto banned = table.ban(network, rule, at(row.begin));
    ASSERT_TRUE(banned);
    EXPECT_TRUE(banned->is_new);
    EXPECT_EQ(banned->ban.strikes, row.strikes);
    EXPECT_EQ(banned->ban.since, at(row.begin));
    EXPECT_EQ(banned->ban.until, at(row.begin + row.span));
  }
}

TEST(Bans, AreToldAndRestored) {
  ClientTable before(1 << 20, kSecret);
  ASSERT_TRUE(
      before.ban(cidr("192.0.2.1"), {.span = minutes(10), .memory = hours(1), .rule = 5}, at({})));
  ASSERT_TRUE(before.ban(cidr("2001:db8::/64"), {}, at(seconds(1))));
  ASSERT_TRUE(before.ban(cidr("192.0.2.2"), {.span = seconds(1)}, at({})));
  std::vector<Ban> told = before.bans(at(seconds(2)));
  std::ranges::sort(told, {}, [](const Ban& ban) { return ban.since; });
  ASSERT_EQ(told.size(), 2u);

  ClientTable after(1 << 20, {9, 9});
  for (const Ban& ban : told) EXPECT_TRUE(after.restore(ban, at(minutes(5))));
  for (const Ban& ban : told) EXPECT_TRUE(after.restore(ban, at(minutes(5)))) << "twice is once";
  std::vector<Ban> restored = after.bans(at(minutes(5)));
  std::ranges::sort(restored, {}, [](const Ban& ban) { return ban.since; });
  ASSERT_EQ(restored.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(restored[i].network, told[i].network);
    EXPECT_EQ(restored[i].since, told[i].since);
    EXPECT_EQ(restored[i].until, told[i].until);
    EXPECT_EQ(restored[i].memory, told[i].memory);
    EXPECT_EQ(restored[i].strikes, told[i].strikes);
    EXPECT_EQ(restored[i].rule, told[i].rule);
  }
  EXPECT_FALSE(after.banOf(ip("192.0.2.2"), at(minutes(5))));
}

TEST(Bans, RollUpToTheNetworkOfDifferentAddresses) {
  ClientTable table(1 << 20, kSecret);
  const BanRule rule{.span = minutes(9), .memory = hours(1), .roll_up = 3};
  const auto ban = [&](const char* network, Duration when) {
    const auto banned = table.ban(cidr(network), rule, at(when));
    return banned && banned->network ? banned->network->network.text() : "";
  };
  EXPECT_EQ(ban("192.0.2.1", seconds(0)), "");
  EXPECT_EQ(ban("192.0.2.2", seconds(0)), "");
  EXPECT_EQ(ban("192.0.2.2", seconds(1)), "") << "the same one";
  EXPECT_EQ(ban("192.0.3.3", seconds(1)), "") << "another network";
  EXPECT_EQ(ban("192.0.2.3", minutes(8)), "192.0.2.0/24");
  EXPECT_TRUE(table.banOf(ip("192.0.2.200"), at(minutes(8))));
  EXPECT_EQ(ban("192.0.3.4", minutes(4)), "");
  EXPECT_EQ(ban("192.0.3.5", minutes(11)), "") << "too late for the first";
  EXPECT_EQ(ban("2001:db8::/64", minutes(0)), "");
  EXPECT_EQ(ban("2001:db8:0:1::/64", minutes(0)), "");
  EXPECT_EQ(ban("2001:db8:0:2::/64", minutes(0)), "");
}

TEST(Bans, AddressThatIsBannedAgainAndAgainIsOne) {
  ClientTable table(1 << 20, kSecret);
  const BanRule rule{.span = minutes(9), .memory = hours(1), .roll_up = 2};
  for (int i = 0; i < 50; ++i) {
    const auto banned = table.ban(cidr("192.0.2.1"), rule, at(minutes(9) * i));
    ASSERT_TRUE(banned && banned->is_new);
    EXPECT_FALSE(banned->network);
  }
}

TEST(Bans, OnlyABanTakesThePlaceOfABan) {
  ClientTable table(kOneBucket, kSecret);
  for (uint64_t i = 0; i < kCells; ++i) {
    const Cidr network(IpAddress::v4(static_cast<uint32_t>(i)), 128);
    ASSERT_TRUE(table.ban(network, {minutes(10 + i)}, at({})));
  }
  const Rate rate = Rate::of(0.001, 1);
  EXPECT_TRUE(table.take(rate, table.key(1, "client"), at({})).passes);
  EXPECT_TRUE(table.take(rate, table.key(1, "client"), at({})).passes);
  EXPECT_EQ(table.facts(at({})).bans, kCells);
  EXPECT_EQ(table.facts(at({})).untracked, 2u);

  ASSERT_TRUE(table.ban(Cidr(IpAddress::v4(99), 128), {minutes(1)}, at({})));
  const ClientTable::Facts facts = table.facts(at({}));
  EXPECT_EQ(facts.bans, kCells);
  EXPECT_EQ(facts.evicted_bans, 1u);
  EXPECT_FALSE(table.banOf(IpAddress::v4(0), at({}))) << "it would have ended first";
  for (uint32_t i = 1; i < kCells; ++i) EXPECT_TRUE(table.banOf(IpAddress::v4(i), at({}))) << i;
  EXPECT_TRUE(table.banOf(IpAddress::v4(99), at({})));
}

TEST(Bans, ThatEndedGiveWay) {
  ClientTable table(kOneBucket, kSecret);
  const BanRule rule{.span = minutes(1), .memory = hours(1)};
  for (uint32_t i = 0; i < kCells; ++i)
    ASSERT_TRUE(table.ban(Cidr(IpAddress::v4(i), 128), rule, at(seconds(i))));
  const Rate rate = Rate::of(0.001, 1);
  EXPECT_EQ(table.facts(at(minutes(2))).in_use, kCells) << "their strikes";
  EXPECT_TRUE(table.take(rate, table.key(1, "client"), at(minutes(2))).passes);
  EXPECT_FALSE(table.take(rate, table.key(1, "client"), at(minutes(2))).passes);
  EXPECT_EQ(table.facts(at(minutes(2))).evictions, 1u);
  EXPECT_EQ(table.facts(at(minutes(2))).evicted_bans, 0u);
  EXPECT_TRUE(table.bans(at(minutes(2))).empty());
  EXPECT_EQ(table.ban(Cidr(IpAddress::v4(5), 128), rule, at(minutes(2)))->ban.strikes, 2u);
}

TEST(Bans, PrefixLengthsComeAndGo) {
  PrefixLengths lengths;
  const auto told = [&](std::string_view address) {
    std::string text;
    lengths.longestFirst(ip(address), [&](int bits) { text += std::to_string(bits) + " "; });
    return text;
  };
  EXPECT_TRUE(lengths.empty());
  for (const char* text : {"10.0.0.0/8", "10.0.0.1", "10.0.0.2", "::/0", "2001:db8::/63",
                           "2001:db8::/64", "2001:db8::1"})
    lengths.add(cidr(text).network(), cidr(text).bits());
  EXPECT_FALSE(lengths.empty());
  EXPECT_EQ(told("10.0.0.1"), "128 104 ");
  EXPECT_EQ(told("2001:db8::1"), "128 64 63 0 ");
  lengths.remove(cidr("10.0.0.1").network(), 128);
  lengths.remove(cidr("2001:db8::/64").network(), 64);
  EXPECT_EQ(told("10.0.0.1"), "128 104 ");
  EXPECT_EQ(told("2001:db8::1"), "128 63 0 ");
  lengths.remove(cidr("10.0.0.2").network(), 128);
  EXPECT_EQ(told("10.0.0.1"), "104 ");
}

// Networks are banned, lifted and pushed out by one another on several threads; in the end every
// ban that is told is found, and without bans no length is left.
TEST(Bans, ThreadsLeaveNothingBehind) {
  ClientTable table(8 * kOneBucket, kSecret);
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      Random random(thread);
      for (int i = 0; i < 20'000; ++i) {
        const int bits = 120 + static_cast<int>(random.below(9));
        const Cidr network(IpAddress::v4(static_cast<uint32_t>(random.below(256))).masked(bits),
                           bits);
        if (random.below(3) == 0)
          table.lift(network, at(seconds(i)));
        else
          table.ban(network, {.span = seconds(1 + random.below(1000))}, at(seconds(i)));
        table.banOf(network.network(), at(seconds(i)));
      }
    });
  for (std::thread& thread : threads) thread.join();
  const TimePoint now = at(seconds(20'000));
  const std::vector<Ban> bans = table.bans(now);
  EXPECT_FALSE(bans.empty());
  for (const Ban& ban : bans) {
    const auto found = table.banOf(ban.network.network(), now);
    ASSERT_TRUE(found) << ban.network.text();
    EXPECT_GE(found->network.bits(), ban.network.bits());
    EXPECT_TRUE(table.lift(ban.network, now));
  }
  EXPECT_TRUE(table.bans(now).empty());
  EXPECT_EQ(table.facts(now).in_use, 0u);
  EXPECT_FALSE(table.hasBans());
}

}  // namespace
}  // namespace fairlead::firewall
