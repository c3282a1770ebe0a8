// split: shares over many clients, who moves when shares change, and what a cookie pins.
#include "filter/split.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "http/cookies.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

constexpr uint32_t kClients = 100'000;

Split splitOf(std::string_view text, std::string_view scope = {}) {
  Diagnostics out;
  auto arms = readSplit(flow(text), out);
  EXPECT_EQ(firstFinding(out), "") << text;
  return Split(std::move(arms), scope);
}

const auto kAllUsable = [](const SplitArm&) { return true; };
const auto kNoneUsable = [](const SplitArm&) { return false; };

IpAddress clientOf(uint32_t number) { return IpAddress::v4(0x0a000000 + number); }

std::string_view poolOf(const Split& split, const IpAddress& client) {
  return split.arms()[split.choose(http::Fields(), client, kAllUsable).arm].pool_name;
}

// What a client with this cookie gets: the pool, and the value of a Set-Cookie ("" for none).
struct Visit {
  std::string pool;
  std::string cookie;
  bool by_cookie = false;
  friend bool operator==(const Visit&, const Visit&) = default;
};

template <typename Usable>
Visit visit(const Split& split, std::string_view cookie, const IpAddress& client, Usable usable) {
  FieldList fields;
  if (!cookie.empty())
    fields.emplace_back("Cookie", std::string(Split::kCookie) + "=" + std::string(cookie));
  Request request("/", fields);
  const Split::Choice choice = split.choose(request.head.fields, client, usable);
  Visit result{split.arms()[choice.arm].pool_name, "", choice.by_cookie};
  if (!choice.set_cookie) return result;
  const http::Field set = split.setCookie(request.head.fields, choice.arm, "http", request.arena);
  std::string_view value = set.value().substr(Split::kCookie.size() + 1);
  result.cookie = value.substr(0, value.find(';'));
  return result;
}

// --- reading

TEST(Split, Reads) {
  Diagnostics out;
  const auto arms = readSplit(flow("{ stable: 95, canary: 5, off: 0 }"), out);
  EXPECT_EQ(firstFinding(out), "");
  ASSERT_EQ(arms.size(), 3u);
  EXPECT_EQ(arms[0].pool_name, "stable");
  EXPECT_EQ(arms[0].percent, 95u);
  EXPECT_EQ(arms[0].mark, (Mark{0, 1, 3, 6}));
  EXPECT_EQ(arms[1].pool_name, "canary");
  EXPECT_EQ(arms[1].percent, 5u);
  EXPECT_EQ(arms[2].percent, 0u);
}

TEST(Split, TellsFaults) {
  const struct {
    const char* name;
    const char* text;
    const char* finding;
  } rows[] = {
      {"one pool", "{ a: 100 }", ""},
      {"too little", "{ a: 90, b: 5 }", "error: the shares of this split sum to 95"},
      {"too much", "{ a: 99, b: 2 }", "error: the shares of this split sum to 101"},
      {"nothing at all", "{ a: 0, b: 0 }", "error: the shares of this split sum to 0"},
      {"negative", "{ a: 105, b: -5 }", "error: 105 is too large"},
      {"negative alone", "{ a: -5, b: 100 }", "error: a share cannot be negative"},
      {"not a number", "{ a: half, b: 50 }", "error: `half` is not a whole number"},
      {"a fraction", "{ a: 99.5, b: 0.5 }", "error: `99.5` is not a whole number"},
      {"a percentage", "{ a: 95%, b: 5 }",
       "error: the numbers of a split are percentages already | did you mean `95`?"},
      {"a percentage of nothing", "{ a: x%, b: 5 }",
       "error: the numbers of a split are percentages already"},
      {"a text", "{ a: \"95\", b: 5 }", "error: this is a text, because of its quotes"},
      {"a mapping", "{ a: { weight: 1 }, b: 5 }", "error: this cannot be a mapping"},
      {"empty", "{}", "error: there is no pool in this split"},
      {"a list", "[a, b]", "error: this is not a mapping"},
      {"a text alone", "a", "error: this is not a mapping"},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    readSplit(flow(row.text), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Split, TellsEveryFaultAndKeepsTheNames) {
  Diagnostics out;
  const auto arms = readSplit(flow("{ a: x, b: -1, c: 5 }"), out);
  EXPECT_EQ(out.all().size(), 2u) << "the sum of what cannot be read is not judged";
  ASSERT_EQ(arms.size(), 3u);
  EXPECT_EQ(arms[1].pool_name, "b");
}

// --- shares

TEST(Split, SharesAreWhatTheyAreSaidToBe) {
  const struct {
    const char* name;
    const char* text;
    std::vector<double> shares;
  } rows[] = {
      {"two", "{ stable: 95, canary: 5 }", {0.95, 0.05}},
      {"halves", "{ blue: 50, green: 50 }", {0.5, 0.5}},
      {"one percent", "{ a: 99, b: 1 }", {0.99, 0.01}},
      {"three", "{ a: 60, b: 30, c: 10 }", {0.6, 0.3, 0.1}},
      {"one of nothing", "{ a: 0, b: 100 }", {0, 1}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const Split split = splitOf(row.text);
    for (const bool scattered : {false, true}) {
      Random random(7);
      std::vector<double> counts(row.shares.size());
      for (uint32_t i = 0; i < kClients; ++i) {
        const IpAddress client =
            scattered ? IpAddress::v4(static_cast<uint32_t>(random.next())) : clientOf(i);
        ++counts[split.choose(http::Fields(), client, kAllUsable).arm];
      }
      for (size_t arm = 0; arm < counts.size(); ++arm)
        EXPECT_NEAR(counts[arm] / kClients, row.shares[arm], 0.01) << arm;
    }
  }
}

TEST(Split, GrowingMovesClientsOnlyToWhatGrows) {
  const Split before = splitOf("{ stable: 95, canary: 5 }");
  const Split after = splitOf("{ stable: 90, canary: 10 }");
  uint32_t moved = 0;
  for (uint32_t i = 0; i < kClients; ++i) {
    const std::string_view was = poolOf(before, clientOf(i));
    const std::string_view is = poolOf(after, clientOf(i));
    if (was == is) continue;
    ++moved;
    ASSERT_EQ(is, "canary") << i;
  }
  EXPECT_NEAR(static_cast<double>(moved) / kClients, 0.05, 0.01);
}

TEST(Split, NobodyLeavesWhatGrowsAmongMany) {
  const Split before = splitOf("{ a: 50, b: 30, c: 20 }");
  const Split after = splitOf("{ a: 30, b: 30, c: 40 }");
  for (uint32_t i = 0; i < kClients; ++i)
    if (poolOf(before, clientOf(i)) == "c") ASSERT_EQ(poolOf(after, clientOf(i)), "c") << i;
}

TEST(Split, TheOrderOfTheFileDoesNotMatter) {
  const Split one = splitOf("{ a: 60, b: 30, c: 10 }");
  const Split other = splitOf("{ c: 10, a: 60, b: 30 }");
  for (uint32_t i = 0; i < 10'000; ++i)
    ASSERT_EQ(poolOf(one, clientOf(i)), poolOf(other, clientOf(i))) << i;
}

TEST(Split, ANetworkOfIpv6IsOneClient) {
  const Split split = splitOf("{ a: 50, b: 50 }");
  std::set<std::string_view> pools;
  for (int network = 0; network < 64; ++network) {
    const std::string prefix = "2001:db8:0:" + std::to_string(network) + ":";
    const std::string_view pool = poolOf(split, *IpAddress::parse(prefix + ":1"));
    pools.insert(pool);
    for (const char* host : {":2", "ffff::1", "1:2:3:4"})
      EXPECT_EQ(poolOf(split, *IpAddress::parse(prefix + host)), pool) << prefix << host;
  }
  EXPECT_EQ(pools.size(), 2u) << "networks are told apart";
}

TEST(Split, OthersStandInForAPoolWithoutServers) {
  const Split split = splitOf("{ a: 50, b: 30, c: 20 }");
  const auto withoutA = [](const SplitArm& arm) { return arm.pool_name != "a"; };
  std::vector<double> counts(3);
  for (uint32_t i = 0; i < kClients; ++i) {
    const Split::Choice choice = split.choose(http::Fields(), clientOf(i), withoutA);
    ++counts[choice.arm];
    const std::string_view whole = poolOf(split, clientOf(i));
    if (whole != "a") ASSERT_EQ(split.arms()[choice.arm].pool_name, whole) << i;
  }
  EXPECT_EQ(counts[0], 0);
  EXPECT_NEAR(counts[1] / kClients, 0.6, 0.01);
  EXPECT_NEAR(counts[2] / kClients, 0.4, 0.01);
}

TEST(Split, WhereNoPoolHasServersAllAreDrawn) {
  const Split split = splitOf("{ a: 50, b: 30, c: 20, d: 0 }");
  for (uint32_t i = 0; i < 10'000; ++i)
    ASSERT_EQ(split.choose(http::Fields(), clientOf(i), kNoneUsable).arm,
              split.choose(http::Fields(), clientOf(i), kAllUsable).arm);
}

TEST(Split, AHealthyPoolWithoutShareStandsInForNobody) {
  const Split split = splitOf("{ a: 100, b: 0 }");
  const auto onlyB = [](const SplitArm& arm) { return arm.pool_name == "b"; };
  EXPECT_EQ(split.choose(http::Fields(), clientOf(1), onlyB).arm, 0u);
}

// --- the cookie

TEST(Split, TheCookiePinsANewClient) {
  const Split split = splitOf("{ stable: 95, canary: 5 }");
  for (uint32_t i = 0; i < 1000; ++i) {
    const Visit first = visit(split, "", clientOf(i), kAllUsable);
    EXPECT_EQ(first.cookie.size(), 8u);
    const Visit second = visit(split, first.cookie, clientOf(i + 77'777), kAllUsable);
    ASSERT_EQ(second, (Visit{first.pool, "", true})) << i;
  }
}

TEST(Split, TokensSayNothingOfThePool) {
  const Visit first = visit(splitOf("{ stable: 100 }"), "", clientOf(1), kAllUsable);
  EXPECT_EQ(first.cookie, "1ee0643f") << "a release that changes it loses all clients";
}

// Raising the canary's share takes new clients only.
TEST(Split, PinnedClientsStayWhenSharesChange) {
  const Split before = splitOf("{ stable: 95, canary: 5 }");
  const Split after = splitOf("{ stable: 5, canary: 95 }");
  for (uint32_t i = 0; i < 1000; ++i) {
    const Visit first = visit(before, "", clientOf(i), kAllUsable);
    ASSERT_EQ(visit(after, first.cookie, clientOf(i), kAllUsable), (Visit{first.pool, "", true}));
  }
}

TEST(Split, AShareOfZeroLetsPinnedClientsGo) {
  const Split before = splitOf("{ stable: 0, canary: 100 }");
  const Split after = splitOf("{ stable: 100, canary: 0 }");
  const Visit first = visit(before, "", clientOf(1), kAllUsable);
  EXPECT_EQ(first.pool, "canary");
  const Visit moved = visit(after, first.cookie, clientOf(1), kAllUsable);
  EXPECT_EQ(moved.pool, "stable");
  ASSERT_EQ(moved.cookie.size(), 8u) << "the old token is not handed on";
  EXPECT_EQ(visit(before, moved.cookie, clientOf(1), kAllUsable).pool, "canary");
  const Split back = splitOf("{ stable: 50, canary: 50 }");
  EXPECT_EQ(visit(back, moved.cookie, clientOf(1), kAllUsable), (Visit{"stable", "", true}));
}

TEST(Split, APinnedClientComesBackToItsPool) {
  const Split split = splitOf("{ stable: 95, canary: 5 }");
  const Split only_canary = splitOf("{ stable: 0, canary: 100 }");
  const std::string cookie = visit(only_canary, "", clientOf(1), kAllUsable).cookie;
  const auto withoutCanary = [](const SplitArm& arm) { return arm.pool_name != "canary"; };
  EXPECT_EQ(visit(split, cookie, clientOf(1), withoutCanary), (Visit{"stable", "", false}));
  EXPECT_EQ(visit(split, cookie, clientOf(1), kAllUsable), (Visit{"canary", "", true}));
  EXPECT_EQ(visit(split, cookie, clientOf(1), kNoneUsable), (Visit{"canary", "", true}));
}

TEST(Split, ANewClientStaysWhereItWasSentInstead) {
  const Split split = splitOf("{ stable: 50, canary: 50 }");
  const auto withoutStable = [](const SplitArm& arm) { return arm.pool_name != "stable"; };
  for (uint32_t i = 0; i < 100; ++i) {
    const Visit first = visit(split, "", clientOf(i), withoutStable);
    EXPECT_EQ(first.pool, "canary");
    EXPECT_EQ(visit(split, first.cookie, clientOf(i), kAllUsable).pool, "canary");
  }
}

TEST(Split, SeveralSplitsShareTheCookie) {
  const Split shop = splitOf("{ shop: 95, shop-canary: 5 }");
  const Split api = splitOf("{ api: 95, api-canary: 5 }");
  const Visit first = visit(shop, "", clientOf(1), kAllUsable);
  const Visit second = visit(api, first.cookie, clientOf(1), kAllUsable);
  EXPECT_EQ(second.cookie.substr(8), "." + first.cookie) << "the newest first";
  EXPECT_EQ(visit(shop, second.cookie, clientOf(9), kAllUsable), (Visit{first.pool, "", true}));
  EXPECT_EQ(visit(api, second.cookie, clientOf(9), kAllUsable), (Visit{second.pool, "", true}));
}

TEST(Split, AScopeTellsSplitsOfTheSamePoolsApart) {
  const Split search = splitOf("{ shop: 100, search: 0 }", "shop.example.com /search");
  const Split whole = splitOf("{ shop: 0, canary: 100 }", "shop.example.com /");
  const Split later = splitOf("{ shop: 50, canary: 50 }", "shop.example.com /");
  const Visit first = visit(whole, "", clientOf(1), kAllUsable);
  const Visit second = visit(search, first.cookie, clientOf(1), kAllUsable);
  EXPECT_EQ(second.pool, "shop");
  EXPECT_EQ(visit(later, second.cookie, clientOf(1), kAllUsable), (Visit{"canary", "", true}));
  // Without scopes the newer token names a pool of both.
  const Split plain = splitOf("{ shop: 50, canary: 50 }");
  const std::string canary = visit(splitOf("{ canary: 100 }"), "", clientOf(1), kAllUsable).cookie;
  const std::string both = visit(splitOf("{ shop: 100 }"), canary, clientOf(1), kAllUsable).cookie;
  EXPECT_EQ(visit(plain, both, clientOf(1), kAllUsable), (Visit{"shop", "", true}));
}

TEST(Split, TheCookieHoldsEightTokens) {
  std::string cookie;
  for (int i = 0; i < 20; ++i) {
    const std::string pool = "p" + std::to_string(i);
    const Visit here = visit(splitOf("{ " + pool + ": 100 }"), cookie, clientOf(1), kAllUsable);
    ASSERT_FALSE(here.cookie.empty());
    const std::string own =
        visit(splitOf("{ " + pool + ": 100 }"), "", clientOf(1), kAllUsable).cookie;
    EXPECT_TRUE(here.cookie.starts_with(own)) << i;
    cookie = here.cookie;
    EXPECT_EQ(cookie.size(), 9 * std::min<size_t>(8, static_cast<size_t>(i) + 1) - 1);
  }
}

struct HostileRow {
  const char* name;
  std::string cookie;
  std::string kept;  // behind the new token
};

TEST(Split, HostileCookiesAreNotBelieved) {
  const Split split = splitOf("{ a: 50, b: 50 }");
  const std::string drawn = visit(split, "", clientOf(1), kAllUsable).cookie;
  const std::string many = [] {
    std::string text;
    for (int i = 0; i < 3000; ++i)
      text += "0badc0d" + std::string(1, "0123456789abcdef"[i % 16]) + ".";
    return text;
  }();
  const HostileRow rows[] = {
      {"a pool's name", "a", ""},
      {"upper case", "DEADBEEF", ""},
      {"too short", "deadbee", ""},
      {"too long", "deadbeef0", ""},
      {"dots", "........", ""},
      {"a dot at the end", "deadbeef.", ".deadbeef"},
      {"controls",
       "dead\x01"
       "eef.deadbeef",
       ".deadbeef"},
      {"attributes", "deadbeef, Path=/x", ""},
      {"in quotes", "\"deadbeef\"", ".deadbeef"},
      {"a quote", "\"deadbeef", ""},
      {"the same again", "deadbeef.deadbeef.deadbeef", ".deadbeef"},
      {"bytes beyond ASCII", "\xff\xfe\xc3\xa4\xc3\xb6\xc3\xbc\xe2", ""},
      {"very many", many, ".0badc0d0.0badc0d1.0badc0d2.0badc0d3.0badc0d4.0badc0d5.0badc0d6"},
  };
  for (const HostileRow& row : rows) {
    const Visit here = visit(split, row.cookie, clientOf(1), kAllUsable);
    EXPECT_EQ(here.cookie, drawn + row.kept) << row.name;
    EXPECT_FALSE(here.by_cookie) << row.name;
  }
}

TEST(Split, OneOfSeveralCookiesIsEnough) {
  const Split split = splitOf("{ a: 0, b: 100 }");
  const std::string own = visit(split, "", clientOf(1), kAllUsable).cookie;
  Request request("/", {{"Cookie", "x=1; fairlead_split=nonsense"},
                        {"Cookie", "fairlead_split=" + own + "; y=2"}});
  const Split::Choice choice = split.choose(request.head.fields, clientOf(1), kAllUsable);
  EXPECT_TRUE(choice.by_cookie);
  EXPECT_FALSE(choice.set_cookie);
}

TEST(Split, TheCookieIsOneOfTheWholeSite) {
  const Split split = splitOf("{ stable: 100 }");
  Request request("/");
  EXPECT_EQ(split.setCookie(request.head.fields, 0, "http", request.arena).line(),
            "Set-Cookie: fairlead_split=1ee0643f; Path=/; HttpOnly; SameSite=Lax\r\n");
  EXPECT_EQ(split.setCookie(request.head.fields, 0, "https", request.arena).line(),
            "Set-Cookie: fairlead_split=1ee0643f; Path=/; HttpOnly; SameSite=Lax; Secure\r\n");
}

TEST(Split, TheServerDoesNotSeeTheCookie) {
  const struct {
    const char* name;
    FieldList fields;
    const char* kept;
    size_t hidden;
  } rows[] = {
      {"among others", {{"Cookie", "a=1; fairlead_split=deadbeef; b=2"}}, "Cookie: a=1; b=2|", 1},
      {"alone", {{"Cookie", "fairlead_split=deadbeef"}, {"A", "1"}}, "A: 1|", 1},
      {"twice",
       {{"Cookie", "fairlead_split=x; c=3"}, {"Cookie", "fairlead_split=y"}},
       "Cookie: c=3|",
       2},
      {"not there", {{"Cookie", "fairlead_splitter=x;c=3"}}, "Cookie: fairlead_splitter=x;c=3|", 0},
      {"no cookies", {{"A", "1"}}, "A: 1|", 0},
  };
  for (const auto& row : rows) {
    Request request("/", row.fields);
    EXPECT_EQ(Split::hideCookie(request.head.fields, request.arena), row.hidden) << row.name;
    EXPECT_EQ(request.fields(), row.kept) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::filter
