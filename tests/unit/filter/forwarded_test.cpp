// Who the client is behind proxies, and what the server is told.
#include "filter/forwarded.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

TrustedProxies trustedOf(std::string_view text) {
  Diagnostics out;
  TrustedProxies trusted;
  trusted.read(flow(text), out);
  EXPECT_EQ(firstFinding(out), "");
  return trusted;
}

struct ClientRow {
  const char* name;
  const char* peer;
  FieldList fields;
  const char* client;
  const char* scheme;
};

// Trusted are 10.0.0.0/8 and ::1.
const ClientRow kClients[] = {
    {"untrusted peer",
     "203.0.113.1",
     {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-Proto", "https"}},
     "203.0.113.1",
     "http"},
    {"trusted peer without a word", "10.0.0.1", {}, "10.0.0.1", "http"},
    {"one element", "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}}, "1.1.1.1", "http"},
    {"first untrusted from the right",
     "10.0.0.1",
     {{"X-Forwarded-For", "6.6.6.6, 1.1.1.1, 10.0.0.2"}},
     "1.1.1.1",
     "http"},
    {"all trusted: the leftmost",
     "10.0.0.1",
     {{"X-Forwarded-For", "10.0.0.3,10.0.0.2"}},
     "10.0.0.3",
     "http"},
    {"several fields are one list",
     "10.0.0.1",
     {{"X-Forwarded-For", "1.1.1.1"}, {"x-forwarded-for", "10.0.0.2"}},
     "1.1.1.1",
     "http"},
    {"IPv6", "::1", {{"X-Forwarded-For", "2001:db8::7"}}, "2001:db8::7", "http"},
    {"IPv6 in brackets", "::1", {{"X-Forwarded-For", "[2001:db8::7]"}}, "2001:db8::7", "http"},
    {"IPv6 with port", "::1", {{"X-Forwarded-For", "[2001:db8::7]:1234"}}, "2001:db8::7", "http"},
    {"IPv4 with port", "::1", {{"X-Forwarded-For", "1.2.3.4:567"}}, "1.2.3.4", "http"},
    {"mapped element", "::1", {{"X-Forwarded-For", "1.1.1.1, ::ffff:10.0.0.2"}}, "1.1.1.1", "http"},
    {"empty elements", "::1", {{"X-Forwarded-For", ", 1.1.1.1, ,"}}, "1.1.1.1", "http"},
    {"unknown ends the walk",
     "10.0.0.1",
     {{"X-Forwarded-For", "1.1.1.1, unknown, 10.0.0.2"}},
     "10.0.0.2",
     "http"},
    {"unknown at once", "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, unknown"}}, "10.0.0.1", "http"},
    {"unknown ends it over fields",
     "10.0.0.1",
     {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "x"}},
     "10.0.0.1",
     "http"},
    {"bad port", "10.0.0.1", {{"X-Forwarded-For", "1.1.1.1:x"}}, "10.0.0.1", "http"},
    {"quotes are no address", "10.0.0.1", {{"X-Forwarded-For", "\"1.1.1.1\""}}, "10.0.0.1", "http"},
    {"scheme", "10.0.0.1", {{"X-Forwarded-Proto", "HTTPS"}}, "10.0.0.1", "https"},
    {"scheme of the nearest",
     "10.0.0.1",
     {{"X-Forwarded-Proto", "https, http"}},
     "10.0.0.1",
     "http"},
    {"unknown scheme", "10.0.0.1", {{"X-Forwarded-Proto", "ftp"}}, "10.0.0.1", "http"},
};

TEST(IdentifyClient, ReadsWhatTrustedProxiesSay) {
  const TrustedProxies trusted = trustedOf("[10.0.0.0/8, \"::1\"]");
  for (const ClientRow& row : kClients) {
    SCOPED_TRACE(row.name);
    Request request("/", row.fields);
    request.facts.peer = *IpAddress::parse(row.peer);
    identifyClient(request.head, trusted, request.facts);
    EXPECT_EQ(request.facts.client.text(), row.client);
    EXPECT_EQ(request.facts.scheme, row.scheme);
    EXPECT_EQ(request.facts.peer_trusted, trusted.trusts(request.facts.peer));
  }
}

// Rules, conditions and firewalls read the head later: what nobody trusted said must be gone.
TEST(IdentifyClient, RemovesWhatUntrustedPeersSay) {
  const struct {
    const char* name;
    const char* field;
    bool is_removed;
  } rows[] = {
      {"Forwarded", "Forwarded", true},
      {"X-Real-IP", "X-Real-IP", true},
      {"X-Forwarded-For", "X-Forwarded-For", true},
      {"X-Forwarded-Host", "X-Forwarded-Host", true},
      {"X-Forwarded-Port", "X-Forwarded-Port", true},
      {"X-Forwarded-Proto", "X-Forwarded-Proto", true},
      {"any letter case", "x-FORWARDED-proto", true},
      {"one that nobody knows", "X-Forwarded-Country", true},
      {"another name", "X-Forwarding", false},
      {"a name without the dash", "X-Forwarded", false},
      {"the request's id", "X-Request-Id", false},
  };
  const TrustedProxies trusted = trustedOf("[10.0.0.0/8]");
  for (const auto& row : rows) {
    for (const char* peer : {"203.0.113.9", "10.0.0.1"}) {
      Request request("/", {{row.field, "a"}, {"Accept", "b"}, {row.field, "c"}});
      request.facts.peer = *IpAddress::parse(peer);
      identifyClient(request.head, trusted, request.facts);
      const bool is_removed = row.is_removed && !request.facts.peer_trusted;
      EXPECT_EQ(request.head.fields.size(), is_removed ? 1u : 3u) << row.name << " of " << peer;
    }
  }
}

TEST(IdentifyClient, TrustsNobodyUnlessTold) {
  Request request("/", {{"X-Forwarded-For", "1.1.1.1"}});
  request.facts.peer = *IpAddress::parse("127.0.0.1");
  identifyClient(request.head, TrustedProxies(), request.facts);
  EXPECT_EQ(request.facts.client.text(), "127.0.0.1");
  EXPECT_FALSE(request.facts.peer_trusted);
}

struct SetRow {
  const char* name;
  bool peer_trusted;
  FieldList fields;
  const char* expected;
};

// The peer is 203.0.113.9, the authority shop.example.com:8080; every row brings X-Request-Id: i.
// Each goes through identifyClient first, as every request does.
const SetRow kSet[] = {
    {"afresh",
     false,
     {},
     "X-Request-Id: i|X-Forwarded-For: 203.0.113.9|X-Forwarded-Proto: http|"
     "X-Forwarded-Host: shop.example.com:8080|"},
    {"what the untrusted say is dropped",
     false,
     {{"Forwarded", "for=1"},
      {"X-Real-IP", "1.1.1.1"},
      {"x-forwarded-for", "1.1.1.1"},
      {"X-Forwarded-Proto", "https"},
      {"X-Forwarded-Host", "evil"},
      {"X-Forwarded-Port", "1"},
      {"X-Forwarded-Anything", "x"}},
     "X-Request-Id: i|X-Forwarded-For: 203.0.113.9|X-Forwarded-Proto: http|"
     "X-Forwarded-Host: shop.example.com:8080|"},
    {"trusted without a word",
     true,
     {},
     "X-Request-Id: i|X-Forwarded-For: 203.0.113.9|X-Forwarded-Proto: http|"
     "X-Forwarded-Host: shop.example.com:8080|"},
    {"trusted is extended",
     true,
     {{"X-Forwarded-For", "1.1.1.1, 2.2.2.2"},
      {"X-Forwarded-Proto", "https"},
      {"X-Forwarded-Host", "h"},
      {"X-Forwarded-Port", "443"},
      {"X-Real-IP", "1.1.1.1"}},
     "X-Request-Id: i|X-Forwarded-For: 1.1.1.1, 2.2.2.2, 203.0.113.9|X-Forwarded-Proto: https|"
     "X-Forwarded-Host: h|X-Forwarded-Port: 443|X-Real-IP: 1.1.1.1|"},
    {"several fields become one",
     true,
     {{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", ""}, {"X-Forwarded-For", "2.2.2.2"}},
     "X-Request-Id: i|X-Forwarded-For: 1.1.1.1, 2.2.2.2, 203.0.113.9|X-Forwarded-Proto: http|"
     "X-Forwarded-Host: shop.example.com:8080|"},
    {"an unknown scheme is replaced",
     true,
     {{"X-Forwarded-Proto", "gopher"}},
     "X-Request-Id: i|X-Forwarded-Proto: http|X-Forwarded-For: 203.0.113.9|"
     "X-Forwarded-Host: shop.example.com:8080|"},
};

TEST(SetForwarded, TellsTheServer) {
  for (const SetRow& row : kSet) {
    SCOPED_TRACE(row.name);
    FieldList fields{{"X-Request-Id", "i"}};
    fields.insert(fields.end(), row.fields.begin(), row.fields.end());
    Request request("/", fields);
    request.head.authority = "shop.example.com:8080";
    request.facts.peer = *IpAddress::parse("203.0.113.9");
    const TrustedProxies trusted = row.peer_trusted ? trustedOf("[203.0.113.9]") : TrustedProxies();
    identifyClient(request.head, trusted, request.facts);
    request.asked.request_id = "i";
    ASSERT_TRUE(setForwarded(request.head, request.scene()));
    EXPECT_EQ(request.fields(), row.expected);
  }
}

struct IdRow {
  const char* name;
  FieldList fields;
  bool kept;
};

const IdRow kIds[] = {
    {"none", {}, false},
    {"a token", {{"X-Request-Id", "abc-123"}}, true},
    {"128 characters", {{"X-Request-Id", std::string(128, 'a')}}, true},
    {"129 characters", {{"X-Request-Id", std::string(129, 'a')}}, false},
    {"empty", {{"X-Request-Id", ""}}, false},
    {"not a token", {{"X-Request-Id", "a b"}}, false},
    {"two", {{"X-Request-Id", "a"}, {"X-Request-Id", "b"}}, false},
};

TEST(SetRequestId, GivesEveryRequestOne) {
  for (const IdRow& row : kIds) {
    SCOPED_TRACE(row.name);
    Request request("/", row.fields);
    Random random(1);
    const std::string id(setRequestId(request.head, request.arena, random));
    EXPECT_EQ(request.head.fields.countOf(http::FieldId::XRequestId), 1u);
    EXPECT_EQ(request.head.fields.valueOf(http::FieldId::XRequestId), id);
    if (row.kept) {
      EXPECT_EQ(id, row.fields[0].second);
    } else {
      EXPECT_EQ(id.size(), 32u);
      EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    }
  }
}

TEST(SetRequestId, TwoAreNotTheSame) {
  Request first("/");
  Request second("/");
  Random random(1);
  EXPECT_NE(setRequestId(first.head, first.arena, random),
            setRequestId(second.head, second.arena, random));
}

TEST(SetRequestId, IsItsRandomnessInHexadecimal) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Request request("/");
    Random random(seed);
    Random same(seed);
    const uint64_t high = same.next();
    const uint64_t low = same.next();
    EXPECT_EQ(setRequestId(request.head, request.arena, random),
              fmt::format("{:016x}{:016x}", high, low));
  }
}

// A Connection that names it as belonging to one hop has it removed; the server gets it all the
// same, and the one that logs and placeholders speak of.
TEST(SetForwarded, KeepsTheRequestId) {
  Request request("/");
  request.asked.request_id = "r-1";
  ASSERT_TRUE(setForwarded(request.head, request.scene()));
  EXPECT_EQ(request.head.fields.valueOf(http::FieldId::XRequestId), "r-1");
}

TEST(SetForwarded, FullHeadIsAFailure) {
  Request request("/");
  while (request.head.fields.add(http::Field::make(request.arena, "A", "1"))) {
  }
  EXPECT_FALSE(setForwarded(request.head, request.scene()));
}

TEST(TrustedProxies, TellFaults) {
  Diagnostics out;
  TrustedProxies trusted;
  trusted.read(flow("[10.1.0.0/8]"), out);
  EXPECT_EQ(firstFinding(out),
            "error: `10.1.0.0/8` has host bits set beyond its prefix | did you mean `10.0.0.0/8`?");
}

}  // namespace
}  // namespace fairlead::filter
