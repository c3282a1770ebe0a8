// What `retry: off`, `attempts: 0`, `per_try` and `budget: off` leave of second attempts, and what
// breakers and hedges must be told.
#include <gtest/gtest.h>

#include <atomic>
#include <utility>
#include <vector>

#include "unit/upstream/values.h"
#include "upstream/overload_settings.h"
#include "upstream/permit.h"
#include "upstream/retry_policy.h"
#include "upstream/retry_settings.h"

namespace fairlead::upstream {
namespace {

using http::Method;
using enum RetryDecision;

constexpr Failure kClosed{FailureKind::Closed, Step::ResponseHead, Side::Upstream, Retry::Never};
constexpr Failure kLate{FailureKind::Timeout, Step::ResponseHead, Side::Upstream, Retry::Never};
constexpr Failure kRefused{FailureKind::ConnectRefused, Step::Connect, Side::Upstream,
                           Retry::Never};

constexpr AttemptFacts reused(Method method) {
  return {.method = method, .connected = true, .reused = true};
}
constexpr AttemptFacts fresh(Method method) { return {.method = method, .connected = true}; }
constexpr AttemptFacts sent(AttemptFacts facts, bool replayable) {
  facts.body_begun = true;
  facts.body_replayable = replayable;
  return facts;
}

TEST(SecondAttempt, FollowsTheSettings) {
  const Value none = texts({{"attempts", "0"}});
  const Value off = scalar("off");
  const Value unstale = mapping({{"attempts", scalar("0")}, {"when", list({"connect", "reset"})}});
  const Value per_try = texts({{"per_try", "1s"}});
  struct Row {
    const char* name;
    const Value& retry;
    Failure failure;
    AttemptFacts facts;
    RetryDecision expected;
  };
  const Row rows[] = {
      {"no attempts: stale", none, kClosed, reused(Method::Get), FreshConnection},
      {"no attempts: stale without a body", none, kClosed, reused(Method::Post), FreshConnection},
      {"no attempts: stale with a body that is here", none, kClosed,
       sent(reused(Method::Put), true), FreshConnection},
      {"no attempts: stale with a body that is gone", none, kClosed,
       sent(reused(Method::Put), false), No},
      {"no attempts: stale with a body that may be acted on", none, kClosed,
       sent(reused(Method::Post), true), No},
      {"no attempts: reset", none, kClosed, fresh(Method::Get), No},
      {"no attempts: refused", none, kRefused, {.method = Method::Get}, No},
      {"without stale", unstale, kClosed, reused(Method::Get), No},
      {"off: stale", off, kClosed, reused(Method::Get), No},
      {"off: refused", off, kRefused, {.method = Method::Get}, No},
      {"per try: get", per_try, kLate, fresh(Method::Get), AnotherServer},
      {"per try: get on a reused connection", per_try, kLate, reused(Method::Get), AnotherServer},
      {"per try: put with a body that is here", per_try, kLate, sent(fresh(Method::Put), true),
       AnotherServer},
      {"per try: put with a body that is gone", per_try, kLate, sent(fresh(Method::Put), false),
       No},
      {"per try: post", per_try, kLate, fresh(Method::Post), No},
      {"per try: patch", per_try, kLate, sent(fresh(Method::Patch), true), No},
  };
  for (const Row& row : rows)
    EXPECT_EQ(judgeRetry(row.failure, row.facts, readOf<RetrySettings>(row.retry)), row.expected)
        << row.name;
}

TEST(SecondAttempt, IsPossibleAgainAfterOffAtAnOuterLevel) {
  auto settings = readOf<RetrySettings>(scalar("off"));
  readInto(settings, texts({{"attempts", "1"}}));
  EXPECT_EQ(judgeRetry(kClosed, reused(Method::Get), settings), FreshConnection);
  EXPECT_EQ(judgeRetry(kRefused, {.method = Method::Get}, settings), AnotherServer);
}

// So many tickets of `budget` are to be had at once.
size_t ticketsOf(const char* budget, uint32_t in_flight) {
  constexpr uint32_t kFloor = 3;
  constexpr size_t kEnough = 500;
  const double share = readOf<RetrySettings>(texts({{"budget", budget}})).budget;
  std::atomic<uint32_t> used{0};
  std::vector<BudgetTicket> tickets;
  while (tickets.size() < kEnough) {
    auto ticket = BudgetTicket::take(used, in_flight, share, kFloor);
    if (!ticket) break;
    tickets.push_back(std::move(*ticket));
  }
  return tickets.size();
}

TEST(RetryBudget, IsAShareWithAFloorOrHasNoEnd) {
  EXPECT_EQ(ticketsOf("20%", 1), 3u);
  EXPECT_EQ(ticketsOf("20%", 100), 20u);
  EXPECT_EQ(ticketsOf("0%", 100), 3u);
  EXPECT_EQ(ticketsOf("off", 0), 500u);
  EXPECT_EQ(ticketsOf("off", 100), 500u);
}

}  // namespace
}  // namespace fairlead::upstream
