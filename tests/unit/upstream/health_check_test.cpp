// Active checks: what is asked, which answers are good, and probing real listeners that answer,
// refuse, or fall silent.
#include "upstream/health_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/parser.h"
#include "pool_for_test.h"
#include "support/drive.h"
#include "support/origin.h"
#include "support/sockets.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

HealthSettings httpSettings() {
  HealthSettings settings;
  settings.path = std::string("/ready");
  return settings;
}

TEST(HealthCheck, AsksWhatIsConfigured) {
  HealthSettings settings = httpSettings();
  EXPECT_EQ(HealthCheck(settings).requestTo("10.0.0.1:80"),
            "GET /ready HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: fairlead-health\r\n"
            "Connection: close\r\n\r\n");
  settings.path = std::string("/healthz?deep=1");
  settings.method = std::string("HEAD");
  settings.host = std::string("shop.example.com");
  settings.headers = {{"X-Check", "deep"}, {"user-agent", "ours"}};
  EXPECT_EQ(HealthCheck(settings).requestTo("10.0.0.1:80"),
            "HEAD /healthz?deep=1 HTTP/1.1\r\nHost: shop.example.com\r\nX-Check: deep\r\n"
            "user-agent: ours\r\nConnection: close\r\n\r\n");
}

// --- probes

Task<CheckResult> probeServer(io::Reactor& reactor, io::BufferPool& buffers,
                              const HealthCheck& check, Server& server) {
  Prober prober(reactor, buffers);
  co_return co_await prober.probe(check, server);
}

class ProberTest : public testing::Test {
 protected:
  CheckResult probe(const std::vector<SocketAddress>& addresses) {
    ServerSpec spec = serverAt(addresses.empty() ? SocketAddress{} : addresses.front());
    spec.host = "shop.test";
    server_ = std::make_unique<Server>(spec, addresses, false);
    const HealthCheck check(settings_, greeting_);
    return test::complete(reactor_, probeServer(reactor_, buffers_, check, *server_));
  }
  std::string wordsOf(const std::vector<SocketAddress>& addresses) {
    return probe(addresses).words;
  }

  io::Reactor reactor_;
  io::BufferPool buffers_;
  HealthSettings settings_ = httpSettings();
  SendProxyProtocol greeting_ = SendProxyProtocol::Off;
  std::unique_ptr<Server> server_;
};

struct AnswerRow {
  const char* name;
  const char* answer;
  const char* words;
};

TEST_F(ProberTest, JudgesTheAnswer) {
  const AnswerRow rows[] = {
      {"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "the check passed"},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", "the check passed"},
      {"302", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
       "the check passed"},
      {"interim answers are not the answer",
       "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
       "the check passed"},
      {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "GET /ready answered 404"},
      {"500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "GET /ready answered 500"},
      {"503 after an interim answer", "HTTP/1.1 103 \r\n\r\nHTTP/1.1 503 \r\n\r\n",
       "GET /ready answered 503"},
      {"not HTTP", "SSH-2.0-OpenSSH\r\n", "the answer is not valid HTTP"},
      {"closes", "", "connection closed without an answer"},
  };
  for (const AnswerRow& row : rows) {
    SCOPED_TRACE(row.name);
    test::Origin origin(reactor_, row.answer);
    const CheckResult result = probe({origin.address()});
    EXPECT_EQ(result.words, row.words);
    EXPECT_EQ(result.passed, result.words == "the check passed");
    EXPECT_EQ(result.at, reactor_.now());
    EXPECT_GE(result.took, Duration{0});
  }
}

// Checks are connections of fairlead's own. (An origin takes the line for the first of a head.)
TEST_F(ProberTest, BeginsWithAGreeting) {
  test::Origin origin(reactor_, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  greeting_ = SendProxyProtocol::V1;
  EXPECT_TRUE(probe({origin.address()}).passed);
  EXPECT_TRUE(origin.requests().at(0).starts_with("PROXY UNKNOWN\r\nGET /ready HTTP/1.1\r\n"));
  settings_.port = uint32_t{origin.address().port};
  EXPECT_TRUE(probe({origin.address()}).passed);
  EXPECT_TRUE(origin.requests().at(1).starts_with("GET /ready HTTP/1.1\r\n"))
      << "a port of its own";
}

struct ExpectRow {
  const char* name;
  std::vector<HealthExpect::Range> status;
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string answer;
  std::string words;
};

std::string answer(std::string_view fields, std::string_view body) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(ProberTest, HoldsTheAnswerAgainstWhatIsExpected) {
  const std::vector<HealthExpect::Range> usual{{200, 399}};
  const std::string passed = "the check passed";
  const std::string early(60'000, 'x');
  const ExpectRow rows[] = {
      {"one status, met", {{204, 204}}, "", {}, "HTTP/1.1 204 \r\n\r\n", passed},
      {"one status, not met", {{204, 204}}, "", {}, answer("", ""), "GET /ready answered 200"},
      {"several",
       {{200, 200}, {500, 503}},
       "",
       {},
       "HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n",
       passed},
      {"the edges belong to a range",
       {{503, 504}},
       "",
       {},
       "HTTP/1.1 504 \r\nContent-Length: 0\r\n\r\n",
       passed},
      {"between two ranges",
       {{200, 200}, {500, 503}},
       "",
       {},
       "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
       "GET /ready answered 404"},

      {"a body", usual, "ok", {}, answer("", "all ok here"), passed},
      {"not that body",
       usual,
       "ok",
       {},
       answer("", "degraded"),
       "the body of GET /ready does not match /ok/"},
      {"no body",
       usual,
       "ok",
       {},
       "HTTP/1.1 204 \r\n\r\n",
       "the body of GET /ready does not match /ok/"},
      {"a pattern that an empty body matches", usual, "^$", {}, answer("", ""), passed},
      {"in chunks",
       usual,
       "^all ok$",
       {},
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nall \r\n2\r\nok\r\n0\r\n\r\n",
       passed},
      {"a long one", usual, "ok$", {}, answer("", early + "ok"), passed},
      {"beyond 64 KiB nobody looks",
       usual,
       "ok",
       {},
       answer("", early + early + "ok"),
       "the body of GET /ready does not match /ok/"},
      {"no valid chunk",
       usual,
       "ok",
       {},
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "the answer is not valid HTTP"},

      {"a field", usual, "", {{"X-Ok", "^yes$"}}, answer("x-ok: yes\r\n", ""), passed},
      {"another value",
       usual,
       "",
       {{"X-Ok", "^yes$"}},
       answer("X-Ok: no\r\n", ""),
       "the field X-Ok of GET /ready does not match /^yes$/"},
      {"without the field",
       usual,
       "",
       {{"X-Ok", "yes"}},
       answer("", ""),
       "GET /ready answered without the field X-Ok"},
      {"one of several",
       usual,
       "",
       {{"X-Ok", "yes"}},
       answer("X-Ok: no\r\nX-Ok: yes\r\n", ""),
       passed},
      {"all fields must be good",
       usual,
       "",
       {{"X-Ok", "yes"}, {"X-Db", "up"}},
       answer("X-Ok: yes\r\nX-Db: down\r\n", ""),
       "the field X-Db of GET /ready does not match /up/"},
      {"the status is looked at first",
       usual,
       "ok",
       {{"X-Ok", "yes"}},
       "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",
       "GET /ready answered 500"},
  };
  for (const ExpectRow& row : rows) {
    SCOPED_TRACE(row.name);
    settings_.expect.status = row.status;
    settings_.expect.body = row.body;
    settings_.expect.fields.clear();
    for (const auto& [name, pattern] : row.fields)
      settings_.expect.fields.emplace_back(name, pattern);
    test::Origin origin(reactor_, row.answer);
    EXPECT_EQ(wordsOf({origin.address()}), row.words);
  }
}

struct SilenceRow {
  const char* name;
  std::string_view answer;
  const char* body;
};

TEST_F(ProberTest, TheWholeCheckHasItsTimeout) {
  const SilenceRow rows[] = {
      {"no answer", test::Origin::kSilence, ""},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-", ""},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok", "ok"},
  };
  settings_.timeout = Duration{20ms};
  for (const SilenceRow& row : rows) {
    SCOPED_TRACE(row.name);
    settings_.expect.body = std::string(row.body);
    test::Origin origin(reactor_, std::string(row.answer));
    const CheckResult result = probe({origin.address()});
    EXPECT_EQ(result.words, "no answer within the timeout of 20ms");
    EXPECT_FALSE(result.passed);
    EXPECT_GE(result.took, 20ms);
  }
}

TEST_F(ProberTest, ConnectingIsEnoughWithoutAPath) {
  settings_.path = std::string();
  test::Origin origin(reactor_, "");
  const test::DeafAddress deaf = test::deafAddress();
  EXPECT_TRUE(probe({origin.address()}).passed);
  EXPECT_EQ(wordsOf({deaf.address}), "connection refused");
  EXPECT_TRUE(origin.requests().empty());
}

TEST_F(ProberTest, TriesTheOtherAddresses) {
  settings_.path = std::string();
  const test::DeafAddress deaf = test::deafAddress();
  test::Origin origin(reactor_, "");
  EXPECT_TRUE(probe({deaf.address, origin.address()}).passed);
  EXPECT_EQ(server_->preferred_address.load(), 1u);
  EXPECT_EQ(wordsOf({deaf.address, deaf.address}), "connection refused");
  EXPECT_EQ(wordsOf({}), "the name shop.test has no address");
}

TEST_F(ProberTest, ChecksAnotherPortWhenToldTo) {
  test::Origin checked(reactor_, "HTTP/1.1 204 \r\n\r\n");
  const test::DeafAddress deaf = test::deafAddress();
  EXPECT_FALSE(probe({deaf.address}).passed);
  settings_.port = uint32_t{checked.address().port};
  EXPECT_TRUE(probe({deaf.address}).passed);
  EXPECT_EQ(checked.requests().front(), "GET /ready HTTP/1.1\r\nHost: " + deaf.address.text() +
                                            "\r\nUser-Agent: fairlead-health\r\n"
                                            "Connection: close\r\n\r\n");
}

}  // namespace
}  // namespace fairlead::upstream
