// The finished configuration: what stands in here is valid, and nobody checks it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/settings.h"
#include "filter/firewall.h"
#include "filter/forwarded.h"
#include "filter/header_rules.h"
#include "filter/mirror.h"
#include "filter/param_rules.h"
#include "filter/respond.h"
#include "filter/rewrite_rules.h"
#include "upstream/settings.h"

namespace fairlead::config {

// Where clients connect to: a TCP port, or a Unix socket when `unix_path` is set.
struct Listen {
  std::string text{"8080"};  // as written
  bool any = true;           // all interfaces, IPv4 and IPv6 with one dual-stack socket
  IpAddress address;         // the unspecified address when `any`
  uint16_t port = 8080;
  std::string unix_path;
  Mark mark;
};

enum class LogTarget : uint8_t { Stdout, Stderr, File, Off };

struct LogSettings {
  Setting<LogTarget> access{LogTarget::Stdout};
  std::string file;  // LogTarget::File only; relative to the working directory
};

enum class PathPolicy : uint8_t { Canonical, Raw };

// What may be said of a pool at any level of the file; inner levels read over a copy of the outer.
struct PoolRules {
  Setting<std::string> balance{"p2c"};  // a name that balance::findPolicy knows
  upstream::HealthSettings health;
  upstream::TimeoutSettings timeouts;
  upstream::RetrySettings retry;
};

// What may be said of a request at any level of the file; inner levels read over a copy of the
// outer.
struct RouteRules {
  filter::HeaderRules headers;
  filter::ParamRules params;
  filter::RewriteRules rewrite;
  Setting<uint64_t> max_body{0};  // bytes; 0: no limit
  Setting<PathPolicy> path_policy{PathPolicy::Canonical};
  filter::MirrorSettings mirror;
  Setting<upstream::Priority> priority{upstream::Priority::Normal};
};

struct Server {
  std::string address;  // "localhost:8081", "[::1]:8080": what a Host field would say
  std::string host;     // without brackets
  uint16_t port = 80;
  Setting<std::string> name;          // empty: the address
  Setting<uint32_t> weight{1};        // 0: no new requests
  Setting<uint32_t> max_requests{0};  // in flight at once; 0: no limit
  Mark mark;
};

struct Pool {
  std::string name;  // an inline pool is called like its route: "www.mango.com/api"
  std::vector<Server> servers;
  PoolRules rules;  // defaults < pool; of an inline pool: defaults < host < path
  Mark mark;

  bool checksHealth() const { return rules.health.inForceFor(servers.size()); }
};

struct Host {
  std::vector<std::string> names;  // canonical: "www.example.com", "*.example.com", "*"
  filter::FirewallRules firewall;
  Mark mark;
};

struct PoolIndex {
  size_t value = 0;
};

using Destination = std::variant<PoolIndex, filter::Respond>;

inline constexpr int32_t kNoHost = -1;

struct Route {
  int32_t host =
      kNoHost;  // index into Config::hosts; kNoHost: tried when no host claims the request
  std::string path{"/"};  // canonical, without trailing slash unless it is "/"
  bool exact = false;
  std::string name;  // "shop.example.com /api", "/status (exact)"
  filter::FirewallRules
      firewall;      // the path's own; the host's and the global ones are judged before
  RouteRules rules;  // defaults < host < path
  upstream::TimeoutSettings timeouts;  // defaults < host < path < pool
  upstream::RetrySettings retry;       // defaults < host < path < pool
  Destination destination;
  std::optional<PoolIndex> mirror;  // the pool of `rules.mirror`
  Mark mark;
};

struct Config {
  std::vector<Listen> listens;
  Setting<uint32_t> workers{0};  // 0: one for each CPU that the process may use
  LogSettings log;
  filter::TrustedProxies trusted_proxies;
  filter::FirewallRules firewall;  // global
  // What holds where no route is known yet: the client's timeouts and limits before and between
  // requests.
  PoolRules default_pool_rules;
  RouteRules default_route_rules;
  std::vector<Pool> pools;
  std::vector<Host> hosts;
  std::vector<Route> routes;
};

}  // namespace fairlead::config
