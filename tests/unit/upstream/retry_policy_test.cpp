// Trying again: a row for every rule of the defaults, and the budget.
#include "upstream/retry_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::upstream {
namespace {

using http::Method;
using enum RetryDecision;

std::string nameOf(RetryDecision decision) {
  switch (decision) {
    case No:
      return "no";
    case FreshConnection:
      return "fresh connection";
    default:
      return "another server";
  }
}

constexpr Failure upstreamFailure(FailureKind kind, Step step) {
  return {kind, step, Side::Upstream, Retry::Never};
}
constexpr Failure kRefused = upstreamFailure(FailureKind::ConnectRefused, Step::Connect);
constexpr Failure kConnectTimeout = upstreamFailure(FailureKind::ConnectTimeout, Step::Connect);
constexpr Failure kUnreachable = upstreamFailure(FailureKind::ConnectFailed, Step::Connect);
constexpr Failure kClosed = upstreamFailure(FailureKind::Closed, Step::ResponseHead);
constexpr Failure kReset = upstreamFailure(FailureKind::Reset, Step::Send);
constexpr Failure kSilent = upstreamFailure(FailureKind::Timeout, Step::ResponseHead);
constexpr Failure kMalformed = upstreamFailure(FailureKind::Malformed, Step::ResponseHead);
constexpr Failure kNoServer = upstreamFailure(FailureKind::NoServer, Step::Choose);
constexpr Failure kClientGone{FailureKind::ClientGone, Step::ResponseHead, Side::Client,
                              Retry::Never};
constexpr Failure kClientReset{FailureKind::Reset, Step::RequestBody, Side::Client, Retry::Never};
constexpr Failure kNoDescriptors{FailureKind::NoDescriptors, Step::Connect, Side::Fairlead,
                                 Retry::Never};

constexpr AttemptFacts unconnected(Method method) { return {.method = method}; }
constexpr AttemptFacts fresh(Method method) { return {.method = method, .connected = true}; }
constexpr AttemptFacts reused(Method method) {
  return {.method = method, .connected = true, .reused = true};
}
constexpr AttemptFacts with(AttemptFacts facts, bool body_begun, bool replayable) {
  facts.body_begun = body_begun;
  facts.body_replayable = replayable;
  return facts;
}
constexpr AttemptFacts answered(AttemptFacts facts) {
  facts.answered = true;
  return facts;
}
constexpr AttemptFacts retried(AttemptFacts facts, uint32_t retries) {
  facts.retries = retries;
  return facts;
}

struct Row {
  const char* name;
  Failure failure;
  AttemptFacts facts;
  RetryDecision expected;
};

class RetryRule : public testing::TestWithParam<Row> {};

TEST_P(RetryRule, OfTheDefaults) {
  const Row& row = GetParam();
  EXPECT_EQ(nameOf(judgeRetry(row.failure, row.facts, RetrySettings{})), nameOf(row.expected));
}

constexpr Row kRows[] = {
    // connect: nothing was sent, so any method goes elsewhere.
    {"refused_get", kRefused, unconnected(Method::Get), AnotherServer},
    {"refused_post", kRefused, unconnected(Method::Post), AnotherServer},
    {"connect_timeout", kConnectTimeout, unconnected(Method::Post), AnotherServer},
    {"unreachable", kUnreachable, unconnected(Method::Get), AnotherServer},
    {"refused_the_second_time", kRefused, retried(unconnected(Method::Get), 1), No},
    {"refused_with_a_body_that_is_gone", kRefused, with(unconnected(Method::Put), true, false), No},
    {"refused_with_a_body_to_replay", kRefused, with(unconnected(Method::Put), true, true),
     AnotherServer},
    // stale: an idle connection died before the first byte of a response; does not count.
    {"stale_get", kClosed, reused(Method::Get), FreshConnection},
    {"stale_by_reset", kReset, reused(Method::Get), FreshConnection},
    {"stale_post_without_body_sent", kClosed, reused(Method::Post), FreshConnection},
    {"stale_patch_without_body_sent", kReset, reused(Method::Patch), FreshConnection},
    {"stale_unknown_method", kClosed, reused(Method::Other), FreshConnection},
    {"stale_post_with_body_sent", kClosed, with(reused(Method::Post), true, true), No},
    {"stale_put_with_body_to_replay", kClosed, with(reused(Method::Put), true, true),
     FreshConnection},
    {"stale_put_with_body_that_is_gone", kClosed, with(reused(Method::Put), true, false), No},
    {"stale_after_a_counted_retry", kClosed, retried(reused(Method::Get), 1), FreshConnection},
    {"stale_but_answered", kClosed, answered(reused(Method::Get)), No},
    // reset: a fresh connection died before the first byte; idempotent methods only.
    {"reset_get", kReset, fresh(Method::Get), AnotherServer},
    {"reset_head", kReset, fresh(Method::Head), AnotherServer},
    {"reset_options", kReset, fresh(Method::Options), AnotherServer},
    {"reset_trace", kReset, fresh(Method::Trace), AnotherServer},
    {"reset_put", kReset, fresh(Method::Put), AnotherServer},
    {"reset_delete", kReset, fresh(Method::Delete), AnotherServer},
    {"reset_post", kReset, fresh(Method::Post), No},
    {"reset_patch", kReset, fresh(Method::Patch), No},
    {"reset_unknown_method", kReset, fresh(Method::Other), No},
    {"closed_unanswered_get", kClosed, fresh(Method::Get), AnotherServer},
    {"closed_but_answered", kClosed, answered(fresh(Method::Get)), No},
    {"reset_the_second_time", kReset, retried(fresh(Method::Get), 1), No},
    {"reset_put_with_body_to_replay", kReset, with(fresh(Method::Put), true, true), AnotherServer},
    {"reset_put_with_body_that_is_gone", kReset, with(fresh(Method::Put), true, false), No},
    // What is never tried again.
    {"no_answer_in_time", kSilent, fresh(Method::Get), No},
    {"no_answer_in_time_on_a_reused_one", kSilent, reused(Method::Get), No},
    {"malformed_answer", kMalformed, answered(fresh(Method::Get)), No},
    {"no_server", kNoServer, unconnected(Method::Get), No},
    {"client_gone", kClientGone, reused(Method::Get), No},
    {"client_reset_in_its_body", kClientReset, fresh(Method::Put), No},
    {"out_of_descriptors", kNoDescriptors, unconnected(Method::Get), No},
};

INSTANTIATE_TEST_SUITE_P(Table, RetryRule, testing::ValuesIn(kRows),
                         [](const auto& given) { return std::string(given.param.name); });

// --- settings

struct SettingRow {
  const char* name;
  uint32_t attempts;
  RetryWhen when;
  Failure failure;
  AttemptFacts facts;
  RetryDecision expected;
};

constexpr bool kOn = true;
constexpr bool kOff = false;

TEST(RetrySettingsRule, SwitchOnAndOff) {
  const SettingRow rows[] = {
      {"off: refused", 0, {}, kRefused, unconnected(Method::Get), No},
      {"none: stale", 0, {}, kClosed, reused(Method::Get), FreshConnection},
      {"off: reset", 0, {}, kReset, fresh(Method::Get), No},
      {"three: refused twice",
       3,
       {},
       kRefused,
       retried(unconnected(Method::Get), 2),
       AnotherServer},
      {"three: refused three times", 3, {}, kRefused, retried(unconnected(Method::Get), 3), No},
      {"without connect", 1, {kOff, kOn, kOn, kOn, {}}, kRefused, unconnected(Method::Get), No},
      {"without connect: stale",
       1,
       {kOff, kOn, kOn, kOn, {}},
       kClosed,
       reused(Method::Get),
       FreshConnection},
      {"without stale", 1, {kOn, kOn, kOff, kOn, {}}, kClosed, reused(Method::Get), No},
      {"without stale: reset",
       1,
       {kOn, kOn, kOff, kOn, {}},
       kReset,
       fresh(Method::Get),
       AnotherServer},
      {"without reset", 1, {kOn, kOn, kOn, kOff, {}}, kReset, fresh(Method::Get), No},
      {"without reset: stale",
       1,
       {kOn, kOn, kOn, kOff, {}},
       kClosed,
       reused(Method::Get),
       FreshConnection},
  };
  for (const SettingRow& row : rows) {
    SCOPED_TRACE(row.name);
    RetrySettings settings;
    settings.attempts = row.attempts;
    settings.when = row.when;
    EXPECT_EQ(nameOf(judgeRetry(row.failure, row.facts, settings)), nameOf(row.expected));
  }
}

struct StatusRow {
  const char* name;
  std::vector<uint16_t> asked_for;
  uint16_t status;
  AttemptFacts facts;
  RetryDecision expected;
};

TEST(RetryOfStatus, OnlyWhenAskedForAndIdempotent) {
  const StatusRow rows[] = {
      {"not asked for", {}, 503, answered(fresh(Method::Get)), No},
      {"asked for", {503}, 503, answered(fresh(Method::Get)), AnotherServer},
      {"another was asked for", {502, 504}, 503, answered(fresh(Method::Get)), No},
      {"several were asked for", {502, 503, 504}, 504, answered(fresh(Method::Get)), AnotherServer},
      {"on a reused connection", {503}, 503, answered(reused(Method::Get)), AnotherServer},
      {"post", {503}, 503, answered(fresh(Method::Post)), No},
      {"put with a body to replay",
       {503},
       503,
       with(answered(fresh(Method::Put)), true, true),
       AnotherServer},
      {"put with a body that is gone",
       {503},
       503,
       with(answered(fresh(Method::Put)), true, false),
       No},
      {"the second time", {503}, 503, retried(answered(fresh(Method::Get)), 1), No},
      {"success", {502, 503, 504}, 200, answered(fresh(Method::Get)), No},
  };
  for (const StatusRow& row : rows) {
    SCOPED_TRACE(row.name);
    RetrySettings settings;
    RetryWhen when;
    when.statuses = row.asked_for;
    settings.when = when;
    EXPECT_EQ(nameOf(judgeRetryOfStatus(row.status, row.facts, settings)), nameOf(row.expected));
    settings.attempts = 0u;
    EXPECT_EQ(nameOf(judgeRetryOfStatus(row.status, row.facts, settings)), "no");
  }
}

}  // namespace
}  // namespace fairlead::upstream
