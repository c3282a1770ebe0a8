// Memory of an exchange: what is handed out stays apart and aligned, and a steady load asks the
// heap for nothing.
#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/allocation_counter.h"

namespace fairlead {
namespace {

struct Row {
  const char* name;
  std::vector<size_t> sizes;  // of one exchange
  bool is_kept = true;        // the next such exchange needs no heap
};

const Row kRows[] = {
    {"nothing", {}},
    {"the first block", {4096}},
    {"many small ones", std::vector<size_t>(400, 32)},
    {"a large one between small ones", {100, 5000, 100, 3000}},
    {"the largest first", {9000, 5000, 100}},
    {"the largest last", {100, 5000, 9000}},
    {"nothing at all, several times", {0, 0, 0}},
    {"as much as is kept", {8 * 1024, 8 * 1024, 4096}},
    {"more than is kept", {17 * 1024}, false},
};

TEST(Arena, HandsOutMemoryThatIsItsOwn) {
  for (const Row& row : kRows) {
    Arena arena;
    for (int round = 0; round < 3; ++round) {
      std::vector<char*> pieces;
      for (size_t i = 0; i < row.sizes.size(); ++i) {
        pieces.push_back(arena.allocate(row.sizes[i]));
        std::memset(pieces.back(), static_cast<int>(i), row.sizes[i]);
      }
      for (size_t i = 0; i < pieces.size(); ++i)
        for (size_t at = 0; at < row.sizes[i]; ++at)
          ASSERT_EQ(pieces[i][at], static_cast<char>(i)) << row.name;
      arena.reset();
    }
  }
}

TEST(Arena, KeepsWhatASteadyLoadNeeds) {
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  for (const Row& row : kRows) {
    Arena arena;
    const auto exchange = [&] {
      for (const size_t size : row.sizes) arena.allocate(size);
      arena.reset();
    };
    exchange();
    exchange();
    const uint64_t before = test::allocationsOfThread();
    for (int i = 0; i < 10; ++i) exchange();
    EXPECT_EQ(test::allocationsOfThread() == before, row.is_kept) << row.name;
  }
}

TEST(Arena, ALargePieceDoesNotEndTheBlockThatIsInUse) {
  Arena arena;
  const char* const first = arena.allocate(10);
  arena.allocate(5000);
  EXPECT_EQ(arena.allocate(10), first + 10);
}

TEST(Arena, ArraysAreAligned) {
  for (const size_t before : {0u, 1u, 7u, 4090u}) {
    Arena arena;
    arena.allocate(before);
    const std::span<uint64_t> values = arena.array<uint64_t>(300);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data()) % alignof(uint64_t), 0u) << before;
    EXPECT_EQ(values.size(), 300u);
  }
}

TEST(Arena, JoinsInOnePiece) {
  Arena arena;
  EXPECT_EQ(arena.join("a", std::string_view("bc"), "", "d"), "abcd");
  EXPECT_EQ(arena.copy(""), "");
  const std::string large(6000, 'x');
  EXPECT_EQ(arena.join(large, "y"), large + "y");
}

}  // namespace
}  // namespace fairlead
