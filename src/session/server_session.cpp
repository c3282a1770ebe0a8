// Reading requests from a client, one after the other.
#include "session/server_session.h"

#include <array>

namespace fairlead::session {
namespace {

constexpr http::MessageFault kHeadTimeout{408, "The request head did not arrive in time."};
constexpr size_t kLingerBytes = 1 << 20;
constexpr Duration kLingerTime = std::chrono::seconds(2);

}  // namespace

ServerSession::ServerSession(io::Stream& stream, ClientSide& side, Standing& standing)
    : stream_(stream),
      side_(side),
      standing_(standing),
      window_(side.buffers, io::BufferSize::Small),
      parser_(side.limits.head),
      body_(stream, window_, Side::Client),
      writer_(stream) {}

ServerSession::Next ServerSession::tryNext(ExchangePool::Lease& exchange) {
  if (exchange) exchange.giveBack();
  if (window_.hasBuffer()) window_.startMessage();
  if (window_.empty()) {
    if (!stream_.maybeReadable()) return Next::Nothing;
    const auto got = stream_.readNow(window_.landing());
    if (!got) return Next::End;
    if (*got == 0) return Next::Nothing;
    window_.landed(*got);
  }
  standing_.served = true;
  exchange = side_.exchanges.lend();
  exchange->begun = stream_.reactor().now();
  parser_.reset();
  return parse(*exchange);
}

Task<ServerSession::Next> ServerSession::finishHead(Exchange& exchange) {
  const TimePoint deadline = deadlineAfter(exchange.begun, side_.limits.head_time);
  Next next = Next::Partly;
  while (next == Next::Partly) {
    const auto got = co_await stream_.read(window_.room(), deadline);
    if (got) {
      window_.received(*got);
      next = parse(exchange);
    } else if (got.error().kind == FailureKind::Timeout && parser_.begun()) {
      exchange.fault = kHeadTimeout;
      next = Next::Refused;
    } else {
      next = Next::End;
    }
  }
  co_return next;
}

Task<ServerSession::Next> ServerSession::nextExchange(ExchangePool::Lease& exchange) {
  for (;;) {
    const Next next = tryNext(exchange);
    if (next == Next::Partly) co_return co_await finishHead(*exchange);
    if (next != Next::Nothing) co_return next;
    if (!co_await awaitFirstByte(standing_.idle_time)) co_return Next::End;
  }
}

// Holds no buffer and no exchange.
Task<bool> ServerSession::awaitFirstByte(Duration patience) {
  if (side_.draining && standing_.served) co_return false;
  side_.idle.pushFront(*this);
  const auto readable =
      co_await stream_.waitReadable(deadlineAfter(stream_.reactor().now(), patience));
  unlink();
  co_return readable.has_value();
}

// What has come of a head.
ServerSession::Next ServerSession::parse(Exchange& exchange) {
  for (;;) {
    const auto status = parser_.parse(window_.unread(), exchange.request, exchange.arena);
    if (status == http::h1::ParseStatus::Complete) return vet(exchange);
    if (status == http::h1::ParseStatus::Fault) {
      exchange.fault = parser_.fault();
      return Next::Refused;
    }
    if (!window_.mustGrow()) return Next::Partly;
    window_.grow();
    parser_.reset();
    exchange.clear();
  }
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
      standing_.destination = std::make_unique<SocketAddress>(header.ends.destination);
    }
    co_return header;
  }
}

const SocketAddress& ServerSession::destination() {
  if (!standing_.destination)
    standing_.destination = std::make_unique<SocketAddress>(stream_.localAddress());
  return *standing_.destination;
}

ServerSession::Next ServerSession::vet(Exchange& exchange) {
  exchange.head_bytes = static_cast<uint32_t>(parser_.headBytes());
  exchange.head_read = stream_.reactor().now();
  window_.pinHead(parser_.headBytes());
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
