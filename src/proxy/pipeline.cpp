// The way of one request.
//
//   decide    which route, may it pass, what is rewritten            decide.cpp (pure)
//   answer    fairlead answers itself                                 own_answers.cpp
//   forward   a place in the pool and a server,                       placement.cpp
//             connect, send, await the head, deliver the response;    journey.cpp
//             again elsewhere when that is allowed                    second_chances.cpp
//   settle    what it says of the pool                                second_chances.cpp
//   record    one line of what happened                               here
#include "proxy/pipeline.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "proxy/journey.h"

namespace fairlead::proxy {
namespace {

constexpr Duration kLateAnswerTime = std::chrono::seconds(5);
constexpr Duration kDateEvery = std::chrono::milliseconds(500);
constexpr size_t kClosedAtOnce = 64;  // whoever is short of descriptors needs a few

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

bool hasFirewall(const Plan& plan) {
  const auto has = [](const auto& level) { return !level.firewall.empty(); };
  return has(plan) || std::ranges::any_of(plan.hosts, has) || std::ranges::any_of(plan.routes, has);
}

const firewall::Hit* hitIn(const Outcome& outcome,
                           std::optional<firewall::Hit> firewall::Judgement::* which) {
  if (!outcome.firewall || !(outcome.firewall->*which)) return nullptr;
  return &*(outcome.firewall->*which);
}

}  // namespace

Pipeline::Pipeline(const PipelineParts& parts)
    : parts_(parts),
      has_firewall_(hasFirewall(parts.plan)),
      mirrors_(parts.reactor, parts.buffers, parts.random) {
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
                            ClientConnection& connection) {
  filter::ClientFacts facts = connection.facts();
  Journey journey(*this, client, exchange, facts, connection);
  const Decision& decision = journey.decide();
  const After after =
      decision.answer ? co_await journey.answer(*decision.answer) : co_await journey.forward();
  journey.settle();
  record(exchange, facts, journey);
  co_return after;
}

Task<After> Pipeline::refuse(session::ServerSession& client, session::Exchange& exchange,
                             ClientConnection& connection) {
  filter::ClientFacts facts = connection.facts();
  Journey journey(*this, client, exchange, facts, connection);
  exchange.keep_alive = false;
  journey.note();
  journey.outcome().why = exchange.fault.sentence;
  co_await journey.answer({.status = exchange.fault.status,
                           .body = exchange.fault.sentence,
                           .content_type = {},
                           .fields = {},
                           .rule = {},
                           .origin = {}});
  // A proxy is not to blame for what came through it.
  if (!connection.is_nameless_proxy && !parts_.plan.trusted.trusts(facts.peer))
    journey.tellFirewall();
  record(exchange, facts, journey);
  co_return After::Linger;
}

bool Pipeline::admit(ClientConnection& connection) {
  const std::span<const firewall::ClientLimit> limits = parts_.plan.firewall.connections();
  if (limits.empty() || !parts_.sentry) return true;
  const IpAddress& peer = connection.peer;
  if (parts_.plan.trusted.trusts(peer)) return true;
  bool stays = true;
  for (const firewall::ClientLimit& limit : limits) {
    const uint32_t number =
        connection.places.take(limit, peer, *parts_.sentry, parts_.reactor.now());
    stays = stays && (limit.policy.observes() || number <= uint64_t{2} * limit.limit);
  }
  return stays;
}

Task<void> Pipeline::answerLate(session::ServerSession& client, ClientConnection& connection) {
  ++tarpitted_;
  const std::unique_ptr<LateAnswer> late = std::move(connection.late);
  const bool is_there = co_await client.keepWaiting(late->wait);
  --tarpitted_;
  if (!is_there) co_return;
  if (co_await client.stream().write(late->text, kLateAnswerTime, kNever, io::Then::End))
    co_await client.closeLingering();
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
  const firewall::Hit* const blocked = hitIn(outcome, &firewall::Judgement::blocked);
  const firewall::Hit* const observed = hitIn(outcome, &firewall::Judgement::observed);
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
      .blocked_by = blocked ? blocked->rule : std::string_view{},
      .blocked_at = blocked ? placeOf(*blocked, exchange.arena) : std::string_view{},
      .would_block = observed ? observed->rule : std::string_view{},
      .would_block_at = observed ? placeOf(*observed, exchange.arena) : std::string_view{},
  });
}

// "fairlead.yaml:7"; nothing for what stands in no file.
std::string_view Pipeline::placeOf(const firewall::Hit& hit, Arena& arena) const {
  const std::vector<std::string>& files = parts_.plan.files;
  if (hit.origin.isBuiltIn() || hit.origin.file >= files.size()) return {};
  std::array<char, 12> line;
  const auto end = std::to_chars(line.data(), line.data() + line.size(), hit.origin.line).ptr;
  return arena.join(files[hit.origin.file], ":", std::string_view(line.data(), end));
}

// The innermost level that the request came to; null when that one has no log.
AccessLog::Lane* Pipeline::logOf(const Outcome& outcome) const {
  const uint32_t log = outcome.route  ? outcome.route->log
                       : outcome.host ? outcome.host->log
                                      : parts_.plan.log;
  return log == kNoLog ? nullptr : parts_.logs[log];
}

void Pipeline::closeIdleConnections() {
  size_t left = kClosedAtOnce;
  for (const auto& upstream : upstreams_) left -= upstream->connections().closeIdle(left);
  pipes_.clear();
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
