// Lending, keeping and making connections to servers.
#include "upstream/connection_pool.h"

#include <algorithm>
#include <array>

#include "base/fetch_ahead.h"
#include "base/hash.h"
#include "upstream/proxy_greeting.h"

namespace fairlead::upstream {
namespace {

constexpr Duration kSweepEvery = std::chrono::seconds(1);
constexpr Duration kAnnouncementMargin = std::chrono::seconds(1);
// Where connections are not shared between clients there are many, and few of them fit.
constexpr size_t kListsByClient = 256;

// What the server announced, less a second, else the pool's setting; zero means that it is not
// kept.
Duration idleTime(const Connection& connection, const Pool& pool) {
  const Duration announced = connection.session.announcedIdle();
  if (announced.count() == 0) return pool.settings.timeouts.upstream_idle.value;
  return std::max(Duration::zero(), announced - kAnnouncementMargin);
}

}  // namespace

size_t Slot::hashOf(const io::ConnectionEnds& client) {
  return mixed(hashOfClient(client.source.ip) + client.source.port);
}

size_t Slot::idleCount() const {
  size_t count = 0;
  for (const auto& list : idle) count += list.size();
  return count;
}

void Connection::onStir(io::Stream&) {
  // The server closed, or spoke unasked: either way this connection is of no more use.
  unlink();
  delete this;
}

void Lease::keep() { pool_->put(std::move(connection_)); }

ConnectionPool::ConnectionPool(const Pool& pool, io::Reactor& reactor, io::BufferPool& buffers,
                               size_t per_server)
    : pool_(pool),
      reactor_(reactor),
      buffers_(buffers),
      per_server_(std::max<size_t>(1, per_server)) {}

ConnectionPool::~ConnectionPool() { closeIdle(); }

void ConnectionPool::adopt(const Roster& roster) {
  for (const auto& [server, slot] : slots_) slot->is_listed = false;
  for (size_t i = 0; i < roster.servers.size(); ++i) {
    const std::shared_ptr<Server>& server = roster.servers[i];
    std::unique_ptr<Slot>& slot = slots_[server.get()];
    if (!slot) slot = std::make_unique<Slot>(server, tellsClient() ? kListsByClient : 1);
    slot->is_listed = true;
    slot->number = i;
  }
  dropUnused();
  reactor_.timers().armBy(sweep_, reactor_.now());
}

void ConnectionPool::dropUnused() {
  std::erase_if(slots_, [](const auto& entry) {
    const Slot& slot = *entry.second;
    return !slot.is_listed && slot.users == 0 && slot.idleCount() == 0;
  });
}

Connection* ConnectionPool::findIdle(Slot& slot, bool of_client, const io::ConnectionEnds& client) {
  IntrusiveList<Connection>& idle = slot.idleFor(client);
  Connection* found = idle.front();
  if (!of_client) return found;
  while (found && found->client != client) found = idle.after(*found);
  return found;
}

Lease ConnectionPool::takeIdle(Slot& slot, Proof proof, const io::ConnectionEnds& client) {
  const bool of_client = tellsClient();
  while (Connection* connection = findIdle(slot, of_client, client)) {
    connection->unlink();
    std::unique_ptr<Connection> owned(connection);
    owned->session.stream().setAttendant(nullptr);
    if (!owned->session.stream().quiet() || owned->idle_until <= reactor_.now()) continue;
    if (proof == Proof::Socket && !owned->session.stream().provenQuiet()) continue;
    owned->reused = true;
    // Where connections are not shared, who comes next will hardly be the same client.
    const Connection* const next = of_client ? nullptr : slot.idle.front().front();
    if (next) fetchAhead(next, sizeof *next);
    return {*this, std::move(owned)};
  }
  return {};
}

Task<Result<Lease>> ConnectionPool::connect(Slot& slot, TimePoint deadline,
                                            io::ConnectionEnds client) {
  Server& server = *slot.server;
  const size_t count = server.addresses.size();
  const size_t preferred = server.preferred_address.load(std::memory_order_relaxed);
  Result<Lease> result = std::unexpected(
      Failure{.kind = FailureKind::ConnectFailed, .step = Step::Connect, .side = Side::Upstream});
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (preferred + i) % count;
    result = co_await connectTo({slot, server.addresses[at], client, deadline});
    if (result) {
      if (at != preferred)
        server.preferred_address.store(static_cast<uint32_t>(at), std::memory_order_relaxed);
      break;
    }
    if (result.error().kind == FailureKind::NoDescriptors) break;
  }
  co_return result;
}

Task<Result<Lease>> ConnectionPool::connectTo(Wanted wanted) {
  Result<io::Descriptor> fd = io::startConnect(wanted.address);
  if (!fd) co_return std::unexpected(fd.error());
  auto connection = std::make_unique<Connection>(wanted.slot, reactor_, std::move(*fd), buffers_);
  io::Stream& stream = connection->session.stream();
  const auto fail = [](FailureKind kind, Side side = Side::Upstream) {
    return std::unexpected(Failure{.kind = kind, .step = Step::Connect, .side = side});
  };
  if (!stream.ok()) co_return fail(FailureKind::Internal, Side::Fairlead);
  if (!co_await stream.waitConnected(wanted.deadline)) co_return fail(FailureKind::ConnectTimeout);
  if (const auto connected = stream.connectResult(); !connected)
    co_return fail(connected.error().kind);
  if (tellsClient()) {
    connection->client = wanted.client;
    if (const auto told = co_await tell(*connection, wanted.deadline); !told)
      co_return fail(told.error().kind == FailureKind::Timeout ? FailureKind::ConnectTimeout
                                                               : FailureKind::ConnectFailed);
  }
  co_return Lease(*this, std::move(connection));
}

Task<Result<void>> ConnectionPool::tell(Connection& connection, TimePoint deadline) {
  std::array<char, io::kProxyHeaderRoom> room;
  const std::string_view greeting =
      greetingFor(pool_.settings.send_proxy_protocol, connection.client, room);
  co_return co_await connection.session.stream().write(greeting, Duration{0}, deadline);
}

void ConnectionPool::put(std::unique_ptr<Connection> connection) {
  Slot& slot = connection->slot();
  const Duration keep = idleTime(*connection, pool_);
  if (keep.count() <= 0 || !slot.is_listed) return;
  connection->idle_since = reactor_.now();
  connection->idle_until = reactor_.now() + keep;
  connection->session.rest();
  connection->session.stream().setAttendant(connection.get());
  slot.idleFor(connection->client).pushFront(*connection);
  connection.release();  // the list's
  reactor_.timers().armBy(sweep_, reactor_.now() + kSweepEvery);
}

void ConnectionPool::sweep(TimePoint now) {
  size_t left = 0;
  size_t closings = kClosingsAtOnce;
  for (const auto& [server, slot] : slots_) left += sweepSlot(*slot, now, closings);
  dropUnused();
  if (left > 0) reactor_.timers().arm(sweep_, closings > 0 ? now + kSweepEvery : now);
}

// Closes what has been idle for too long, or whose server is gone; tells how many stay.
size_t ConnectionPool::sweepSlot(Slot& slot, TimePoint now, size_t& closings) {
  size_t left = slot.idleCount();
  for (auto& idle : slot.idle) {
    for (Connection* oldest = idle.back(); oldest && closings > 0; oldest = idle.back()) {
      // More than the limit may come back at once and be needed again at once: what goes is what
      // nobody needed for a while.
      const bool surplus = left > per_server_ && oldest->idle_since + kSweepEvery <= now;
      if (slot.is_listed && oldest->idle_until > now && !surplus) break;
      oldest->unlink();
      delete oldest;
      --closings;
      --left;
    }
  }
  return left;
}

size_t ConnectionPool::closeIdle(size_t most) {
  size_t closed = 0;
  for (const auto& [server, slot] : slots_) {
    for (auto& idle : slot->idle) {
      for (; closed < most && !idle.empty(); ++closed) {
        Connection* const connection = idle.back();
        connection->unlink();
        delete connection;
      }
    }
  }
  return closed;
}

size_t ConnectionPool::idleCount() const {
  size_t count = 0;
  for (const auto& [server, slot] : slots_) count += slot->idleCount();
  return count;
}

}  // namespace fairlead::upstream
