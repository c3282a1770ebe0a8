// The way of one request, top to bottom: `Pipeline::serve` in pipeline.cpp is the story.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/timestamp.h"
#include "filter/filter.h"
#include "io/buffer_pool.h"
#include "io/pipe_pool.h"
#include "io/reactor.h"
#include "proxy/client_connection.h"
#include "proxy/mirror.h"
#include "proxy/outcome.h"
#include "proxy/plan.h"
#include "session/exchange.h"
#include "session/server_session.h"
#include "task/task.h"
#include "telemetry/access_log.h"
#include "upstream/upstream.h"

namespace fairlead::proxy {

// What a worker lends to its pipeline; all of it outlives the pipeline.
struct PipelineParts {
  io::Reactor& reactor;
  io::BufferPool& buffers;
  Random& random;
  io::Mailbox& mailbox;  // of this thread
  const Plan& plan;
  std::vector<AccessLog::Lane*> logs;  // as the plan counts them
  size_t idle_per_server = 256;        // idle connections that this worker keeps to each server
  size_t workers = 1;                  // how many there are
  size_t worker = 0;                   // its number
  firewall::Sentry* sentry = nullptr;  // null: no limits, no bans, nothing is counted
};

class Journey;

// One worker's requests. One thread.
class Pipeline {
 public:
  explicit Pipeline(const PipelineParts& parts);

  // Serves one request, whatever happens. The exchange and its views stay valid meanwhile.
  Task<After> serve(session::ServerSession& client, session::Exchange& exchange,
                    ClientConnection& connection);
  // Answers a request whose head was refused.
  Task<After> refuse(session::ServerSession& client, session::Exchange& exchange,
                     ClientConnection& connection);
  // May a connection that was accepted just now stay? It is counted from here on; one that comes
  // when its client has twice as many as it may is closed before anything is read.
  bool admit(ClientConnection& connection);
  // After::Tarpit: keeps the client waiting, then answers it.
  Task<void> answerLate(session::ServerSession& client, ClientConnection& connection);

  // Closes connections to servers, and pipes, that lie idle, for example when descriptors are
  // scarce.
  void closeIdleConnections();
  // Drops the copies of requests that are under way; on the thread that serves.
  void dropMirrors() { mirrors_.clear(); }

 private:
  friend class Journey;
  std::string_view date();
  AccessLog::Lane* logOf(const Outcome& outcome) const;
  std::string_view placeOf(const firewall::Hit& hit, Arena& arena) const;
  void record(session::Exchange& exchange, const filter::ClientFacts& facts,
              const Journey& journey);

  PipelineParts parts_;
  std::vector<std::unique_ptr<upstream::Upstream>> upstreams_;  // as Plan::pools
  bool has_firewall_;                                           // at any level
  size_t tarpitted_ = 0;
  io::PipePool pipes_{io::PipePool::shareOf(parts_.workers)};
  Mirrors mirrors_;                         // use the upstreams
  BodyRoom kept_room_{uint64_t{64} << 20};  // octets of bodies kept for retries
  TimePoint date_until_{};
  char date_[kHttpDateText];
};

}  // namespace fairlead::proxy
