// Keys of requests: from where they come, which requests share one, and who has none.
#include "proxy/choice_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "decided.h"
#include "head_text.h"
#include "plan_for_test.h"

namespace fairlead::proxy {
namespace {

using balance::KeySource;

uint64_t keyOf(const KeyPlan& plan, std::string_view lines, std::string_view ip = "203.0.113.7",
               uint64_t seed = 1) {
  const auto request = requestOf(lines);
  filter::ClientFacts client;
  client.client = *IpAddress::parse(ip);
  Random random(seed);
  return choiceKey(plan, request->head, client, random);
}

std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a.test\r\n" + std::string(more);
}

// --- values, which all fairleads before the same servers have in common

struct ValueRow {
  const char* name;
  KeyPlan plan;
  std::string lines;
  uint64_t expected;
};

TEST(ChoiceKey, IsTheHashOfWhatItIsTakenFrom) {
  const ValueRow rows[] = {
      {"the client's address", {KeySource::ClientIp, ""}, get("/"), 0x157a55de2135bc1a},
      {"the path", {KeySource::Path, ""}, get("/foobar?x=1"), hashOfText("/foobar")},
      {"path and query", {KeySource::Uri, ""}, get("/a?x=1"), hashOfText("x=1", hashOfText("/a"))},
      {"a field",
       {KeySource::Header, "X-User"},
       get("/", "X-User: foobar\r\n"),
       0x404da9e3b74078c2},
      {"a cookie",
       {KeySource::Cookie, "user"},
       get("/", "Cookie: a=1; user=foobar\r\n"),
       0x404da9e3b74078c2},
      {"a parameter", {KeySource::Param, "user"}, get("/?a=1&user=foobar"), 0x404da9e3b74078c2},
      {"nothing", {KeySource::None, ""}, get("/"), 0},
  };
  for (const ValueRow& row : rows) EXPECT_EQ(keyOf(row.plan, row.lines), row.expected) << row.name;
}

// --- which requests go together

struct PairRow {
  const char* name;
  KeyPlan plan;
  std::string one;
  std::string other;
  bool together;
};

TEST(ChoiceKey, IsSharedByRequestsThatGoTogether) {
  const KeyPlan path{KeySource::Path, ""};
  const KeyPlan uri{KeySource::Uri, ""};
  const KeyPlan header{KeySource::Header, "X-User"};
  const KeyPlan host{KeySource::Header, "Host"};
  const KeyPlan cookie{KeySource::Cookie, "user"};
  const KeyPlan param{KeySource::Param, "user"};
  const PairRow rows[] = {
      {"path: the query does not count", path, get("/a?x=1"), get("/a?x=2"), true},
      {"path: one path is not another", path, get("/a"), get("/b"), false},
      {"path: a slash at the end counts", path, get("/a"), get("/a/"), false},
      {"path: forms of one path are one", path, get("/%61/../a"), get("/a"), true},
      {"uri: the query counts", uri, get("/a?x=1"), get("/a?x=2"), false},
      {"uri: the path counts", uri, get("/a?x=1"), get("/b?x=1"), false},
      {"uri: where the one ends counts", uri, get("/ab?c"), get("/a?bc"), false},
      {"uri: the same", uri, get("/a?x=1"), get("/a?x=1", "X: 1\r\n"), true},
      {"header: another value", header, get("/", "X-User: a\r\n"), get("/", "X-User: b\r\n"),
       false},
      {"header: letter case of the name", header, get("/", "X-User: a\r\n"),
       get("/", "x-uSER: a\r\n"), true},
      {"header: blanks around the value", header, get("/", "X-User: a\r\n"),
       get("/", "X-User:  a \t\r\n"), true},
      {"header: the first of two lines", header, get("/", "X-User: a\r\nX-User: b\r\n"),
       get("/", "X-User: a\r\nX-User: c\r\n"), true},
      {"header: an empty one is a value", header, get("/1", "X-User:\r\n"),
       get("/2", "X-User:\r\n"), true},
      {"header: Host is one too", host, get("/1"), get("/2"), true},
      {"cookie: others do not count", cookie, get("/", "Cookie: user=a; x=1\r\n"),
       get("/", "Cookie: x=2; user=a\r\n"), true},
      {"cookie: another value", cookie, get("/", "Cookie: user=a\r\n"),
       get("/", "Cookie: user=b\r\n"), false},
      {"cookie: quotes do not count", cookie, get("/", "Cookie: user=a\r\n"),
       get("/", "Cookie: user=\"a\"\r\n"), true},
      {"cookie: in the second line", cookie, get("/", "Cookie: user=a\r\n"),
       get("/", "Cookie: x=1\r\nCookie: user=a\r\n"), true},
      {"param: others do not count", param, get("/?user=a&x=1"), get("/?x=2&user=a"), true},
      {"param: another value", param, get("/?user=a"), get("/?user=b"), false},
      {"param: the name may be encoded", param, get("/?user=a"), get("/?%75ser=a"), true},
      {"param: without = as with nothing behind it", param, get("/?user"), get("/?user="), true},
      {"param: the first of two", param, get("/?user=a&user=b"), get("/?user=a&user=c"), true},
  };
  for (const PairRow& row : rows) {
    SCOPED_TRACE(row.name);
    // Other seeds, so that keys that were drawn do not agree by chance.
    const uint64_t one = keyOf(row.plan, row.one, "203.0.113.7", 1);
    const uint64_t other = keyOf(row.plan, row.other, "203.0.113.7", 2);
    EXPECT_EQ(one == other, row.together);
  }
}

struct ClientRow {
  const char* name;
  const char* one;
  const char* other;
  bool together;
};

TEST(ChoiceKey, OfAClientIsOfItsNetworkInIpv6) {
  const ClientRow rows[] = {
      {"the same", "203.0.113.7", "203.0.113.7", true},
      {"neighbours in IPv4", "203.0.113.7", "203.0.113.8", false},
      {"mapped into IPv6", "203.0.113.7", "::ffff:203.0.113.7", true},
      {"another address of a network of IPv6", "2001:db8::1", "2001:db8::f00d:1:2:3", true},
      {"another network of IPv6", "2001:db8::1", "2001:db8:0:1::1", false},
  };
  const KeyPlan plan{KeySource::ClientIp, ""};
  for (const ClientRow& row : rows)
    EXPECT_EQ(keyOf(plan, get("/"), row.one) == keyOf(plan, get("/"), row.other), row.together)
        << row.name;
}

// --- requests without a key

struct MissingRow {
  const char* name;
  KeyPlan plan;
  std::string lines;
};

TEST(ChoiceKey, IsDrawnForARequestThatHasNone) {
  const MissingRow rows[] = {
      {"no such field", {KeySource::Header, "X-User"}, get("/", "X-Users: a\r\n")},
      {"no cookies", {KeySource::Cookie, "user"}, get("/")},
      {"other cookies", {KeySource::Cookie, "user"}, get("/", "Cookie: users=a\r\n")},
      {"another letter case of the cookie",
       {KeySource::Cookie, "user"},
       get("/", "Cookie: User=a\r\n")},
      {"no query", {KeySource::Param, "user"}, get("/user=a")},
      {"other parameters", {KeySource::Param, "user"}, get("/?users=a&x=user")},
  };
  for (const MissingRow& row : rows) {
    SCOPED_TRACE(row.name);
    std::set<uint64_t> keys;
    for (uint64_t seed = 0; seed < 100; ++seed)
      keys.insert(keyOf(row.plan, row.lines, "203.0.113.7", seed));
    EXPECT_EQ(keys.size(), 100u);
  }
}

TEST(ChoiceKey, IsNotDrawnForOneThatHas) {
  const auto request = requestOf(get("/", "X-User: a\r\n"));
  Random random(1);
  choiceKey({KeySource::Header, "X-User"}, request->head, {}, random);
  EXPECT_EQ(random.next(), Random(1).next()) << "chance is left as it was";
}

TEST(SessionKey, IsTheHashOfTheName) {
  EXPECT_EQ(sessionKey("foobar"), 0x404da9e3b74078c2u);
  EXPECT_NE(sessionKey("a"), sessionKey("b"));
}

// --- cookies of sticky clients, as the decision hands them on

struct StickyRow {
  const char* name;
  const char* cookies;
  const char* values;
  const char* seen;  // the server's Cookie fields; "": none
};

std::string joined(std::span<const std::string_view> values) {
  std::string text;
  for (const std::string_view value : values) text.append(text.empty() ? "" : " ").append(value);
  return text;
}

PlanForTest planOf(void (*choose)(LegPlan&)) {
  PlanForTest made;
  RoutePlan& route = made.addRoute({.path = "/", .name = "all"});
  choose(route.legs.front());
  return made;
}

TEST(StickyDecision, TakesFairleadsOwnCookieAway) {
  const StickyRow rows[] = {
      {"none", "a=1", "", "a=1"},
      {"one", "a=1; srv=T", "T", "a=1"},
      {"several", "srv=T; a=1; srv=U", "T U", "a=1"},
      {"an empty one", "srv=; a=1", "", "a=1"},
      {"only empty", "srv=", "", ""},
      {"alone", "srv=T", "T", ""},
  };
  PlanForTest plan = planOf([](LegPlan& leg) { leg.sticky.emplace("srv"); });
  for (const StickyRow& row : rows) {
    SCOPED_TRACE(row.name);
    Decided decided(plan.finished(), get("/", "Cookie: " + std::string(row.cookies) + "\r\n"));
    EXPECT_EQ(joined(decided->sticky), row.values);
    EXPECT_EQ(decided.fields().valueOf(http::FieldId::Cookie), row.seen);
  }
}

TEST(StickyDecision, LeavesTheServersOwnCookie) {
  PlanForTest plan = planOf([](LegPlan& leg) { leg.learns.emplace("JSESSIONID"); });
  Decided decided(plan.finished(), get("/", "Cookie: a=1; JSESSIONID=\"s1\"; JSESSIONID=s2\r\n"));
  EXPECT_EQ(joined(decided->sticky), "s1 s2");
  EXPECT_EQ(decided.fields().valueOf(http::FieldId::Cookie),
            "a=1; JSESSIONID=\"s1\"; JSESSIONID=s2");
}

// The pool's policy may look at the very cookie that is hidden.
TEST(StickyDecision, TheKeyIsTakenFirst) {
  PlanForTest plan = planOf([](LegPlan& leg) {
    leg.sticky.emplace("srv");
    leg.key = {KeySource::Cookie, "srv"};
  });
  Decided decided(plan.finished(), get("/", "Cookie: srv=foobar\r\n"));
  EXPECT_EQ(decided->key, 0x404da9e3b74078c2u);
}

}  // namespace
}  // namespace fairlead::proxy
