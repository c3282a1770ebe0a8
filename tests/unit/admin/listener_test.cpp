// The API over real sockets: keep-alive, HEAD, refusals, limits, bodies.
#include "admin/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <list>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/listener.h"
#include "io/socket_address.h"
#include "support/drive.h"
#include "support/sockets.h"
#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /api/pools HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

class AdminServerTest : public testing::Test {
 protected:
  // Replaces the server by one with these settings.
  void begin(AdminSettings settings = {}) {
    server_.emplace(reactor_, buffers_, std::move(settings), Api{.status = [this] {
                      ++asked_;
                      return upstream::Status{.at = kNow, .pools = {goodPool()}};
                    }});
    test::LocalListener listener = test::listenLocally();
    address_ = listener.address;
    server_->serve(std::move(listener.fd));
  }

  test::Peer& connect() { return peers_.emplace_back(test::connectTo(address_)); }

  // The whole next answer, by its Content-Length.
  std::string answerOf(test::Peer& peer) {
    std::string answer;
    test::runUntil(reactor_, [&] {
      const std::string& all = peer.received();
      const size_t end = all.find("\r\n\r\n");
      const size_t at = all.find("Content-Length: ");
      if (end == std::string::npos || at > end) return peer.gone();
      const size_t length = end + 4 + std::stoul(all.substr(at + 16));
      if (all.size() >= length) answer = all.substr(0, length);
      return !answer.empty() || peer.gone();
    });
    peer.forget();
    return answer;
  }
  std::string ask(test::Peer& peer, std::string_view request) {
    peer.send(request);
    return answerOf(peer);
  }
  // On a connection of its own, until the server ends it.
  std::string askOnce(std::string_view request) {
    test::Peer peer(test::connectTo(address_));
    peer.send(request);
    std::string all = peer.awaitEnd(reactor_);
    return all;
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  size_t asked_ = 0;
  SocketAddress address_;
  std::optional<AdminServer> server_;
  std::list<test::Peer> peers_;
};

TEST_F(AdminServerTest, AnswersInJson) {
  begin();
  const std::string answer = ask(connect(), kGet);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(answer, ContainsRegex("\r\nDate: [A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ 20[0-9:]+ "));
  EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
  const auto body = nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n")));
  EXPECT_EQ(body.at("pools").at(0).at("name"), "shop");
  EXPECT_EQ(asked_, 1u);
}

TEST_F(AdminServerTest, KeepsTheConnection) {
  begin();
  test::Peer& peer = connect();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(ask(peer, kGet), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(server_->connections(), 1u);
  peer.send(std::string(kGet) + std::string(kGet));
  EXPECT_THAT(answerOf(peer), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(asked_, 7u);
  peer.finish();
  peer.awaitEnd(reactor_);
  EXPECT_TRUE(peer.ended());
  EXPECT_EQ(server_->connections(), 0u);
}

struct ClosingRow {
  const char* name;
  std::string request;
  const char* status;
  const char* holds;  // somewhere in the answer
};

TEST_F(AdminServerTest, ClosesWhereItMust) {
  begin({.token = "abc", .names = {}, .limits = {}});
  const std::string token = "Authorization: Bearer abc\r\n";
  const std::string host = "Host: 127.0.0.1\r\n";
  const ClosingRow rows[] = {
      {"asked to", "GET /api HTTP/1.1\r\n" + host + token + "Connection: close\r\n\r\n", "200 OK",
       "Connection: close\r\n"},
      {"HTTP/1.0", "GET /api HTTP/1.0\r\n" + host + token + "\r\n", "200 OK",
       "Connection: close\r\n"},
      {"a head that is none", "GET /api\r\n\r\n", "400 Bad Request", "{\n  \"error\": \""},
      {"no host", "GET /api HTTP/1.1\r\n\r\n", "400 Bad Request", "\"error\""},
      {"a body that is too large",
       "POST /api HTTP/1.1\r\n" + host + token + "Content-Length: 65537\r\n\r\nxyz",
       "413 Content Too Large", "64 KiB"},
      {"chunks that are too much",
       "POST /api HTTP/1.1\r\n" + host + token + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" +
           std::string(0x10001, 'x') + "\r\n0\r\n\r\n",
       "413 Content Too Large", "64 KiB"},
      {"chunks that are none",
       "POST /api HTTP/1.1\r\n" + host + token + "Transfer-Encoding: chunked\r\n\r\nhello\r\n",
       "400 Bad Request", "framed"},
      {"who waits before it sends a body",
       "POST /api HTTP/1.1\r\n" + host + token +
           "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
       "405 Method Not Allowed", "Allow: GET, HEAD\r\n"},
      {"a tunnel", "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n" + token + "\r\n",
       "404 Not Found", "Connection: close\r\n"},
  };
  for (const ClosingRow& row : rows) {
    const std::string answer = askOnce(row.request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(row.status) + "\r\n")) << row.name;
    EXPECT_THAT(answer, AllOf(HasSubstr(row.holds), HasSubstr("Connection: close\r\n"),
                              HasSubstr("Content-Type: application/json\r\n")))
        << row.name;
  }
}

TEST_F(AdminServerTest, GoesOnAfterARefusal) {
  begin({.token = "abc", .names = {}, .limits = {}});
  const std::string token = "Authorization: Bearer abc\r\n\r\n";
  const struct {
    const char* name;
    std::string request;
    const char* status;
    const char* holds;
  } rows[] = {
      {"no token", "GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "401 Unauthorized",
       "WWW-Authenticate: Bearer\r\n"},
      {"another name", "GET /api HTTP/1.1\r\nHost: evil.example\r\n" + token, "403 Forbidden",
       "\"error\": \"the Host of this request"},
      {"nothing there", "GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n" + token, "404 Not Found",
       "there is nothing at /nowhere"},
      {"another method", "DELETE /api/pools HTTP/1.1\r\nHost: 127.0.0.1\r\n" + token,
       "405 Method Not Allowed", "Allow: GET, HEAD\r\n"},
      {"a body that nobody reads",
       "PUT /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65536\r\n" + token +
           std::string(65536, 'x'),
       "405 Method Not Allowed", "\"error\""},
      {"well at last", "GET /api HTTP/1.1\r\nHost: [::1]:9900\r\n" + token, "200 OK", "entries"},
  };
  test::Peer& peer = connect();
  for (const auto& row : rows) {
    peer.sendAll(reactor_, row.request);
    const std::string answer = answerOf(peer);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(row.status) + "\r\n")) << row.name;
    EXPECT_THAT(answer, HasSubstr(row.holds)) << row.name;
  }
  EXPECT_FALSE(peer.gone());
}

TEST_F(AdminServerTest, GivesHeadsWithoutBodies) {
  begin();
  test::Peer& peer = connect();
  const size_t length = ask(peer, kGet).size();
  peer.send("HEAD /api/pools HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const std::string head = peer.awaitEnding(reactor_, "\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  const size_t at = head.find("Content-Length: ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(head.size() + std::stoul(head.substr(at + 16)), length);
}

TEST_F(AdminServerTest, SaysToHttp10ThatItStays) {
  begin();
  test::Peer& peer = connect();
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(ask(peer, "GET /api HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n"),
                HasSubstr("\r\nConnection: keep-alive\r\n"));
}

TEST_F(AdminServerTest, IdleConnectionsMakeRoom) {
  begin({.token = {}, .names = {}, .limits = {}, .max_connections = 3});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask(connect(), kGet), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask(connect(), kGet), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(server_->connections(), 3u);
  peers_.front().awaitEnd(reactor_);
  EXPECT_TRUE(peers_.front().ended());
  EXPECT_THAT(ask(peers_.back(), kGet), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, BusyConnectionsLeaveNoRoom) {
  begin({.token = {}, .names = {}, .limits = {}, .max_connections = 2});
  for (int i = 0; i < 2; ++i) connect().send("GET /api/pools HTTP/1.1\r\nHo");
  test::runUntil(reactor_, [&] { return server_->connections() == 2; });
  test::settle(reactor_);
  test::Peer& third = connect();
  third.awaitEnd(reactor_);
  EXPECT_TRUE(third.gone());
  for (test::Peer& peer : peers_)
    if (&peer != &third)
      EXPECT_THAT(ask(peer, "st: 127.0.0.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, SlowHeadsAndIdleConnectionsEnd) {
  session::ServerLimits limits;
  limits.head_time = 20ms;
  limits.idle_time = 20ms;
  begin({.token = {}, .names = {}, .limits = limits});
  EXPECT_THAT(askOnce("GET /api HTTP/1.1\r\nHo"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(askOnce(""), "");
  EXPECT_THAT(askOnce("PUT /api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab"),
              StartsWith("HTTP/1.1 408 "));
  test::Peer& peer = connect();
  EXPECT_THAT(ask(peer, kGet), StartsWith("HTTP/1.1 200 "));
  peer.awaitEnd(reactor_);
  EXPECT_TRUE(peer.ended());
}

TEST_F(AdminServerTest, ServesUnixSocketsUnderAnyName) {
  begin();
  const std::string path =
      std::filesystem::temp_directory_path() / ("fairlead-admin-" + std::to_string(::getpid()));
  auto listening =
      io::openListener({.address = {}, .any = false, .unix_path = path}, io::Share::No);
  ASSERT_TRUE(listening);
  server_->serve(std::move(*listening));
  io::Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const io::KernelAddress to = io::KernelAddress::unixPath(path);
  ASSERT_EQ(::connect(fd.get(), to.get(), to.length()), 0);
  ::unlink(path.c_str());
  test::Peer& peer = peers_.emplace_back(std::move(fd));
  EXPECT_THAT(ask(peer, "GET /api HTTP/1.1\r\nHost: anything.example\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask(connect(), "GET /api HTTP/1.1\r\nHost: anything.example\r\n\r\n"),
              StartsWith("HTTP/1.1 403 "));
}

TEST_F(AdminServerTest, EndsWithConnectionsUnderWay) {
  begin();
  ask(connect(), kGet);
  connect().send("GET /api HT");
  test::runUntil(reactor_, [&] { return server_->connections() == 2; });
  server_.reset();
  for (test::Peer& peer : peers_) peer.awaitEnd(reactor_);
}

}  // namespace
}  // namespace fairlead::admin
