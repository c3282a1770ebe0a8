// The steps of a request's way to a server and back.
#include "proxy/journey.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/fetch_ahead.h"
#include "http/h1/serializer.h"
#include "proxy/heads.h"
#include "proxy/relay.h"
#include "proxy/response_rules.h"
#include "proxy/tunnel.h"

namespace fairlead::proxy {
namespace {

using http::FieldId;
using http::Framing;
using session::BodyCoding;
using upstream::RetryDecision;

std::chrono::microseconds wallClock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

Journey::Journey(Pipeline& pipeline, session::ServerSession& client, session::Exchange& exchange,
                 filter::ClientFacts& facts, ClientConnection& connection)
    : pipeline_(pipeline),
      client_(client),
      exchange_(exchange),
      facts_(facts),
      connection_(connection) {
  firewall::Sentry* const sentry = pipeline.parts_.sentry;
  if (sentry && (pipeline.has_firewall_ || sentry->clients.hasBans()))
    visit_.emplace(*sentry, connection.places, now());
}

const Decision& Journey::decide() {
  const Plan& plan = pipeline_.parts_.plan;
  if (plan.needs_time) request_.time = wallClock();
  decision_ = proxy::decide(exchange_.request, {.plan = plan,
                                                .client = facts_,
                                                .request = request_,
                                                .framing = exchange_.framing,
                                                .arena = exchange_.arena,
                                                .random = pipeline_.parts_.random,
                                                .trace = nullptr,
                                                .visit = visit_ ? &*visit_ : nullptr});
  outcome_.host = decision_.host;
  outcome_.route = decision_.route;
  if (decision_.route) client_.setIdleTime(decision_.route->idle);
  outcome_.firewall = &decision_.firewall;
  // One connection too many makes room.
  const auto& blocked = decision_.firewall.blocked;
  if (blocked && blocked->of == firewall::Hit::Of::Connections) exchange_.keep_alive = false;
  return decision_;
}

// --- to a server and back

Task<After> Journey::forward() {
  const RoutePlan& route = *decision_.route;
  upstream_ = pipeline_.upstreams_[decision_.leg->pool].get();
  // An HTTP/1.0 client may have said no Host; servers are spoken to in HTTP/1.1, which needs one.
  host_removed_ =
      route.level.headers.removesHost() || !exchange_.request.fields.find(FieldId::Host);
  outcome_.pool = upstream_->pool().name();
  until_ = deadlineAfter(exchange_.begun, timeouts().total);
  client_.body().begin(exchange_.framing, route.max_body);
  if (route.rules_wait_for_server) {
    http::RequestHead& copy = exchange_.arena.array<http::RequestHead>(1)[0];
    copy = exchange_.request;
    untouched_ = &copy;
  }
  if (route.mirror) beginMirror();
  if (retry().hedge.on) upstream_->hedges().addRequest(retry().hedge.budget);

  for (;;) {
    Result<void> attempted = co_await attempt(*upstream_);
    // Not within the attempt, whose frame would lie cold until the answer comes.
    if (attempted) attempted = co_await awaitHead();
    reportAttempt(attempted);
    if (!attempted && refusal_.status != 0) co_return co_await answer(answerOf(refusal_));
    if (!attempted && !co_await tryAgain(attempted.error()))
      co_return co_await fail(attempted.error());
    if (attempted && !tryAgainForStatus()) break;
    if (turn_.pause().count() > 0) co_await io::Sleep(pipeline_.parts_.reactor, turn_.pause());
  }
  turn_.end();
  if (exchange_.response.status == 101) co_return co_await switchProtocols();
  co_return co_await deliver();
}

// One server, until the request is on its way.
Task<Result<void>> Journey::attempt(upstream::Upstream& upstream) {
  if (!fresh_connection_) {
    if (turn_.retries() == 0) {
      Result<void> placed = place();
      if (!placed && placed.error().kind == FailureKind::Overloaded && upstream.hasQueue()) {
        placed = co_await waitForPlace();
        outcome_.queued = now();
      }
      if (!placed) co_return placed;
    } else if (const auto taken = takeServer(upstream::Permit::Comes::New); !taken) {
      co_return taken;
    }
    if (const auto begun = beginOnServer(); !begun) co_return begun;
  }
  outcome_.queued = now();
  if (!std::exchange(fresh_connection_, false)) lease_ = takeIdle(upstream);
  if (!lease_) {
    if (const auto made = co_await connect(upstream); !made) co_return made;
  }
  outcome_.connected = now();
  outcome_.reused_connection = lease_.reused();
  lease_.session().startExchange();
  const Result<size_t> head = composeRequest(chosen_.server());
  if (!head) co_return std::unexpected(head.error());
  uploaded_ = {};
  if (exchange_.framing.kind == Framing::Kind::None) {
    session::BodyWriter& writer = lease_.session().writer();
    writer.begin(out_.all(), *head, BodyCoding::None);
    const auto sent = co_await writer.write({}, true, {}, timeouts().body, until_);
    sent_ = now();
    outcome_.bytes_in = exchange_.head_bytes;
    if (!sent) co_return failWith(sent.error().kind, Step::Send, Side::Upstream);
    if (mirrored_) sendMirror();
  } else {
    sendWithBody(*head);
  }
  if (!uploading()) out_.giveBack();
  co_return Result<void>{};
}

// A connection that lies idle. A request that must not be sent twice gets one whose socket was
// asked.
upstream::Lease Journey::takeIdle(upstream::Upstream& upstream) {
  using Proof = upstream::ConnectionPool::Proof;
  const bool once_only = !http::isIdempotent(exchange_.request.method);
  return upstream.connections().takeIdle(chosen_.slot(), once_only ? Proof::Socket : Proof::Reactor,
                                         endsFor(upstream));
}

// What servers are told of the client, if the pool tells. A client behind a trusted proxy has no
// port that is known.
io::ConnectionEnds Journey::endsFor(upstream::Upstream& upstream) const {
  if (!upstream.connections().tellsClient()) return {};
  const bool is_peer = facts_.client == facts_.peer;
  return {.source = {facts_.client, is_peer ? facts_.peer_port : uint16_t{0}},
          .destination = client_.destination()};
}

Task<Result<void>> Journey::connect(upstream::Upstream& upstream) {
  upstream::ConnectionPool& connections = upstream.connections();
  const TimePoint deadline = std::min(until_, deadlineAfter(now(), timeouts().connect));
  const io::ConnectionEnds ends = endsFor(upstream);
  Result<upstream::Lease> made = co_await connections.connect(chosen_.slot(), deadline, ends);
  if (!made && made.error().kind == FailureKind::NoDescriptors) {
    // What lies idle gives its descriptors back, and so does what nobody waits for.
    pipeline_.closeIdleConnections();
    pipeline_.dropMirrors();
    made = co_await connections.connect(chosen_.slot(), deadline, ends);
  }
  if (!made) {
    Failure failure = made.error();
    if (now() >= until_) failure.kind = FailureKind::Deadline;
    co_return std::unexpected(failure);
  }
  lease_ = std::move(*made);
  co_return Result<void>{};
}

// Each server gets the request as the rules make it for that server.
Result<void> Journey::applyRulesForServer() {
  exchange_.request = *untouched_;
  request_.server = chosen_.server().name;
  decision_.mapping = {};
  refusal_ = applyRules(exchange_.request, *decision_.route, scene(), decision_.mapping);
  if (refusal_.status == 0) return {};
  return std::unexpected(Failure{FailureKind::Malformed, Step::Send, Side::Client, Retry::Never});
}

Result<size_t> Journey::composeRequest(const upstream::Server& server) {
  http::RequestHead& head = exchange_.request;
  bool fits = true;
  if (host_removed_) {
    const std::string_view address = exchange_.arena.copy(server.address);
    fits = head.fields.set(http::Field::make(exchange_.arena, FieldId::Host, address));
  }
  head.fields.eraseAll(
      http::maskOf(FieldId::Connection, FieldId::TransferEncoding, FieldId::Upgrade));
  fits = fits && completeRequestHead(head, exchange_.framing, decision_.upgrade, exchange_.arena);
  out_ = pipeline_.parts_.buffers.lend();
  const size_t length =
      fits ? http::h1::writeRequestHead(head, decision_.route->path_bytes, out_.all()) : 0;
  if (length == 0)
    return std::unexpected(
        Failure{FailureKind::TooLarge, Step::Send, Side::Fairlead, Retry::Never});
  return length;
}

// Sends the request: at once when all of it is here, else the body follows while the answer is
// awaited. How it went is told by `uploaded_`: a server that stops reading may have answered
// already.
void Journey::sendWithBody(size_t head_length) {
  if (!kept_ && keepsBody()) kept_.emplace(retry().buffer.value, pipeline_.kept_room_);
  lease_.session().writer().begin(out_.all(), head_length, codingOf(exchange_.framing));
  upload_ = upload();
  upload_.start();
}

// Is the body to be kept for another attempt? What lies whole in the window needs no copy, and what
// may not be sent twice none either.
bool Journey::keepsBody() const {
  const Framing& framing = exchange_.framing;
  const bool may_be_stale = lease_.reused() && retry().when.value.stale;
  if (!retry().on || (retry().attempts == 0 && !retry().hedge.on && !may_be_stale)) return false;
  if (!http::isIdempotent(exchange_.request.method)) return false;
  if (framing.kind != Framing::Kind::Length) return retry().buffer.value > 0;
  return framing.length <= retry().buffer.value &&
         framing.length > client_.window().unread().size();
}

// The request's body, beside the wait for the response.
Task<void> Journey::upload() {
  session::BodyReader& body = client_.body();
  const std::string_view again = kept_ ? std::string_view(kept_->octets()) : std::string_view{};
  if (mirrored_) mirrored_->restart();
  if (mirrored_) mirrored_->add(again);
  uploaded_ = co_await relay(body, lease_.session().writer(),
                             {.idle = timeouts().body,
                              .min_rate = timeouts().min_rate,
                              .until = until_,
                              .client = RelayTerms::Client::Reader,
                              .again = again,
                              .copies = {mirrored_.get(), kept_ ? &*kept_ : nullptr},
                              .pipes = &pipeline_.pipes_},
                             exchange_.arena);
  sent_ = now();
  if (uploaded_ && mirrored_) sendMirror();
  // Nobody needs to wait for the answer to a request that will never be complete.
  if (!uploaded_ && uploaded_.error().side != Side::Upstream)
    lease_.session().stream().failReadSoon(uploaded_.error().kind);
}

// An upgrade is not copied: what follows it would be missing.
void Journey::beginMirror() {
  if (decision_.upgrade.empty())
    mirrored_ = pipeline_.mirrors_.draw(*decision_.route->mirror, exchange_.framing);
}

// The request is out, whole: now its copy may follow.
void Journey::sendMirror() {
  upstream::Upstream& shadow = *pipeline_.upstreams_[decision_.route->mirror->pool];
  const bool sent = pipeline_.mirrors_.send({.head = exchange_.request,
                                             .path_bytes = decision_.route->path_bytes,
                                             .framing = exchange_.framing,
                                             .body = std::move(mirrored_),
                                             .client = endsFor(shadow)},
                                            shadow);
  if (sent) outcome_.mirror = shadow.pool().name();
}

// The request will never be complete, and not because the server stopped reading: that one may
// still answer.
bool Journey::uploadIsLost() const {
  return !uploading() && !uploaded_ && uploaded_.error().side != Side::Upstream;
}

// The time for the response counts from the end of the request. An attempt may have less.
TimePoint Journey::headDeadline() const {
  const TimePoint from = uploading() ? now() : sent_;
  const TimePoint latest = std::min(until_, deadlineAfter(from, timeouts().response));
  return std::min(latest, deadlineAfter(from, retry().per_try));
}

Result<void> Journey::failWith(FailureKind kind, Step step, Side side) const {
  if (kind == FailureKind::Timeout && now() >= until_) kind = FailureKind::Deadline;
  return std::unexpected(Failure{kind, step, side, Retry::Never});
}

// An upload that ended meanwhile moved the end of the wait, or it is time to ask a second server.
bool Journey::isWorthWaiting(FailureKind kind) {
  if (kind != FailureKind::Timeout || now() >= headDeadline()) return false;
  if (now() >= hedgeTime()) beginHedge();
  return true;
}

// What the answer is going to need, and what may have left the caches since the request went out:
// it comes while the kernel copies.
void Journey::fetchAhead() const {
  fairlead::fetchAhead(this, sizeof *this);
  fairlead::fetchAhead(&client_, sizeof client_);
  exchange_.fetchAhead();
}

// The final response head, or a 101. Interim responses are passed on as they come.
Task<Result<void>> Journey::awaitHead() {
  session::ClientSession& server = lease_.session();
  const io::GoneWatch watch(client_.stream(), server.stream());
  for (;;) {
    if (client_.stream().broken())
      co_return failWith(FailureKind::ClientGone, Step::ResponseHead, Side::Client);
    if (uploadIsLost()) co_return uploaded_;
    Result<bool> read = server.tryHead(exchange_.response);
    if (read && !*read) {
      const TimePoint pause = std::min(headDeadline(), hedgeTime());
      const auto waited = co_await server.stream().waitReadable(pause);
      fetchAhead();
      const auto received = server.receive(waited);
      if (received) continue;
      read = std::unexpected(received.error());
    }
    if (uploadIsLost()) co_return uploaded_;
    if (!read) {
      const FailureKind kind = read.error().kind;
      if (isWorthWaiting(kind)) continue;
      // The first attempt is lost; the second one may still answer.
      if (hedge_ && kind != FailureKind::ClientGone && !hedge_->done()) co_await hedge_->join();
      if (hedge_ && hedge_->answered()) {
        takeOver();
        co_return Result<void>{};
      }
      co_return failWith(kind, Step::ResponseHead, read.error().side);
    }
    const uint16_t status = exchange_.response.status;
    if (status == 101 && decision_.upgrade.empty())
      co_return failWith(FailureKind::Malformed, Step::ResponseHead, Side::Upstream);
    if (status >= 200 || status == 101) {
      if (hedge_) dropHedge();
      outcome_.first_byte = now();
      co_return Result<void>{};
    }
    if (const auto passed = co_await passInterim(); !passed) co_return passed;
  }
}

// 1xx goes to the client, but not to one of HTTP/1.0 (RFC 9110 section 15.2).
Task<Result<void>> Journey::passInterim() {
  if (exchange_.request.version == http::Version::Http10) co_return Result<void>{};
  http::ResponseHead& head = exchange_.response;
  const auto removed = http::removeHopByHop(head.fields, exchange_.arena);
  head.fields.erase(FieldId::ContentLength);
  io::Buffer buffer = pipeline_.parts_.buffers.lend();
  const size_t length = removed ? http::h1::writeResponseHead(head, buffer.all()) : 0;
  if (length == 0) co_return failWith(FailureKind::Malformed, Step::ResponseHead, Side::Upstream);
  const auto sent = co_await client_.stream().write(std::string_view(buffer.data(), length),
                                                    timeouts().body, until_);
  outcome_.bytes_out += length;
  if (!sent) co_return failWith(FailureKind::ClientGone, Step::ResponseHead, Side::Client);
  co_return Result<void>{};
}

// --- back to the client

Task<After> Journey::deliver() {
  session::ClientSession& server = lease_.session();
  http::ResponseHead& head = exchange_.response;
  if (const auto begun = server.beginBody(head, exchange_.request.method); !begun)
    co_return co_await fail(begun.error());
  const ResponseManner manner = mannerOf(server.body().framing(), exchange_.request.version);
  const bool keep_alive = clientMayStay() && !manner.until_close && client_.body().finished();
  if (decision_.route->changes_responses) {
    if (const auto ruled = rulesOnResponse(); !ruled) co_return co_await fail(ruled.error());
  }
  if (!tellServer())
    co_return co_await fail(
        {FailureKind::TooLarge, Step::ResponseHead, Side::Upstream, Retry::Never});
  const auto completed =
      completeResponseHead(head, manner, keep_alive, exchange_.request.version, exchange_.arena);
  // Not `out_`: the request's head may still be on its way out of that one.
  const io::Buffer out = pipeline_.parts_.buffers.lend();
  const size_t length = completed ? http::h1::writeResponseHead(head, out.all()) : 0;
  if (length == 0)
    co_return co_await fail(
        {FailureKind::Malformed, Step::ResponseHead, Side::Upstream, Retry::Never});

  session::BodyWriter& writer = client_.writer();
  writer.begin(out.all(), length, manner.coding, keep_alive ? io::Then::More : io::Then::End);
  const io::GoneWatch watch(client_.stream(), server.stream());
  outcome_.status = head.status;
  const Result<void> relayed = co_await relay(server.body(), writer,
                                              {.idle = timeouts().body,
                                               .min_rate = timeouts().min_rate,
                                               .until = until_,
                                               .client = RelayTerms::Client::Writer,
                                               .pipes = &pipeline_.pipes_},
                                              exchange_.arena);
  outcome_.bytes_in = exchange_.head_bytes + client_.body().octets();
  outcome_.bytes_out += writer.bytesSent();
  if (!relayed && writer.headPending()) co_return co_await fail(relayed.error());
  if (!relayed) {
    outcome_.failed = true;
    outcome_.failure = clientSide(relayed.error());
    // What a client does not take would stay in the kernel for as long as it likes.
    const bool is_stuck = relayed.error().side == Side::Client;
    co_return manner.until_close || is_stuck ? After::Reset : After::Close;
  }
  // Nobody but this client could use a connection that was made for it.
  const bool is_of_use = keep_alive || !upstream_->connections().tellsClient();
  if (is_of_use && !uploading() && uploaded_ && server.reusable()) lease_.keep();
  co_return endOfResponse(keep_alive);
}

// Hop-by-hop fields go first, so that a server's Connection cannot name what rules set. (Of a 101
// they are settled already.)
Result<void> Journey::rulesOnResponse() {
  http::ResponseHead& head = exchange_.response;
  const Failure failure{FailureKind::Malformed, Step::ResponseHead, Side::Upstream, Retry::Never};
  if (head.status != 101 && !http::removeHopByHop(head.fields, exchange_.arena))
    return std::unexpected(failure);
  request_.server = chosen_.server().name;
  const http::RequestHead& request = exchange_.request;
  const bool fits =
      applyResponseRules(head, {.decision = decision_,
                                .level = decision_.route->level,
                                .scene = scene(),
                                .from_server = true,
                                .client_authority = request.authority,
                                .sent_authority = request.fields.valueOf(FieldId::Host),
                                .server_address = chosen_.server().address});
  if (!fits) return std::unexpected(failure);
  return {};
}

After Journey::endOfResponse(bool keep_alive) {
  if (keep_alive && client_.body().finished()) return After::Next;
  return client_.body().finished() ? After::Close : After::Linger;
}

// --- after a 101

// The tunnel uses the window that the request's head lies in.
void Journey::keepForLog() {
  http::RequestHead& head = exchange_.request;
  Arena& arena = exchange_.arena;
  request_.method = arena.copy(request_.method);
  request_.request_id = arena.copy(request_.request_id);
  head.host = arena.copy(head.host);
  head.raw_target = arena.copy(head.raw_target);
  head.fields.clear();
}

Task<After> Journey::switchProtocols() {
  http::ResponseHead& head = exchange_.response;
  session::ClientSession& server = lease_.session();
  const auto completed = completeUpgradeHead(head, exchange_.arena);
  if (decision_.route->changes_responses) {
    if (const auto ruled = rulesOnResponse(); !ruled) co_return co_await fail(ruled.error());
  }
  out_ = pipeline_.parts_.buffers.lend();
  const size_t length = completed ? http::h1::writeResponseHead(head, out_.all()) : 0;
  if (length == 0)
    co_return co_await fail(
        {FailureKind::Malformed, Step::ResponseHead, Side::Upstream, Retry::Never});
  keepForLog();
  outcome_.status = head.status;
  const std::string_view bytes(out_.data(), length);
  if (const auto sent = co_await client_.stream().write(bytes, kAnswerTime); !sent) {
    outcome_.failed = true;
    outcome_.failure = {FailureKind::ClientGone, Step::Tunnel, Side::Client, Retry::Never};
    co_return After::Close;
  }
  out_.giveBack();
  TunnelBytes moved;
  const Result<void> ended =
      co_await tunnel({client_.stream(), client_.window()}, {server.stream(), server.window()},
                      timeouts().tunnel, moved);
  outcome_.bytes_in = exchange_.head_bytes + moved.from_client;
  outcome_.bytes_out = length + moved.from_upstream;
  if (!ended) {
    outcome_.failed = true;
    outcome_.failure = ended.error();
  }
  co_return After::Close;
}

}  // namespace fairlead::proxy
