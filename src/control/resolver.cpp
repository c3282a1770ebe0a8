// The resolver's thread. It is detached: a look-up that hangs must not hold up the end of the
// process.
#include "control/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/ascii.h"
#include "io/socket_address.h"

namespace fairlead::control {
namespace {

constexpr auto kRefresh = std::chrono::seconds(60);
constexpr auto kRetry = std::chrono::seconds(5);

// Loopback even where no hosts file says so (RFC 6761 section 6.3), as in a bare container.
bool isLocalhost(std::string_view host) {
  return ascii::equalsIgnoreCase(host, "localhost") ||
         (host.size() > 10 && ascii::equalsIgnoreCase(host.substr(host.size() - 10), ".localhost"));
}

}  // namespace

std::vector<SocketAddress> resolve(const std::string& host, uint16_t port) {
  if (const auto literal = IpAddress::parse(host)) return {{*literal, port}};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) {
    if (isLocalhost(host))
      return {{IpAddress::v4(0x7f000001), port}, {*IpAddress::parse("::1"), port}};
    return {};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, ::freeaddrinfo);
  std::vector<SocketAddress> found;
  for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
    sockaddr_storage storage{};
    std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                reinterpret_cast<char*>(&storage));
    SocketAddress address = io::fromKernel(storage);
    address.port = port;
    if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
  }
  return found;
}

struct Resolver::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  bool first_round_done = false;
  bool stopped = false;
  std::vector<std::shared_ptr<balance::Endpoint>> endpoints;

  // Returns whether every name resolves.
  bool resolveAll() {
    bool all = true;
    for (const auto& endpoint : endpoints) {
      std::vector<SocketAddress> found = resolve(endpoint->host, endpoint->port);
      if (found.empty()) {
        all = all && !endpoint->addresses.get().empty();
      } else {
        endpoint->addresses.set(std::move(found));
      }
    }
    return all;
  }

  void run() {
    for (;;) {
      const bool all = resolveAll();
      std::unique_lock lock(mutex);
      first_round_done = true;
      changed.notify_all();
      if (changed.wait_for(lock, all ? kRefresh : kRetry, [this] { return stopped; })) return;
    }
  }
};

Resolver::Resolver(std::vector<std::shared_ptr<balance::Endpoint>> endpoints)
    : shared_(std::make_shared<Shared>()) {
  shared_->endpoints = std::move(endpoints);
  std::thread([shared = shared_] { shared->run(); }).detach();
}

Resolver::~Resolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->changed.notify_all();
}

void Resolver::awaitFirstRound(Duration longest) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_for(lock, longest, [this] { return shared_->first_round_done; });
}

}  // namespace fairlead::control
