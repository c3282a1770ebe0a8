// What a failed attempt says of its server, and whether there will be another attempt: after it, or
// beside it.
#include <algorithm>

#include "proxy/heads.h"
#include "proxy/journey.h"
#include "proxy/relay.h"
#include "upstream/retry_after.h"

namespace fairlead::proxy {
namespace {

using upstream::RetryDecision;

// While it is not known yet what is late.
constexpr Duration kAskAgain = std::chrono::milliseconds(100);

}  // namespace

// --- what it says of the server

bool Journey::speaksAgainstServer(const Result<void>& attempted) const {
  if (attempted) return upstream::isBadGateway(exchange_.response.status);
  const Failure& failure = attempted.error();
  switch (failure.kind) {
    case FailureKind::ConnectRefused:
    case FailureKind::ConnectTimeout:
    case FailureKind::ConnectFailed:
    case FailureKind::Timeout:
    case FailureKind::Malformed:
      return failure.side == Side::Upstream;
    case FailureKind::Closed:
    case FailureKind::Reset:  // an idle connection may close whenever it likes
      return failure.side == Side::Upstream && !upstream::isStale(attemptFacts());
    default:
      return false;
  }
}

void Journey::reportAttempt(const Result<void>& attempted) {
  if (!chosen_ || refusal_.status != 0) return;
  const bool is_against = speaksAgainstServer(attempted);
  if (!attempted && !is_against) return;
  upstream::AttemptReport report{
      .failed = is_against, .began = outcome_.queued, .latency = {}, .retry_after = {}};
  upstream::Tally& tally = upstream_->tally();
  if (attempted) {
    report.latency = outcome_.first_byte - outcome_.connected;
    tally.answers.add(1);
    tally.latency_ns.add(static_cast<uint64_t>(report.latency->count()));
    if (retry().hedge.on) tally.latencies.record(*report.latency, now());
    if (exchange_.response.status == 503)
      report.retry_after =
          upstream::retryAfterOf(exchange_.response.fields.valueOf(http::FieldId::RetryAfter),
                                 std::chrono::system_clock::now());
  } else if (attempted.error().kind == FailureKind::Timeout) {
    tally.timeouts.add(1);
  }
  upstream_->pool().report(chosen_.server(), report, now());
}

// --- after a failure

upstream::AttemptFacts Journey::attemptFacts() const {
  return {.method = exchange_.request.method,
          .connected = static_cast<bool>(lease_),
          .reused = lease_ && lease_.reused(),
          .answered = lease_ && lease_.session().answered(),
          .body_begun = client_.body().octets() > 0,
          .body_replayable = bodyIsHere(),
          .retries = turn_.retries()};
}

// Could all of the body that came so far be sent again? What lies in the window costs no memory,
// but is judged by its length all the same: it is chance how much of a body comes at once.
bool Journey::bodyIsHere() const {
  if (kept_) return kept_->state() == BodyCopy::State::Whole;
  return client_.body().rewindable() && exchange_.framing.length <= retry().buffer.value;
}

Task<bool> Journey::tryAgain(const Failure& failure) {
  if (now() >= until_ || client_.stream().broken()) co_return false;
  const RetryDecision decision = upstream::judgeRetry(failure, attemptFacts(), retry());
  if (decision == RetryDecision::AnotherServer &&
      upstream::RetryTurn::mayGoOn(upstream_->hasOther(tried_), retry()) && !takeTicket()) {
    endAttempt();
    leaveServer();
    co_await awaitTicket();
  }
  co_return prepareRetry(decision);
}

bool Journey::tryAgainForStatus() {
  if (retry().when.value.statuses.empty()) return false;
  return prepareRetry(
      upstream::judgeRetryOfStatus(exchange_.response.status, attemptFacts(), retry()));
}

bool Journey::mayRetryElsewhere() {
  using Onward = upstream::RetryTurn::Onward;
  const Onward onward = turn_.goElsewhere(
      upstream_->pool(), tried_, retry(),
      [this](const balance::Tried& tried) { return upstream_->hasOther(tried); },
      pipeline_.parts_.random);
  if (onward == Onward::NoTicket) outcome_.why = "retry_budget_exhausted";
  return onward == Onward::Goes;
}

Task<void> Journey::awaitTicket() {
  const TimePoint latest = std::min(until_, now() + upstream::RetryTurn::kTicketPatience);
  while (now() < latest && !client_.stream().broken() && !takeTicket())
    co_await io::Sleep(pipeline_.parts_.reactor, upstream::RetryTurn::kTicketPause);
}

// The server may be gone before the log speaks of it.
void Journey::leaveServer() {
  if (!chosen_) return;
  outcome_.server = exchange_.arena.copy(outcome_.server);
  chosen_.end();
  upstream::WaitingRoom& waiting = upstream_->pool().waiting;
  if (waiting.any()) waiting.callNext();  // this server may have a place now, if not the pool
}

void Journey::endAttempt() {
  upload_.drop();
  hedge_.reset();
  lease_.close();
}

bool Journey::prepareRetry(RetryDecision decision) {
  turn_.stay();
  if (decision == RetryDecision::No) return false;
  if (decision == RetryDecision::AnotherServer && !mayRetryElsewhere()) return false;
  fresh_connection_ = decision == RetryDecision::FreshConnection;
  endAttempt();
  if (!fresh_connection_) leaveServer();
  if (client_.body().octets() > 0 && !kept_) client_.body().rewind();
  return true;
}

// --- beside it

// Only what may be sent twice and is here as a whole, only beside a first attempt, and only once.
TimePoint Journey::hedgeTime() const {
  const upstream::HedgeSettings& hedge = retry().hedge;
  if (!hedge.on || hedge_decided_ || turn_.retries() > 0 || untouched_) return kNever;
  if (!decision_.upgrade.empty() || !http::isIdempotent(exchange_.request.method)) return kNever;
  if (!bodyIsHere() || (!uploading() && !uploaded_)) return kNever;
  Duration after = hedge.after;
  if (after.count() == 0)
    after = Duration(upstream_->pool().hedge_after.load(std::memory_order_relaxed));
  if (after.count() == 0) return now() + kAskAgain;
  return deadlineAfter(uploading() ? now() : sent_, after);
}

void Journey::beginHedge() {
  hedge_decided_ = true;
  Result<upstream::Chosen> second = upstream_->choose(tried_, decision_.key);
  if (!second || !upstream_->hedges().take()) return;
  const Result<size_t> length = composeRequest(second->server());
  if (!length) return;
  tried_.add(second->server());
  ++outcome_.attempts;
  hedge_ = std::make_unique<Hedge>(
      *upstream_, std::move(*second),
      Hedge::Request{.head = std::move(out_),
                     .length = *length,
                     .coding = codingOf(exchange_.framing),
                     .body = kept_ ? std::string_view(kept_->octets()) : client_.body().taken(),
                     .trailer_end = trailerEnd(client_.body(), exchange_.arena),
                     .client = endsFor(*upstream_)},
      lease_.session().stream(),
      Hedge::Terms{
          .connect = timeouts().connect, .send = timeouts().body, .until = headDeadline()});
}

void Journey::takeOver() {
  // The slower server is known to have taken this long, at the least.
  chosen_.server().latency.observe(now() - outcome_.connected, now());
  lease_ = std::move(hedge_->lease);
  chosen_ = std::move(hedge_->chosen);
  if (permit_) chosen_.keepQuiet();
  exchange_.response = hedge_->response;
  outcome_.server = chosen_.server().name;
  outcome_.connected = hedge_->sent;
  outcome_.first_byte = now();
  outcome_.reused_connection = lease_.reused();
}

// The body of the first answer is read from here on: the second one has no word in that.
void Journey::dropHedge() {
  hedge_.reset();
  lease_.session().stream().forgiveRead();
}

// --- the end of it

// Nobody is told to come back at the same moment as everybody else.
uint32_t Journey::retryAfter() {
  const Duration every = upstream_ ? upstream_->settings().health.every.value : Duration{};
  Duration wait = every;
  if (upstream_ && outcome_.failure.kind == FailureKind::BreakerOpen)
    if (const auto until = upstream_->pool().breaker.openUntil(now())) wait = *until - now();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return upstream::jitteredRetryAfter(static_cast<uint32_t>(std::max<int64_t>(1, seconds)),
                                      pipeline_.parts_.random);
}

void Journey::settle() {
  tellFirewall();
  if (!permit_) return;
  const bool is_known = !outcome_.failed || outcome_.failure.side == Side::Upstream;
  if (is_known) permit_.judge(outcome_.status >= 500, now());
}

}  // namespace fairlead::proxy
