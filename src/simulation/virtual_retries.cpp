// What came of an attempt, and whether there will be another: as proxy/second_chances.cpp.
#include <algorithm>

#include "simulation/virtual_proxy.h"

namespace fairlead::simulation {
namespace {

using upstream::Permit;
using upstream::RetryDecision;
using upstream::RetryTurn;

bool hasBody(http::Method method) {
  return method == http::Method::Post || method == http::Method::Put ||
         method == http::Method::Patch;
}

// Of an attempt that was sent.
Failure failureOf(FailureKind kind) {
  return {.kind = kind, .step = Step::ResponseHead, .side = Side::Upstream};
}

}  // namespace

upstream::AttemptFacts VirtualProxy::factsOf(const Visit& visit) const {
  return {.method = visit.question.method,
          .connected = visit.connected,
          .reused = visit.reused,
          .answered = false,
          .body_begun = visit.connected && hasBody(visit.question.method),
          .body_replayable = true,
          .retries = visit.retry.retries()};
}

void VirtualProxy::report(Visit& visit, bool failed, std::optional<Duration> latency) {
  if (failed) ++figures_.servers[serverOf(visit.pick)].failures;
  scene_.pool.report(
      *visit.pick.server,
      {.failed = failed, .began = visit.queued, .latency = latency, .retry_after = {}},
      scene_.now());
}

void VirtualProxy::onAnswer(Visit& visit, uint16_t status) {
  const Duration latency = scene_.now() - visit.sent;
  tally().answers.add(1);
  tally().latency_ns.add(static_cast<uint64_t>(latency.count()));
  report(visit, upstream::isBadGateway(status), latency);
  if (status != 200 &&
      prepareRetry(visit, upstream::judgeRetryOfStatus(status, factsOf(visit), settings().retry)))
    return pauseAndRetry(visit);
  keepConnection(visit);
  remember(visit);
  finish(visit, status, nullptr);
}

void VirtualProxy::onOverdue(Visit& visit) {
  if (scene_.now() >= visit.until) return onFailure(visit, failureOf(FailureKind::Deadline));
  tally().timeouts.add(1);
  onFailure(visit, failureOf(FailureKind::Timeout));
}

// A dead connection that had lain idle says nothing of its server, nor does the end of the client's
// own time.
void VirtualProxy::onFailure(Visit& visit, const Failure& failure) {
  const upstream::AttemptFacts facts = factsOf(visit);
  const bool is_stale = failure.kind == FailureKind::Reset && upstream::isStale(facts);
  if (failure.step != Step::Choose && failure.kind != FailureKind::Deadline && !is_stale)
    report(visit, true, std::nullopt);
  if (scene_.now() >= visit.until) return finish(visit, 0, &failure);
  const RetryDecision decision = upstream::judgeRetry(failure, facts, settings().retry);
  if (decision == RetryDecision::AnotherServer &&
      RetryTurn::mayGoOn(chooser_.hasOther(visit.tried), settings().retry) &&
      !visit.retry.takeTicket(scene_.pool, settings().retry)) {
    visit.failure = failure;
    visit.patience = std::min(visit.until, scene_.now() + RetryTurn::kTicketPatience);
    leaveServer(visit);
    ++visit.turn;
    return onTicketTime(visit);
  }
  if (prepareRetry(visit, decision)) return pauseAndRetry(visit);
  finish(visit, 0, &failure);
}

// As Journey::awaitTicket.
void VirtualProxy::onTicketTime(Visit& visit) {
  const bool has_ticket = visit.retry.takeTicket(scene_.pool, settings().retry);
  if (!has_ticket && scene_.now() < visit.patience)
    return scene_.timeline.plan(scene_.now() + RetryTurn::kTicketPause,
                                eventOf(What::AskTicket, visit));
  if (prepareRetry(visit, RetryDecision::AnotherServer)) return pauseAndRetry(visit);
  finish(visit, 0, &visit.failure);
}

bool VirtualProxy::mayRetryElsewhere(Visit& visit) {
  const RetryTurn::Onward onward = visit.retry.goElsewhere(
      scene_.pool, visit.tried, settings().retry,
      [this](const balance::Tried& tried) { return chooser_.hasOther(tried); }, random_);
  if (onward != RetryTurn::Onward::Goes) return false;
  ++figures_.retries;
  return true;
}

bool VirtualProxy::prepareRetry(Visit& visit, RetryDecision decision) {
  visit.retry.stay();
  if (decision == RetryDecision::No) return false;
  if (decision == RetryDecision::AnotherServer && !mayRetryElsewhere(visit)) return false;
  visit.fresh_connection = decision == RetryDecision::FreshConnection;
  if (!visit.fresh_connection) leaveServer(visit);
  return true;
}

void VirtualProxy::pauseAndRetry(Visit& visit) {
  ++visit.turn;
  if (visit.retry.pause().count() == 0) return again(visit);
  scene_.timeline.plan(scene_.now() + visit.retry.pause(), eventOf(What::Again, visit));
}

void VirtualProxy::again(Visit& visit) {
  visit.connected = visit.reused = false;
  if (visit.fresh_connection) return connect(visit);
  if (const Result<void> taken = takeServer(visit, Permit::Comes::New); !taken)
    return onFailure(visit, taken.error());
  attempt(visit);
}

}  // namespace fairlead::simulation
