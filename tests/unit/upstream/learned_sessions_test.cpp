// The table of sessions: what it remembers, for how long, who makes room, and many threads at once.
#include "upstream/learned_sessions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{1000h};

// Session `number` of those that share a bucket.
uint64_t inBucket(uint64_t number, uint64_t bucket = 77) { return (number + 1) << 38 | bucket; }

std::optional<uint32_t> found(uint32_t server) { return server; }

TEST(LearnedSessions, KnowsWhatItLearned) {
  LearnedSessions sessions;
  EXPECT_EQ(sessions.find(inBucket(0), kNow), std::nullopt);
  sessions.learn(inBucket(0), 7, kNow);
  EXPECT_EQ(sessions.find(inBucket(0), kNow), found(7));
  EXPECT_EQ(sessions.find(inBucket(1), kNow), std::nullopt) << "another of that bucket";
  EXPECT_EQ(sessions.find(inBucket(0, 78), kNow), std::nullopt) << "of the next bucket";
  sessions.learn(inBucket(0), 9, kNow);
  EXPECT_EQ(sessions.find(inBucket(0), kNow), found(9)) << "the session moved";
}

struct ServerRow {
  const char* name;
  uint64_t identity;
};

TEST(LearnedSessions, KeepsEveryServersNumber) {
  const ServerRow rows[] = {
      {"the first", 0},
      {"the last number", (uint64_t{1} << 26) - 2},
      {"all bits of a number", (uint64_t{1} << 26) - 1},
      {"the bit above", uint64_t{1} << 26},
      {"a hash", hashOfText("10.0.0.1:8080")},
      {"all bits", UINT64_MAX},
  };
  for (const ServerRow& row : rows) {
    SCOPED_TRACE(row.name);
    LearnedSessions sessions;
    for (const uint64_t session : {inBucket(0), uint64_t{0}, UINT64_MAX}) {
      const uint32_t number = LearnedSessions::numberOf(row.identity);
      sessions.learn(session, number, kNow);
      EXPECT_EQ(sessions.find(session, kNow), found(number));
    }
  }
}

// In one pool two servers of one number would be one server to all their sessions.
TEST(LearnedSessions, TellsTheServersOfALargePoolApart) {
  constexpr int kServers = 3000;
  std::set<uint32_t> numbers;
  for (int i = 0; i < kServers; ++i)
    numbers.insert(LearnedSessions::numberOf(hashOfText("10.0.0.1:" + std::to_string(8000 + i))));
  EXPECT_EQ(numbers.size(), size_t{kServers});
}

// --- forgetting

struct AgeRow {
  const char* name;
  TimePoint learned;
  Duration later;
  bool is_known;
};

const TimePoint kClockEnd{std::chrono::minutes(LearnedSessions::kClockMinutes * 20)};

TEST(LearnedSessions, ForgetsWhatNobodyUsedForHalfAnHour) {
  const AgeRow rows[] = {
      {"at once", kNow, 0s, true},
      {"a quarter of an hour", kNow, 15min, true},
      {"half an hour", kNow, 30min, true},
      {"a minute more", kNow, 31min, false},
      {"a day", kNow, 24h, false},
      {"the clock of the machine is young", TimePoint{}, 30min, true},
      {"young, and a minute more", TimePoint{}, 31min, false},
      {"the table's clock comes round meanwhile", kClockEnd - 10min, 30min, true},
      {"comes round, and a minute more", kClockEnd - 10min, 31min, false},
      {"another worker's clock is a turn behind", kNow, -1ms, true},
      {"behind while the table's clock comes round", kClockEnd, -1ms, true},
  };
  for (const AgeRow& row : rows) {
    SCOPED_TRACE(row.name);
    LearnedSessions sessions;
    sessions.learn(inBucket(0), 7, row.learned);
    EXPECT_EQ(sessions.find(inBucket(0), row.learned + row.later).has_value(), row.is_known);
  }
}

TEST(LearnedSessions, KeepsWhatIsUsed) {
  LearnedSessions sessions;
  sessions.learn(inBucket(0), 7, kNow);
  for (Duration passed = 0s; passed <= 100h; passed += 29min)
    ASSERT_EQ(sessions.find(inBucket(0), kNow + passed), found(7));
  EXPECT_EQ(sessions.find(inBucket(0), kNow + 101h), std::nullopt);
}

TEST(LearnedSessions, AClockBehindMakesNobodyOlder) {
  LearnedSessions sessions;
  sessions.learn(inBucket(0), 7, kNow);
  EXPECT_EQ(sessions.find(inBucket(0), kNow - 1ms), found(7));
  EXPECT_EQ(sessions.find(inBucket(0), kNow + 30min), found(7));
}

// --- making room

struct RoomRow {
  const char* name;
  TimePoint begin;
  std::vector<Duration> learned;  // four sessions, when each was
  size_t used_after;              // the one that is asked for, 20 min after the begin; 4: none
  size_t makes_room;
};

TEST(LearnedSessions, MakesRoomForTheFifthOfABucket) {
  constexpr size_t kNone = LearnedSessions::kPlaces;
  const RoomRow rows[] = {
      {"the oldest goes", kNow, {2min, 1min, 3min, 4min}, kNone, 1},
      {"wherever it is", kNow, {1min, 2min, 3min, 0min}, kNone, 3},
      {"the first of the same age", kNow, {5min, 5min, 5min, 5min}, kNone, 0},
      {"use makes young", kNow, {0min, 1min, 2min, 3min}, 0, 1},
      {"the oldest is forgotten already", kNow, {19min, 18min, -40min, 17min}, kNone, 2},
      {"the table's clock comes round", kClockEnd - 2min, {3min, 1min, 4min, 5min}, kNone, 1},
      {"and the oldest is before that", kClockEnd - 2min, {5min, 4min, 3min, 0min}, kNone, 3},
  };
  for (const RoomRow& row : rows) {
    SCOPED_TRACE(row.name);
    LearnedSessions sessions;
    for (size_t i = 0; i < row.learned.size(); ++i)
      sessions.learn(inBucket(i), static_cast<uint32_t>(i), row.begin + row.learned[i]);
    const TimePoint now = row.begin + 20min;
    if (row.used_after != kNone) ASSERT_TRUE(sessions.find(inBucket(row.used_after), now));
    sessions.learn(inBucket(9), 9, now);
    EXPECT_EQ(sessions.find(inBucket(9), now), found(9));
    for (size_t i = 0; i < row.learned.size(); ++i) {
      const auto known = sessions.find(inBucket(i), now);
      EXPECT_EQ(known.has_value(), i != row.makes_room) << i;
    }
  }
}

TEST(LearnedSessions, TakesAFreePlaceFirst) {
  LearnedSessions sessions;
  for (uint64_t i = 0; i < LearnedSessions::kPlaces; ++i)
    sessions.learn(inBucket(i), static_cast<uint32_t>(i), kNow + std::chrono::minutes(i));
  for (uint64_t i = 0; i < LearnedSessions::kPlaces; ++i)
    EXPECT_EQ(sessions.find(inBucket(i), kNow + 5min), found(static_cast<uint32_t>(i)));
}

// Chance fills buckets: with one session for two places, 4 of 100 are one too many for theirs.
TEST(LearnedSessions, HoldsAsManyAsItSays) {
  constexpr size_t kPlaces = LearnedSessions::kBuckets * LearnedSessions::kPlaces;
  static_assert(kPlaces == 262'144);
  constexpr uint64_t kHalf = kPlaces / 2;
  LearnedSessions sessions;
  for (uint64_t i = 0; i < kHalf; ++i) sessions.learn(mixed(i + 1), uint32_t(i % 100), kNow);
  uint64_t known = 0;
  for (uint64_t i = 0; i < kHalf; ++i)
    known += sessions.find(mixed(i + 1), kNow) == found(uint32_t(i % 100));
  EXPECT_GE(known, kHalf * 95 / 100);
  uint64_t strangers = 0;
  for (uint64_t i = 0; i < kHalf; ++i) strangers += sessions.find(mixed(~i), kNow).has_value();
  EXPECT_LE(strangers, 3u) << "a session that was never learned is taken for another";
}

// --- threads

// Every session has one server for ever; whatever the table forgets, it must never name another.
TEST(LearnedSessions, NeverMixesUpServersUnderManyThreads) {
  constexpr uint64_t kSessions = 64;  // in two buckets, so that all of them are in each other's way
  const auto serverOfSession = [](uint64_t number) { return static_cast<uint32_t>(number * 31); };
  LearnedSessions sessions;
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> right{0};
  std::vector<std::jthread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed)
    threads.emplace_back([&, seed] {
      Random random(seed);
      for (int i = 0; i < 200'000; ++i) {
        const uint64_t number = random.below(kSessions);
        const uint64_t session = inBucket(number, number % 2);
        const TimePoint now = kNow + std::chrono::seconds(i / 100 * 60 + static_cast<int>(seed));
        const auto server = sessions.find(session, now);
        if (!server)
          sessions.learn(session, serverOfSession(number), now);
        else
          ++(*server == serverOfSession(number) ? right : wrong);
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(right, 0u);
}

// Who merely looks, and makes the session young by that, must not undo what another learns at the
// same moment.
TEST(LearnedSessions, UseDoesNotBringBackTheFormerServer) {
  constexpr uint32_t kRounds = 1'000'000;
  LearnedSessions sessions;
  std::atomic<bool> done{false};
  std::latch begun(1);
  std::jthread looks([&] {
    begun.count_down();
    while (!done) sessions.find(inBucket(0), kNow + 1min);
  });
  uint32_t undone = 0;
  begun.wait();
  for (uint32_t server = 8; server < kRounds; ++server) {
    for (uint32_t i = 8; i-- > 0;) sessions.learn(inBucket(0), server - i, kNow);
    // Again and again, as the other thread may still be about to write.
    for (int i = 0; i < 20; ++i) undone += sessions.find(inBucket(0), kNow) != found(server);
  }
  done = true;
  EXPECT_EQ(undone, 0u);
}

}  // namespace
}  // namespace fairlead::upstream
