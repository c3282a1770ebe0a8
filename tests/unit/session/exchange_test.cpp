// The pool of exchanges: what was used last is lent first, and no more is kept than was said.
#include "session/exchange.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fairlead::session {
namespace {

constexpr size_t kTwo = 2 * sizeof(Exchange);

TEST(ExchangePool, LendsTheOneThatWasUsedLast) {
  ExchangePool pool(kTwo);
  ExchangePool::Lease first = pool.lend();
  ExchangePool::Lease second = pool.lend();
  Exchange* const used_last = &*first;
  second.giveBack();
  first.giveBack();
  EXPECT_EQ(&*pool.lend(), used_last);
}

TEST(ExchangePool, LendsNothingOfTheExchangeBefore) {
  ExchangePool pool;
  ExchangePool::Lease used = pool.lend();
  used->request.fields.add(http::Field::make(used->arena, "X-A", "b"));
  used->response.status = 404;
  used->head_bytes = 99;
  used->keep_alive = false;
  used.giveBack();
  const ExchangePool::Lease next = pool.lend();
  EXPECT_EQ(next->request.fields.size(), 0u);
  EXPECT_EQ(next->response.status, 0);
  EXPECT_EQ(next->head_bytes, 0u);
  EXPECT_TRUE(next->keep_alive);
}

TEST(ExchangePool, KeepsNoMoreThanItMay) {
  ExchangePool pool(kTwo);
  std::vector<ExchangePool::Lease> burst;
  for (int i = 0; i < 3; ++i) burst.push_back(pool.lend());
  burst.clear();
  ASSERT_EQ(pool.spare(), 2u);
}

TEST(ExchangePool, KeepsAsManyAsABurstNeededWhileItIsNeeded) {
  ExchangePool pool;
  const auto burst = [&pool] {
    std::vector<ExchangePool::Lease> leases;
    for (int i = 0; i < 1000; ++i) leases.push_back(pool.lend());
  };
  burst();
  pool.shrink();
  for (int look = 0; look < 3; ++look) {
    burst();
    EXPECT_EQ(pool.shrink(), 0u) << "all were in use since the last look";
  }
  EXPECT_EQ(pool.shrink(), (1000 - 16) / 2 * sizeof(Exchange)) << "and now none was";
}

}  // namespace
}  // namespace fairlead::session
