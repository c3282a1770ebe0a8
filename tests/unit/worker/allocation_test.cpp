// In the steady state a proxied keep-alive request costs no heap allocation: counted on the
// worker's own thread, over a thousand requests of each kind.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "running_worker.h"
#include "support/allocation_counter.h"

namespace fairlead::worker {
namespace {

constexpr int kWarmUp = 300;
constexpr int kMeasured = 1000;

struct Row {
  const char* name;
  std::string request;
  std::string answer;  // of the server
  std::string ending;  // of what the client gets

  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class SteadyState : public testing::TestWithParam<Row> {};

const char* const kConfig = R"yaml(
pools: { shadow: { servers: [SERVER1] }, stable: { servers: [SERVER0] }, canary: { servers: [SERVER1] } }
hosts:
  - host: "*"
    servers: [SERVER0, SERVER1]
    header_rules: { add: { X-Edge: fairlead }, remove: [X-Debug] }
    param_rules: { add: { from: edge }, remove: [utm_source] }
    rewrite_rules: { replace: { v1/: v2/ } }
    firewall_rules:
      ip_reject: [203.0.113.7]
      path_reject: [/internal, { exact: /exact }, { glob: "/**/*.php" }, { regex: "[.]env$" }]
      method_reject: [TRACE]
      header_reject: { User-Agent: badbot }
      rate_limit: [{ rate: 1000000/s, burst: 1000000 }, { rate: 1/h, mode: observe, key: host }]
      connection_limit: 1000
      request_limit: 1000
      max_body: 1GiB
      auto_ban: "1000 x 418 in 1s"
    paths:
      - { path: /own, respond: { status: 200, body: own } }
      - { path: /copied, servers: [SERVER0], mirror: shadow, log: off }
      - { path: /batch, servers: [SERVER0], priority: batch }
      - path: /page
        respond:
          body: "<p>{client_ip} {port}</p>"
          headers: { Cache-Control: no-store, X-Client: "{client_ip}" }
  # Each kind of rule on a route of its own: constants, then placeholders.
  - host: rules
    servers: [SERVER0]
    error_pages: { 4xx: "<p>{status} {reason} {path} {header.X-A}</p>" }
    paths:
      - path: /headers
        servers: [SERVER0]
        header_rules:
          remove: [X-Debug, X-Internal-*]
          rename: { X-A: X-B }
          replace: { Accept: { regex: "text/(.*)", with: "{capture.1}/text" } }
          add: { X-Edge: fairlead, User-Agent: edge }
          append: { X-List: two }
          set_if_missing: { X-New: new }
      - path: /params
        servers: [SERVER0]
        param_rules:
          remove: [utm_*]
          rename: { b: c }
          replace: { d: { regex: "[0-9]+", with: n } }
          add: { from: edge }
          append: { list: two }
          set_if_missing: { new: new }
      - path: /cookies
        servers: [SERVER0]
        cookie_rules: { remove: [secret, t_*], rename: { a: b }, add: { c: d } }
      - path: /rewrite
        servers: [SERVER0]
        rewrite_rules:
          replace_prefix: /inner
          add_prefix: /app
          replace: { x/: y/ }
          regex: { match: "([a-z])/([a-z])", with: "{capture.2}/{capture.1}", over: uri }
          host: inner.test
          method: POST
      - path: /all
        servers: [SERVER0]
        header_rules:
          add:
            X-All: "{client_ip} {client_port} {scheme} {host} {port} {method} {path} {query} {uri}
                    {request_id} {route} {pool} {header.X-A} {cookie.a} {param.d} {time}"
        param_rules: { add: { all: "{client_ip} {path} {header.X-A}" } }
        cookie_rules: { add: { all: "{client_ip}_{path}_{header.X-A}" } }
        rewrite_rules: { add_prefix: "/{host}/{param.d}", host: "{param.d}.internal" }
      - path: /waits
        servers: [SERVER0, SERVER1]
        header_rules: { add: { X-Server: "{server} {pool}" }, remove: [Host] }
        rewrite_rules: { strip_prefix: true }
      - path_regex: "^/user/([0-9]+)/(.*)$"
        servers: [SERVER0]
        rewrite_rules: { replace_path: "/u/{capture.2}/{capture.1}" }
        header_rules: { response: { add: { X-User: "{capture.1}" } } }
      - path: /response
        servers: [SERVER0]
        rewrite_rules: { replace_prefix: /inner }
        cookie_rules: { response: { secure: true, path: "/{host}", a: { same_site: strict } } }
        header_rules:
          response:
            remove: [X-Powered-*]
            replace: { Server: { regex: "[0-9.]+", with: "" } }
            add: { X-Edge: "{server} {route} {request_id} {header.X-A}" }
      - path: /cors
        servers: [SERVER0]
        cors: { origins: ["https://*.test"], credentials: true, expose: [X-A], max_age: 1h }
        header_rules: { remove: [Origin] }
      - path: /split
        split: { stable: 50, canary: 50 }
      - path: /asked
        methods: [GET]
        headers: { X-A: { prefix: o }, Accept: { regex: "text/.*" } }
        params: { d: { present: true } }
        cookies: { a: "1" }
        from: [127.0.0.0/8]
        scheme: http
        servers: [SERVER0]
      - { path: /old, redirect: { replace_prefix: /new } }
      - { path: /to, redirect: { to: "https://{host}{path}?{query}", status: 308 } }
)yaml";

// A request of the host `rules` that gives rules something to do.
std::string ruled(std::string_view line, std::string_view more = {}) {
  return std::string(line) +
         " HTTP/1.1\r\nHost: rules\r\nUser-Agent: t\r\nAccept: text/html\r\nX-A: one\r\nX-Debug: "
         "1\r\nX-Internal-A: 1\r\nX-List: one\r\nCookie: secret=1; a=1; t_1=2; k=v\r\n" +
         std::string(more) + "\r\n";
}

TEST_P(SteadyState, AllocatesNothing) {
  const Row& row = GetParam();
  OriginThread origins(2, row.answer);
  std::atomic<test::AllocationCount*> count{nullptr};
  RunningWorker running(snapshotOf(kConfig, origins.addresses()),
                        [&count] { count.store(&test::allocation_count); });
  Client client(running.address());
  const auto exchange = [&] {
    client.send(row.request);
    client.receive(row.ending);
  };
  for (int i = 0; i < kWarmUp; ++i) exchange();
  const uint64_t before = count.load()->load();
  for (int i = 0; i < kMeasured; ++i) exchange();
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  EXPECT_GT(before, 0u) << "nothing is counted";
  EXPECT_EQ(count.load()->load() - before, 0u) << "in " << kMeasured << " requests";
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
const std::string kBig(200'000, 'b');
const std::string kLarge(1'000'000, 'l');

const std::string kPlaces =
    "HTTP/1.1 302 Found\r\nServer: origin 1.2\r\nX-Powered-By: x\r\nLocation: "
    "/inner/x\r\nContent-Location: http://rules/inner/y\r\nSet-Cookie: a=1; "
    "Path=/inner\r\nSet-Cookie: b=2; Domain=rules\r\nContent-Length: 4\r\n\r\nfine";

INSTANTIATE_TEST_SUITE_P(
    Rules, SteadyState,
    testing::Values(
        Row{"headers", ruled("GET /headers"), kOk, "fine"},
        Row{"params", ruled("GET /params/x?utm_a=1&b=2&d=3&list=one&e=%20+"), kOk, "fine"},
        Row{"cookies", ruled("GET /cookies"), kOk, "fine"},
        Row{"rewrite", ruled("GET /rewrite/x/y?a/b"), kOk, "fine"},
        Row{"all_placeholders", ruled("GET /all/x?d=4&e=%41"), kOk, "fine"},
        Row{"server", ruled("GET /waits/x"), kOk, "fine"},
        Row{"captures", ruled("GET /user/42/a%20b"), kOk, "fine"},
        Row{"response", ruled("GET /response/x"), kPlaces, "fine"},
        Row{"cors", ruled("GET /cors", "Origin: https://a.test\r\n"), kOk, "fine"},
        Row{"preflight",
            ruled("OPTIONS /cors",
                  "Origin: https://a.test\r\nAccess-Control-Request-Method: "
                  "PUT\r\nAccess-Control-Request-Headers: x-a\r\n"),
            kOk, "\r\n\r\n"},
        Row{"split", ruled("GET /split"), kOk, "fine"},
        Row{"split_with_a_cookie",
            ruled("GET /split", "Cookie: fairlead_split=00000000.11111111\r\n"), kOk, "fine"},
        Row{"conditions", ruled("GET /asked?d=1"), kOk, "fine"},
        Row{"redirect", ruled("GET /old/x?d=1"), kOk, "Found"},
        Row{"redirect_by_placeholders", ruled("GET /to/x?d=1"), kOk, "Permanent Redirect"},
        Row{"error_page", ruled("GET /", "Expect: magic\r\n"), kOk, "</p>"}),
    [](const auto& given) { return std::string(given.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Table, SteadyState,
    testing::Values(
        Row{"get", "GET /x?utm_source=a&b=c HTTP/1.1\r\nHost: h\r\nUser-Agent: t\r\n\r\n", kOk,
            "fine"},
        Row{"get_through_rules",
            "GET /v1/%7Ex?utm_source=a&b=c HTTP/1.1\r\nHost: H:80\r\nX-Debug: 1\r\nConnection: "
            "keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
            kOk, "fine"},
        Row{"post_with_a_length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            kOk, "fine"},
        Row{"put_in_chunks",
            "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            kOk, "fine"},
        Row{"put_of_many_buffers",
            "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + kBig, kOk, "fine"},
        Row{"put_by_pipe", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + kLarge,
            kOk, "fine"},
        Row{"answer_by_pipe", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000004\r\n\r\n" + kLarge + "fine", "fine"},
        Row{"answer_in_chunks", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n",
            "fine\r\n0\r\n\r\n"},
        Row{"answer_of_many_buffers", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 200004\r\n\r\n" + kBig + "fine", "fine"},
        Row{"interim_answer", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + kOk, "fine"},
        Row{"a_priority_to_log", "GET /batch HTTP/1.1\r\nHost: h\r\n\r\n", kOk, "fine"},
        Row{"own_answer", "GET /own HTTP/1.1\r\nHost: h\r\n\r\n", kOk, "own"},
        Row{"own_answer_with_placeholders", "GET /page HTTP/1.1\r\nHost: h\r\n\r\n", kOk, "</p>"},
        Row{"rejected", "GET /internal HTTP/1.1\r\nHost: h\r\n\r\n", kOk, "Forbidden"}),
    [](const auto& given) { return std::string(given.param.name); });

// Connections of clients come and go: what each of them takes comes from the pools as well.
TEST(SteadyStateOfConnections, TakeNothing) {
  OriginThread origins(2, kOk);
  std::atomic<test::AllocationCount*> count{nullptr};
  RunningWorker running(snapshotOf(kConfig, origins.addresses()),
                        [&count] { count.store(&test::allocation_count); });
  const auto exchange = [&] {
    Client client(running.address());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive("fine");
  };
  {
    // On a busy machine the worker sees the end of some connections after the begin of the next.
    std::vector<Client> at_once;
    while (at_once.size() < 16) at_once.emplace_back(running.address());
    for (Client& client : at_once) client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for (Client& client : at_once) client.receive("fine");
    for (int i = 0; i < kWarmUp; ++i) exchange();
  }
  const uint64_t before = count.load()->load();
  for (int i = 0; i < kMeasured; ++i) exchange();
  EXPECT_EQ(count.load()->load() - before, 0u);
}

}  // namespace
}  // namespace fairlead::worker
