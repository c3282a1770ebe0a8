// The rules for trying again.
#include "upstream/retry_policy.h"

#include <algorithm>

namespace fairlead::upstream {
namespace {

constexpr uint32_t kBudgetFloor = 3;

bool isConnectFailure(const Failure& failure) {
  return failure.step == Step::Connect && failure.side == Side::Upstream;
}

// The connection died under the request, before any answer.
bool diedUnanswered(const Failure& failure, const AttemptFacts& facts) {
  return failure.side == Side::Upstream && facts.connected && !facts.answered &&
         (failure.kind == FailureKind::Closed || failure.kind == FailureKind::Reset);
}

RetryDecision counted(const AttemptFacts& facts, const RetrySettings& settings) {
  return facts.retries < settings.attempts ? RetryDecision::AnotherServer : RetryDecision::No;
}

}  // namespace

RetryDecision judgeRetry(const Failure& failure, const AttemptFacts& facts,
                         const RetrySettings& settings) {
  const RetryWhen& when = settings.when;
  if (facts.body_begun && !facts.body_replayable) return RetryDecision::No;
  if (isConnectFailure(failure)) return when.connect ? counted(facts, settings) : RetryDecision::No;
  if (!diedUnanswered(failure, facts)) return RetryDecision::No;
  const bool idempotent = http::isIdempotent(facts.method);
  if (facts.reused) {
    const bool allowed = when.stale && settings.attempts > 0 && (idempotent || !facts.body_begun);
    return allowed ? RetryDecision::FreshConnection : RetryDecision::No;
  }
  return when.reset && idempotent ? counted(facts, settings) : RetryDecision::No;
}

RetryDecision judgeRetryOfStatus(uint16_t status, const AttemptFacts& facts,
                                 const RetrySettings& settings) {
  const auto& statuses = settings.when.value.statuses;
  if (std::find(statuses.begin(), statuses.end(), status) == statuses.end())
    return RetryDecision::No;
  if (!http::isIdempotent(facts.method) || (facts.body_begun && !facts.body_replayable))
    return RetryDecision::No;
  return counted(facts, settings);
}

bool withinBudget(uint32_t retrying, uint32_t in_flight, double share) {
  if (retrying < kBudgetFloor) return true;
  return static_cast<double>(retrying) < share * static_cast<double>(in_flight);
}

}  // namespace fairlead::upstream
