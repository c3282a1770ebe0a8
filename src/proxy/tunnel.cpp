// Two pumps that know of each other.
#include "proxy/tunnel.h"

#include <optional>

#include "io/fair_share.h"

namespace fairlead::proxy {
namespace {

// What both directions share.
struct Shared {
  Duration idle;
  TimePoint last_moved;
  std::optional<Failure> failure;  // the first one, which is the reason for both to end
};

// Interrupts the other direction, whose reading would otherwise wait on.
std::unexpected<Failure> endBoth(Shared& shared, Failure failure, io::Stream& other) {
  failure.step = Step::Tunnel;
  if (!shared.failure) shared.failure = failure;
  other.failReadSoon(failure.kind);
  return std::unexpected(*shared.failure);
}

// One direction.
Task<Result<void>> pump(TunnelEnd from, TunnelEnd to, Shared& shared, uint64_t& bytes) {
  io::Reactor& reactor = from.stream.reactor();
  io::FairShare share(reactor);
  for (;;) {
    if (share.isUsedUp()) co_await io::NextTurn(reactor);
    if (shared.failure) co_return std::unexpected(*shared.failure);
    if (from.window.empty()) {
      from.window.startMessage();
      const TimePoint deadline = deadlineAfter(shared.last_moved, shared.idle);
      if (const auto ready = co_await from.stream.waitReadable(deadline); !ready) {
        const bool other_moved = ready.error().kind == FailureKind::Timeout &&
                                 reactor.now() < deadlineAfter(shared.last_moved, shared.idle);
        if (other_moved) continue;
        co_return endBoth(shared, ready.error(), to.stream);
      }
      const auto got = co_await from.stream.read(from.window.largeRoom(), deadline);
      if (!got && got.error().kind == FailureKind::Closed) {
        to.stream.shutdownWrite();
        co_return Result<void>{};
      }
      if (!got) co_return endBoth(shared, got.error(), to.stream);
      from.window.received(*got);
    }
    const std::span<char> unread = from.window.unread();
    const auto sent =
        co_await to.stream.write(std::string_view(unread.data(), unread.size()), shared.idle);
    if (!sent) co_return endBoth(shared, sent.error(), to.stream);
    bytes += unread.size();
    share.count(unread.size());
    from.window.consume(unread.size());
    shared.last_moved = reactor.now();
  }
}

}  // namespace

Task<Result<void>> tunnel(TunnelEnd client, TunnelEnd upstream, Duration idle, TunnelBytes& bytes) {
  Shared shared{idle, client.stream.reactor().now(), std::nullopt};
  Task<Result<void>> up = pump(client, upstream, shared, bytes.from_client);
  up.start();
  const Result<void> down = co_await pump(upstream, client, shared, bytes.from_upstream);
  if (!down) co_return down;
  co_return co_await up.join();
}

}  // namespace fairlead::proxy
