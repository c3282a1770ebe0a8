// The ring keeps records whole and in order, refuses when full, and survives two threads.
#include "telemetry/record_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/random.h"

namespace fairlead {
namespace {

bool push(RecordRing& ring, std::string_view text) {
  char* const room = ring.reserve(text.size());
  if (room == nullptr) return false;
  std::copy(text.begin(), text.end(), room);
  ring.commit();
  return true;
}

std::optional<std::string> pop(RecordRing& ring) {
  const auto record = ring.front();
  if (!record) return std::nullopt;
  std::string text(record->begin(), record->end());
  ring.pop();
  return text;
}

TEST(RecordRing, CapacityIsAPowerOfTwo) {
  EXPECT_EQ(RecordRing(1000).capacity(), 1024u);
  EXPECT_EQ(RecordRing(0).capacity(), 64u);
}

TEST(RecordRing, EmptyHasNoFront) {
  RecordRing ring(256);
  EXPECT_EQ(pop(ring), std::nullopt);
  ASSERT_NE(ring.reserve(8), nullptr);
  EXPECT_EQ(pop(ring), std::nullopt) << "reserved is not committed";
}

TEST(RecordRing, KeepsOrderAndEmptyRecords) {
  RecordRing ring(256);
  for (const auto* text : {"one", "", "three"}) ASSERT_TRUE(push(ring, text));
  for (const auto* text : {"one", "", "three"}) EXPECT_EQ(pop(ring), text);
}

TEST(RecordRing, RefusesWhenFullAndTakesAgainAfterPop) {
  RecordRing ring(64);
  EXPECT_TRUE(push(ring, std::string(24, 'a')));
  EXPECT_TRUE(push(ring, std::string(24, 'b')));
  EXPECT_FALSE(push(ring, ""));
  EXPECT_TRUE(ring.isHalfFull());
  EXPECT_EQ(pop(ring), std::string(24, 'a'));
  EXPECT_TRUE(push(ring, std::string(24, 'c')));
  EXPECT_EQ(pop(ring), std::string(24, 'b'));
  EXPECT_EQ(pop(ring), std::string(24, 'c'));
  EXPECT_FALSE(ring.isHalfFull());
}

TEST(RecordRing, RefusesARecordOverHalfOfIt) {
  RecordRing ring(128);
  EXPECT_FALSE(push(ring, std::string(57, 'x')));
  EXPECT_TRUE(push(ring, std::string(56, 'x')));
}

TEST(RecordRing, WrapsAtEveryOffset) {
  RecordRing ring(256);
  for (size_t length = 0; length <= 120; ++length) {
    const std::string text(length, static_cast<char>('a' + length % 26));
    for (int i = 0; i < 7; ++i) {
      ASSERT_TRUE(push(ring, text)) << length;
      ASSERT_EQ(pop(ring), text) << length;
    }
  }
}

TEST(RecordRing, TwoThreadsLoseAndMixNothing) {
  constexpr uint64_t kRecords = 200'000;
  RecordRing ring(4096);
  std::thread producer([&ring] {
    Random random(1);
    for (uint64_t i = 0; i < kRecords; ++i) {
      const size_t size = sizeof i + random.below(200);
      char* room = ring.reserve(size);
      while (room == nullptr) {
        std::this_thread::yield();
        room = ring.reserve(size);
      }
      std::memset(room, static_cast<int>(i & 127), size);
      std::memcpy(room, &i, sizeof i);
      ring.commit();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t next = 0; next < kRecords;) {
    const auto record = ring.front();
    if (!record) {
      std::this_thread::yield();
      continue;
    }
    uint64_t number = 0;
    std::memcpy(&number, record->data(), sizeof number);
    const auto fill = record->subspan(sizeof number);
    const auto other = [&](char c) { return c != static_cast<char>(next & 127); };
    wrong += number != next || std::any_of(fill.begin(), fill.end(), other) ? 1 : 0;
    ring.pop();
    ++next;
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace fairlead
