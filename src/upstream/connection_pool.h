// Warm connections to one pool's servers: of one worker, last in first out.
#pragma once

#include <memory>
#include <vector>

#include "balance/balancer.h"
#include "base/intrusive_list.h"
#include "http/h1/parser.h"
#include "io/buffer_pool.h"
#include "io/reactor.h"
#include "session/client_session.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

class ConnectionPool;

// A connection to one server: idle in the pool, or leased.
class Connection final : public IntrusiveNode<Connection>, public io::Stream::Attendant {
 public:
  Connection(balance::EndpointId endpoint, io::Reactor& reactor, io::Descriptor fd,
             io::BufferPool& buffers)
      : session(reactor, std::move(fd), buffers, http::h1::HeadLimits{}), endpoint_(endpoint) {}

  balance::EndpointId endpoint() const { return endpoint_; }
  void onStir(io::Stream& stream) override;

  session::ClientSession session;
  TimePoint idle_since{};
  TimePoint idle_until = kNever;
  bool reused = false;

 private:
  balance::EndpointId endpoint_;
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
  // `per_server`: no more than so many connections to one server lie idle for longer than a second.
  ConnectionPool(const Pool& pool, io::Reactor& reactor, io::BufferPool& buffers,
                 size_t per_server);
  ~ConnectionPool();

  // An idle connection that is alive as far as the reactor has seen; with Proof::Socket the socket
  // itself is asked as well, for a request that could not be sent twice. Empty when there is none.
  enum class Proof : uint8_t { Reactor, Socket };
  Lease takeIdle(balance::EndpointId endpoint, Proof proof);
  // A new connection, which must stand before the deadline.
  Task<Result<Lease>> connect(balance::EndpointId endpoint, TimePoint deadline);

  // Closes all idle connections, for example when descriptors are scarce.
  void closeIdle();
  size_t idleCount() const;

 private:
  friend class Lease;
  using Idle = IntrusiveList<Connection>;
  struct Sweep : io::Timer {
    explicit Sweep(ConnectionPool& pool)
        : Timer([](Timer& timer, TimePoint now) { static_cast<Sweep&>(timer).owner.sweep(now); }),
          owner(pool) {}
    ConnectionPool& owner;
  };

  Task<Result<Lease>> connectTo(balance::EndpointId id, const SocketAddress& address,
                                TimePoint deadline);
  void put(std::unique_ptr<Connection> connection);
  void sweep(TimePoint now);

  const Pool& pool_;
  io::Reactor& reactor_;
  io::BufferPool& buffers_;
  size_t per_server_;
  std::vector<std::unique_ptr<Idle>> idle_;  // by endpoint
  Sweep sweep_{*this};
};

}  // namespace fairlead::upstream
