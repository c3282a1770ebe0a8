// The way of one request.
//
//   decide    which route, may it pass, what is rewritten            decide.cpp (pure)
//   answer    fairlead answers itself                                 journey.cpp
//   forward   a place in the pool and a server,                       placement.cpp
//             connect, send, await the head, deliver the response;    journey.cpp
//             again elsewhere when that is allowed                    second_chances.cpp
//   settle    what it says of the pool                                second_chances.cpp
//   record    one line of what happened                               here
#include "proxy/pipeline.h"

#include <chrono>

#include "proxy/journey.h"

namespace fairlead::proxy {
namespace {

constexpr Duration kDateEvery = std::chrono::milliseconds(500);

Duration between(TimePoint from, TimePoint to) {
  return from == TimePoint{} || to == TimePoint{} || to < from ? Duration{0} : to - from;
}

bool saysItAll(FailureKind kind) {
  switch (kind) {
    case FailureKind::Closed:
    case FailureKind::Reset:
    case FailureKind::Timeout:
    case FailureKind::TooSlow:
    case FailureKind::Malformed:
    case FailureKind::TooLarge:
      return false;
    default:
      return true;
  }
}

// "connect_refused", or with whose fault and where when the kind alone would leave that open:
// "upstream_timeout.response_head".
std::string_view whyOf(const Outcome& outcome, Arena& arena) {
  if (!outcome.why.empty()) return outcome.why;
  if (!outcome.failed) return {};
  const Failure& failure = outcome.failure;
  if (saysItAll(failure.kind)) return nameOf(failure.kind);
  return arena.join(nameOf(failure.side), "_", nameOf(failure.kind), ".", nameOf(failure.step));
}

// For the log, which is silent about the normal one.
std::string_view priorityOf(const Outcome& outcome) {
  using upstream::Priority;
  if (!outcome.route || outcome.route->priority == Priority::Normal) return {};
  return upstream::nameOf(outcome.route->priority);
}

}  // namespace

Pipeline::Pipeline(const PipelineParts& parts)
    : parts_(parts), mirrors_(parts.reactor, parts.buffers, parts.random) {
  const upstream::UpstreamParts upstream{.reactor = parts_.reactor,
                                         .buffers = parts_.buffers,
                                         .random = parts_.random,
                                         .mailbox = parts_.mailbox,
                                         .idle_per_server = parts_.idle_per_server,
                                         .worker = parts_.worker};
  for (const auto& pool : parts_.plan.pools)
    upstreams_.push_back(std::make_unique<upstream::Upstream>(*pool, upstream));
}

Task<After> Pipeline::serve(session::ServerSession& client, session::Exchange& exchange,
                            filter::ClientFacts facts) {
  Journey journey(*this, client, exchange, facts);
  const Decision& decision = journey.decide();
  const After after =
      decision.answer ? co_await journey.answer(*decision.answer) : co_await journey.forward();
  journey.settle();
  record(exchange, facts, journey);
  co_return after;
}

Task<After> Pipeline::refuse(session::ServerSession& client, session::Exchange& exchange,
                             filter::ClientFacts facts) {
  Journey journey(*this, client, exchange, facts);
  exchange.keep_alive = false;
  facts.client = facts.peer;
  journey.note();
  journey.outcome().why = exchange.fault.sentence;
  co_await journey.answer({.status = exchange.fault.status,
                           .body = exchange.fault.sentence,
                           .content_type = {},
                           .fields = {},
                           .rule = {},
                           .origin = {}});
  record(exchange, facts, journey);
  co_return After::Linger;
}

void Pipeline::record(session::Exchange& exchange, const filter::ClientFacts& facts,
                      const Journey& journey) {
  const Outcome& outcome = journey.outcome();
  AccessLog::Lane* const log = logOf(outcome);
  if (!log) return;
  const http::RequestHead& head = exchange.request;
  const TimePoint now = parts_.reactor.now();
  const Duration total = between(exchange.begun, now);
  const auto wall = std::chrono::system_clock::now().time_since_epoch() - total;
  const TimePoint chosen = outcome.queued == TimePoint{} ? exchange.head_read : outcome.queued;
  log->record({
      .time = std::chrono::duration_cast<std::chrono::microseconds>(wall),
      .client = facts.client,
      .client_port = facts.peer_port,
      .status = outcome.status,
      .attempts = outcome.attempts,
      .reused_connection = outcome.reused_connection,
      .bytes_in = outcome.bytes_in,
      .bytes_out = outcome.bytes_out,
      .head = between(exchange.begun, exchange.head_read),
      .queue = between(exchange.head_read, chosen),
      .connect = between(outcome.queued, outcome.connected),
      .first_byte = between(outcome.connected, outcome.first_byte),
      .total = total,
      .method = journey.request().method,
      .host = head.host,
      .path = head.raw_target,
      .route = outcome.route ? std::string_view(outcome.route->name) : std::string_view{},
      .pool = outcome.pool,
      .server = outcome.server,
      .mirror = outcome.mirror,
      .priority = priorityOf(outcome),
      .request_id = journey.request().request_id,
      .why = whyOf(outcome, exchange.arena),
      .blocked_by = outcome.blocked_by,
  });
}

// The innermost level that the request came to; null when that one has no log.
AccessLog::Lane* Pipeline::logOf(const Outcome& outcome) const {
  const uint32_t log = outcome.route  ? outcome.route->log
                       : outcome.host ? outcome.host->log
                                      : parts_.plan.log;
  return log == kNoLog ? nullptr : parts_.logs[log];
}

void Pipeline::closeIdleConnections() {
  for (const auto& upstream : upstreams_) upstream->connections().closeIdle();
}

// Made anew at most twice a second.
std::string_view Pipeline::date() {
  const TimePoint now = parts_.reactor.now();
  if (now >= date_until_) {
    date_until_ = now + kDateEvery;
    formatHttpDate(std::chrono::floor<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch()),
                   date_);
  }
  return {date_, sizeof date_};
}

}  // namespace fairlead::proxy
