// Accepting connections and serving what comes over them.
#include "worker/worker.h"

#include <algorithm>

#include "base/ascii.h"

namespace fairlead::worker {
namespace {

constexpr size_t kIdlePerServer = 256;     // of the process
constexpr unsigned kAcceptsPerTurn = 16;   // then everybody else has a turn
constexpr unsigned kClosedPerTurn = 32;    // of those that a drain dismisses
constexpr unsigned kExchangesPerTurn = 8;  // of one connection that pipelines without end
constexpr size_t kShedAtOnce = 32;
constexpr Duration kAcceptPause = std::chrono::milliseconds(50);

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
                 .worker = parts_.number,
                 .sentry = parts_.sentry ? &*parts_.sentry : nullptr}) {
  for (Door& door : parts_.doors)
    listeners_.push_back(std::make_unique<io::Listener>(reactor_, std::move(door.fd)));
}

void Worker::run() {
  for (size_t door = 0; door < listeners_.size(); ++door) accepting_.spawn(acceptForever(door));
  reactor_.run();
  accepting_.clear();
  finishing_.clear();
  connections_.clear();
  pipeline_.dropMirrors();
}

Task<void> Worker::acceptForever(size_t door) {
  io::Listener& listener = *listeners_[door];
  for (unsigned accepted_now = 1;; ++accepted_now) {
    Result<io::Accepted> accepted = co_await listener.accept();
    if (accepted) {
      connections_.spawn(serveConnection(std::move(*accepted), parts_.doors[door]));
    } else {
      shedIdle();
      co_await io::Sleep(reactor_, kAcceptPause);
    }
    if (accepted_now % kAcceptsPerTurn == 0) co_await io::NextTurn(reactor_);
  }
}

Task<void> Worker::serveConnection(io::Accepted accepted, const Door& door) {
  io::Stream stream(reactor_, std::move(accepted.fd), Side::Client);
  if (!stream.ok()) co_return;
  open_.fetch_add(1, std::memory_order_relaxed);
  session::ServerSession session(stream, clients_);
  proxy::ClientConnection connection;
  connection.facts = {.peer = accepted.peer.ip,
                      .client = accepted.peer.ip,
                      .peer_port = accepted.peer.port,
                      .listener_port = door.port};
  proxy::After after = proxy::After::Next;
  if (door.proxies && door.proxies->contains(accepted.peer.ip))
    after = co_await readProxyHeader(session, connection);
  if (after == proxy::After::Next && !pipeline_.admit(connection)) after = proxy::After::Close;
  session::ExchangePool::Lease exchange;
  for (unsigned served = 1; after == proxy::After::Next; ++served) {
    if (served % kExchangesPerTurn == 0) co_await io::NextTurn(reactor_);
    const auto next = co_await session.nextExchange(exchange);
    if (next == session::ServerSession::Next::End) break;
    after = next == session::ServerSession::Next::Request
                ? co_await pipeline_.serve(session, *exchange, connection)
                : co_await pipeline_.refuse(session, *exchange, connection);
  }
  exchange.giveBack();
  if (after == proxy::After::Tarpit) co_await pipeline_.answerLate(session, connection);
  if (after == proxy::After::Linger) co_await session.closeLingering();
  if (after == proxy::After::Reset) stream.resetOnClose();
  open_.fetch_sub(1, std::memory_order_relaxed);
  endIfDrained();
}

// The peer is the client that it tells of, from here on and for everybody.
Task<proxy::After> Worker::readProxyHeader(session::ServerSession& session,
                                           proxy::ClientConnection& connection) {
  const Result<io::ProxyHeader> header = co_await session.readProxyHeader();
  if (!header) co_return proxy::After::Close;
  if (header->status == io::ProxyHeader::Status::Malformed)
    co_return co_await refuseProxyHeader(session, header->fault, connection);
  filter::ClientFacts& facts = connection.facts;
  if (header->tells_ends) {
    facts.peer = facts.client = header->ends.source.ip;
    facts.peer_port = header->ends.source.port;
  }
  co_return proxy::After::Next;
}

// What begins with a letter is a request without a header, or a line of version 1: it gets an
// answer. Everything else would not understand one.
Task<proxy::After> Worker::refuseProxyHeader(session::ServerSession& session,
                                             std::string_view fault,
                                             proxy::ClientConnection& connection) {
  parts_.log.every(bad_proxy_header_, std::chrono::seconds(10), Log::Level::Warning,
                   "{}: no valid PROXY header: {}", connection.facts.peer.text(), fault);
  if (!ascii::isAlpha(session.window().unread().front())) co_return proxy::After::Close;
  connection.is_nameless_proxy = true;
  const session::ExchangePool::Lease exchange = exchanges_.lend();
  exchange->begun = reactor_.now();
  exchange->fault = {400, fault};
  co_return co_await pipeline_.refuse(session, *exchange, connection);
}

void Worker::shedIdle() {
  pipeline_.closeIdleConnections();
  pipeline_.dropMirrors();
  size_t shed = 0;
  for (; shed < kShedAtOnce && !clients_.idle.empty(); ++shed) clients_.idle.back()->dismiss();
  parts_.log.every(shedding_, std::chrono::seconds(10), Log::Level::Warning,
                   "out of file descriptors: closed {} idle connections; raise the limit "
                   "(LimitNOFILE, ulimit -n) if this repeats",
                   shed);
}

void Worker::drain() {
  mailbox_.post([this] { beginDrain(); });
}

void Worker::beginDrain() {
  clients_.draining = true;
  accepting_.clear();
  finishing_.spawn(finishUp());
}

// A few at a time: those that are served meanwhile wait for it.
Task<void> Worker::finishUp() {
  for (unsigned dismissed = 1; !clients_.idle.empty(); ++dismissed) {
    session::ServerSession& longest = *clients_.idle.back();
    if (longest.inLastWait()) break;  // and so are all others
    longest.dismiss();
    if (dismissed % kClosedPerTurn == 0) co_await io::NextTurn(reactor_);
  }
  // Connections that the kernel has accepted would be reset with the listener.
  unsigned accepted_now = 0;
  for (size_t door = 0; door < listeners_.size(); ++door) {
    while (std::optional<io::Accepted> accepted = listeners_[door]->acceptNow()) {
      connections_.spawn(serveConnection(std::move(*accepted), parts_.doors[door]));
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
