// Starting, watching and stopping the workers.
#include "control/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>

#include "base/units.h"
#include "control/country_keeper.h"
#include "control/list_keeper.h"
#include "control/signals.h"
#include "control/state.h"
#include "io/half_open.h"
#include "io/socket_address.h"

namespace fairlead::control {
namespace {

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

// The kernel's table of descriptors grows as it is needed. In a process with threads, whoever needs
// it then waits until all CPUs have passed by (RCU). So it gets its size (512 KiB of the kernel's
// memory) before there are threads.
void growDescriptorTable() {
  constexpr rlim_t kDescriptors = rlim_t{1} << 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == 0) return;
  const io::Descriptor some(::eventfd(0, EFD_CLOEXEC));
  const int last = static_cast<int>(std::min(limit.rlim_cur, kDescriptors)) - 1;
  const io::Descriptor high(::fcntl(some.get(), F_DUPFD_CLOEXEC, last));
}

uint64_t seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

// `key`: of the configuration, where the address stands.
std::unexpected<StartFailure> cannotListen(const io::ListenAddress& at, int error,
                                           std::string_view key = "listen") {
  std::string advice = std::strerror(error);
  if (error == EADDRINUSE)
    advice = fmt::format(
        "another program uses it; stop that program or choose another address under `{}`", key);
  if (error == EACCES)
    advice = fmt::format(
        "ports below 1024 and some paths need a privilege (CAP_NET_BIND_SERVICE); "
        "grant it or choose a port above 1023 under `{}`",
        key);
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

// For the pools whose cookies have no key in the configuration.
std::expected<std::string, std::string> stickySecret(const config::Config& config) {
  const bool is_needed = std::ranges::any_of(config.pools, [](const config::Pool& pool) {
    const upstream::StickySettings& sticky = pool.rules.sticky;
    return !sticky.cookie.value.empty() && sticky.secret.value.empty();
  });
  if (!is_needed) return std::string();
  return config.state.value.empty() ? freshStickySecret() : keptStickySecret(config.state);
}

}  // namespace

Server::Server(const config::Config& config, Log& log)
    : log_(log),
      config_(config),
      sticky_secret_(stickySecret(config)),
      worker_count_(config.workers.value != 0 ? config.workers.value : availableCpus()),
      random_(seed()),
      snapshot_(std::make_shared<worker::Snapshot>(worker::compile(
          config, {.workers = worker_count_, .sticky_secret = sticky_secret_.value_or("")}))),
      clients_(config.client_table, {seed(), seed()}),
      ledger_(worker_count_),
      bans_({.table = clients_,
             .rules = snapshot_->plan.bans,
             .files = snapshot_->plan.files,
             .folder = config_.state.value,
             .reactor = reactor_,
             .mailbox = mailbox_,
             .log = log_}),
      prober_(reactor_, buffers_) {}

Server::~Server() {
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::expected<void, StartFailure> Server::start() {
  raiseDescriptorLimit();
  growDescriptorTable();
  if (!sticky_secret_) return std::unexpected(StartFailure{sticky_secret_.error()});
  if (auto opened = openDoors(); !opened) return opened;
  if (auto opened = openAccessLogs(); !opened) return opened;
  if (auto opened = openAdmin(); !opened) return opened;
  watchPools();
  decideHealth();
  bans_.start();
  startWorkers();
  keepFiles();
  for (const io::ListenAddress& at : snapshot_->listens)
    log_.info("listening on {} with {} worker{}", at.text(), worker_count_,
              worker_count_ == 1 ? "" : "s");
  return {};
}

std::expected<void, StartFailure> Server::openDoors() {
  doors_.resize(worker_count_);
  for (size_t number = 0; number < snapshot_->listens.size(); ++number) {
    const io::ListenAddress& at = snapshot_->listens[number];
    const std::optional<worker::ProxyPeers>& proxies = snapshot_->proxy_peers[number];
    auto sockets = openForAll(at, worker_count_);
    if (!sockets) return cannotListen(at, sockets.error());
    for (size_t i = 0; i < worker_count_; ++i)
      doors_[i].push_back(
          {std::move((*sockets)[i]), at.address.port, proxies ? &*proxies : nullptr});
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

// A built-in address that another fairlead has already is no reason not to start.
std::expected<void, StartFailure> Server::openAdmin() {
  const config::AdminSettings& settings = config_.admin;
  if (!settings.on) return {};
  const config::Listen& listen = settings.address.value;
  const io::ListenAddress at{
      .address = {listen.address, listen.port}, .any = listen.any, .unix_path = listen.unix_path};
  if (!at.unix_path.empty()) removeStaleSocket(at.unix_path);
  auto socket = io::openListener(at, io::Share::No);
  if (!socket && !settings.is_written) {
    log_.warning("no admin listener: {} is taken, perhaps by another fairlead; `admin:` names one",
                 at.text());
    return {};
  }
  if (!socket) return cannotListen(at, socket.error(), "admin");
  admin_ = std::make_unique<admin::AdminServer>(
      reactor_, buffers_, admin::AdminSettings{.token = settings.token, .names = {}, .limits = {}},
      admin::Api{.status = [this] { return status(); },
                 .bans = &bans_,
                 .firewall =
                     [this] {
                       return admin::factsOf(ledger_, clients_, config_.client_table,
                                             snapshot_->plan.files, reactor_.now());
                     },
                 .workers = [this] { return workerFacts(); }});
  admin_->serve(std::move(*socket));
  return {};
}

void Server::watchPools() {
  const control::Pools& pools = snapshot_->plan.pools;
  for (const auto& pool : pools)
    watches_.push_back(std::make_unique<upstream::PoolWatch>(
        *pool,
        upstream::WatchParts{.reactor = reactor_,
                             .prober = prober_,
                             .first_checks = first_checks_,
                             .random = random_},
        [this](const upstream::PoolEvent& event) { onPoolEvent(event); }));
  rosters_ = std::make_unique<RosterKeeper>(
      reactor_, random_, pools, NameSettings{.resolver = {.servers = config_.dns_servers}}, log_,
      [this](upstream::Pool& pool) {
        for (size_t i = 0; i < watches_.size(); ++i)
          if (snapshot_->plan.pools[i].get() == &pool) watches_[i]->adopt();
      });
  rosters_->start();
}

// Names and first checks together have a second: who has not answered by then gets no requests
// until it has.
void Server::decideHealth() {
  const TimePoint latest = reactor_.now() + kHealthWait;
  const auto isDecided = [this] {
    return rosters_->settled() &&
           std::ranges::all_of(watches_, [](const auto& watch) { return watch->decided(); });
  };
  while (!isDecided() && reactor_.now() < latest) reactor_.turn(latest - reactor_.now());
}

void Server::onPoolEvent(const upstream::PoolEvent& event) {
  if (upstream::isBad(event))
    log_.warning("{}", upstream::sentenceOf(event));
  else
    log_.info("{}", upstream::sentenceOf(event));
}

// Any worker's thread.
void Server::onBan(const firewall::Learned& learned) {
  const firewall::Ban& ban = learned.ban;
  const Mark& mark = learned.rule.mark;
  log_.warning("{} {} for {}: {} ({}:{}){}", learned.observed ? "would ban" : "banned",
               ban.network.shortText(), units::formatDuration(ban.until - ban.since),
               learned.rule.when.value.text, snapshot_->plan.files[mark.file], mark.line,
               ban.strikes > 1 ? fmt::format(", time {}", ban.strikes) : "");
  if (!learned.observed) bans_.tell();
}

firewall::Sentry Server::sentryOf(size_t worker) {
  return {.clients = clients_,
          .ledger = ledger_.lane(worker),
          .bans = snapshot_->plan.bans,
          .onBan = [this](const firewall::Learned& learned) { onBan(learned); }};
}

upstream::Status Server::status() {
  upstream::Status status{.at = reactor_.now(), .pools = {}};
  for (const auto& watch : watches_) status.pools.push_back(watch->status(status.at));
  return status;
}

std::vector<admin::WorkerFacts> Server::workerFacts() const {
  std::vector<admin::WorkerFacts> all;
  for (const auto& worker : workers_)
    all.push_back(
        {.connections = worker->connections(),
         .turns = worker->meter().facts(reactor_.now()),
         .time = worker->thread() == 0 ? std::nullopt : io::threadTimeOf(worker->thread())});
  return all;
}

void Server::startWorkers() {
  for (size_t i = 0; i < worker_count_; ++i) {
    std::vector<AccessLog::Lane*> lanes;
    for (const auto& log : access_logs_) lanes.push_back(&log->lane(i));
    workers_.push_back(std::make_unique<worker::Worker>(worker::WorkerParts{
        .snapshot = snapshot_,
        .doors = std::move(doors_[i]),
        .access_logs = std::move(lanes),
        .log = log_,
        .seed = random_.next(),
        .sentry = sentryOf(i),
        .number = i,
        .workers = worker_count_,
        .onSpareMemory = [this] { mailbox_.post([this] { spare_memory_.give(); }); }}));
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

void Server::keepFiles() {
  files_ = std::make_unique<FileKeeper>(reactor_, mailbox_, log_);
  const Retire retiring = [this](const std::shared_ptr<const void>& old) { retire(old); };
  keepLists(*config_.lists, retiring, *files_);
  if (config_.geo.database) keepCountries(config_.geo.database, retiring, *files_);
  files_->start();
}

// Every worker posts it on when it gets there, which is between two events: nobody reads it any
// more then. The last one to come back frees it, on this thread.
void Server::retire(const std::shared_ptr<const void>& old) {
  for (const auto& worker : workers_)
    worker->post([this, old]() mutable { mailbox_.post([old = std::move(old)] {}); });
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

// Whoever has a connection, but has not been accepted yet, comes within this time, as a rule: when
// thousands are held back at once, the kernel takes longer.
Duration Server::timeForLateComers() const {
  constexpr Duration kRoundTrip = std::chrono::milliseconds(500);  // and the kernel's coarse clock
  std::vector<uint16_t> ports;
  for (const io::ListenAddress& at : snapshot_->listens) ports.push_back(at.address.port);
  return io::anyHalfOpen(ports) ? io::Listener::kLongestSilence + kRoundTrip : Duration{0};
}

void Server::drain() {
  // First, so that nobody is held back whom the look at the kernel's table does not see.
  for (const auto& worker : workers_) worker->hearSilent();
  const Duration still_accepting = timeForLateComers();
  for (const auto& worker : workers_) worker->drain(still_accepting);
  const TimePoint latest = reactor_.now() + kDrainTime;
  while (ended_.load() < worker_count_ && stops_asked_ == 1 && reactor_.now() < latest)
    reactor_.turn(latest - reactor_.now());
  if (const size_t left = openConnections(); ended_.load() < worker_count_ && left > 0)
    log_.warning("closing {} connections that are still under way", left);
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  bans_.save();
  stopAccessLogs();
  for (const io::ListenAddress& at : snapshot_->listens)
    if (!at.unix_path.empty()) ::unlink(at.unix_path.c_str());
  const std::string& admin_path = config_.admin.address.value.unix_path;
  if (!admin_path.empty() && admin_) ::unlink(admin_path.c_str());
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
