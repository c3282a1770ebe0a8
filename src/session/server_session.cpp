// Reading requests from a client, one after the other.
#include "session/server_session.h"

#include <array>
#include <utility>

namespace fairlead::session {
namespace {

constexpr http::MessageFault kHeadTimeout{408, "The request head did not arrive in time."};
constexpr Duration kLastRequestTime = std::chrono::seconds(1);
constexpr size_t kLingerBytes = 1 << 20;
constexpr Duration kLingerTime = std::chrono::seconds(2);

}  // namespace

ServerSession::ServerSession(io::Stream& stream, ClientSide& side)
    : stream_(stream),
      side_(side),
      idle_time_(side.limits.idle_time),
      window_(side.buffers, io::BufferSize::Small),
      body_(stream, window_, Side::Client),
      writer_(stream) {}

// Holds no buffer and no exchange: this is where ten thousand idle connections are.
Task<bool> ServerSession::awaitFirstByte(Duration usual) {
  // Whoever came just before a stop has its first request on the way: that one is still served.
  while (!side_.draining || !served_) {
    const bool last_chance = side_.draining;
    const Duration patience = last_chance ? kLastRequestTime : usual;
    side_.idle.pushFront(*this);
    const auto readable =
        co_await stream_.waitReadable(deadlineAfter(stream_.reactor().now(), patience));
    unlink();
    if (readable) co_return true;
    if (last_chance || !side_.draining) break;
  }
  co_return false;
}

Task<ServerSession::Next> ServerSession::nextExchange(ExchangePool::Lease& exchange) {
  window_.startMessage();
  exchange.giveBack();
  if (window_.empty() && !co_await awaitFirstByte(idle_time_)) co_return Next::End;

  served_ = true;
  exchange = side_.exchanges.lend();
  http::h1::RequestParser parser(side_.limits.head);
  exchange->begun = stream_.reactor().now();
  const TimePoint deadline = deadlineAfter(exchange->begun, side_.limits.head_time);
  for (;;) {
    if (!window_.empty()) {
      const auto status = parser.parse(window_.unread(), exchange->request, exchange->arena);
      if (status == http::h1::ParseStatus::Complete) break;
      if (status == http::h1::ParseStatus::Fault) {
        exchange->fault = parser.fault();
        co_return Next::Refused;
      }
      if (window_.mustGrow()) {
        window_.grow();
        parser.reset();
        exchange->clear();
        continue;
      }
    }
    Result<size_t> got = 0;
    if (window_.hasBuffer()) {
      got = co_await stream_.read(window_.room(), deadline);
      if (got) window_.received(*got);
    } else {
      if (!stream_.maybeReadable()) got = co_await stream_.waitReadable(deadline);
      if (got) got = stream_.readNow(window_.landing());
      if (got) window_.landed(*got);
    }
    if (got) continue;
    if (got.error().kind == FailureKind::Timeout && parser.begun()) {
      exchange->fault = kHeadTimeout;
      co_return Next::Refused;
    }
    co_return Next::End;
  }
  exchange->head_bytes = static_cast<uint32_t>(parser.headBytes());
  exchange->head_read = stream_.reactor().now();
  window_.pinHead(parser.headBytes());
  co_return vet(*exchange);
}

Task<Result<io::ProxyHeader>> ServerSession::readProxyHeader() {
  const Duration patience = side_.limits.head_time;
  const TimePoint deadline = deadlineAfter(stream_.reactor().now(), patience);
  const Failure none{FailureKind::Timeout, Step::RequestHead, Side::Client, Retry::Never};
  if (!co_await awaitFirstByte(patience)) co_return std::unexpected(none);
  for (;;) {
    if (window_.mustGrow()) window_.grow();
    const auto got = co_await stream_.read(window_.room(), deadline);
    if (!got) co_return std::unexpected(got.error());
    window_.received(*got);
    const io::ProxyHeader header = io::parseProxyHeader(window_.unread());
    if (header.status == io::ProxyHeader::Status::Incomplete) continue;
    window_.consume(header.length);
    if (header.tells_ends) {
      destination_ = header.ends.destination;
      destination_known_ = true;
    }
    co_return header;
  }
}

const SocketAddress& ServerSession::destination() {
  if (!std::exchange(destination_known_, true)) destination_ = stream_.localAddress();
  return destination_;
}

ServerSession::Next ServerSession::vet(Exchange& exchange) {
  const http::RequestHead& head = exchange.request;
  const auto framing = http::requestFraming(head);
  if (!framing) {
    exchange.fault = framing.error();
    return Next::Refused;
  }
  exchange.framing = *framing;
  exchange.keep_alive = http::wantsKeepAlive(head.version, head.fields);
  body_.begin(*framing);
  return Next::Request;
}

Task<bool> ServerSession::keepWaiting(Duration wait) {
  std::array<char, 512> thrown_away;
  const TimePoint until = stream_.reactor().now() + wait;
  window_.consume(window_.unread().size());
  window_.startMessage();
  Result<size_t> got = 0;
  for (size_t drained = 0; got && drained < kLingerBytes; drained += got.value_or(0))
    got = co_await stream_.read(thrown_away, until);
  if (!got) co_return got.error().kind == FailureKind::Timeout;
  // Whoever sends that much waits without being read.
  co_await io::Sleep(stream_.reactor(), until - stream_.reactor().now());
  co_return !stream_.broken();
}

Task<void> ServerSession::closeLingering() {
  stream_.shutdownWrite();
  const TimePoint deadline = stream_.reactor().now() + kLingerTime;
  window_.consume(window_.unread().size());
  window_.startMessage();  // a pinned head may have left no room
  for (size_t drained = 0; drained < kLingerBytes;) {
    const auto got = co_await stream_.read(window_.room(), deadline);
    if (!got) break;
    drained += *got;
  }
}

}  // namespace fairlead::session
