// The resolver against a DNS server of the test's own, the hosts file, and resolv.conf.
#include "discovery/resolver.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "addresses.h"
#include "dns_server.h"
#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::discovery {
namespace {

using namespace std::chrono_literals;
using fairlead::test::complete;
using fairlead::test::runUntil;
using fairlead::test::settle;
using test::DnsServer;
using test::Manner;
using test::textOf;
using test::Zone;

using Found = std::expected<Names, std::string>;

std::string textOf(const Found& found) {
  return found ? textOf(found->addresses) : "fault: " + found.error();
}

// A server, and a resolver that asks it.
struct World {
  explicit World(Duration timeout = 5s)
      : settings{.servers = {server.address()}, .timeout = timeout} {}
  Found resolve(const std::string& host) {
    if (!resolver) resolver.emplace(reactor, settings);
    return complete(reactor, resolver->resolve(host));
  }

  io::Reactor reactor;
  DnsServer server{reactor};
  ResolverSettings settings;
  std::optional<Resolver> resolver;
};

struct AnswerRow {
  const char* name;
  Zone zone;
  const char* found;
  Duration ttl;
};

TEST(Resolver, FindsWhatTheServerHolds) {
  const AnswerRow rows[] = {
      {"one address", {.a = {.addresses = {"10.0.0.1"}}, .aaaa = {}}, "10.0.0.1", 60s},
      {"sorted, whatever the server's order",
       {.a = {.addresses = {"10.0.0.9", "10.0.0.10", "10.0.0.1"}}, .aaaa = {}},
       "10.0.0.1 10.0.0.9 10.0.0.10",
       60s},
      {"each once",
       {.a = {.addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.1"}}, .aaaa = {}},
       "10.0.0.1 10.0.0.2",
       60s},
      {"both families, and the shorter time",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 300}, .aaaa = {.addresses = {"fd00::1"}, .ttl = 7}},
       "10.0.0.1 fd00::1",
       7s},
      {"IPv6 only", {.a = {}, .aaaa = {.addresses = {"fd00::1"}}}, "fd00::1", 60s},
      {"an alias, whose time is the shorter",
       {.a = {.addresses = {"10.0.0.1"}, .alias = "b.test", .alias_ttl = 5}, .aaaa = {}},
       "10.0.0.1",
       5s},
      {"not less than a second",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 0}, .aaaa = {}},
       "10.0.0.1",
       1s},
      {"not more than an hour",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 86400}, .aaaa = {}},
       "10.0.0.1",
       1h},
      {"truncated: again over TCP",
       {.a = {.manner = Manner::TcpOnly, .addresses = {"10.0.0.1"}}, .aaaa = {}},
       "10.0.0.1",
       60s},
      {"a server that does not know EDNS",
       {.a = {.manner = Manner::KnowsNoEdns, .addresses = {"10.0.0.1"}},
        .aaaa = {.manner = Manner::KnowsNoEdns, .addresses = {"fd00::1"}}},
       "10.0.0.1 fd00::1",
       60s},
      {"AAAA does not exist, A does",
       {.a = {.addresses = {"10.0.0.1"}}, .aaaa = {.manner = Manner::NoName}},
       "10.0.0.1",
       60s},
  };
  for (const AnswerRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world;
    world.server.set("a.test", row.zone);
    const Found found = world.resolve("a.test");
    EXPECT_EQ(textOf(found), row.found);
    if (!found) continue;
    EXPECT_EQ(found->ttl, row.ttl);
    EXPECT_FALSE(found->partial);
  }
}

Zone manyAddresses(uint32_t count) {
  Zone zone;
  for (uint32_t i = 0; i < count; ++i)
    zone.a.addresses.push_back(IpAddress::v4(0x0a000000 + i).text());
  return zone;
}

TEST(Resolver, TakesAllOfManyAddresses) {
  struct Row {
    const char* name;
    uint32_t count;
    bool over_tcp;
  };
  for (const Row& row : {Row{"within one datagram, thanks to EDNS", 60, false},
                         Row{"too many for one", 300, true}}) {
    SCOPED_TRACE(row.name);
    World world;
    world.server.set("a.test", manyAddresses(row.count));
    const Found found = world.resolve("a.test");
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->addresses.size(), row.count);
    EXPECT_EQ(world.server.overTcp() > 0, row.over_tcp);
  }
}

struct FailureRow {
  const char* name;
  const char* host;
  Manner manner;
  std::string_view words;
};

TEST(Resolver, SaysWhyThereIsNoAddress) {
  constexpr std::string_view kSilence = "no answer from the DNS servers within 100ms";
  constexpr auto kNoHelp = "the DNS servers cannot be reached, or they failed or refused to answer";
  const FailureRow rows[] = {
      {"NXDOMAIN", "a.test", Manner::NoName, "the name does not exist"},
      {"no record", "a.test", Manner::Answers, "the name has no address"},
      {"SERVFAIL", "a.test", Manner::Fails, kNoHelp},
      {"REFUSED", "a.test", Manner::Refuses, kNoHelp},
      {"silence", "a.test", Manner::Silent, kSilence},
      {"an answer to another question number", "a.test", Manner::WrongId, kSilence},
      {"an answer about another name", "a.test", Manner::WrongName, kSilence},
      {"three octets", "a.test", Manner::Scrap, kSilence},
      {"a record that ends beyond the message", "a.test", Manner::CutShort,
       "the answer of the DNS server is malformed"},
      {"an empty label", "a..test", Manner::Answers, "this is not a name that DNS can hold"},
  };
  for (const FailureRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world(row.words == kSilence ? 100ms : Duration{5s});
    world.server.set("a.test", row.manner);
    const Found found = world.resolve(row.host);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error(), row.words);
  }
}

TEST(Resolver, SaysThatNobodyListens) {
  World world(500ms);
  world.settings.servers = {fairlead::test::deafAddress().address};
  EXPECT_EQ(textOf(world.resolve("a.test")),
            "fault: the DNS servers cannot be reached, or they failed or refused to answer");
}

struct PartialRow {
  const char* name;
  Zone zone;
  const char* found;
};

TEST(Resolver, DoesWithOneFamilyWhenTheOtherFails) {
  const PartialRow rows[] = {
      {"AAAA is silent",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 600}, .aaaa = {.manner = Manner::Silent}},
       "10.0.0.1"},
      {"A is silent",
       {.a = {.manner = Manner::Silent}, .aaaa = {.addresses = {"fd00::1"}, .ttl = 600}},
       "fd00::1"},
      {"AAAA fails",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 600}, .aaaa = {.manner = Manner::Fails}},
       "10.0.0.1"},
      {"AAAA is malformed",
       {.a = {.addresses = {"10.0.0.1"}, .ttl = 600}, .aaaa = {.manner = Manner::CutShort}},
       "10.0.0.1"},
  };
  for (const PartialRow& row : rows) {
    SCOPED_TRACE(row.name);
    World world(500ms);
    world.server.set("a.test", row.zone);
    const TimePoint begin = world.reactor.now();
    const Found found = world.resolve("a.test");
    EXPECT_EQ(textOf(found), row.found);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->partial);
    EXPECT_EQ(found->ttl, 30s);
    EXPECT_LT(world.reactor.now() - begin, 5s);
  }
}

TEST(Resolver, AsksTheNextServer) {
  for (const Manner manner : {Manner::Fails, Manner::Refuses, Manner::Silent}) {
    SCOPED_TRACE(static_cast<int>(manner));
    World world(500ms);
    DnsServer second(world.reactor);
    world.settings.servers.push_back(second.address());
    world.server.set("a.test", manner);
    second.set("a.test", {"10.0.0.2"}, 60);
    EXPECT_EQ(textOf(world.resolve("a.test")), "10.0.0.2");
    EXPECT_GE(world.server.asked("a.test"), 1u);
  }
}

TEST(Resolver, AsksAgainWhenADatagramIsLost) {
  World world(500ms);
  world.server.set("a.test", Manner::Silent);
  Resolver resolver(world.reactor, world.settings);
  auto task = resolver.resolve("a.test");
  task.start();
  runUntil(world.reactor, [&] { return world.server.asked("a.test") == 1; });
  world.server.set("a.test", {"10.0.0.1"}, 60);
  runUntil(world.reactor, [&] { return task.done(); });
  EXPECT_EQ(textOf(task.take()), "10.0.0.1");
  EXPECT_GE(world.server.asked("a.test"), 2u);
}

TEST(Resolver, TriesEdnsAgainAfterAWhile) {
  struct Row {
    const char* name;
    Duration forget_after;
    bool over_tcp;  // what a long answer takes without EDNS
  };
  for (const Row& row : {Row{"not yet", 1h, true}, Row{"now", 0s, false}}) {
    SCOPED_TRACE(row.name);
    World world;
    world.settings.forget_after = row.forget_after;
    world.server.set("old.test", {.a = {.manner = Manner::KnowsNoEdns, .addresses = {"10.0.0.1"}},
                                  .aaaa = {.manner = Manner::KnowsNoEdns}});
    EXPECT_EQ(textOf(world.resolve("old.test")), "10.0.0.1");
    world.server.set("a.test", manyAddresses(60));
    const Found found = world.resolve("a.test");
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->addresses.size(), 60u);
    EXPECT_EQ(world.server.overTcp() > 0, row.over_tcp);
  }
}

struct LiteralRow {
  const char* host;
  const char* found;
  Duration ttl;
};

TEST(Resolver, KnowsWithoutAsking) {
  const LiteralRow rows[] = {
      {"10.0.0.1", "10.0.0.1", kForEver},      {"fd00::1", "fd00::1", kForEver},
      {"db.localhost", "127.0.0.1 ::1", 30s},  {"DB.LocalHost", "127.0.0.1 ::1", 30s},
      {"db.localhost.", "127.0.0.1 ::1", 30s},
  };
  World world;
  Resolver resolver(world.reactor, world.settings);
  for (const LiteralRow& row : rows) {
    SCOPED_TRACE(row.host);
    auto task = resolver.resolve(row.host);
    task.start();
    ASSERT_TRUE(task.done());
    const Found found = task.take();
    EXPECT_EQ(textOf(found), row.found);
    EXPECT_EQ(found->ttl, row.ttl);
  }
  EXPECT_TRUE(world.server.names().empty());
}

// A folder for the files of one test.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "fairlead-XXXXXX").string();
    fairlead::test::require(::mkdtemp(path.data()) != nullptr, "mkdtemp");
    path_ = path;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  // Replaces the file, as whoever writes a resolv.conf does.
  std::string write(const std::string& name, std::string_view text) const {
    const std::filesystem::path next = path_ / (name + ".next");
    std::ofstream(next) << text;
    std::filesystem::rename(next, path_ / name);
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// $CARES_HOSTS for one test.
class HostsVariable {
 public:
  explicit HostsVariable(const std::string& path) { ::setenv("CARES_HOSTS", path.c_str(), 1); }
  HostsVariable(const HostsVariable&) = delete;
  HostsVariable& operator=(const HostsVariable&) = delete;
  ~HostsVariable() { ::unsetenv("CARES_HOSTS"); }
};

TEST(Resolver, HonoursTheHostsFile) {
  struct Row {
    const char* host;
    const char* found;
  };
  const Row rows[] = {
      {"app", "10.0.0.1 10.0.0.2 fd00::1"},
      {"APP", "10.0.0.1 10.0.0.2 fd00::1"},
      {"app.", "10.0.0.1 10.0.0.2 fd00::1"},
      {"alias", "10.0.0.1"},
      {"localhost", "127.0.0.1"},
      {"db.localhost", "127.0.0.9"},
      {"elsewhere", "fault: the name does not exist"},
  };
  const Folder folder;
  const HostsVariable variable(
      folder.write("hosts",
                   "# names\n10.0.0.2 app\nfd00::1\tapp # six\n10.0.0.1 app alias\n10.0.0.1 app\n"
                   "127.0.0.1 localhost\n127.0.0.9 db.localhost\n"));
  World world;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.host);
    const Found found = world.resolve(row.host);
    EXPECT_EQ(textOf(found), row.found);
    if (found) {
      EXPECT_EQ(found->ttl, 30s);
    }
  }
  EXPECT_EQ(world.server.names(), std::vector<std::string>{"elsewhere"});
}

TEST(Resolver, SeesAChangedHostsFile) {
  const Folder folder;
  const HostsVariable variable(folder.write("hosts", "10.0.0.1 app\n"));
  World world;
  EXPECT_EQ(textOf(world.resolve("app")), "10.0.0.1");
  folder.write("hosts", "10.0.0.2 app\n");
  EXPECT_EQ(textOf(world.resolve("app")), "10.0.0.2");
}

// On port 53 of a loopback address that no other process of these tests takes. resolv.conf(5) has
// no ports.
std::unique_ptr<DnsServer> systemServer(io::Reactor& reactor, uint32_t number) {
  const uint32_t own = 0x7f000000 | (static_cast<uint32_t>(::getpid()) & 0xffff) << 8 | number;
  try {
    return std::make_unique<DnsServer>(reactor, SocketAddress{IpAddress::v4(own), 53});
  } catch (const std::system_error&) {
    return nullptr;
  }
}

TEST(Resolver, FollowsResolvConf) {
  io::Reactor reactor;
  const auto first = systemServer(reactor, 1);
  const auto second = systemServer(reactor, 2);
  if (!first || !second) GTEST_SKIP() << "port 53 of the loopback cannot be had";
  first->set("api.shop.test", {"10.0.0.1"}, 60);
  second->set("api.home.test", {"10.0.0.2"}, 60);
  second->set("api.two.test", Manner::Answers);
  const Folder folder;
  Resolver resolver(
      reactor, {.resolv_conf = folder.write("resolv.conf", "search shop.test test\nnameserver " +
                                                               first->address().ip.text() + "\n")});
  EXPECT_EQ(textOf(complete(reactor, resolver.resolve("api"))), "10.0.0.1");
  EXPECT_EQ(first->names(), std::vector<std::string>{"api.shop.test"});

  folder.write("resolv.conf", "search two.test home.test\noptions ndots:2\nnameserver " +
                                  second->address().ip.text() + "\n");
  EXPECT_EQ(textOf(complete(reactor, resolver.resolve("api"))), "10.0.0.2");
  EXPECT_EQ(second->names(), (std::vector<std::string>{"api.two.test", "api.home.test"}));
  EXPECT_EQ(first->names().size(), 1u);

  EXPECT_EQ(textOf(complete(reactor, resolver.resolve("a.b"))), "fault: the name does not exist");
  EXPECT_EQ(second->names().back(), "a.b");
  second->set("web.two.test", Manner::Fails);
  second->set("web.home.test", {"10.0.0.3"}, 60);
  EXPECT_FALSE(complete(reactor, resolver.resolve("web")))
      << "a server that fails does not say that the name is not there";
}

TEST(Resolver, DroppingTheTaskEndsTheInterest) {
  World world;
  world.server.set("a.test", Manner::Silent);
  Resolver resolver(world.reactor, world.settings);
  {
    auto task = resolver.resolve("a.test");
    task.start();
    runUntil(world.reactor, [&] { return world.server.asked("a.test") == 1; });
    EXPECT_FALSE(task.done());
  }
  world.server.set("b.test", {"10.0.0.1"}, 60);
  EXPECT_EQ(textOf(complete(world.reactor, resolver.resolve("b.test"))), "10.0.0.1");
  settle(world.reactor);
}

TEST(Resolver, MayBeDestroyedWhileAServerIsSilent) {
  World world;
  world.server.set("a.test", Manner::Silent);
  {
    Resolver resolver(world.reactor, world.settings);
    auto task = resolver.resolve("a.test");
    task.start();
    runUntil(world.reactor, [&] { return world.server.asked("a.test") == 1; });
  }
  settle(world.reactor);
}

TEST(Resolver, WaitsForManyAtOnce) {
  World world;
  Resolver resolver(world.reactor, world.settings);
  std::vector<Task<Found>> tasks;
  for (uint32_t i = 0; i < 50; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    world.server.set(host, {IpAddress::v4(0x0a000000 + i).text()}, 60);
    tasks.push_back(resolver.resolve(host));
    tasks.back().start();
  }
  runUntil(world.reactor, [&] { return std::ranges::all_of(tasks, &Task<Found>::done); });
  for (uint32_t i = 0; i < 50; ++i)
    EXPECT_EQ(textOf(tasks[i].take()), IpAddress::v4(0x0a000000 + i).text());
}

}  // namespace
}  // namespace fairlead::discovery
