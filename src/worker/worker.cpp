// Accepting connections and serving what comes over them.
#include "worker/worker.h"

#include <unistd.h>

#include <algorithm>

#include "base/ascii.h"

namespace fairlead::worker {
namespace {

constexpr size_t kIdlePerServer = 256;     // of the process
constexpr unsigned kAcceptsPerTurn = 8;    // then everybody else has a turn
constexpr unsigned kClosedPerTurn = 32;    // of those that a drain dismisses
constexpr unsigned kExchangesPerTurn = 8;  // of one connection that pipelines without end
constexpr size_t kShedAtOnce = 32;
constexpr Duration kAcceptPause = std::chrono::milliseconds(50);
// While draining, for the first request of a connection that was accepted just before.
constexpr Duration kLastRequestTime = std::chrono::seconds(1);
constexpr Duration kTidyEvery = std::chrono::seconds(1);

// What a worker writes all the time shares no line with another worker.
static_assert(alignof(Worker) >= 64 && alignof(AccessLog::Lane) >= 64 &&
              alignof(firewall::Ledger::Lane) >= 64 && alignof(upstream::Tally) >= 64);

}  // namespace

Worker::Worker(WorkerParts parts)
    : parts_(std::move(parts)),
      random_(parts_.seed),
      clients_{.buffers = buffers_,
               .exchanges = exchanges_,
               .limits = parts_.snapshot->client_limits,
               .idle = {},
               .draining = false},
      pipeline_({.reactor = reactor_,
                 .buffers = buffers_,
                 .random = random_,
                 .mailbox = mailbox_,
                 .plan = parts_.snapshot->plan,
                 .logs = parts_.access_logs,
                 .idle_per_server = std::max<size_t>(1, kIdlePerServer / parts_.workers),
                 .workers = parts_.workers,
                 .worker = parts_.number,
                 .sentry = parts_.sentry ? &*parts_.sentry : nullptr}) {
  for (Door& door : parts_.doors)
    listeners_.push_back(std::make_unique<io::Listener>(reactor_, std::move(door.fd)));
  // Where connections are counted, silent ones count from the beginning.
  if (!parts_.snapshot->plan.firewall.connections().empty()) return;
  for (const auto& listener : listeners_) listener->holdBackSilent(true);
}

void Worker::run() {
  thread_.store(::gettid(), std::memory_order_relaxed);
  for (size_t door = 0; door < listeners_.size(); ++door) accepting_.spawn(acceptForever(door));
  reactor_.run();
  accepting_.clear();
  finishing_.clear();
  connections_.clear();
  while (!resting_.empty()) rouse(*resting_.back()).reset();
  pipeline_.dropMirrors();
}

Task<void> Worker::acceptForever(size_t door) {
  io::Listener& listener = *listeners_[door];
  for (unsigned accepted_now = 1;; ++accepted_now) {
    Result<io::Accepted> accepted = co_await listener.accept();
    if (accepted) {
      welcome(std::move(*accepted), parts_.doors[door]);
    } else {
      shedIdle();
      co_await io::Sleep(reactor_, kAcceptPause);
    }
    if (accepted_now % kAcceptsPerTurn == 0) co_await io::NextTurn(reactor_);
  }
}

// What was accepted has sent something already, as a rule. Whose header has to come first rests
// until then, so that it holds nothing while it says nothing.
void Worker::welcome(io::Accepted accepted, const Door& door) {
  auto connection =
      std::make_unique<Connection>(*this, reactor_, std::move(accepted), door, clients_.limits);
  if (connection->owes_header)
    rest(std::move(connection));
  else if (pipeline_.admit(connection->client))
    connections_.spawn(serveConnection(std::move(connection)));
}

void Worker::rest(ConnectionPtr connection) {
  if (!connection->stream.ensureWatched()) return;
  Connection& resting = *connection.release();
  const Duration patience = clients_.draining     ? kLastRequestTime
                            : resting.owes_header ? clients_.limits.head_time
                                                  : resting.standing.idle_time;
  resting.in_last_rest = clients_.draining;
  resting.stream.setAttendant(&resting, deadlineAfter(reactor_.now(), patience));
  resting_.pushFront(resting);
  tidied_in_vain_ = 0;
  if (!tidying_.armed()) reactor_.timers().arm(tidying_, reactor_.now() + kTidyEvery);
}

Worker::ConnectionPtr Worker::rouse(Connection& resting) {
  resting.unlink();
  resting.stream.setAttendant(nullptr);
  return ConnectionPtr(&resting);
}

// Until it rests, or ends.
Scope::Root Worker::serveConnection(ConnectionPtr connection) {
  session::ServerSession session(connection->stream, clients_, connection->standing);
  proxy::After after = proxy::After::Next;
  if (connection->owes_header) after = co_await readProxyHeader(session, *connection);
  session::ExchangePool::Lease exchange;
  for (unsigned served = 1; after == proxy::After::Next; ++served) {
    if (served % kExchangesPerTurn == 0) co_await io::NextTurn(reactor_);
    auto next = session.tryNext(exchange);
    if (next == session::ServerSession::Next::Partly) next = co_await session.finishHead(*exchange);
    if (next == session::ServerSession::Next::End) break;
    if (next == session::ServerSession::Next::Nothing) {
      // Whoever came just before a stop has its first request on the way: that one is still served.
      if (!clients_.draining || !connection->standing.served) rest(std::move(connection));
      co_return;
    }
    after = next == session::ServerSession::Next::Request
                ? co_await pipeline_.serve(session, *exchange, connection->client)
                : co_await pipeline_.refuse(session, *exchange, connection->client);
  }
  exchange.giveBack();
  if (after == proxy::After::Tarpit) co_await pipeline_.answerLate(session, connection->client);
  if (after == proxy::After::Linger) co_await session.closeLingering();
  if (after == proxy::After::Reset) connection->stream.resetOnClose();
}

// The peer is the client that it tells of, from here on and for everybody.
Task<proxy::After> Worker::readProxyHeader(session::ServerSession& session,
                                           Connection& connection) {
  const Result<io::ProxyHeader> header = co_await session.readProxyHeader();
  if (!header) co_return proxy::After::Close;
  if (header->status == io::ProxyHeader::Status::Malformed)
    co_return co_await refuseProxyHeader(session, header->fault, connection);
  connection.owes_header = false;
  if (header->tells_ends) {
    connection.client.peer = header->ends.source.ip;
    connection.client.peer_port = header->ends.source.port;
  }
  co_return pipeline_.admit(connection.client) ? proxy::After::Next : proxy::After::Close;
}

// What begins with a letter is a request without a header, or a line of version 1: it gets an
// answer. Everything else would not understand one.
Task<proxy::After> Worker::refuseProxyHeader(session::ServerSession& session,
                                             std::string_view fault, Connection& connection) {
  parts_.log.every(bad_proxy_header_, std::chrono::seconds(10), Log::Level::Warning,
                   "{}: no valid PROXY header: {}", connection.client.peer.text(), fault);
  if (!ascii::isAlpha(session.window().unread().front())) co_return proxy::After::Close;
  connection.client.is_nameless_proxy = true;
  const session::ExchangePool::Lease exchange = exchanges_.lend();
  exchange->begun = reactor_.now();
  exchange->fault = {400, fault};
  co_return co_await pipeline_.refuse(session, *exchange, connection.client);
}

void Worker::shedIdle() {
  pipeline_.closeIdleConnections();
  pipeline_.dropMirrors();
  size_t shed = 0;
  for (; shed < kShedAtOnce && !resting_.empty(); ++shed) rouse(*resting_.back()).reset();
  parts_.log.every(shedding_, std::chrono::seconds(10), Log::Level::Warning,
                   "out of file descriptors: closed {} idle connections; raise the limit "
                   "(LimitNOFILE, ulimit -n) if this repeats",
                   shed);
}

void Worker::tidy() {
  const size_t now = FramePool::shrink() + buffers_.shrink() + exchanges_.shrink();
  given_back_ = given_back_ || now > 0;
  // Told once, when no more comes.
  if (now == 0 && std::exchange(given_back_, false) && parts_.onSpareMemory) parts_.onSpareMemory();
  // A pool needs two looks to know what it does not use.
  tidied_in_vain_ = now > 0 ? 0 : tidied_in_vain_ + 1;
  if (tidied_in_vain_ < 2) reactor_.timers().arm(tidying_, reactor_.now() + kTidyEvery);
}

// The listeners are there, and stay, until a drain.
void Worker::hearSilent() {
  for (const auto& listener : listeners_) listener->holdBackSilent(false);
}

void Worker::drain(Duration still_accepting) {
  mailbox_.post([this, still_accepting] { beginDrain(still_accepting); });
}

void Worker::beginDrain(Duration still_accepting) {
  if (std::exchange(clients_.draining, true)) return;
  finishing_.spawn(finishUp(still_accepting));
}

// A few at a time: those that are served meanwhile wait for it.
Task<void> Worker::finishUp(Duration still_accepting) {
  // Whoever rests and was served is closed; whoever has still to ask gets a last short chance.
  for (unsigned looked_at = 1; !resting_.empty(); ++looked_at) {
    if (resting_.back()->in_last_rest) break;  // and so are all others
    ConnectionPtr connection = rouse(*resting_.back());
    if (!connection->standing.served) rest(std::move(connection));
    connection.reset();
    if (looked_at % kClosedPerTurn == 0) co_await io::NextTurn(reactor_);
  }
  co_await io::Sleep(reactor_, still_accepting);
  accepting_.clear();
  // Connections that the kernel has accepted would be reset with the listener. Whoever still comes
  // after as many as can wait there is too late.
  unsigned accepted_now = 0;
  for (size_t door = 0; door < listeners_.size(); ++door) {
    for (int left = io::kBacklog; left > 0; --left) {
      std::optional<io::Accepted> accepted = listeners_[door]->acceptNow();
      if (!accepted) break;
      welcome(std::move(*accepted), parts_.doors[door]);
      if (++accepted_now % kAcceptsPerTurn == 0) co_await io::NextTurn(reactor_);
    }
  }
  listeners_.clear();
  endIfDrained();
}

void Worker::endIfDrained() {
  if (clients_.draining && listeners_.empty() && open_.load(std::memory_order_relaxed) == 0)
    reactor_.stop();
}

void Worker::stop() { reactor_.stop(); }

}  // namespace fairlead::worker
