// The rules for trying again.
#include "upstream/retry_policy.h"

#include <algorithm>

namespace fairlead::upstream {
namespace {

bool isConnectFailure(const Failure& failure) {
  return failure.step == Step::Connect && failure.side == Side::Upstream;
}

// The connection died under the request, before any answer.
bool diedUnanswered(const Failure& failure, const AttemptFacts& facts) {
  return failure.side == Side::Upstream && facts.connected && !facts.answered &&
         (failure.kind == FailureKind::Closed || failure.kind == FailureKind::Reset);
}

// An attempt that has its own, shorter time for the head of the response.
bool isTooLate(const Failure& failure, const AttemptFacts& facts) {
  return failure.side == Side::Upstream && failure.kind == FailureKind::Timeout &&
         failure.step == Step::ResponseHead && facts.connected && !facts.answered;
}

RetryDecision counted(const AttemptFacts& facts, const RetrySettings& settings) {
  return facts.retries < settings.attempts ? RetryDecision::AnotherServer : RetryDecision::No;
}

}  // namespace

RetryDecision judgeRetry(const Failure& failure, const AttemptFacts& facts,
                         const RetrySettings& settings) {
  const RetryWhen& when = settings.when;
  if (!settings.on) return RetryDecision::No;
  if (facts.body_begun && !facts.body_replayable) return RetryDecision::No;
  if (isConnectFailure(failure)) return when.connect ? counted(facts, settings) : RetryDecision::No;
  const bool idempotent = http::isIdempotent(facts.method);
  if (isTooLate(failure, facts))
    return idempotent && settings.per_try.value.count() > 0 ? counted(facts, settings)
                                                            : RetryDecision::No;
  if (!diedUnanswered(failure, facts)) return RetryDecision::No;
  if (facts.reused) {
    const bool allowed = when.stale && (idempotent || !facts.body_begun);
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

bool isStale(const AttemptFacts& facts) { return facts.reused && !facts.answered; }

}  // namespace fairlead::upstream
