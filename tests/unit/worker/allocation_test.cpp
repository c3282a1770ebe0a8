// In the steady state a proxied keep-alive request costs no heap allocation: counted on the
// worker's own thread, over a thousand requests of each kind.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

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
};

class SteadyState : public testing::TestWithParam<Row> {};

const char* const kConfig = R"(
pools: { shadow: { servers: [SERVER1] } }
hosts:
  - host: "*"
    servers: [SERVER0, SERVER1]
    header_rules: { add: { X-Edge: fairlead }, remove: [X-Debug] }
    param_rules: { add: { from: edge }, remove: [utm_source] }
    rewrite_rules: { replace: { v1/: v2/ } }
    firewall_rules: { ip_reject: [203.0.113.7], path_reject: [/internal] }
    paths:
      - { path: /own, respond: { status: 200, body: own } }
      - { path: /copied, servers: [SERVER0], mirror: shadow, log: off }
      - { path: /batch, servers: [SERVER0], priority: batch }
      - path: /page
        respond:
          body: "<p>{client_ip} {port}</p>"
          headers: { Cache-Control: no-store, X-Client: "{client_ip}" }
)";

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
  for (int i = 0; i < kWarmUp; ++i) exchange();
  const uint64_t before = count.load()->load();
  for (int i = 0; i < kMeasured; ++i) exchange();
  EXPECT_EQ(count.load()->load() - before, 0u);
}

}  // namespace
}  // namespace fairlead::worker
