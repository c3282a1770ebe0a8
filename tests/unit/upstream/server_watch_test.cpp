// One server over time, second by second: checks, ejections, pauses that it asked for, slow start.
#include "upstream/server_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};

struct CountRow {
  const char* name;
  uint32_t fall;
  uint32_t rise;
  std::string_view results;  // + passed, - failed
  std::string_view states;   // after each
};

TEST(HealthCounter, CountsInARow) {
  const CountRow rows[] = {
      {"the first result decides: up", 3, 2, "+", "U"},
      {"the first result decides: down", 3, 2, "-", "D"},
      {"falls after three", 3, 2, "+---", "UUUD"},
      {"two are not enough", 3, 2, "+--", "UUU"},
      {"a pass in between begins anew", 3, 2, "+--+--", "UUUUUU"},
      {"and then three fall", 3, 2, "+--+---", "UUUUUUD"},
      {"rises after two", 3, 2, "-++", "DDU"},
      {"one is not enough", 3, 2, "-+", "DD"},
      {"a failure in between begins anew", 3, 2, "-+-+", "DDDD"},
      {"down, up, and down again", 3, 2, "-++---++", "DDUUUDDU"},
      {"fall 1", 1, 2, "+-+-", "UDDD"},
      {"rise 1", 3, 1, "-+-", "DUU"},
      {"both 1", 1, 1, "+-+-+", "UDUDU"},
      {"steady", 3, 2, "+++++", "UUUUU"},
  };
  for (const CountRow& row : rows) {
    SCOPED_TRACE(row.name);
    HealthCounter counter(row.fall, row.rise);
    EXPECT_EQ(counter.state(), ActiveHealth::Unknown);
    std::string states;
    for (const char result : row.results)
      states += counter.onResult(result == '+') == ActiveHealth::Up ? 'U' : 'D';
    EXPECT_EQ(states, row.states);
  }
}

char letterOf(Standing standing) { return "u?D0EPFWR"[static_cast<size_t>(standing)]; }
char letterOf(PoolEvent::Kind kind) { return "UADEBP"[static_cast<size_t>(kind)]; }

// fall 3, rise 2, out for 5 s at first, slow start for 3 s.
PoolSettings settingsOfStories() {
  PoolSettings settings = poolOf({{*IpAddress::parse("10.0.0.1"), 80}});
  settings.slow_start = 3s;
  settings.health.passive.eject = Duration{5s};
  return settings;
}

// A server and its watch; each act takes place a second after the one before.
class Story {
 public:
  explicit Story(ServerWatch::Comes comes) : watch_(server_, settings_, comes, kBegin) {
    watch_.check(kBegin);
  }

  void act(char what) {
    now_ += 1s;
    switch (what) {
      case '+':
      case '-':
        check(what == '+', 1ms);
        break;
      case 's':  // passes, and began one second and a half ago
        check(true, 1500ms);
        break;
      case 'e':
        ASSERT_TRUE(
            server_->passive.eject(EjectReason::Consecutive, now_, settings_.health.passive));
        break;
      case 'r':
        server_->passive.defer(3s, now_);
        break;
      default:
        break;
    }
    watch_.look(now_, events);
  }

  void check(bool passed, Duration took) {
    watch_.onCheckBegun();
    EXPECT_FALSE(watch_.nextCheck());
    watch_.onResult({.at = now_, .took = took, .passed = passed, .words = "said"}, now_, random_,
                    events);
    EXPECT_TRUE(watch_.nextCheck());
  }

  Standing standing() const { return standingOf(*server_, now_); }
  uint32_t share() const { return shareNow(*server_, settings_.slow_start, now_); }
  std::string told() const {
    std::string letters;
    for (const PoolEvent& event : events) letters += letterOf(event.kind);
    return letters;
  }
  ServerStatus status() { return watch_.status(now_); }
  TimePoint now() const { return now_; }
  void pass(Duration span) { now_ += span; }

  PoolEvents events;

 private:
  PoolSettings settings_ = settingsOfStories();
  std::shared_ptr<Server> server_ =
      std::make_shared<Server>(settings_.servers[0], knownAddresses(settings_.servers[0]), false);
  TimePoint now_ = kBegin;
  Random random_{1};
  ServerWatch watch_;
};

struct StoryRow {
  const char* name;
  ServerWatch::Comes comes;
  std::string_view acts;
  std::string_view standings;  // after each
  std::string_view told;       // Up, up Again, Down, Ejected, let Back, a Pause asked for
};

TEST(ServerWatch, TellsStories) {
  constexpr auto kStart = ServerWatch::Comes::AtStart;
  constexpr auto kLater = ServerWatch::Comes::Later;
  const StoryRow rows[] = {
      {"nothing is known before the first check", kStart, "..", "??", ""},
      {"up at the start: no slow start", kStart, "+.", "RR", "U"},
      {"an addition starts slowly", kLater, "+...", "WWWR", "U"},
      {"down by the first check", kStart, "-", "D", "D"},
      {"falls after three", kStart, "+---", "RRRD", "UD"},
      {"a recovery starts slowly", kStart, "-++...", "DDWWWR", "DA"},
      {"an addition that was down at first, too", kLater, "-++", "DDW", "DA"},
      {"goes down in its slow start, and begins it anew", kLater, "+---++...", "WWWDDWWWR", "UDA"},

      {"ejected until its time is over, then slowly", kStart, "+e.........", "REEEEEWWWRR", "UEB"},
      {"good checks in a row let it back", kStart, "+e++...", "REEWWWR", "UEB"},
      {"a failure in between begins anew", kStart, "+e+-++", "REEEEW", "UEB"},
      {"a check that began before does not count", kStart, "+es+.", "REEEE", "UE"},
      {"the second ejection in a row is longer", kStart, "+e......e..........",
       "REEEEEWWEEEEEEEEEEW", "UEBEB"},
      {"down outweighs ejected", kStart, "+e---", "REEED", "UED"},
      {"up again after an ejection that ended meanwhile", kStart, "+e---.++", "REEEDDDW", "UEDA"},
      {"up again and let back at once", kStart, "+--e-++", "RRREDDW", "UEDAB"},
      {"ejected in its slow start", kLater, "+e.....", "WEEEEEW", "UEB"},

      {"asked for a pause: no slow start after it", kStart, "+r...", "RPPPR", "UP"},
      {"a longer pause is told once", kStart, "+r.r...", "RPPPPPR", "UP"},
      {"a pause within an ejection", kStart, "+er++.", "REEEPW", "UEPB"},
  };
  for (const StoryRow& row : rows) {
    SCOPED_TRACE(row.name);
    Story story(row.comes);
    std::string standings;
    for (const char what : row.acts) {
      story.act(what);
      standings += letterOf(story.standing());
    }
    EXPECT_EQ(standings, row.standings);
    EXPECT_EQ(story.told(), row.told);
  }
}

TEST(ServerWatch, AShareIsNeverWholeRightAfterAnEjection) {
  Story story(ServerWatch::Comes::AtStart);
  for (const char what : std::string_view("+e....")) story.act(what);
  EXPECT_EQ(story.share(), 0u);
  story.pass(1s);  // its time is over, and nobody has looked yet
  EXPECT_EQ(story.standing(), Standing::Warming);
  EXPECT_EQ(story.share(), balance::kWholeShare / 10);
  story.pass(1500ms);
  EXPECT_NEAR(story.share(), 0.55 * balance::kWholeShare, 2);
}

TEST(ServerWatch, WithoutSlowStartNobodyIsWarming) {
  PoolSettings settings = settingsOfStories();
  settings.slow_start = Duration{0};
  const auto server =
      std::make_shared<Server>(settings.servers[0], knownAddresses(settings.servers[0]), false);
  ServerWatch watch(server, settings, ServerWatch::Comes::Later, kBegin);
  PoolEvents events;
  Random random(1);
  watch.check(kBegin);
  watch.onResult({.at = kBegin, .passed = true, .words = {}}, kBegin, random, events);
  EXPECT_EQ(standingOf(*server, kBegin), Standing::Ready);
}

TEST(ServerWatch, KnowsWhatStatusAsks) {
  Story story(ServerWatch::Comes::AtStart);
  for (const char what : std::string_view("+++++++++++--")) story.act(what);  // 13 s
  ServerStatus status = story.status();
  EXPECT_EQ(status.name, "10.0.0.1:80");
  EXPECT_EQ(status.ip, "10.0.0.1:80");
  EXPECT_EQ(status.active, ActiveHealth::Up);
  EXPECT_EQ(status.active_since, kBegin + 1s);
  EXPECT_EQ(status.standing, Standing::Ready);
  EXPECT_EQ(status.since, kBegin + 1s);
  EXPECT_EQ(status.against, 2u);
  EXPECT_EQ(status.needed, 3u);
  ASSERT_EQ(status.results.size(), ServerWatch::kResults);
  EXPECT_EQ(status.results.front().at, story.now());
  EXPECT_FALSE(status.results[1].passed);
  EXPECT_TRUE(status.results[2].passed);
  ASSERT_TRUE(status.next_check);
  EXPECT_GE(*status.next_check - story.now(), 400ms);  // in doubt: a quarter of 2 s +-20 %
  EXPECT_LE(*status.next_check - story.now(), 600ms);
  EXPECT_EQ(status.share, 1);
  EXPECT_FALSE(status.warm_at || status.ejected_until || status.deferred_until);

  story.act('-');  // down
  status = story.status();
  EXPECT_EQ(status.standing, Standing::Down);
  EXPECT_EQ(status.since, story.now());
  EXPECT_EQ(status.against, 0u);
  EXPECT_EQ(status.needed, 2u);
  EXPECT_EQ(status.share, 0);
}

TEST(ServerWatch, KnowsOfItsEjectionAndReturn) {
  Story story(ServerWatch::Comes::AtStart);
  for (const char what : std::string_view("+e.")) story.act(what);
  ServerStatus status = story.status();
  EXPECT_EQ(status.standing, Standing::Ejected);
  EXPECT_EQ(status.since, kBegin + 2s);
  EXPECT_EQ(status.ejected_until, kBegin + 7s);
  EXPECT_EQ(status.ejected_because, "0 consecutive failures");
  EXPECT_EQ(status.ejections, 1u);
  EXPECT_EQ(story.events.back().span, 5s);
  EXPECT_FALSE(status.warm_at);
  for (const char what : std::string_view("++")) story.act(what);
  status = story.status();
  EXPECT_EQ(status.standing, Standing::Warming);
  EXPECT_EQ(status.since, story.now());
  EXPECT_EQ(status.warm_at, story.now() + 3s);
  EXPECT_NEAR(status.share, 0.1, 0.001);
  EXPECT_FALSE(status.ejected_until);
  EXPECT_EQ(story.events.back().words, "2 good checks in a row");
}

struct UncheckedRow {
  const char* name;
  ServerWatch::Comes comes;
  Standing at_once;
};

TEST(ServerWatch, WhoIsNotCheckedIsTakenForWell) {
  const UncheckedRow rows[] = {
      {"at the start", ServerWatch::Comes::AtStart, Standing::Ready},
      {"an addition", ServerWatch::Comes::Later, Standing::Warming},
  };
  for (const UncheckedRow& row : rows) {
    SCOPED_TRACE(row.name);
    const PoolSettings settings = settingsOfStories();
    const auto server =
        std::make_shared<Server>(settings.servers[0], knownAddresses(settings.servers[0]), false);
    ServerWatch watch(server, settings, row.comes, kBegin);
    watch.doNotCheck(kBegin);
    EXPECT_TRUE(watch.decided());
    EXPECT_FALSE(watch.nextCheck());
    EXPECT_EQ(server->active.load(), ActiveHealth::Unchecked);
    EXPECT_EQ(standingOf(*server, kBegin), row.at_once);

    // Another server joins the pool, and from now on there are checks: it stays in use meanwhile.
    PoolEvents events;
    Random random(1);
    EXPECT_TRUE(watch.mayBeChecked());
    watch.check(kBegin + 5s);
    EXPECT_TRUE(server->activeSaysWell());
    EXPECT_TRUE(watch.decided());
    watch.onResult({.at = kBegin + 5s, .passed = true, .words = {}}, kBegin + 5s, random, events);
    EXPECT_EQ(server->active.load(), ActiveHealth::Up);
    EXPECT_EQ(standingOf(*server, kBegin + 5s), Standing::Ready);
    watch.onResult({.at = kBegin + 7s, .passed = false, .words = {}}, kBegin + 7s, random, events);

    // And leaves again.
    watch.doNotCheck(kBegin + 8s);
    EXPECT_EQ(server->active.load(), ActiveHealth::Unchecked);
    EXPECT_FALSE(watch.nextCheck() || watch.failingSince());
    EXPECT_EQ(watch.status(kBegin + 8s).needed, 0u);
  }
}

TEST(ServerWatch, WithoutAnAddressThereIsNothingToCheck) {
  PoolSettings settings = settingsOfStories();
  const auto server =
      std::make_shared<Server>(settings.servers[0], std::vector<SocketAddress>{}, false);
  server->active = ActiveHealth::Unresolved;
  ServerWatch watch(server, settings, ServerWatch::Comes::AtStart, kBegin);
  EXPECT_FALSE(watch.mayBeChecked());
  EXPECT_TRUE(watch.decided());
  watch.doNotCheck(kBegin);
  EXPECT_EQ(server->active.load(), ActiveHealth::Unresolved);
  EXPECT_EQ(watch.status(kBegin).ip, "");
  EXPECT_EQ(watch.status(kBegin).standing, Standing::Unresolved);
}

}  // namespace
}  // namespace fairlead::upstream
