// Keeps the addresses of names: looks each up, and again when its time to live ends.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/random.h"
#include "discovery/names.h"
#include "discovery/places.h"
#include "discovery/resolver.h"
#include "io/reactor.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::discovery {

// Told on the reactor's thread, perhaps before `add` returns (literals, hosts file). May call `add`
// and must not destroy the watch.
struct NameEvents {
  // The addresses of the name are others than before, and never none; the first answer included.
  std::function<void(const std::string& host, std::span<const IpAddress> addresses)> on_addresses;
  // The name does not resolve; once until it does again. Its last addresses stay.
  std::function<void(const std::string& host, const std::string& words)> on_failing;
  // It resolves again.
  std::function<void(const std::string& host)> on_well;
};

struct NameWatchSettings {
  Duration retry = std::chrono::seconds(5);  // while a name does not resolve; +-20 %
  // Names looked up at the same time: two packets each, and they should all fit into the receive
  // buffer of a name server on this machine.
  size_t most_at_once = 100;
};

// Resolver, random and reactor outlive it. One thread, the reactor's.
class NameWatch {
 public:
  NameWatch(io::Reactor& reactor, Resolver& resolver, Random& random, NameEvents events,
            NameWatchSettings settings = {});
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;

  // Begins to watch a name or literal. Each once, however often it is added.
  void add(const std::string& host);

  // Has every name been answered, or failed, once?
  bool settled() const { return undecided_ == 0; }
  // The last addresses; empty for a name that never resolved or was never added.
  std::span<const IpAddress> addressesOf(std::string_view host) const;
  // Why the name does not resolve at present; empty when it does.
  std::string_view faultOf(std::string_view host) const;

 private:
  struct Watched {
    std::string host;
    std::vector<IpAddress> addresses;
    std::string fault;
  };

  Task<void> watch(Watched& name);
  void onFound(Watched& name, Names found);
  void onFailure(Watched& name, std::string words);
  // A little after the time to live, so that names that came together do not stay together.
  Duration afterTtl(Duration ttl);
  Duration beforeRetry();

  io::Reactor& reactor_;
  Resolver& resolver_;
  Random& random_;
  NameEvents events_;
  NameWatchSettings settings_;
  std::map<std::string, Watched, std::less<>> names_;
  size_t undecided_ = 0;
  Places places_;
  Scope watches_;
};

}  // namespace fairlead::discovery
