// The frame pool: frames come back, of each size their own, and the heap is left alone after a
// warm-up.
#include "task/frame_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "support/allocation_counter.h"
#include "support/gate.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead {
namespace {

struct ReuseRow {
  const char* name;
  size_t released;
  size_t wanted;
  bool same;
};

class FramePoolReuse : public testing::TestWithParam<ReuseRow> {};

TEST_P(FramePoolReuse, GivesBackAFrameOfTheSameClass) {
  const ReuseRow& row = GetParam();
  void* const first = FramePool::allocate(row.released);
  FramePool::release(first, row.released);
  const uint64_t before = test::allocationsOfThread();
  void* const second = FramePool::allocate(row.wanted);
  EXPECT_EQ(second == first, row.same);
  if (row.same) {
    EXPECT_EQ(test::allocationsOfThread(), before);
  }
  FramePool::release(second, row.wanted);
}

// Sizes that no coroutine of this program has, so that what is in the pool is known.
INSTANTIATE_TEST_SUITE_P(Table, FramePoolReuse,
                         testing::Values(ReuseRow{"same_size", 3000, 3000, true},
                                         ReuseRow{"same_class_smaller", 3072, 3010, true},
                                         ReuseRow{"same_class_larger", 3010, 3072, true},
                                         ReuseRow{"class_above", 3200, 3201, false},
                                         ReuseRow{"class_below", 3265, 3264, false},
                                         ReuseRow{"largest_class", 8192, 8129, true}),
                         [](const auto& given) { return std::string(given.param.name); });

TEST(FramePool, LargeFramesComeFromTheHeap) {
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  const uint64_t before = test::allocationsOfThread();
  for (int i = 0; i < 3; ++i) FramePool::release(FramePool::allocate(8193), 8193);
  EXPECT_EQ(test::allocationsOfThread() - before, 3u);
}

TEST(FramePool, ShrinksToAFloorWhenNothingIsUsed) {
  std::vector<void*> frames;
  for (int i = 0; i < 1000; ++i) frames.push_back(FramePool::allocate(2800));
  for (void* frame : frames) FramePool::release(frame, 2800);
  size_t given_back = 0;
  for (int look = 0; look < 20; ++look) given_back += FramePool::shrink();
  EXPECT_GE(given_back, 900u * 2816);
  EXPECT_EQ(FramePool::shrink(), 0u);
  const uint64_t before = test::allocationsOfThread();
  FramePool::release(FramePool::allocate(2800), 2800);
  EXPECT_EQ(test::allocationsOfThread(), before);
}

TEST(FramePool, LastInFirstOut) {
  std::vector<void*> frames;
  for (int i = 0; i < 8; ++i) frames.push_back(FramePool::allocate(2500));
  EXPECT_EQ(std::set<void*>(frames.begin(), frames.end()).size(), frames.size());
  for (void* frame : frames) FramePool::release(frame, 2500);
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)
    EXPECT_EQ(FramePool::allocate(2500), *frame);
  for (void* frame : frames) FramePool::release(frame, 2500);
}

Task<int> leaf(test::Gate& gate, int value) {
  co_await gate;
  co_return value;
}
Task<int> branch(test::Gate& gate, int levels) {
  if (levels == 0) co_return co_await leaf(gate, 1);
  co_return co_await branch(gate, levels - 1) + 1;
}
Task<void> root(test::Gate& gate, int64_t& sum) { sum += co_await branch(gate, 6); }

TEST(FramePool, ASteadyProgramAsksTheHeapForNothing) {
  Scope scope([](std::exception_ptr bug) { std::rethrow_exception(bug); });
  int64_t sum = 0;
  const auto round = [&] {
    test::Gate gate;
    scope.spawn(root(gate, sum));
    gate.pass();
  };
  for (int i = 0; i < 10; ++i) round();
  const uint64_t before = test::allocationsOfThread();
  for (int i = 0; i < 1000; ++i) round();
  EXPECT_EQ(test::allocationsOfThread(), before);
  EXPECT_EQ(sum, 7 * 1010);
}

}  // namespace
}  // namespace fairlead
