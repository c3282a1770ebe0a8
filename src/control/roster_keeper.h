// Follows the names of servers: whenever one has other addresses, its pools get another roster.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "discovery/name_watch.h"
#include "discovery/resolver.h"
#include "io/reactor.h"
#include "telemetry/log.h"
#include "upstream/pool.h"

namespace fairlead::control {

using Pools = std::vector<std::unique_ptr<upstream::Pool>>;

struct NameSettings {
  discovery::ResolverSettings resolver{};
  discovery::NameWatchSettings watch{};
};

// On the reactor's thread; everything given outlives it.
class RosterKeeper {
 public:
  // `on_change`: the pool's roster is another one now.
  RosterKeeper(io::Reactor& reactor, Random& random, const Pools& pools, NameSettings settings,
               Log& log, std::function<void(upstream::Pool&)> on_change);

  // Begins to ask.
  void start();
  // Was every name answered, or failed, once?
  bool settled() const { return names_.settled(); }
  // Why the name of a server does not resolve at present; empty when it does.
  std::string_view faultOf(std::string_view host) const { return names_.faultOf(host); }

 private:
  void onAddresses(const std::string& host);
  void onFailing(const std::string& host, const std::string& words);
  std::vector<std::vector<SocketAddress>> addressesOf(const upstream::Pool& pool) const;

  const Pools& pools_;
  Log& log_;
  std::function<void(upstream::Pool&)> on_change_;
  discovery::Resolver resolver_;
  discovery::NameWatch names_;
};

}  // namespace fairlead::control
