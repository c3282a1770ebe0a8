// A worker on a thread of its own, between origins on another thread and clients of the test.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "config/diagnostic.h"
#include "config/load.h"
#include "support/origin.h"
#include "support/sockets.h"
#include "unit/upstream/pool_for_test.h"
#include "worker/worker.h"

namespace fairlead::worker {

// Servers on a reactor and a thread of their own.
class OriginThread {
 public:
  OriginThread(size_t count, const std::string& answer) {
    for (size_t i = 0; i < count; ++i)
      origins_.push_back(std::make_unique<test::Origin>(reactor_, answer));
    thread_ = std::thread([this] { reactor_.run(); });
  }
  ~OriginThread() {
    reactor_.stop();
    thread_.join();
  }
  std::vector<SocketAddress> addresses() const {
    std::vector<SocketAddress> all;
    for (const auto& origin : origins_) all.push_back(origin->address());
    return all;
  }

 private:
  io::Reactor reactor_;
  std::vector<std::unique_ptr<test::Origin>> origins_;
  std::thread thread_;
};

// `yaml` may say SERVER0, SERVER1 ... for the addresses given. All servers are up.
inline std::shared_ptr<Snapshot> snapshotOf(std::string yaml,
                                            const std::vector<SocketAddress>& servers) {
  for (size_t i = 0; i < servers.size(); ++i) {
    const std::string name = "SERVER" + std::to_string(i);
    for (size_t at; (at = yaml.find(name)) != std::string::npos;)
      yaml.replace(at, name.size(), servers[i].text());
  }
  const config::Loaded loaded = config::loadText("fairlead.yaml", std::move(yaml),
                                                 [](std::string_view) { return std::nullopt; });
  if (!loaded.config) throw std::runtime_error(config::renderText(loaded.diagnostics));
  auto snapshot = std::make_shared<Snapshot>(compile(*loaded.config));
  for (const auto& pool : snapshot->plan.pools)
    for (size_t i = 0; i < pool->roster()->servers.size(); ++i)
      upstream::setActive(*pool, i, upstream::ActiveHealth::Up);
  return snapshot;
}

class RunningWorker {
 public:
  // `in_thread` runs on the worker's thread before it serves.
  template <typename InThread>
  RunningWorker(std::shared_ptr<const Snapshot> snapshot, InThread in_thread) {
    test::LocalListener listener = test::listenLocally();
    address_ = listener.address;
    std::vector<Door> doors;
    doors.push_back({std::move(listener.fd), address_.port});
    access_log_ = std::move(*AccessLog::open({.destination = "/dev/null", .lanes = 1}, log_));
    const firewall::Sentry sentry{.clients = clients_,
                                  .ledger = ledger_.lane(0),
                                  .bans = snapshot->plan.bans,
                                  .onBan = [](const firewall::Learned&) {}};
    worker_ = std::make_unique<Worker>(WorkerParts{.snapshot = std::move(snapshot),
                                                   .doors = std::move(doors),
                                                   .access_logs = {&access_log_->lane(0)},
                                                   .log = log_,
                                                   .seed = 1,
                                                   .sentry = sentry,
                                                   .workers = 1});
    thread_ = std::thread([this, in_thread] {
      in_thread();
      worker_->run();
      ended_.set_value();
    });
  }
  explicit RunningWorker(std::shared_ptr<const Snapshot> snapshot)
      : RunningWorker(std::move(snapshot), [] {}) {}
  ~RunningWorker() {
    worker_->stop();
    thread_.join();
    worker_.reset();
    access_log_->stop();
  }

  Worker& worker() { return *worker_; }
  const SocketAddress& address() const { return address_; }
  // Has `run` returned, or does it soon?
  bool ends() {
    return ended_future_.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }

 private:
  Log log_{2, Log::Level::Error};
  SocketAddress address_;
  std::unique_ptr<AccessLog> access_log_;
  firewall::ClientTable clients_{uint64_t{1} << 20, {1, 2}};
  firewall::Ledger ledger_{1};
  std::unique_ptr<Worker> worker_;
  std::promise<void> ended_;
  std::future<void> ended_future_ = ended_.get_future();
  std::thread thread_;
};

// A client whose calls wait.
class Client {
 public:
  explicit Client(const SocketAddress& address) : fd_(test::connectTo(address)) {
    test::require(::fcntl(fd_.get(), F_SETFL, 0) == 0, "fcntl");
    test::sendAtOnce(fd_.get());
    const timeval patience{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      test::require(sent > 0, "send");
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Everything up to and with `ending`, which must be the last that comes.
  const std::string& receive(std::string_view ending) {
    received_.clear();
    while (!received_.ends_with(ending)) test::require(more() > 0, "receive");
    return received_;
  }
  // Everything until the other side ends.
  const std::string& receiveAll() {
    received_.clear();
    while (more() > 0) continue;
    return received_;
  }

 private:
  ssize_t more() {
    char piece[65536];
    const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (got > 0) received_.append(piece, static_cast<size_t>(got));
    return got;
  }

  io::Descriptor fd_;
  std::string received_;
};

}  // namespace fairlead::worker
