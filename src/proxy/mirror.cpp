// The way of a copy: composed when the request is out, sent in a later turn, its answer skipped.
#include "proxy/mirror.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "io/fair_share.h"

namespace fairlead::proxy {
namespace {

using http::FieldId;
using Kind = http::Framing::Kind;

constexpr Duration kLongest = std::chrono::minutes(5);  // of a copy where `total` has no limit

// What belongs to the connection that the request itself went over. A copy has no trailers.
constexpr uint64_t kNotCopied =
    http::maskOf(FieldId::Connection, FieldId::TransferEncoding, FieldId::Te, FieldId::Trailer,
                 FieldId::Expect, FieldId::Upgrade);

void count(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

http::Field contentLength(Arena& arena, uint64_t octets) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, octets).ptr;
  return http::Field::make(arena, FieldId::ContentLength,
                           {digits, static_cast<size_t>(end - digits)});
}

// The connection had lain idle and died under the copy, before any answer, and the copy may be sent
// a second time.
bool wasStale(const upstream::Lease& lease, const Failure& failure, http::Method method,
              bool has_body) {
  return lease && lease.reused() && !lease.session().answered() &&
         (failure.kind == FailureKind::Closed || failure.kind == FailureKind::Reset) &&
         (http::isIdempotent(method) || !has_body);
}

}  // namespace

// Everything that a copy needs, of its own.
struct Mirrors::Copy {
  http::Method method;
  std::string head;
  std::unique_ptr<BodyCopy> body;
  io::ConnectionEnds client;
  upstream::Upstream& shadow;
  upstream::Chosen chosen;
};

std::unique_ptr<BodyCopy> Mirrors::draw(const MirrorPlan& plan, const http::Framing& framing) {
  if (framing.kind == Kind::Length && framing.length > plan.max_body) return nullptr;
  if (plan.share < 1 && random_.unit() >= plan.share) return nullptr;
  return std::make_unique<BodyCopy>(plan.max_body, room_);
}

bool Mirrors::send(Sent original, upstream::Upstream& shadow) {
  using State = BodyCopy::State;
  const State state = original.body->state();
  if (state == State::TooLarge) return false;
  if (state == State::NoRoom || underWay() == kMostAtOnce) {
    count(counters_.dropped);
    return false;
  }
  std::string head = headOf(original);
  const balance::Tried none;
  Result<upstream::Chosen> chosen = shadow.choose(none, random_.next());
  if (!chosen || head.empty()) {
    count(counters_.failed);
    return false;
  }
  under_way_.spawn(deliver({.method = original.head.method,
                            .head = std::move(head),
                            .body = std::move(original.body),
                            .client = original.client,
                            .shadow = shadow,
                            .chosen = std::move(*chosen)}));
  return true;
}

// The same fields in the same order, empty when they do not fit; only a body that came in chunks
// gets its length instead.
std::string Mirrors::headOf(const Sent& original) {
  Arena arena;
  http::RequestHead head = original.head;
  head.fields.eraseAll(kNotCopied);
  if (original.framing.kind == Kind::Chunked)
    head.fields.add(contentLength(arena, original.body->octets().size()));
  const io::Buffer buffer = buffers_.lend();
  return {buffer.data(), http::h1::writeRequestHead(head, original.path_bytes, buffer.all())};
}

// Begins when everybody has had a turn who is ready now.
Task<void> Mirrors::deliver(Copy copy) {
  co_await io::NextTurn(reactor_);
  using Proof = upstream::ConnectionPool::Proof;
  const Duration total = copy.shadow.settings().timeouts.total;
  const TimePoint until = reactor_.now() + (total.count() > 0 ? total : kLongest);
  const Proof proof = http::isIdempotent(copy.method) ? Proof::Reactor : Proof::Socket;
  upstream::Lease lease =
      copy.shadow.connections().takeIdle(copy.chosen.slot(), proof, copy.client);
  Result<void> ended = co_await exchange(copy, lease, until);
  if (!ended && wasStale(lease, ended.error(), copy.method, !copy.body->octets().empty())) {
    lease.close();
    ended = co_await exchange(copy, lease, until);
  }
  count(ended ? counters_.answered : counters_.failed);
}

// One attempt; connects when there is no lease yet.
Task<Result<void>> Mirrors::exchange(const Copy& copy, upstream::Lease& lease, TimePoint until) {
  const upstream::TimeoutSettings& timeouts = copy.shadow.settings().timeouts;
  if (!lease) {
    const TimePoint deadline = std::min(until, deadlineAfter(reactor_.now(), timeouts.connect));
    Result<upstream::Lease> made =
        co_await copy.shadow.connections().connect(copy.chosen.slot(), deadline, copy.client);
    if (!made) co_return std::unexpected(made.error());
    lease = std::move(*made);
  }
  session::ClientSession& server = lease.session();
  server.startExchange();
  const std::array<std::string_view, 2> pieces{copy.head, copy.body->octets()};
  if (const auto sent = co_await server.stream().write(pieces, timeouts.body, until); !sent)
    co_return sent;
  const TimePoint deadline = std::min(until, deadlineAfter(reactor_.now(), timeouts.response));
  const auto response = std::make_unique<http::ResponseHead>();
  for (;;) {
    if (const auto read = co_await server.readHead(*response, deadline); !read) co_return read;
    if (response->status == 101)  // nobody asked for it
      co_return std::unexpected(
          Failure{FailureKind::Malformed, Step::ResponseHead, Side::Upstream, Retry::Never});
    if (response->status >= 200) break;
    co_await io::NextTurn(reactor_);
  }
  if (const auto begun = server.beginBody(*response, copy.method); !begun) co_return begun;
  if (const auto skipped = co_await skipBody(server.body(), timeouts.body, until); !skipped)
    co_return skipped;
  if (server.reusable()) lease.keep();
  co_return Result<void>{};
}

Task<Result<void>> Mirrors::skipBody(session::BodyReader& body, Duration idle, TimePoint until) {
  io::FairShare share(reactor_);
  for (;;) {
    if (share.isUsedUp()) co_await io::NextTurn(reactor_);
    const auto piece = body.take();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->last) co_return Result<void>{};
    share.count(piece->data.size());
    if (!piece->data.empty()) continue;
    const TimePoint deadline = std::min(until, deadlineAfter(reactor_.now(), idle));
    if (const auto got = co_await body.fill(deadline); !got) co_return got;
  }
}

}  // namespace fairlead::proxy
