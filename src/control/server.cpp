// Starting, watching and stopping the workers.
#include "control/server.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>

#include "control/resolver.h"
#include "control/signals.h"
#include "io/socket_address.h"

namespace fairlead::control {
namespace {

using balance::Health;

constexpr Duration kNamesWait = std::chrono::seconds(1);
constexpr Duration kHealthWait = std::chrono::seconds(1);
constexpr Duration kDrainTime = std::chrono::seconds(30);

// The rings of all access logs share the memory of four, and none has less than a burst needs.
size_t laneBytes(size_t logs) {
  constexpr size_t kMost = size_t{1} << 20;
  constexpr size_t kLeast = size_t{64} * 1024;
  return std::clamp(std::bit_floor(4 * kMost / logs), kLeast, kMost);
}

size_t availableCpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// Each connection takes two descriptors, and a load balancer has many.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

std::unexpected<StartFailure> cannotListen(const io::ListenAddress& at, int error) {
  std::string advice = std::strerror(error);
  if (error == EADDRINUSE)
    advice = "another program uses it; stop that program or choose another address under `listen`";
  if (error == EACCES)
    advice =
        "ports below 1024 and some paths need a privilege (CAP_NET_BIND_SERVICE); "
        "grant it or choose a port above 1023 under `listen`";
  if (error == EADDRNOTAVAIL) advice = "no interface of this machine has that address";
  return std::unexpected(StartFailure{fmt::format("cannot listen on {}: {}", at.text(), advice)});
}

// A Unix socket that nobody listens on any more is left over from an earlier run.
void removeStaleSocket(const std::string& path) {
  const io::KernelAddress address = io::KernelAddress::unixPath(path);
  const io::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), address.get(), address.length()) != 0 && errno == ECONNREFUSED)
    ::unlink(path.c_str());
}

// The sockets of one address: one for each worker. SO_REUSEPORT would let two programs share a port
// without a word, so the first try is made without it.
std::expected<std::vector<io::Descriptor>, int> openForAll(const io::ListenAddress& at,
                                                           size_t workers) {
  std::vector<io::Descriptor> sockets;
  if (!at.unix_path.empty()) {
    removeStaleSocket(at.unix_path);
    auto first = io::openListener(at, io::Share::No);
    if (!first) return std::unexpected(first.error());
    for (size_t i = 1; i < workers; ++i) sockets.emplace_back(::dup(first->get()));
    sockets.push_back(std::move(*first));
    return sockets;
  }
  if (const auto alone = io::openListener(at, io::Share::No); !alone)
    return std::unexpected(alone.error());
  for (size_t i = 0; i < workers; ++i) {
    auto socket = io::openListener(at, io::Share::Yes);
    if (!socket) return std::unexpected(socket.error());
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

}  // namespace

Server::Server(const config::Config& config, Log& log)
    : log_(log),
      worker_count_(config.workers.value != 0 ? config.workers.value : availableCpus()),
      random_(seed()),
      snapshot_(std::make_shared<worker::Snapshot>(worker::compile(config))),
      health_(reactor_, buffers_, random_,
              [this](const upstream::HealthChange& change) { onHealthChange(change); }) {}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::expected<void, StartFailure> Server::start() {
  raiseDescriptorLimit();
  if (auto opened = openDoors(); !opened) return opened;
  if (auto opened = openAccessLogs(); !opened) return opened;
  resolveNames();
  decideHealth();
  startWorkers();
  for (const io::ListenAddress& at : snapshot_->listens)
    log_.info("listening on {} with {} worker{}", at.text(), worker_count_,
              worker_count_ == 1 ? "" : "s");
  return {};
}

std::expected<void, StartFailure> Server::openDoors() {
  doors_.resize(worker_count_);
  for (const io::ListenAddress& at : snapshot_->listens) {
    auto sockets = openForAll(at, worker_count_);
    if (!sockets) return cannotListen(at, sockets.error());
    for (size_t i = 0; i < worker_count_; ++i)
      doors_[i].push_back({std::move((*sockets)[i]), at.address.port});
  }
  return {};
}

std::expected<void, StartFailure> Server::openAccessLogs() {
  const auto& destinations = snapshot_->access_logs;
  for (const std::string& destination : destinations) {
    auto opened = AccessLog::open({.destination = destination,
                                   .lanes = worker_count_,
                                   .lane_bytes = laneBytes(destinations.size())},
                                  log_);
    if (!opened) return std::unexpected(StartFailure{opened.error()});
    access_logs_.push_back(std::move(*opened));
  }
  return {};
}

void Server::resolveNames() {
  std::vector<std::shared_ptr<balance::Endpoint>> endpoints;
  for (const auto& pool : snapshot_->plan.pools)
    endpoints.insert(endpoints.end(), pool->servers.begin(), pool->servers.end());
  resolver_ = std::make_unique<Resolver>(endpoints);
  resolver_->awaitFirstRound(kNamesWait);
  for (const auto& endpoint : endpoints)
    if (endpoint->addresses.get().empty())
      log_.warning("the name {} of server {} does not resolve (yet); it is tried again every 5 s",
                   endpoint->host, endpoint->name);
}

void Server::decideHealth() {
  for (const auto& pool : snapshot_->plan.pools) health_.add(*pool);
  const TimePoint latest = reactor_.now() + kHealthWait;
  while (!health_.decided() && reactor_.now() < latest) reactor_.turn(latest - reactor_.now());
}

void Server::onHealthChange(const upstream::HealthChange& change) {
  const bool first = change.from == Health::Unknown;
  if (change.to == Health::Up && first) {
    log_.info("pool {}: server {} is up", change.pool.name, change.endpoint.name);
  } else if (change.to == Health::Up) {
    log_.info("pool {}: server {} is up again: {}", change.pool.name, change.endpoint.name,
              change.reason);
  } else {
    log_.warning("pool {}: server {} is down: {}", change.pool.name, change.endpoint.name,
                 change.reason);
  }
}

void Server::startWorkers() {
  for (size_t i = 0; i < worker_count_; ++i) {
    std::vector<AccessLog::Lane*> lanes;
    for (const auto& log : access_logs_) lanes.push_back(&log->lane(i));
    workers_.push_back(
        std::make_unique<worker::Worker>(worker::WorkerParts{.snapshot = snapshot_,
                                                             .doors = std::move(doors_[i]),
                                                             .access_logs = std::move(lanes),
                                                             .log = log_,
                                                             .seed = random_.next(),
                                                             .workers = worker_count_}));
  }
  for (size_t i = 0; i < worker_count_; ++i) {
    threads_.emplace_back([this, i] {
      workers_[i]->run();
      ended_.fetch_add(1);
      mailbox_.post([] {});  // so that a drain sees it at once
    });
    ::pthread_setname_np(threads_.back().native_handle(), fmt::format("worker-{}", i).c_str());
  }
}

size_t Server::openConnections() const {
  size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->connections();
  return sum;
}

Task<void> Server::watchSignals() {
  Signals signals(reactor_);
  for (;;) {
    switch (const int number = co_await signals.next()) {
      case SIGUSR1:
        for (const auto& log : access_logs_) log->reopen();
        log_.info("reopened the access log{}", access_logs_.size() == 1 ? "" : "s");
        break;
      case SIGHUP:
        log_.warning(
            "this version does not reload its configuration while running; restart it instead");
        break;
      default:
        ++stops_asked_;
        log_.info("{}: {}", number == SIGINT ? "SIGINT" : "SIGTERM",
                  stops_asked_ == 1 ? "finishing what is under way, 30 s at the most"
                                    : "stopping at once");
    }
  }
}

void Server::runUntilSignal() {
  Scope scope;
  scope.spawn(watchSignals());
  while (stops_asked_ == 0) reactor_.turn(std::chrono::hours(1));
  drain();
}

void Server::drain() {
  for (const auto& worker : workers_) worker->drain();
  const TimePoint latest = reactor_.now() + kDrainTime;
  while (ended_.load() < worker_count_ && stops_asked_ == 1 && reactor_.now() < latest)
    reactor_.turn(latest - reactor_.now());
  if (const size_t left = openConnections(); ended_.load() < worker_count_ && left > 0)
    log_.warning("closing {} connections that are still under way", left);
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  stopAccessLogs();
  for (const io::ListenAddress& at : snapshot_->listens)
    if (!at.unix_path.empty()) ::unlink(at.unix_path.c_str());
  log_.info("stopped");
}

void Server::stopAccessLogs() {
  for (const auto& log : access_logs_) log->stopSoon();
  for (size_t i = 0; i < access_logs_.size(); ++i) {
    access_logs_[i]->stop();
    if (const uint64_t dropped = access_logs_[i]->dropped(); dropped > 0)
      log_.warning("the access log {} lost {} lines: its reader or its disk was too slow",
                   snapshot_->access_logs[i], dropped);
  }
}

}  // namespace fairlead::control
