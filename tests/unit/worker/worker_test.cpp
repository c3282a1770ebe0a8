// A worker as a whole: it serves, drains and stops, with real sockets on both sides.
#include "worker/worker.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "running_worker.h"

namespace fairlead::worker {
namespace {

const char* const kConfig = R"(
hosts:
  - host: "*"
    servers: [SERVER0]
    paths:
      - { path: /own, respond: { status: 200, body: own } }
)";
const char* const kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

class WorkerTest : public testing::Test {
 protected:
  OriginThread origins_{1, kAnswer};
  RunningWorker running_{snapshotOf(kConfig, origins_.addresses())};
};

TEST_F(WorkerTest, ServesOneRequestAfterTheOther) {
  Client client(running_.address());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_TRUE(client.receive("fine").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(running_.worker().connections(), 1u);
}

TEST_F(WorkerTest, ServesManyConnections) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(running_.address()));
  for (const auto& client : clients) client->send(kGet);
  for (const auto& client : clients) client->receive("fine");
  EXPECT_EQ(running_.worker().connections(), 200u);
}

// Far more than a socket takes at once, and the connection stays good for another request.
TEST(WorkerAnswers, AreSentWholeWhateverTheirSize) {
  const std::string body = std::string(1'000'000, 'x') + "end";
  const RunningWorker running(
      snapshotOf("paths: [{ path: /, respond: { body: " + body + " } }]\n", {}));
  Client client(running.address());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    const std::string& answer = client.receive("end");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_NE(answer.find("\r\nContent-Length: 1000003\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(client.receive("\r\n\r\n").find("\r\nContent-Length: 1000003\r\n"),
              std::string::npos);
  }
}

// --- rules that wait for the server

// Nothing listens at the first address: a request that is sent there goes on to the second, and the
// rules are applied anew for that one.
class WorkerWaitingRules : public testing::Test {
 protected:
  static SocketAddress nowhere() {
    const test::LocalListener closed = test::listenLocally();
    return closed.address;
  }

  static constexpr const char* kWaiting = R"(
paths:
  - path: /app
    servers: [SERVER1, SERVER0]
    balance: round_robin
    health: off
    rewrite_rules: { replace_prefix: "/inner/{param.where}" }
    header_rules: { append: { X-Server: "{server}" }, response: { add: { X-By: "{server}" } } }
)";
  OriginThread origins_{1,
                        "HTTP/1.1 302 Found\r\nLocation: /inner/there/x\r\nContent-Length: "
                        "4\r\n\r\nfine"};
  std::vector<SocketAddress> servers_{origins_.addresses().front(), nowhere()};
  RunningWorker running_{snapshotOf(kWaiting, servers_)};
};

TEST_F(WorkerWaitingRules, AreAppliedOnceForEachAttempt) {
  Client client(running_.address());
  for (int i = 0; i < 4; ++i) {
    client.send("GET /app?where=there HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string& answer = client.receive("fine");
    EXPECT_NE(answer.find("\r\nLocation: /app/x\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nX-By: " + servers_[0].text() + "\r\n"), std::string::npos) << answer;
  }
}

// The client is told what any other route would tell it, and may go on.
TEST_F(WorkerWaitingRules, ThatRefuseLeaveTheConnection) {
  Client client(running_.address());
  for (int i = 0; i < 2; ++i) {
    client.send("GET /app?where=.. HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string& answer = client.receive("valid.");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    EXPECT_EQ(answer.find("Connection: close"), std::string::npos) << answer;
  }
}

TEST_F(WorkerTest, RefusesWhatItCannotRead) {
  Client client(running_.address());
  client.send("nonsense\r\n\r\n");
  const std::string& answer = client.receiveAll();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
}

// The kernel has handed over whom it holds back, if it is a little late.
constexpr Duration kTimeForSilent = io::Listener::kLongestSilence + std::chrono::milliseconds(200);

TEST_F(WorkerTest, DrainingEndsIdleConnectionsAndThenItself) {
  Client idle(running_.address());
  idle.send(kGet);
  idle.receive("fine");
  Client silent(running_.address());
  running_.worker().drain(kTimeForSilent);
  EXPECT_EQ(idle.receiveAll(), "");
  EXPECT_EQ(silent.receiveAll(), "");
  EXPECT_TRUE(running_.ends());
}

// Nobody who comes between the two is lost: a drain without time to go on accepting takes who was
// accepted by the kernel, and that is everybody.
TEST_F(WorkerTest, DrainingHearsWhoCameAfterTheLookForSilentOnes) {
  running_.worker().hearSilent();
  Client client(running_.address());
  running_.worker().drain();
  client.send(kGet);
  const std::string& answer = client.receiveAll();
  EXPECT_TRUE(answer.ends_with("fine")) << answer;
  EXPECT_TRUE(running_.ends());
}

TEST_F(WorkerTest, DrainingHearsWhoHasSaidNothingYet) {
  Client client(running_.address());
  running_.worker().hearSilent();
  running_.worker().drain(kTimeForSilent);
  client.send(kGet);
  const std::string& answer = client.receiveAll();
  EXPECT_TRUE(answer.ends_with("fine")) << answer;
  EXPECT_TRUE(running_.ends());
}

TEST_F(WorkerTest, DrainingLetsARequestEnd) {
  Client client(running_.address());
  // When the first answer is here, the worker has the beginning of the second request as well.
  client.send(kGet + "GET / HTTP/1.1\r\nHost: h\r\nX-Half: ");
  client.receive("fine");
  running_.worker().drain();
  client.send("1\r\n\r\n");
  const std::string& answer = client.receiveAll();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("fine")) << answer;
  EXPECT_TRUE(running_.ends());
}

TEST_F(WorkerTest, StoppingDropsWhatIsUnderWay) {
  Client client(running_.address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Half: ");
  running_.worker().stop();
  EXPECT_TRUE(running_.ends());
}

}  // namespace
}  // namespace fairlead::worker
