// Asking the API: what comes back, and what is said when nothing does.
#include "admin/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "admin/listener.h"
#include "support/elsewhere.h"
#include "support/origin.h"
#include "support/sockets.h"
#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string freshPath(const char* name) {
  return std::filesystem::temp_directory_path() /
         ("fairlead-" + std::to_string(::getpid()) + "-" + name);
}

class ClientTest : public testing::Test {
 protected:
  ClientTest()
      : server_([this](io::Reactor& reactor) {
          auto server = std::make_unique<AdminServer>(
              reactor, buffers_, AdminSettings{.token = "abc", .names = {}, .limits = {}},
              Api{.status = [] { return upstream::Status{.at = kNow, .pools = {goodPool()}}; }});
          test::LocalListener listener = test::listenLocally();
          tcp_ = {.tcp = listener.address, .unix_path = {}};
          server->serve(std::move(listener.fd));
          unix_ = {.tcp = {}, .unix_path = freshPath("admin")};
          server->serve(*io::openListener(
              {.address = {}, .any = false, .unix_path = unix_.unix_path}, io::Share::No));
          return server;
        }) {}
  ~ClientTest() override { ::unlink(unix_.unix_path.c_str()); }

  io::BufferPool buffers_;
  AdminAddress tcp_;
  AdminAddress unix_;
  test::Elsewhere<AdminServer> server_;
};

TEST_F(ClientTest, GetsAnswers) {
  for (const AdminAddress& at : {tcp_, unix_}) {
    const auto reply = ask(at, {.token = "abc", .target = "/api/pools/shop"}, 10s);
    ASSERT_TRUE(reply) << reply.error();
    EXPECT_EQ(reply->status, 200);
    EXPECT_THAT(reply->body, HasSubstr("\"name\": \"shop\""));
    const auto unknown = ask(at, {.token = "abc", .target = "/api/pools/" + segment("a/b c")}, 10s);
    ASSERT_TRUE(unknown) << unknown.error();
    EXPECT_EQ(unknown->status, 404);
    EXPECT_THAT(unknown->body, HasSubstr("there is no pool `a/b c`"));
    EXPECT_EQ(ask(at, {.token = {}, .target = "/api"}, 10s)->status, 401);
    EXPECT_EQ(ask(at, {.token = "abc", .method = "POST", .target = "/api"}, 10s)->status, 405);
    EXPECT_EQ(ask(at, {.token = "abc", .method = "HEAD", .target = "/api"}, 10s)->body, "");
  }
}

TEST(Client, SaysWhyNobodyAnswers) {
  const test::DeafAddress deaf = test::deafAddress();
  const std::string no_socket = freshPath("none");
  const std::string left_over = freshPath("left");
  {
    // Nobody listens on it any more.
    const auto listening =
        io::openListener({.address = {}, .any = false, .unix_path = left_over}, io::Share::No);
    ASSERT_TRUE(listening);
  }
  const struct {
    AdminAddress at;
    std::string why;
  } rows[] = {
      {{.tcp = deaf.address, .unix_path = {}},
       "no fairlead answers on " + deaf.address.text() +
           ": connection refused; is it running, and with this admin address?"},
      {{.tcp = {}, .unix_path = no_socket},
       "no fairlead answers on unix:" + no_socket +
           ": there is no such socket; is it running, and with this admin address?"},
      {{.tcp = {}, .unix_path = left_over},
       "no fairlead answers on unix:" + left_over +
           ": Connection refused; is it running, and with this admin address?"},
      {{.tcp = {}, .unix_path = std::string(200, 'x')},
       "no fairlead answers on unix:" + std::string(200, 'x') +
           ": the path is too long for a socket; is it running, and with this admin address?"},
  };
  for (const auto& row : rows) {
    const auto reply = ask(row.at, {.token = {}, .target = "/api"}, 10s);
    ASSERT_FALSE(reply) << row.why;
    EXPECT_EQ(reply.error(), row.why);
  }
  ::unlink(left_over.c_str());
}

TEST(Client, TellsStrangersFromFairlead) {
  const struct {
    const char* name;
    const char* answer;
    Duration timeout;
    const char* why;
  } rows[] = {
      {"another server",
       "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", 10s,
       " is not fairlead's admin API: its answer is no JSON"},
      {"no HTTP", "220 mail.example ESMTP\r\n\r\n", 10s,
       " is not fairlead's admin API: its answer is no HTTP/1.1"},
      {"a framing that is none",
       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: x\r\n\r\n", 10s,
       " is not fairlead's admin API: its answer is no HTTP/1.1"},
      {"no word", "", 10s, " closed the connection before its answer was complete"},
      {"silence", "silence", 50ms, " did not answer within 0.1s"},
      {"half an answer",
       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", 50ms,
       " did not answer within 0.1s"},
  };
  for (const auto& row : rows) {
    SocketAddress address;
    test::Elsewhere<test::Origin> origin([&](io::Reactor& reactor) {
      auto made = std::make_unique<test::Origin>(reactor, row.answer);
      address = made->address();
      return made;
    });
    const auto reply =
        ask({.tcp = address, .unix_path = {}}, {.token = {}, .target = "/api"}, row.timeout);
    ASSERT_FALSE(reply) << row.name;
    EXPECT_THAT(reply.error(), AllOf(HasSubstr(address.text()), HasSubstr(row.why))) << row.name;
  }
}

TEST(Client, TakesChunksAndInterimAnswers) {
  SocketAddress address;
  test::Elsewhere<test::Origin> origin([&](io::Reactor& reactor) {
    auto made = std::make_unique<test::Origin>(
        reactor,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: "
        "application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
    address = made->address();
    return made;
  });
  const auto reply = ask({.tcp = address, .unix_path = {}}, {.token = {}, .target = "/"}, 10s);
  ASSERT_TRUE(reply) << reply.error();
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "{}");
}

TEST(Client, WritesNamesAsSegments) {
  EXPECT_EQ(segment("shop"), "shop");
  EXPECT_EQ(segment("www.mango.com/api"), "www.mango.com%2Fapi");
  EXPECT_EQ(segment("*/a#2 %"), "%2A%2Fa%232%20%25");
}

}  // namespace
}  // namespace fairlead::admin
