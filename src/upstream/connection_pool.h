// Warm connections to one pool's servers: of one worker, last in first out.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "http/h1/parser.h"
#include "io/buffer_pool.h"
#include "io/proxy_protocol.h"
#include "io/reactor.h"
#include "session/client_session.h"
#include "upstream/chooser.h"

namespace fairlead::upstream {

class ConnectionPool;
struct Slot;

// A connection to one server: idle in the pool, or leased.
class Connection final : public IntrusiveNode<Connection>, public io::Stream::Attendant {
 public:
  Connection(Slot& slot, io::Reactor& reactor, io::Descriptor fd, io::BufferPool& buffers)
      : session(reactor, std::move(fd), buffers, http::h1::HeadLimits{}), slot_(slot) {}

  Slot& slot() const { return slot_; }
  void onStir(io::Stream& stream) override;

  session::ClientSession session;
  io::ConnectionEnds client;  // that the server was told, where the pool tells
  TimePoint idle_since{};
  TimePoint idle_until = kNever;
  bool reused = false;

 private:
  Slot& slot_;
};

// A server as one worker knows it. It stays while an exchange uses it, also when the server is not
// in the roster any more.
struct Slot {
  Slot(std::shared_ptr<Server> of, size_t idle_lists) : server(std::move(of)), idle(idle_lists) {}

  // Where connections for this client lie idle, the one that was used last in front.
  IntrusiveList<Connection>& idleFor(const io::ConnectionEnds& client) {
    return idle.size() == 1 ? idle.front() : idle[hashOf(client) % idle.size()];
  }
  size_t idleCount() const;

  std::shared_ptr<Server> server;
  // One list, or several by client where the pool tells its servers who that is.
  std::vector<IntrusiveList<Connection>> idle;
  uint32_t users = 0;     // exchanges that need it
  bool is_listed = true;  // in the roster of now
  size_t number = 0;      // in that roster
  Pick place;             // in its groups

 private:
  static size_t hashOf(const io::ConnectionEnds& client);
};

// A connection for one exchange. Unless it is kept, it is closed.
class Lease {
 public:
  Lease() = default;
  Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection)
      : pool_(&pool), connection_(std::move(connection)) {}

  session::ClientSession& session() const { return connection_->session; }
  // Was it used for an earlier exchange, so that the server may have closed it meanwhile?
  bool reused() const { return connection_->reused; }
  explicit operator bool() const { return connection_ != nullptr; }
  // Back into the pool for the next exchange; the session must be reusable.
  void keep();
  void close() { connection_.reset(); }

 private:
  ConnectionPool* pool_ = nullptr;
  std::unique_ptr<Connection> connection_;
};

class ConnectionPool {
 public:
  // A sweep closes no more at once, and goes on soon: closing is the kernel's work, some
  // microseconds each, and others wait for it.
  static constexpr size_t kClosingsAtOnce = 32;

  // `per_server`: no more than so many connections to one server lie idle for longer than a second.
  ConnectionPool(const Pool& pool, io::Reactor& reactor, io::BufferPool& buffers,
                 size_t per_server);
  ~ConnectionPool();

  // The servers are those of another roster now. Connections to those that are gone are closed
  // soon, when they lie idle.
  void adopt(const Roster& roster);
  // Of a server in the roster.
  Slot& slotOf(const Server& server) { return *slots_.at(&server); }
  // Nobody uses it, and it is not listed: it goes with its last idle connection.
  void forget(Slot& slot) {
    if (slot.idleCount() == 0) slots_.erase(slot.server.get());
  }

  // An idle connection that is alive as far as the reactor has seen; with Proof::Socket the socket
  // itself is asked as well, for a request that could not be sent twice. Empty when there is none.
  // Of a pool that tells its servers who the client is, only a connection of the same client.
  enum class Proof : uint8_t { Reactor, Socket };
  Lease takeIdle(Slot& slot, Proof proof, const io::ConnectionEnds& client = {});
  // A new connection, which must stand before the deadline, and on which the server was told of the
  // client if the pool tells. The slot must be in use meanwhile.
  Task<Result<Lease>> connect(Slot& slot, TimePoint deadline, io::ConnectionEnds client = {});
  // Do connections begin with a PROXY header?
  bool tellsClient() const { return pool_.settings.send_proxy_protocol != SendProxyProtocol::Off; }

  // Closes idle connections, for example when descriptors are scarce. Returns how many.
  size_t closeIdle(size_t most = SIZE_MAX);
  size_t idleCount() const;

 private:
  friend class Lease;
  struct Sweep : io::Timer {
    explicit Sweep(ConnectionPool& pool)
        : Timer([](Timer& timer, TimePoint now) { static_cast<Sweep&>(timer).owner.sweep(now); }),
          owner(pool) {}
    ConnectionPool& owner;
  };

  struct Wanted {
    Slot& slot;
    SocketAddress address;
    io::ConnectionEnds client;
    TimePoint deadline;
  };
  Task<Result<Lease>> connectTo(Wanted wanted);
  Task<Result<void>> tell(Connection& connection, TimePoint deadline);
  static Connection* findIdle(Slot& slot, bool of_client, const io::ConnectionEnds& client);
  void put(std::unique_ptr<Connection> connection);
  void sweep(TimePoint now);
  size_t sweepSlot(Slot& slot, TimePoint now, size_t& closings);
  void dropUnused();

  const Pool& pool_;
  io::Reactor& reactor_;
  io::BufferPool& buffers_;
  size_t per_server_;
  std::unordered_map<const Server*, std::unique_ptr<Slot>> slots_;
  Sweep sweep_{*this};
};

}  // namespace fairlead::upstream
