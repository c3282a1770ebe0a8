// Tokens of servers: what they are made of, and who is found by one.
#include "upstream/sticky_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/cookies.h"
#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

struct TokenRow {
  const char* name;
  std::string_view secret;
  std::string_view pool;
  std::string_view server;
  const char* expected;
};

// Worked out by another program: clients keep these over releases.
const TokenRow kTokens[] = {
    {"an address", kSecret, "shop", "10.0.0.1:8080", "dEwp2fVUZ_vfR1rZbBwtbw"},
    {"a name", kSecret, "shop", "api@::1", "1tsavCye63Lbs10axGZpQQ"},
    {"nothing at all", "", "", "", "ZiCzHykkuMAVR3RfQYJdMg"},
};

TEST(StickyToken, IsTheSameForEver) {
  for (const TokenRow& row : kTokens)
    EXPECT_EQ(stickyToken(row.secret, row.pool, row.server), row.expected) << row.name;
}

TEST(StickyToken, IsAnotherForOtherNames) {
  const std::string token = stickyToken(kSecret, "shop", "api");
  EXPECT_NE(stickyToken("0123456789abcdef0123456789abcdeg", "shop", "api"), token) << "secret";
  EXPECT_NE(stickyToken(kSecret, "shop2", "api"), token) << "pool";
  EXPECT_NE(stickyToken(kSecret, "shop", "api2"), token) << "server";
  EXPECT_NE(stickyToken(kSecret, "sho", "papi"), token) << "where the one ends";
}

TEST(StickyToken, MayStandInACookieAndSaysNothing) {
  for (int i = 0; i < 200; ++i) {
    const std::string server = "server" + std::to_string(i);
    const std::string token = stickyToken(kSecret, "shop", server);
    ASSERT_EQ(token.size(), 22u);
    ASSERT_TRUE(http::isCookieValue(token)) << token;
    ASSERT_TRUE(std::ranges::all_of(token, [](char c) {
      return ascii::isAlpha(c) || ascii::isDigit(c) || c == '-' || c == '_';
    })) << token;
  }
}

// --- the table

std::vector<std::shared_ptr<Server>> serversAt(const std::vector<uint16_t>& ports) {
  std::vector<std::shared_ptr<Server>> servers;
  for (const uint16_t port : ports) {
    const SocketAddress address{*IpAddress::parse("10.0.0.1"), port};
    servers.push_back(
        std::make_shared<Server>(serverAt(address), std::vector<SocketAddress>{address}, false));
  }
  return servers;
}

struct FindRow {
  const char* name;
  std::string token;
  size_t expected;
};

TEST(StickyTable, FindsTheServersOfItsRoster) {
  const auto servers = serversAt({8001, 8002, 8003});
  const StickyTable table(kSecret, "shop", servers);
  const std::string first = stickyToken(kSecret, "shop", "10.0.0.1:8001");
  std::string turned = first;  // the letter case of one character
  const auto letter = std::ranges::find_if(turned, ascii::isAlpha);
  ASSERT_NE(letter, turned.end());
  *letter = static_cast<char>(*letter ^ 0x20);
  const FindRow rows[] = {
      {"the first", first, 0},
      {"the last", stickyToken(kSecret, "shop", "10.0.0.1:8003"), 2},
      {"a server that is gone", stickyToken(kSecret, "shop", "10.0.0.1:8004"), StickyTable::kNone},
      {"of another pool", stickyToken(kSecret, "cart", "10.0.0.1:8001"), StickyTable::kNone},
      {"signed with another secret", stickyToken("", "shop", "10.0.0.1:8001"), StickyTable::kNone},
      {"the name itself", "10.0.0.1:8001", StickyTable::kNone},
      {"empty", "", StickyTable::kNone},
      {"cut short", first.substr(0, 21), StickyTable::kNone},
      {"with more behind", first + "A", StickyTable::kNone},
      {"in another letter case", turned, StickyTable::kNone},
      {"padded", first + "==", StickyTable::kNone},
      {"with a zero byte", first + std::string("\0", 1), StickyTable::kNone},
      {"very long", std::string(100'000, 'A'), StickyTable::kNone},
  };
  for (const FindRow& row : rows) EXPECT_EQ(table.find(row.token), row.expected) << row.name;
}

TEST(StickyTable, TokensDoNotDependOnTheOrder) {
  const StickyTable one(kSecret, "shop", serversAt({8001, 8002, 8003}));
  const StickyTable other(kSecret, "shop", serversAt({8003, 8004, 8001}));
  EXPECT_EQ(other.find(one.tokenOf(0)), 2u);
  EXPECT_EQ(other.find(one.tokenOf(1)), StickyTable::kNone);
  EXPECT_EQ(other.find(one.tokenOf(2)), 0u);
}

TEST(StickyTable, IsEmptyAtFirst) {
  const StickyTable table;
  EXPECT_EQ(table.find(""), StickyTable::kNone);
  EXPECT_EQ(table.find(kTokens[0].expected), StickyTable::kNone);
}

// A worker puts a new one in the place of the old one with every roster.
TEST(StickyTable, MayBeMoved) {
  StickyTable table(kSecret, "shop", serversAt({8001}));
  table = StickyTable(kSecret, "shop", serversAt({8005, 8006}));
  const StickyTable moved(std::move(table));
  EXPECT_EQ(moved.find(stickyToken(kSecret, "shop", "10.0.0.1:8006")), 1u);
  EXPECT_EQ(moved.find(stickyToken(kSecret, "shop", "10.0.0.1:8001")), StickyTable::kNone);
  EXPECT_EQ(moved.tokenOf(0), stickyToken(kSecret, "shop", "10.0.0.1:8005"));
}

}  // namespace
}  // namespace fairlead::upstream
