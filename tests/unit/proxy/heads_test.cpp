// Heads completed for the connection that they go out on: framing, persistence, protocol changes.
#include "proxy/heads.h"

#include <gtest/gtest.h>

#include <string>

#include "head_text.h"

namespace fairlead::proxy {
namespace {

using http::Framing;
using http::Version;
using session::BodyCoding;

struct RequestRow {
  const char* name;
  Framing framing;
  std::string_view upgrade;
  std::string_view lines;
  std::string_view wire;
};

TEST(RequestHead, SaysFramingAndUpgrade) {
  const Framing none{};
  const Framing length{Framing::Kind::Length, 5};
  const Framing chunked{Framing::Kind::Chunked, 0};
  const RequestRow rows[] = {
      {"no body", none, "", "Host: h\r\n", "Host: h||"},
      {"length", length, "", "Host: h\r\nContent-Length: 5\r\n", "Host: h|Content-Length: 5||"},
      {"chunked", chunked, "", "Host: h\r\n", "Host: h|Transfer-Encoding: chunked||"},
      {"upgrade", none, "websocket", "Host: h\r\n",
       "Host: h|Connection: Upgrade|Upgrade: websocket||"},
      {"trailers welcome", none, "", "Host: h\r\nTE: trailers\r\n",
       "Host: h|TE: trailers|Connection: TE||"},
  };
  for (const RequestRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto request = requestOf("POST / HTTP/1.1\r\n" + std::string(row.lines));
    ASSERT_TRUE(completeRequestHead(request->head, row.framing, row.upgrade, request->arena));
    EXPECT_EQ(wireOf(request->head), "POST / HTTP/1.1|" + std::string(row.wire));
  }
}

TEST(RequestHead, TooManyFieldsAreTold) {
  const auto request = requestOf("GET / HTTP/1.1\r\nHost: h\r\n");
  while (request->head.fields.add(http::Field::make(request->arena, "X", "y"))) continue;
  EXPECT_FALSE(completeRequestHead(request->head, {Framing::Kind::Chunked, 0}, "", request->arena));
  EXPECT_FALSE(completeRequestHead(request->head, {}, "websocket", request->arena));
}

struct MannerRow {
  const char* name;
  Framing::Kind from_server;
  Version client;
  BodyCoding coding;
  bool until_close;
};

TEST(ResponseManner, FitsTheClient) {
  using Kind = Framing::Kind;
  const MannerRow rows[] = {
      {"none to 1.1", Kind::None, Version::Http11, BodyCoding::None, false},
      {"none to 1.0", Kind::None, Version::Http10, BodyCoding::None, false},
      {"length to 1.1", Kind::Length, Version::Http11, BodyCoding::Identity, false},
      {"length to 1.0", Kind::Length, Version::Http10, BodyCoding::Identity, false},
      {"chunked to 1.1", Kind::Chunked, Version::Http11, BodyCoding::Chunked, false},
      {"chunked to 1.0", Kind::Chunked, Version::Http10, BodyCoding::Identity, true},
      {"until close to 1.1", Kind::UntilClose, Version::Http11, BodyCoding::Chunked, false},
      {"until close to 1.0", Kind::UntilClose, Version::Http10, BodyCoding::Identity, true},
  };
  for (const MannerRow& row : rows) {
    SCOPED_TRACE(row.name);
    const ResponseManner manner = mannerOf({row.from_server, 0}, row.client);
    EXPECT_EQ(manner.coding, row.coding);
    EXPECT_EQ(manner.until_close, row.until_close);
  }
}

struct ResponseRow {
  const char* name;
  ResponseManner manner;
  bool keep_alive;
  Version client;
  std::string_view lines;
  std::string_view wire;
};

TEST(ResponseHead, SaysFramingAndPersistence) {
  const ResponseManner identity{BodyCoding::Identity, false};
  const ResponseManner chunked{BodyCoding::Chunked, false};
  const ResponseManner until_close{BodyCoding::Identity, true};
  const ResponseManner none{BodyCoding::None, false};
  const auto v11 = Version::Http11;
  const auto v10 = Version::Http10;
  const ResponseRow rows[] = {
      {"stays", identity, true, v11, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
       "HTTP/1.1 200 OK|Content-Length: 2||"},
      {"closes", identity, false, v11, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
       "HTTP/1.1 200 OK|Content-Length: 2|Connection: close||"},
      {"stays with 1.0", identity, true, v10, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
       "HTTP/1.1 200 OK|Content-Length: 2|Connection: keep-alive||"},
      {"closes with 1.0", until_close, false, v10,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 200 OK|Connection: close||"},
      {"chunked anew", chunked, true, v11,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\nX-A: b\r\n",
       "HTTP/1.1 200 OK|X-A: b|Transfer-Encoding: chunked||"},
      {"until close becomes chunked", chunked, true, v11, "HTTP/1.0 200 OK\r\nX-A: b\r\n",
       "HTTP/1.1 200 OK|X-A: b|Transfer-Encoding: chunked||"},
      {"the server's own connection is its own", identity, true, v11,
       "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
       "Proxy-Authenticate: x\r\nUpgrade: h2c\r\nContent-Length: 2\r\n",
       "HTTP/1.1 200 OK|Content-Length: 2||"},
      {"204 has no length", none, true, v11, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n",
       "HTTP/1.1 204 No Content||"},
      {"304 keeps its length", none, true, v11,
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n",
       "HTTP/1.1 304 Not Modified|Content-Length: 9||"},
      {"several fields of a name stay", identity, true, v11,
       "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n",
       "HTTP/1.1 200 OK|Set-Cookie: a=1|Set-Cookie: b=2|Content-Length: 0||"},
  };
  for (const ResponseRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto response = responseOf(row.lines);
    ASSERT_TRUE(completeResponseHead(response->head, row.manner, row.keep_alive, row.client,
                                     response->arena));
    EXPECT_EQ(wireOf(response->head), row.wire);
  }
}

TEST(ResponseHead, FaultsAreTheServers) {
  const auto names_length =
      responseOf("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Content-Length\r\n");
  EXPECT_FALSE(
      completeResponseHead(names_length->head, {}, true, Version::Http11, names_length->arena));
  const auto full = responseOf("HTTP/1.1 200 OK\r\n");
  while (full->head.fields.add(http::Field::make(full->arena, "X", "y"))) continue;
  const auto completed = completeResponseHead(full->head, {}, false, Version::Http11, full->arena);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().status, 502);
}

TEST(UpgradeHead, KeepsTheAgreedProtocolAlone) {
  const auto response = responseOf(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade, X-Hop\r\nX-Hop: 1\r\nUpgrade: "
      "websocket\r\nSec-WebSocket-Accept: x=\r\nKeep-Alive: timeout=5\r\n");
  ASSERT_TRUE(completeUpgradeHead(response->head, response->arena));
  EXPECT_EQ(
      wireOf(response->head),
      "HTTP/1.1 101 Switching Protocols|Sec-WebSocket-Accept: x=|Connection: Upgrade|Upgrade: "
      "websocket||");
}

TEST(UpgradeHead, WithoutAProtocolIsAFault) {
  const auto response = responseOf("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n");
  const auto completed = completeUpgradeHead(response->head, response->arena);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().status, 502);
}

}  // namespace
}  // namespace fairlead::proxy
