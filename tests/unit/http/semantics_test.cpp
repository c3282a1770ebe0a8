// What heads mean: framing, persistence, upgrade, hop-by-hop fields, expectations.
#include "http/semantics.h"

#include <gtest/gtest.h>

#include "unit/http/head_from.h"

namespace fairlead::http {
namespace {

using Kind = Framing::Kind;

struct FramingRow {
  const char* name;
  std::string_view lines;
  std::string_view version;
  Framing framing;
  uint16_t status = 0;  // 0: accepted
  std::string_view fault = {};
};

constexpr std::string_view k11 = "HTTP/1.1";
constexpr std::string_view k10 = "HTTP/1.0";
constexpr std::string_view kNotNumber = "Content-Length is not a number";
constexpr std::string_view kOtherCoding = "Transfer-Encoding names a coding other than chunked";

TEST(RequestFraming, Table) {
  const FramingRow rows[] = {
      {"no body", "", k11, {}},
      {"length", "Content-Length: 5\r\n", k11, {Kind::Length, 5}},
      {"length zero", "Content-Length: 0\r\n", k11, {Kind::Length, 0}},
      {"length with leading zeros", "Content-Length: 0005\r\n", k11, {Kind::Length, 5}},
      {"length in 1.0", "Content-Length: 5\r\n", k10, {Kind::Length, 5}},
      {"eighteen digits",
       "Content-Length: 999999999999999999\r\n",
       k11,
       {Kind::Length, 999999999999999999}},
      {"zeros in front", "Content-Length: 00000000000000000000000042\r\n", k11, {Kind::Length, 42}},
      {"largest length", "Content-Length: 9223372036854775807\r\n", k11, {Kind::Length, INT64_MAX}},
      {"chunked", "Transfer-Encoding: chunked\r\n", k11, {Kind::Chunked}},
      {"chunked in capitals", "transfer-encoding: CHUNKED\r\n", k11, {Kind::Chunked}},
      {"length of 2^63",
       "Content-Length: 9223372036854775808\r\n",
       k11,
       {},
       400,
       "Content-Length is too large"},
      {"length of 30 digits",
       "Content-Length: 999999999999999999999999999999\r\n",
       k11,
       {},
       400,
       "Content-Length is too large"},
      {"empty length", "Content-Length:\r\n", k11, {}, 400, "Content-Length is empty"},
      {"plus", "Content-Length: +5\r\n", k11, {}, 400, kNotNumber},
      {"minus", "Content-Length: -5\r\n", k11, {}, 400, kNotNumber},
      {"hexadecimal", "Content-Length: 0x5\r\n", k11, {}, 400, kNotNumber},
      {"list", "Content-Length: 5,5\r\n", k11, {}, 400, kNotNumber},
      {"list with space", "Content-Length: 5, 5\r\n", k11, {}, 400, kNotNumber},
      {"space inside", "Content-Length: 5 5\r\n", k11, {}, 400, kNotNumber},
      {"fraction", "Content-Length: 5.0\r\n", k11, {}, 400, kNotNumber},
      {"letters after", "Content-Length: 5a\r\n", k11, {}, 400, kNotNumber},
      {"two that differ",
       "Content-Length: 5\r\nContent-Length: 6\r\n",
       k11,
       {},
       400,
       "More than one Content-Length"},
      {"two that agree",
       "Content-Length: 5\r\nContent-Length: 5\r\n",
       k11,
       {},
       400,
       "More than one Content-Length"},
      {"length and coding",
       "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
       k11,
       {},
       400,
       "Content-Length and Transfer-Encoding in one request"},
      {"coding and length",
       "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       k11,
       {},
       400,
       "Content-Length and Transfer-Encoding in one request"},
      {"coding in 1.0",
       "Transfer-Encoding: chunked\r\n",
       k10,
       {},
       400,
       "Transfer-Encoding in an HTTP/1.0 request"},
      {"chunked twice",
       "Transfer-Encoding: chunked, chunked\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding names chunked twice"},
      {"chunked twice in two fields",
       "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding names chunked twice"},
      {"chunked not last",
       "Transfer-Encoding: chunked, gzip\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding names a coding after chunked"},
      {"chunked not last in two fields",
       "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding names a coding after chunked"},
      {"empty coding",
       "Transfer-Encoding:\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding has an empty element"},
      {"empty element",
       "Transfer-Encoding: ,chunked\r\n",
       k11,
       {},
       400,
       "Transfer-Encoding has an empty element"},
      {"coding before chunked", "Transfer-Encoding: gzip, chunked\r\n", k11, {}, 501, kOtherCoding},
      {"other coding", "Transfer-Encoding: gzip\r\n", k11, {}, 501, kOtherCoding},
      {"identity", "Transfer-Encoding: identity\r\n", k11, {}, 501, kOtherCoding},
      {"almost chunked", "Transfer-Encoding: xchunked\r\n", k11, {}, 501, kOtherCoding},
      {"chunked with a parameter",
       "Transfer-Encoding: chunked;a=b\r\n",
       k11,
       {},
       501,
       kOtherCoding},
      {"chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n", k11, {}, 501, kOtherCoding},
  };
  for (const FramingRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto parsed = test::request(row.lines, row.version);
    const auto framing = requestFraming(parsed->head);
    EXPECT_EQ(framing ? 0 : framing.error().status, row.status);
    EXPECT_EQ(framing ? "" : framing.error().sentence, row.fault);
    if (framing) EXPECT_EQ(*framing, row.framing);
  }
}

struct ResponseFramingRow {
  const char* name;
  std::string_view start;
  std::string_view lines;
  Method method;
  Framing framing;
  std::string_view fault = {};
};

TEST(ResponseFraming, Table) {
  constexpr std::string_view k200 = "HTTP/1.1 200 OK";
  constexpr std::string_view kLength = "Content-Length: 5\r\n";
  constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
  const ResponseFramingRow rows[] = {
      {"length", k200, kLength, Method::Get, {Kind::Length, 5}},
      {"chunked", k200, kChunked, Method::Get, {Kind::Chunked}},
      {"until close", k200, "", Method::Get, {Kind::UntilClose}},
      {"1.0 until close", "HTTP/1.0 200 OK", "", Method::Get, {Kind::UntilClose}},
      {"HEAD", k200, kLength, Method::Head, {}},
      {"HEAD of chunked", k200, kChunked, Method::Head, {}},
      {"100", "HTTP/1.1 100 Continue", "", Method::Get, {}},
      {"101", "HTTP/1.1 101 Switching Protocols", "", Method::Get, {}},
      {"204", "HTTP/1.1 204 No Content", "", Method::Get, {}},
      {"304 with the length of its resource",
       "HTTP/1.1 304 Not Modified",
       kLength,
       Method::Get,
       {}},
      {"CONNECT accepted", k200, "", Method::Connect, {}},
      {"CONNECT refused", "HTTP/1.1 403 Forbidden", kLength, Method::Connect, {Kind::Length, 5}},
      {"length and coding",
       k200,
       "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
       Method::Get,
       {},
       "Content-Length and Transfer-Encoding in one response"},
      {"length and coding for HEAD",
       k200,
       "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
       Method::Head,
       {},
       "Content-Length and Transfer-Encoding in one response"},
      {"coding in 1.0",
       "HTTP/1.0 200 OK",
       kChunked,
       Method::Get,
       {},
       "Transfer-Encoding in an HTTP/1.0 response"},
      {"lengths that differ",
       k200,
       "Content-Length: 5\r\nContent-Length: 6\r\n",
       Method::Get,
       {},
       "More than one Content-Length"},
      {"malformed length for HEAD", k200, "Content-Length: five\r\n", Method::Head, {}, kNotNumber},
      {"other coding", k200, "Transfer-Encoding: gzip\r\n", Method::Get, {}, kOtherCoding},
  };
  for (const ResponseFramingRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto parsed = test::response(row.lines, row.start);
    const auto framing = responseFraming(parsed->head, row.method);
    EXPECT_EQ(framing ? "" : framing.error().sentence, row.fault);
    if (framing)
      EXPECT_EQ(*framing, row.framing);
    else
      EXPECT_EQ(framing.error().status, 502);
  }
}

struct KeepAliveRow {
  const char* name;
  Version version;
  std::string_view lines;
  bool keep_alive;
};

TEST(Connection, KeepAlive) {
  const KeepAliveRow rows[] = {
      {"1.1", Version::Http11, "", true},
      {"1.1 close", Version::Http11, "Connection: close\r\n", false},
      {"1.1 close in capitals in a list", Version::Http11, "Connection: x , CLOSE\r\n", false},
      {"1.1 close in a second field", Version::Http11, "Connection: x\r\nConnection: close\r\n",
       false},
      {"1.1 word that holds close", Version::Http11, "Connection: closed\r\n", true},
      {"1.0", Version::Http10, "", false},
      {"1.0 keep-alive", Version::Http10, "Connection: Keep-Alive\r\n", true},
      {"1.0 both", Version::Http10, "Connection: keep-alive, close\r\n", false},
  };
  for (const KeepAliveRow& row : rows)
    EXPECT_EQ(wantsKeepAlive(row.version, test::request(row.lines)->head.fields), row.keep_alive)
        << row.name;
}

struct UpgradeRow {
  const char* name;
  Version version;
  std::string_view lines;
  std::string_view protocol;
};

TEST(Connection, Upgrade) {
  const UpgradeRow rows[] = {
      {"websocket", Version::Http11, "Connection: Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
      {"in a list", Version::Http11, "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n",
       "websocket"},
      {"not named", Version::Http11, "Upgrade: websocket\r\n", ""},
      {"nothing to upgrade to", Version::Http11, "Connection: upgrade\r\n", ""},
      {"in 1.0", Version::Http10, "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
  };
  for (const UpgradeRow& row : rows)
    EXPECT_EQ(upgradeProtocol(row.version, test::request(row.lines)->head.fields), row.protocol)
        << row.name;
}

struct HopRow {
  const char* name;
  std::string_view lines;
  std::string_view left;
  std::string_view fault = {};
};

TEST(HopByHop, Table) {
  constexpr std::string_view kNamed = "Connection names a field that is meant for the other end";
  const HopRow rows[] = {
      {"nothing", "Accept: x\r\n", "Host=h Accept=x"},
      {"keep-alive", "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", "Host=h"},
      {"close", "Connection: close\r\nX-Close: 1\r\n", "Host=h X-Close=1"},
      {"all of them",
       "Upgrade: a\r\nTransfer-Encoding: b\r\nTE: c\r\nProxy-Connection: d\r\nProxy-Authorization: "
       "e\r\n"
       "Proxy-Authenticate: f\r\nProxy-Foo: g\r\nKeep-Alive: h\r\nConnection: i\r\n",
       "Host=h"},
      {"fields that are named", "X-A: 1\r\nx-b: 2\r\nConnection: x-a, X-B\r\nX-C: 3\r\n",
       "Host=h X-C=3"},
      {"named in two fields", "Connection: x-a\r\nX-A: 1\r\nX-B: 1\r\nConnection: ,X-B\r\n",
       "Host=h"},
      {"known field that is named", "Connection: Via\r\nVia: 1\r\nVia: 2\r\n", "Host=h"},
      {"named but absent", "Connection: x-a\r\nAccept: x\r\n", "Host=h Accept=x"},
      {"trailers survive", "TE: trailers\r\nConnection: TE\r\n", "Host=h TE=trailers"},
      {"only trailers survive", "TE: gzip;q=0.5, Trailers\r\n", "Host=h TE=trailers"},
      {"other TE does not", "TE: gzip\r\n", "Host=h"},
      {"names Host", "Connection: host\r\n", "", kNamed},
      {"names Content-Length", "Connection: close, Content-Length\r\nContent-Length: 1\r\n", "",
       kNamed},
      {"names Authorization", "Connection: AUTHORIZATION\r\n", "", kNamed},
      {"names Cookie", "Connection: cookie\r\n", "", kNamed},
      {"names X-Forwarded-For", "Connection: X-Forwarded-For\r\n", "", kNamed},
      {"names X-Forwarded-Anything", "Connection: X-Forwarded-Anything\r\n", "", kNamed},
      {"names X-Real-IP", "Connection: X-Real-IP\r\n", "", kNamed},
      {"names 33 fields",
       "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7\r\n", "",
       "Connection names too many fields"},
  };
  for (const HopRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto parsed = test::request(row.lines);
    const auto removed = removeHopByHop(parsed->head.fields, parsed->arena);
    EXPECT_EQ(removed ? "" : removed.error().sentence, row.fault);
    if (removed)
      EXPECT_EQ(test::listOf(parsed->head.fields), row.left);
    else
      EXPECT_EQ(removed.error().status, 400);
  }
}

struct ExpectRow {
  const char* name;
  std::string_view version;
  std::string_view lines;
  bool expects_continue;
  bool unknown;
};

TEST(Expect, Table) {
  const ExpectRow rows[] = {
      {"none", k11, "", false, false},
      {"continue", k11, "Expect: 100-continue\r\n", true, false},
      {"continue in capitals", k11, "Expect: 100-Continue\r\n", true, false},
      {"continue in 1.0 is ignored", k10, "Expect: 100-continue\r\n", false, false},
      {"another", k11, "Expect: 200-ok\r\n", false, true},
      {"both", k11, "Expect: 100-continue, x\r\n", true, true},
  };
  for (const ExpectRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto parsed = test::request(row.lines, row.version);
    EXPECT_EQ(expectsContinue(parsed->head), row.expects_continue);
    EXPECT_EQ(hasUnknownExpectation(parsed->head), row.unknown);
  }
}

TEST(Trailers, WhatMayPass) {
  Arena arena;
  for (const char* name : {"X-Checksum", "Server-Timing", "ETag", "grpc-status", "Digest"})
    EXPECT_TRUE(allowedInTrailers(Field::make(arena, name, "1"))) << name;
  for (const char* name :
       {"Content-Length",  "Transfer-Encoding", "Host",       "Trailer",   "TE",
        "Connection",      "Authorization",     "Set-Cookie", "Cookie",    "Content-Type",
        "Content-Range",   "If-Match",          "Location",   "Proxy-Foo", "X-Forwarded-For",
        "X-Forwarded-Foo", "X-Real-IP",         "X_Checksum", "Expires",   "Age"})
    EXPECT_FALSE(allowedInTrailers(Field::make(arena, name, "1"))) << name;
}

TEST(Grammar, TokenAndValue) {
  for (const char* good : {"a", "X-Foo", "!#$%&'*+-.^_`|~09"}) EXPECT_TRUE(isToken(good)) << good;
  for (const char* bad : {"", "a b", "a:", "a\t", "(a)", "a/b", "\xC3\xA4"})
    EXPECT_FALSE(isToken(bad)) << bad;
  for (const char* good : {"", "a", "a b\tc", "\xC3\xA4", "\"x\""})
    EXPECT_TRUE(isFieldValue(good)) << good;
  for (const char* bad : {" a", "a ", "\ta", "a\r\nb", "a\nb", "a\x01", "a\x7f"})
    EXPECT_FALSE(isFieldValue(bad)) << bad;
  EXPECT_FALSE(isFieldValue(std::string_view("a\0b", 3)));
}

TEST(Methods, NamesAreCaseSensitive) {
  EXPECT_EQ(methodOf("GET"), Method::Get);
  EXPECT_EQ(methodOf("HEAD"), Method::Head);
  EXPECT_EQ(methodOf("POST"), Method::Post);
  EXPECT_EQ(methodOf("PUT"), Method::Put);
  EXPECT_EQ(methodOf("DELETE"), Method::Delete);
  EXPECT_EQ(methodOf("CONNECT"), Method::Connect);
  EXPECT_EQ(methodOf("OPTIONS"), Method::Options);
  EXPECT_EQ(methodOf("TRACE"), Method::Trace);
  EXPECT_EQ(methodOf("PATCH"), Method::Patch);
  EXPECT_EQ(methodOf("get"), Method::Other);
  EXPECT_EQ(methodOf("PURGE"), Method::Other);
}

TEST(Reasons, KnownAndUnknown) {
  EXPECT_EQ(reasonOf(200), "OK");
  EXPECT_EQ(reasonOf(404), "Not Found");
  EXPECT_EQ(reasonOf(503), "Service Unavailable");
  EXPECT_EQ(reasonOf(599), "");
}

}  // namespace
}  // namespace fairlead::http
