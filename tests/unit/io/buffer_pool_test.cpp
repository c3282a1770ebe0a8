// Buffers: lent, moved, given back last in first out, and not kept without bound.
#include "io/buffer_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/allocation_counter.h"

namespace fairlead::io {
namespace {

class BufferPoolOf : public testing::TestWithParam<BufferSize> {
 protected:
  const BufferSize size_ = GetParam();
};

TEST_P(BufferPoolOf, LendsTheOneThatCameBackLast) {
  BufferPool pool;
  Buffer a = pool.lend(size_);
  Buffer b = pool.lend(size_);
  char* const first = a.data();
  char* const second = b.data();
  EXPECT_NE(first, second);
  b.giveBack();
  a.giveBack();
  EXPECT_FALSE(a);
  EXPECT_EQ(pool.lend(size_).data(), first);
  const Buffer c = pool.lend(size_);
  const Buffer d = pool.lend(size_);
  EXPECT_EQ(c.data(), first);
  EXPECT_EQ(d.data(), second);
}

TEST_P(BufferPoolOf, ABufferIsWritableToItsEnd) {
  BufferPool pool;
  const Buffer buffer = pool.lend(size_);
  ASSERT_EQ(buffer.all().size(), bytesOf(size_));
  EXPECT_EQ(buffer.kind(), size_);
  std::ranges::fill(buffer.all(), 'x');
  EXPECT_EQ(buffer.all().back(), 'x');
}

TEST_P(BufferPoolOf, MovingMovesTheLoan) {
  BufferPool pool;
  Buffer a = pool.lend(size_);
  char* const data = a.data();
  Buffer b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): defined to be empty
  EXPECT_EQ(a.size(), 0u);
  EXPECT_EQ(b.data(), data);
  b = pool.lend(size_);  // gives the first one back
  EXPECT_EQ(pool.lend(size_).data(), data);
  b.giveBack();
  b.giveBack();  // harmless
}

TEST_P(BufferPoolOf, ShrinksWhenNothingIsUsed) {
  BufferPool pool;
  std::vector<Buffer> lent;
  for (int i = 0; i < 200; ++i) lent.push_back(pool.lend(size_));
  lent.clear();
  EXPECT_EQ(pool.shrink(), 0u);  // they were in use since the last look
  size_t given_back = 0;
  for (int look = 0; look < 20; ++look) given_back += pool.shrink();
  EXPECT_GE(given_back, 100 * bytesOf(size_));
  EXPECT_LT(given_back, 200 * bytesOf(size_));
  EXPECT_EQ(pool.shrink(), 0u);
}

TEST_P(BufferPoolOf, KeepsNoMoreThanItShould) {
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  BufferPool pool(2 * bytesOf(size_));
  std::vector<Buffer> lent;
  lent.reserve(8);
  for (int i = 0; i < 5; ++i) lent.push_back(pool.lend(size_));
  lent.clear();
  const uint64_t before = test::allocationsOfThread();
  for (int i = 0; i < 2; ++i) lent.push_back(pool.lend(size_));
  EXPECT_EQ(test::allocationsOfThread(), before) << "two were kept";
  lent.push_back(pool.lend(size_));
  EXPECT_EQ(test::allocationsOfThread(), before + 1) << "no third one was kept";
}

TEST_P(BufferPoolOf, ASteadyUseAsksTheHeapForNothing) {
  BufferPool pool;
  {
    const Buffer warm = pool.lend(size_);
  }
  const uint64_t before = test::allocationsOfThread();
  for (int i = 0; i < 1000; ++i) const Buffer buffer = pool.lend(size_);
  EXPECT_EQ(test::allocationsOfThread(), before);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BufferPoolOf, testing::Values(BufferSize::Small, BufferSize::Large),
                         [](const auto& given) {
                           return given.param == BufferSize::Small ? "small" : "large";
                         });

TEST(BufferPool, KeepsTheSizesApart) {
  BufferPool pool;
  Buffer small = pool.lend(BufferSize::Small);
  char* const data = small.data();
  small.giveBack();
  const Buffer large = pool.lend(BufferSize::Large);
  EXPECT_NE(large.data(), data);
  EXPECT_EQ(large.size(), bytesOf(BufferSize::Large));
  EXPECT_EQ(pool.lend(BufferSize::Small).data(), data);
}

TEST(BufferPool, AssigningAcrossSizesGivesBackTheRightOne) {
  BufferPool pool;
  Buffer buffer = pool.lend(BufferSize::Small);
  char* const small = buffer.data();
  buffer = pool.lend(BufferSize::Large);
  EXPECT_EQ(buffer.size(), bytesOf(BufferSize::Large));
  EXPECT_EQ(pool.lend(BufferSize::Small).data(), small);
}

}  // namespace
}  // namespace fairlead::io
