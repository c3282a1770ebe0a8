// One core's whole world: reactor, listeners, sessions, connections to servers, buffers. It shares
// only the snapshot and the endpoints' live state.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "io/buffer_pool.h"
#include "io/listener.h"
#include "io/mailbox.h"
#include "io/reactor.h"
#include "proxy/pipeline.h"
#include "session/exchange.h"
#include "session/server_session.h"
#include "task/scope.h"
#include "telemetry/access_log.h"
#include "telemetry/log.h"
#include "worker/connection.h"
#include "worker/snapshot.h"

namespace fairlead::worker {

// A listening socket of this worker and the port that clients know it by.
struct Door {
  io::Descriptor fd;
  uint16_t port = 0;
  // Who begins with a PROXY header; nullptr: nobody. Of the snapshot.
  const ProxyPeers* proxies = nullptr;
};

struct WorkerParts {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<Door> doors;
  std::vector<AccessLog::Lane*> access_logs;  // as Snapshot::access_logs
  Log& log;
  uint64_t seed = 0;
  std::optional<firewall::Sentry> sentry;  // without: no limits, no bans
  size_t number = 0;                       // of this worker, from 0
  size_t workers = 1;                      // how many share the limits that count per process
  // The heap has got much back, on the worker's thread. Or none.
  std::function<void()> onSpareMemory = {};
};

// Made on any thread; `run` is called on its own. `hearSilent`, `drain`, `stop` and the counters
// are for any thread.
class Worker {
 public:
  explicit Worker(WorkerParts parts);

  // Serves until it is stopped, or drained and empty.
  void run();
  // From here on nobody is held back for being silent. Before `drain`.
  void hearSilent();
  // No new connections after this time, idle ones are closed, and the exchanges under way are the
  // last.
  void drain(Duration still_accepting = {});
  // Drops everything that is still under way and ends `run`.
  void stop();

  // Runs the letter on the worker's thread, between events; never, once `run` has ended.
  void post(io::Mailbox::Letter letter) { mailbox_.post(std::move(letter)); }

  // How long the turns of its loop are.
  const io::TurnMeter& meter() const { return reactor_.meter(); }
  // The number of the thread in `run`; 0: none yet.
  pid_t thread() const { return thread_.load(std::memory_order_relaxed); }
  size_t connections() const { return open_.load(std::memory_order_relaxed); }

 private:
  friend class Connection;
  using ConnectionPtr = std::unique_ptr<Connection>;

  Task<void> acceptForever(size_t door);
  void welcome(io::Accepted accepted, const Door& door);
  // Until something comes, or its time is over.
  void rest(ConnectionPtr connection);
  // Ends a rest: the caller has it now.
  ConnectionPtr rouse(Connection& resting);
  Scope::Root serveConnection(ConnectionPtr connection);
  Task<proxy::After> readProxyHeader(session::ServerSession& session, Connection& connection);
  Task<proxy::After> refuseProxyHeader(session::ServerSession& session, std::string_view fault,
                                       Connection& connection);
  // Out of descriptors: closes what lies idle, so that something can go on.
  void shedIdle();
  // Once a second while there is something to do: pools give back what they do not need.
  void tidy();
  void beginDrain(Duration still_accepting);
  Task<void> finishUp(Duration still_accepting);
  void endIfDrained();

  WorkerParts parts_;
  io::Reactor reactor_;
  io::Mailbox mailbox_{reactor_};
  io::BufferPool buffers_;
  session::ExchangePool exchanges_;
  Random random_;
  session::ClientSide clients_;
  proxy::Pipeline pipeline_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  struct Tidying : io::Timer {
    explicit Tidying(Worker& worker)
        : Timer([](Timer& timer, TimePoint) { static_cast<Tidying&>(timer).owner.tidy(); }),
          owner(worker) {}
    Worker& owner;
  };

  Log::Site shedding_;
  Log::Site bad_proxy_header_;
  std::atomic<size_t> open_{0};
  std::atomic<pid_t> thread_{0};
  Tidying tidying_{*this};
  unsigned tidied_in_vain_ = 0;        // times in a row
  bool given_back_ = false;            // some memory, since that was told
  IntrusiveList<Connection> resting_;  // the one that rests longest is the last; they are ours
  Scope connections_;                  // use all of the above
  Scope accepting_;
  Scope finishing_;
};

}  // namespace fairlead::worker
