// fairlead why, as it prints: beside an API with a status made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "admin/listener.h"
#include "app/cli.h"
#include "support/elsewhere.h"
#include "support/origin.h"
#include "support/sockets.h"
#include "unit/admin/status_for_test.h"

namespace fairlead::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

upstream::Status statusForTest() {
  upstream::PoolStatus shop = admin::goodPool();
  shop.servers.resize(2);
  shop.servers[1] = admin::downServer("10.0.0.2:8080");
  upstream::PoolStatus route = admin::goodPool();
  route.name = "www.mango.com/api";
  route.servers.resize(1);
  return {.at = admin::kNow, .pools = {shop, route}};
}

// All is well with them, so that nothing is said of them.
std::vector<admin::WorkerFacts> workersForTest() { return std::vector<admin::WorkerFacts>(2); }

struct Printed {
  Exit exit;
  std::string out;
  std::string err;
};

Printed printed(const WhyRequest& request) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const Exit exit = why(request);
  return {exit, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

class WhyTest : public testing::Test {
 protected:
  WhyTest()
      : server_([this](io::Reactor& reactor) {
          auto server = std::make_unique<admin::AdminServer>(
              reactor, buffers_, admin::AdminSettings{.token = token(), .names = {}, .limits = {}},
              admin::Api{.status = statusForTest, .workers = workersForTest});
          test::LocalListener listener = test::listenLocally();
          address_ = listener.address.text();
          server->serve(std::move(listener.fd));
          return server;
        }) {
    ::setenv("FAIRLEAD_ADMIN_TOKEN", token(), 1);
  }
  ~WhyTest() override { ::unsetenv("FAIRLEAD_ADMIN_TOKEN"); }

  static const char* token() { return "abc"; }
  Printed asked(const std::string& target, bool json = false) const {
    return printed({{.config_file = {}, .admin = address_, .json = json}, target});
  }

  io::BufferPool buffers_;
  std::string address_;
  test::Elsewhere<admin::AdminServer> server_;
};

constexpr const char* kDown =
    "10.0.0.2:8080 gets no requests: it went down 12s ago, after 3 checks in a row failed (fall 3)."
    "\n";

TEST_F(WhyTest, TellsOfAllPoolsAndWhatIsNotWell) {
  const Printed all = asked("");
  EXPECT_EQ(all.exit, Exit::Ok) << all.err;
  EXPECT_EQ(all.out,
            "shop               degraded  2 servers: 1 ready, 1 down\n"
            "  Requests go to 1 of 2 servers (p2c); 1 is down.\n"
            "  8 requests are in flight.\n"
            "  Checks: GET /healthz every 2s; fall 3, rise 2.\n"
            "  10.0.0.2:8080: down\n"
            "    10.0.0.2:8080 gets no requests: it went down 12s ago, after 3 checks in a row "
            "failed (fall 3).\n"
            "    The last check, 0.4s ago: GET /healthz answered 500 (after 3 ms).\n"
            "    Of the last 10 checks 1 passed.\n"
            "    It is back after 2 good checks in a row (rise 2); 0 so far. The next check is in "
            "1.6s.\n"
            "    0 requests are in flight; on average it answers in 12 ms; since the start it had "
            "1000 requests, of which 4 failed (0.4 %).\n"
            "www.mango.com/api  ok        1 server: 1 ready\n");
}

TEST_F(WhyTest, TellsOfAPoolAndAllOfItsServers) {
  const Printed shop = asked("shop");
  EXPECT_EQ(shop.exit, Exit::Ok) << shop.err;
  EXPECT_THAT(shop.out, StartsWith("shop  degraded  2 servers: 1 ready, 1 down\n"
                                   "  Requests go to 1 of 2 servers (p2c); 1 is down.\n"
                                   "  8 requests are in flight.\n"
                                   "  Checks: GET /healthz every 2s; fall 3, rise 2.\n"
                                   "\n"
                                   "10.0.0.1:8080: ready\n"
                                   "  10.0.0.1:8080 gets requests: it has been up for 30m.\n"));
  EXPECT_THAT(shop.out, HasSubstr("\n\n10.0.0.2:8080: down\n  " + std::string(kDown)));
}

TEST_F(WhyTest, FindsItsTarget) {
  const struct {
    const char* target;
    Exit exit;
    const char* out;  // how it begins
    const char* err;
  } rows[] = {
      {"www.mango.com/api", Exit::Ok, "www.mango.com/api  ok        1 server: 1 ready\n", ""},
      {"shop/10.0.0.1:8080", Exit::Ok, "10.0.0.1:8080: ready\n", ""},
      {"www.mango.com/api/10.0.0.1:8080", Exit::Ok, "10.0.0.1:8080: ready\n", ""},
      {"shpo", Exit::Unknown, "", "there is no pool `shpo`; did you mean `shop`?\n"},
      {"www.mango.com/apo", Exit::Unknown, "",
       "there is no pool `www.mango.com/apo`; did you mean `www.mango.com/api`?\n"},
      {"shop/10.0.0.9:8080", Exit::Unknown, "",
       "there is no server in the pool `shop` called `10.0.0.9:8080`; did you mean "
       "`10.0.0.1:8080`?\n"},
      {"shop/", Exit::Unknown, "", "there is no pool `shop/`; did you mean `shop`?\n"},
      {"/x", Exit::Unknown, "", "there is no pool `/x`; there are shop, www.mango.com/api\n"},
  };
  for (const auto& row : rows) {
    const Printed told = asked(row.target);
    EXPECT_EQ(told.exit, row.exit) << row.target;
    EXPECT_THAT(told.out, StartsWith(row.out)) << row.target;
    EXPECT_EQ(told.err, row.err) << row.target;
  }
}

TEST_F(WhyTest, GivesJson) {
  const auto all = nlohmann::json::parse(asked("", true).out);
  EXPECT_EQ(all.at("pools").size(), 2u);
  const auto shop = nlohmann::json::parse(asked("shop", true).out);
  EXPECT_EQ(shop.at("pool").at("state"), "degraded");
  EXPECT_EQ(shop.at("servers").size(), 2u);
  const auto server = nlohmann::json::parse(asked("shop/10.0.0.2:8080", true).out);
  EXPECT_EQ(server.at("standing"), "down");
}

TEST_F(WhyTest, TakesAddressAndTokenFromTheConfiguration) {
  ::unsetenv("FAIRLEAD_ADMIN_TOKEN");
  const std::string file = std::filesystem::temp_directory_path() /
                           ("fairlead-why-" + std::to_string(::getpid()) + ".yaml");
  const struct {
    const char* name;
    std::string admin;
    Exit exit;
    std::string err;  // how it begins
  } rows[] = {
      {"both", "{ address: \"" + address_ + "\", token: abc }", Exit::Ok, ""},
      {"no token", "\"" + address_ + "\"", Exit::NotReachable,
       "this needs the token: Authorization: Bearer TOKEN; set FAIRLEAD_ADMIN_TOKEN or name the "
       "configuration with -c\n"},
      {"off", "off", Exit::NotReachable, "the configuration switches the admin API off"},
      {"faulty", "0.0.0.0:1", Exit::BadConfig, file + ":1:8: error: "},
  };
  for (const auto& row : rows) {
    std::ofstream(file) << "admin: " << row.admin << "\npaths: [{ path: /, respond: 204 }]\n";
    const Printed told = printed({{.config_file = file, .admin = {}, .json = false}, {}});
    EXPECT_EQ(told.exit, row.exit) << row.name << ": " << told.err;
    EXPECT_THAT(told.err, StartsWith(row.err)) << row.name;
  }
  // An address that is given goes before the file's, and the file's token along.
  std::ofstream(file) << "admin: { token: abc }\npaths: [{ path: /, respond: 204 }]\n";
  const Printed told = printed({{.config_file = file, .admin = address_, .json = false}, {}});
  EXPECT_EQ(told.exit, Exit::Ok) << told.err;
  std::filesystem::remove(file);
}

TEST(Why, SaysThatItDoesNotUnderstand) {
  for (const char* body : {"[1]", "{}", "{\"pools\":[{\"name\":5}]}", "{\"pools\":3}", "{"}) {
    SocketAddress address;
    const test::Elsewhere<test::Origin> origin([&](io::Reactor& reactor) {
      auto made = std::make_unique<test::Origin>(
          reactor, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(std::strlen(body)) + "\r\n\r\n" + body);
      address = made->address();
      return made;
    });
    const Printed told = printed({{.config_file = {}, .admin = address.text(), .json = false}, {}});
    EXPECT_EQ(told.exit, Exit::NotReachable) << body;
    EXPECT_EQ(told.out, "") << body;
    EXPECT_FALSE(told.err.empty()) << body;
  }
}

TEST(Why, SaysWhyItCannotAsk) {
  const test::DeafAddress deaf = test::deafAddress();
  const struct {
    std::string admin;
    Exit exit;
    std::string err;  // how it begins
  } rows[] = {
      {deaf.address.text(), Exit::NotReachable,
       "no fairlead answers on " + deaf.address.text() + ": connection refused; is it running"},
      {"unix:/nowhere/admin.sock", Exit::NotReachable,
       "no fairlead answers on unix:/nowhere/admin.sock: there is no such socket"},
      {"localhost:9900", Exit::Usage, "--admin:1:1: error: `localhost:9900` is not an address"},
      {"99999", Exit::Usage, "--admin:1:1: error: `99999` is not a port"},
  };
  for (const auto& row : rows) {
    const Printed told = printed({{.config_file = {}, .admin = row.admin, .json = false}, {}});
    EXPECT_EQ(told.exit, row.exit) << row.admin;
    EXPECT_EQ(told.out, "") << row.admin;
    EXPECT_THAT(told.err, StartsWith(row.err)) << row.admin;
  }
}

}  // namespace
}  // namespace fairlead::app
