// The watch on names: who is told what, when names are asked for again, and that many of them do
// not come at once.
#include "discovery/name_watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "addresses.h"
#include "dns_server.h"
#include "support/drive.h"

namespace fairlead::discovery {
namespace {

using namespace std::chrono_literals;
using fairlead::test::runUntil;
using fairlead::test::settle;
using test::DnsServer;
using test::Manner;
using test::textOf;

// A server, and a watch that asks it again after milliseconds; what it told, line by line.
struct World {
  explicit World(Duration timeout = 5s, NameWatchSettings watch_settings = {.retry = 5ms})
      : resolver(reactor, {.servers = {server.address()},
                           .timeout = timeout,
                           .shortest_ttl = 5ms,
                           .other_ttl = 5ms}),
        watch(reactor, resolver, random,
              {.on_addresses =
                   [this](const std::string& host, std::span<const IpAddress> addresses) {
                     told.push_back(host + ": " + textOf(addresses));
                   },
               .on_failing =
                   [this](const std::string& host, const std::string& words) {
                     told.push_back(host + " fails: " + words);
                   },
               .on_well = [this](const std::string& host) { told.push_back(host + " is well"); }},
              watch_settings) {}

  // Until the name was asked for so many times more, and the last answer has been dealt with.
  void awaitQuestions(const std::string& host, size_t more) {
    const size_t enough = server.asked(host) + more + 1;
    runUntil(reactor, [&] { return server.asked(host) >= enough; });
  }
  void awaitStory(size_t lines) {
    runUntil(reactor, [&] { return told.size() >= lines; });
  }

  io::Reactor reactor;
  DnsServer server{reactor};
  Resolver resolver;
  Random random{7};
  std::vector<std::string> told;
  NameWatch watch;
};

using Story = std::vector<std::string>;

TEST(NameWatch, TellsOfEachChangeOnce) {
  World world;
  world.server.set("a.test", {"10.0.0.2", "10.0.0.1"}, 0);
  world.watch.add("a.test");
  EXPECT_FALSE(world.watch.settled());
  world.awaitStory(1);
  EXPECT_TRUE(world.watch.settled());
  world.server.set("a.test", {"10.0.0.1", "10.0.0.2"}, 0);  // only turned round
  world.awaitQuestions("a.test", 3);
  EXPECT_EQ(world.told, Story{"a.test: 10.0.0.1 10.0.0.2"});
  world.server.set("a.test", {"10.0.0.1", "10.0.0.3"}, 0);
  world.awaitStory(2);
  world.awaitQuestions("a.test", 3);
  EXPECT_EQ(world.told, (Story{"a.test: 10.0.0.1 10.0.0.2", "a.test: 10.0.0.1 10.0.0.3"}));
  EXPECT_EQ(textOf(world.watch.addressesOf("a.test")), "10.0.0.1 10.0.0.3");
}

struct FailureRow {
  const char* name;
  Manner manner;
  const char* words;
  Duration timeout = 5s;
};

const FailureRow kFailures[] = {
    {"NXDOMAIN", Manner::NoName, "the name does not exist"},
    {"no record any more", Manner::Answers, "the name has no address"},
    {"SERVFAIL", Manner::Fails,
     "the DNS servers cannot be reached, or they failed or refused to answer"},
    {"silence", Manner::Silent, "no answer from the DNS servers within 250ms", 250ms},
    {"malformed", Manner::CutShort, "the answer of the DNS server is malformed"},
};

TEST(NameWatch, KeepsTheLastAddressesOfANameThatFails) {
  for (const FailureRow& row : kFailures) {
    SCOPED_TRACE(row.name);
    World world(row.timeout);
    world.server.set("a.test", {"10.0.0.1"}, 0);
    world.watch.add("a.test");
    world.awaitStory(1);
    world.server.set("a.test", row.manner);
    world.awaitStory(2);
    EXPECT_EQ(world.watch.faultOf("a.test"), row.words);
    EXPECT_EQ(textOf(world.watch.addressesOf("a.test")), "10.0.0.1");
    world.awaitQuestions("a.test", 2);
    world.server.set("a.test", {"10.0.0.1"}, 0);
    world.awaitStory(3);
    EXPECT_EQ(world.watch.faultOf("a.test"), "");
    world.server.set("a.test", {"10.0.0.2"}, 0);
    world.awaitStory(4);
    EXPECT_EQ(world.told, (Story{"a.test: 10.0.0.1", std::string("a.test fails: ") + row.words,
                                 "a.test is well", "a.test: 10.0.0.2"}));
  }
}

TEST(NameWatch, GoesOnWithANameThatFailsFromTheStart) {
  for (const FailureRow& row : kFailures) {
    SCOPED_TRACE(row.name);
    World world(row.timeout);
    world.server.set("a.test", row.manner);
    world.watch.add("a.test");
    EXPECT_FALSE(world.watch.settled());
    world.awaitStory(1);
    EXPECT_TRUE(world.watch.settled());
    EXPECT_TRUE(world.watch.addressesOf("a.test").empty());
    world.server.set("a.test", {"10.0.0.1"}, 0);
    world.awaitStory(3);
    EXPECT_EQ(world.told, (Story{std::string("a.test fails: ") + row.words, "a.test is well",
                                 "a.test: 10.0.0.1"}));
  }
}

TEST(NameWatch, KeepsTheFamilyThatIsNotAnswered) {
  struct Row {
    const char* name;
    test::Zone then;
    const char* addresses;
  };
  const Row rows[] = {
      {"AAAA fails",
       {.a = {.addresses = {"10.0.0.2"}, .ttl = 0}, .aaaa = {.manner = Manner::Fails}},
       "10.0.0.2 fd00::1"},
      {"A fails",
       {.a = {.manner = Manner::Fails}, .aaaa = {.addresses = {"fd00::2"}, .ttl = 0}},
       "10.0.0.1 fd00::2"},
      {"AAAA is gone", {.a = {.addresses = {"10.0.0.2"}, .ttl = 0}, .aaaa = {}}, "10.0.0.2"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    World world;
    world.server.set("a.test", {.a = {.addresses = {"10.0.0.1"}, .ttl = 0},
                                .aaaa = {.addresses = {"fd00::1"}, .ttl = 0}});
    world.watch.add("a.test");
    world.awaitStory(1);
    world.server.set("a.test", row.then);
    world.awaitStory(2);
    world.awaitQuestions("a.test", 2);
    EXPECT_EQ(world.told,
              (Story{"a.test: 10.0.0.1 fd00::1", std::string("a.test: ") + row.addresses}));
  }
}

TEST(NameWatch, AsksAtTheEndOfTheTimeToLive) {
  World world;
  world.server.set("short.test", {"10.0.0.1"}, 0);
  world.server.set("long.test", {"10.0.0.2"}, 60);
  world.watch.add("long.test");
  world.watch.add("short.test");
  world.awaitQuestions("short.test", 5);
  EXPECT_EQ(world.server.asked("long.test"), 1u);
}

TEST(NameWatch, LeavesANameThatFailsAloneForAWhile) {
  World world(5s, {.retry = 50ms});
  world.watch.add("a.test");
  world.awaitStory(1);
  for (size_t questions = 2; questions < 6; ++questions) {
    const TimePoint begin = world.reactor.now();
    runUntil(world.reactor, [&] { return world.server.asked("a.test") == questions; });
    EXPECT_GE(world.reactor.now() - begin, 40ms);  // 20 % less, at the most
  }
}

TEST(NameWatch, WatchesEachNameOnce) {
  World world;
  world.server.set("a.test", {"10.0.0.1"}, 60);
  for (int i = 0; i < 3; ++i) world.watch.add("a.test");
  world.awaitStory(1);
  world.watch.add("a.test");
  settle(world.reactor);
  EXPECT_EQ(world.server.asked("a.test"), 1u);
  EXPECT_EQ(world.told.size(), 1u);
}

TEST(NameWatch, KnowsLiteralsAtOnce) {
  World world;
  EXPECT_TRUE(world.watch.settled());
  world.watch.add("10.0.0.1");
  EXPECT_TRUE(world.watch.settled());
  EXPECT_EQ(world.told, Story{"10.0.0.1: 10.0.0.1"});
  EXPECT_EQ(textOf(world.watch.addressesOf("10.0.0.1")), "10.0.0.1");
  EXPECT_EQ(world.watch.addressesOf("10.0.0.2").size(), 0u);
}

TEST(NameWatch, AsksForManyInTurn) {
  World world(5s, {.most_at_once = 10});
  for (uint32_t i = 0; i < 1000; ++i) {
    const std::string host = fmt::format("h{}.test", i);
    world.server.set(host, {IpAddress::v4(0x0a000000 + i).text()}, 60);
    world.watch.add(host);
  }
  runUntil(world.reactor, [&] { return world.watch.settled(); });
  EXPECT_EQ(world.told.size(), 1000u);
  EXPECT_EQ(world.server.names().size(), 1000u);
  EXPECT_LE(world.server.mostAtOnce(), 20u);  // two questions each
}

TEST(NameWatch, MayBeDestroyedWhileNamesAreAskedFor) {
  World world;
  world.server.set("a.test", Manner::Silent);
  {
    NameWatch other(world.reactor, world.resolver, world.random, {}, {.most_at_once = 1});
    other.add("a.test");
    other.add("b.test");
    runUntil(world.reactor, [&] { return world.server.asked("a.test") == 1; });
    EXPECT_FALSE(other.settled());
  }
  settle(world.reactor);
  EXPECT_EQ(world.server.asked("b.test"), 0u);
}

}  // namespace
}  // namespace fairlead::discovery
