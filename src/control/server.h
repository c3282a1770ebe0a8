// The control thread: follows names and health, answers on the admin listener, starts the workers,
// and stops them.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "admin/listener.h"
#include "base/random.h"
#include "config/config.h"
#include "control/ban_keeper.h"
#include "control/file_keeper.h"
#include "control/roster_keeper.h"
#include "control/spare_memory.h"
#include "io/buffer_pool.h"
#include "io/mailbox.h"
#include "io/reactor.h"
#include "telemetry/access_log.h"
#include "telemetry/log.h"
#include "upstream/pool_watch.h"
#include "worker/worker.h"

namespace fairlead::control {

// Why the server could not start, and what to do about it.
struct StartFailure {
  std::string sentence;
};

// The running load balancer. `start`, then `runUntilSignal`; all calls on one thread.
class Server {
 public:
  Server(const config::Config& config, Log& log);
  ~Server();

  // Opens the listeners, waits up to a second for the first health checks, and starts the workers.
  std::expected<void, StartFailure> start();
  // Serves until SIGTERM or SIGINT, then drains: 30 s at the most, or until a second signal.
  void runUntilSignal();

 private:
  std::expected<void, StartFailure> openDoors();
  std::expected<void, StartFailure> openAccessLogs();
  void stopAccessLogs();
  std::expected<void, StartFailure> openAdmin();
  void watchPools();
  void decideHealth();
  void startWorkers();
  void keepFiles();
  void retire(const std::shared_ptr<const void>& old);
  void onPoolEvent(const upstream::PoolEvent& event);
  void onBan(const firewall::Learned& learned);
  firewall::Sentry sentryOf(size_t worker);
  upstream::Status status();
  std::vector<admin::WorkerFacts> workerFacts() const;
  Task<void> watchSignals();
  Duration timeForLateComers() const;
  void drain();
  size_t openConnections() const;

  Log& log_;
  const config::Config& config_;
  std::expected<std::string, std::string> sticky_secret_;
  size_t worker_count_;
  Random random_;
  std::shared_ptr<const worker::Snapshot> snapshot_;
  firewall::ClientTable clients_;
  firewall::Ledger ledger_;
  io::Reactor reactor_;
  io::Mailbox mailbox_{reactor_};
  SpareMemory spare_memory_{reactor_};
  BanKeeper bans_;
  io::BufferPool buffers_;
  upstream::Prober prober_;
  upstream::FirstChecks first_checks_;
  std::vector<std::unique_ptr<upstream::PoolWatch>> watches_;  // as Plan::pools
  std::unique_ptr<RosterKeeper> rosters_;
  std::unique_ptr<admin::AdminServer> admin_;
  std::vector<std::unique_ptr<AccessLog>> access_logs_;  // as Snapshot::access_logs
  std::vector<std::vector<worker::Door>> doors_;         // by worker
  std::vector<std::unique_ptr<worker::Worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<FileKeeper> files_;
  std::atomic<size_t> ended_{0};  // workers whose `run` has returned
  int stops_asked_ = 0;           // SIGTERM and SIGINT so far
};

}  // namespace fairlead::control
