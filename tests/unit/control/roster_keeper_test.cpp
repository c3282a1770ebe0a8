// From names to rosters: who is told, what stays when a name fails, and what the log says.
#include "control/roster_keeper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "support/drive.h"
#include "unit/discovery/dns_server.h"
#include "unit/upstream/pool_for_test.h"

namespace fairlead::control {
namespace {

using namespace std::chrono_literals;
using discovery::test::Manner;
using fairlead::test::runUntil;
using testing::MatchesRegex;

// The reading end of a log.
class LogPipe {
 public:
  LogPipe() { fairlead::test::require(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) == 0, "pipe"); }
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;
  ~LogPipe() {
    for (const int end : ends_) ::close(end);
  }
  int writingEnd() const { return ends_[1]; }
  // The messages since the last call, without their times: "info  a|warn  b|".
  std::string said() const {
    std::array<char, 16384> bytes;
    const ssize_t count = ::read(ends_[0], bytes.data(), bytes.size());
    std::string_view rest(bytes.data(), count > 0 ? static_cast<size_t>(count) : 0);
    std::string text;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      text.append(line.substr(line.find(' ') + 1)).append("|");
      rest.remove_prefix(end + 1);
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

// "api.test:80"
upstream::ServerSpec serverNamed(const std::string& address) {
  const size_t colon = address.rfind(':');
  return {.name = {},
          .address = address,
          .host = address.substr(0, colon),
          .port = static_cast<uint16_t>(std::stoi(address.substr(colon + 1))),
          .zone = {}};
}

// What the servers are called.
std::string namesOf(const upstream::Pool& pool) {
  std::string text;
  for (const auto& server : pool.roster()->servers)
    text += (text.empty() ? "" : " ") + server->name;
  return text;
}

// All their addresses, with ports.
std::string addressesOf(const upstream::Pool& pool) {
  std::string text;
  for (const auto& server : pool.roster()->servers)
    for (const SocketAddress& address : server->addresses)
      text += (text.empty() ? "" : " ") + address.text();
  return text;
}

using Changes = std::vector<std::string>;

// Pools whose servers have names, a server of names, and a keeper that asks it again after
// milliseconds.
class RosterKeeperTest : public testing::Test {
 protected:
  // Before `start`.
  upstream::Pool& addPool(std::string name, const std::vector<std::string>& servers) {
    upstream::PoolSettings settings = upstream::poolOf({});
    settings.name = std::move(name);
    for (const std::string& server : servers) settings.servers.push_back(serverNamed(server));
    return *pools_.emplace_back(std::make_unique<upstream::Pool>(std::move(settings)));
  }
  void start() {
    keeper_.start();
    runUntil(reactor_, [&] { return keeper_.settled(); });
  }
  void awaitChanges(size_t count) {
    runUntil(reactor_, [&] { return changes_.size() >= count; });
  }
  // Until what the server of names says now has been dealt with.
  void awaitAnswer(const std::string& host) {
    const size_t enough = dns_.asked(host) + 2;
    runUntil(reactor_, [&] { return dns_.asked(host) >= enough; });
  }
  void awaitFault(const std::string& host, bool is_faulty) {
    runUntil(reactor_, [&] { return keeper_.faultOf(host).empty() != is_faulty; });
  }

  io::Reactor reactor_;
  discovery::test::DnsServer dns_{reactor_};
  Random random_{7};
  LogPipe pipe_;
  Log log_{pipe_.writingEnd()};
  Pools pools_;
  Changes changes_;  // pools that got another roster: "shop: api.test:80"
  RosterKeeper keeper_{
      reactor_,
      random_,
      pools_,
      {.resolver = {.servers = {dns_.address()}, .shortest_ttl = 5ms}, .watch = {.retry = 5ms}},
      log_,
      [this](upstream::Pool& pool) {
                         changes_.push_back(pool.name() + ": " + namesOf(pool)); }};
};

struct Row {
  const char* name;
  std::vector<std::string> servers;
  const char* names;
  const char* addresses;
  size_t changes;  // at the most; several names may be answered together
};

TEST_F(RosterKeeperTest, FindsTheServersOfAPool) {
  dns_.set("one.test", {"10.0.0.1"}, 60);
  dns_.set("two.test", {"10.0.0.3", "10.0.0.2"}, 60);
  dns_.set("both.test", {.a = {.addresses = {"10.0.0.4"}}, .aaaa = {.addresses = {"2001:db8::4"}}});
  const Row rows[] = {
      {"a name", {"one.test:80"}, "one.test:80", "10.0.0.1:80", 1},
      {"of two addresses",
       {"two.test:80"},
       "two.test:80@10.0.0.2 two.test:80@10.0.0.3",
       "10.0.0.2:80 10.0.0.3:80",
       1},
      {"of both families",
       {"both.test:80"},
       "both.test:80@10.0.0.4 both.test:80@2001:db8::4",
       "10.0.0.4:80 [2001:db8::4]:80",
       1},
      {"one name with two ports",
       {"one.test:80", "one.test:81"},
       "one.test:80 one.test:81",
       "10.0.0.1:80 10.0.0.1:81",
       1},
      {"in the order of the file",
       {"two.test:80", "10.9.9.9:80", "one.test:80"},
       "two.test:80@10.0.0.2 two.test:80@10.0.0.3 10.9.9.9:80 one.test:80",
       "10.0.0.2:80 10.0.0.3:80 10.9.9.9:80 10.0.0.1:80",
       2},
      {"addresses need nobody",
       {"10.0.0.1:80", "10.0.0.2:80"},
       "10.0.0.1:80 10.0.0.2:80",
       "10.0.0.1:80 10.0.0.2:80",
       0},
      {"localhost needs nobody", {"localhost:80"}, "localhost:80", "127.0.0.1:80 [::1]:80", 0},
      {"a name that is unknown",
       {"none.test:80", "one.test:80"},
       "none.test:80 one.test:80",
       "10.0.0.1:80",
       1},
  };
  for (const Row& row : rows) addPool(row.name, row.servers);
  start();
  for (size_t i = 0; i < std::size(rows); ++i) {
    SCOPED_TRACE(rows[i].name);
    EXPECT_EQ(namesOf(*pools_[i]), rows[i].names);
    EXPECT_EQ(addressesOf(*pools_[i]), rows[i].addresses);
    const auto told = std::ranges::count_if(changes_, [&](const std::string& change) {
      return change.starts_with(std::string(rows[i].name) + ": ");
    });
    EXPECT_LE(static_cast<size_t>(told), rows[i].changes);
    EXPECT_EQ(told == 0, rows[i].changes == 0);
  }
  EXPECT_EQ(dns_.asked("localhost"), 0u);
  EXPECT_EQ(dns_.asked("10.0.0.1"), 0u);
}

TEST_F(RosterKeeperTest, IsSettledWithoutNames) {
  addPool("shop", {"10.0.0.1:80"});
  EXPECT_TRUE(keeper_.settled());
  keeper_.start();
  EXPECT_TRUE(keeper_.settled());
  EXPECT_EQ(changes_, Changes{});
  EXPECT_EQ(pipe_.said(), "");
}

TEST_F(RosterKeeperTest, FollowsAName) {
  dns_.set("api.test", {"10.0.0.1", "10.0.0.2"}, 0);
  const upstream::Pool& pool = addPool("shop", {"api.test:80"});
  start();
  EXPECT_EQ(changes_, Changes{"shop: api.test:80@10.0.0.1 api.test:80@10.0.0.2"});
  EXPECT_EQ(pipe_.said(), "info  pool shop: api.test:80 is at 10.0.0.1, 10.0.0.2|");
  const auto stays = pool.roster()->servers[1];
  const uint32_t version = pool.rosterVersion();

  dns_.set("api.test", {"10.0.0.2", "10.0.0.1"}, 0);
  awaitAnswer("api.test");
  EXPECT_EQ(pool.rosterVersion(), version) << "only turned round";

  dns_.set("api.test", {"10.0.0.2", "10.0.0.3"}, 0);
  awaitChanges(2);
  EXPECT_EQ(changes_.back(), "shop: api.test:80@10.0.0.2 api.test:80@10.0.0.3");
  EXPECT_EQ(pool.roster()->servers[0], stays) << "with all that is known of it";
  EXPECT_EQ(pipe_.said(), "info  pool shop: api.test:80 is at 10.0.0.2, 10.0.0.3|");
}

TEST_F(RosterKeeperTest, TellsAllPoolsOfANameAndNoOther) {
  dns_.set("api.test", {"10.0.0.1"}, 0);
  dns_.set("img.test", {"10.0.0.5"}, 0);
  addPool("shop", {"api.test:80"});
  addPool("images", {"img.test:80"});
  addPool("cart", {"api.test:81", "10.0.0.9:80"});
  start();
  changes_.clear();
  dns_.set("api.test", {"10.0.0.2"}, 0);
  awaitChanges(2);
  awaitAnswer("img.test");
  EXPECT_EQ(changes_, (Changes{"shop: api.test:80", "cart: api.test:81 10.0.0.9:80"}));
  EXPECT_EQ(addressesOf(*pools_[0]), "10.0.0.2:80");
  EXPECT_EQ(addressesOf(*pools_[1]), "10.0.0.5:80");
  EXPECT_EQ(addressesOf(*pools_[2]), "10.0.0.2:81 10.0.0.9:80");
}

TEST_F(RosterKeeperTest, AsksOnceForANameOfManyPools) {
  dns_.set("api.test", {"10.0.0.1"}, 60);
  for (int i = 0; i < 5; ++i) addPool("pool" + std::to_string(i), {"api.test:80", "api.test:81"});
  start();
  EXPECT_EQ(dns_.asked("api.test"), 1u);
  EXPECT_EQ(changes_.size(), 5u);
}

struct FaultRow {
  const char* name;
  discovery::test::Zone then;
};

TEST_F(RosterKeeperTest, KeepsTheLastAddressesOfANameThatFails) {
  const FaultRow rows[] = {
      {"no such name any more",
       {.a = {.manner = Manner::NoName}, .aaaa = {.manner = Manner::NoName}}},
      {"without addresses", {}},
      {"its server fails", {.a = {.manner = Manner::Fails}, .aaaa = {.manner = Manner::Fails}}},
  };
  addPool("shop", {"api.test:80"});
  dns_.set("api.test", {"10.0.0.1", "10.0.0.2"}, 0);
  start();
  pipe_.said();
  const auto before = pools_[0]->roster();
  for (const FaultRow& row : rows) {
    SCOPED_TRACE(row.name);
    dns_.set("api.test", row.then);
    awaitFault("api.test", true);
    EXPECT_EQ(pools_[0]->roster(), before);
    EXPECT_THAT(pipe_.said(), MatchesRegex("warn  the name api\\.test does not resolve: .*; its "
                                           "last addresses are kept\\|"));
    dns_.set("api.test", {"10.0.0.1", "10.0.0.2"}, 0);
    awaitFault("api.test", false);
    EXPECT_EQ(pipe_.said(), "info  the name api.test resolves again|");
  }
  EXPECT_EQ(pools_[0]->roster(), before);
  EXPECT_EQ(changes_.size(), 1u) << "only of the first answer";
}

TEST_F(RosterKeeperTest, TriesANameAgainThatNeverResolved) {
  addPool("shop", {"late.test:80"});
  start();
  EXPECT_FALSE(keeper_.faultOf("late.test").empty());
  EXPECT_EQ(upstream::serverOf(*pools_[0], 0).active.load(), upstream::ActiveHealth::Unresolved);
  EXPECT_EQ(changes_, Changes{});
  EXPECT_THAT(pipe_.said(), MatchesRegex("warn  the name late\\.test does not resolve: .*; it is "
                                         "tried again every 5 s\\|"));
  dns_.set("late.test", {"10.0.0.1"}, 60);
  awaitChanges(1);
  EXPECT_EQ(keeper_.faultOf("late.test"), "");
  EXPECT_EQ(addressesOf(*pools_[0]), "10.0.0.1:80");
  EXPECT_EQ(upstream::serverOf(*pools_[0], 0).active.load(), upstream::ActiveHealth::Unknown);
  EXPECT_EQ(
      pipe_.said(),
      "info  the name late.test resolves again|info  pool shop: late.test:80 is at 10.0.0.1|");
}

// Before the first answer of one name, another must not be taken for gone.
TEST_F(RosterKeeperTest, OneNameThatIsSilentHoldsUpNoOther) {
  dns_.set("slow.test", Manner::Silent);
  dns_.set("api.test", {"10.0.0.1"}, 60);
  addPool("shop", {"slow.test:80", "api.test:80"});
  keeper_.start();
  awaitChanges(1);
  EXPECT_FALSE(keeper_.settled());
  EXPECT_EQ(namesOf(*pools_[0]), "slow.test:80 api.test:80");
  EXPECT_EQ(addressesOf(*pools_[0]), "10.0.0.1:80");
}

// What the control thread does with the news: the checks go to the servers that are there now.
TEST_F(RosterKeeperTest, ARosterIsThereWhenTheWatchIsTold) {
  dns_.set("api.test", {"10.0.0.1"}, 60);
  const upstream::Pool& pool = addPool("shop", {"api.test:80"});
  std::string seen;
  RosterKeeper keeper(reactor_, random_, pools_, {.resolver = {.servers = {dns_.address()}}}, log_,
                      [&](upstream::Pool& changed) {
                        EXPECT_EQ(&changed, &pool);
                        seen = addressesOf(changed);
                      });
  keeper.start();
  runUntil(reactor_, [&] { return keeper.settled(); });
  EXPECT_EQ(seen, "10.0.0.1:80");
}

}  // namespace
}  // namespace fairlead::control
