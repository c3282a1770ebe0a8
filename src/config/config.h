// The finished configuration: what stands in here is valid, and nobody checks it again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "balance/settings.h"
#include "base/ip_address.h"
#include "base/settings.h"
#include "filter/cookie_rules.h"
#include "filter/cors.h"
#include "filter/error_pages.h"
#include "filter/forwarded.h"
#include "filter/header_rules.h"
#include "filter/mirror.h"
#include "filter/param_rules.h"
#include "filter/redirect.h"
#include "filter/respond.h"
#include "filter/rewrite_rules.h"
#include "firewall/country_database.h"
#include "firewall/firewall_rules.h"
#include "firewall/live_list.h"
#include "route/spec.h"
#include "upstream/settings.h"

namespace fairlead::config {

// Who connects to a listener with a PROXY header first.
struct ProxyProtocol {
  filter::TrustedProxies from;  // empty: everybody, on a Unix socket only
  Mark mark;
};

// Where clients connect to: a TCP port, or a Unix socket when `unix_path` is set.
struct Listen {
  std::string text{"8080"};  // as written
  bool any = true;           // all interfaces, IPv4 and IPv6 with one dual-stack socket
  IpAddress address;         // the unspecified address when `any`
  uint16_t port = 8080;
  std::string unix_path;
  std::optional<ProxyProtocol> proxy_protocol;
  Mark mark;
};

enum class LogTarget : uint8_t { Stdout, Stderr, File, Off };

struct LogDestination {
  LogTarget target = LogTarget::Stdout;
  std::string file;  // LogTarget::File only; relative to the working directory

  friend bool operator==(const LogDestination&, const LogDestination&) = default;
};

struct LogSettings {
  Setting<LogDestination> access;
};

// Where the admin API listens, and what it asks of its clients.
struct AdminSettings {
  static constexpr uint16_t kPort = 9900;

  Setting<bool> on{true};
  Setting<Listen> address{Listen{.text = "127.0.0.1:9900",
                                 .any = false,
                                 .address = IpAddress::v4(0x7f000001),
                                 .port = kPort,
                                 .unix_path = {},
                                 .proxy_protocol = {},
                                 .mark = {}}};
  Setting<std::string> token;  // what requests must show; empty: nothing
  // The file has the key. What is only built in gives way where its port is taken.
  bool is_written = false;
};

enum class PathPolicy : uint8_t { Canonical, Raw };

// What may be said of a pool at any level of the file; inner levels read over a copy of the outer.
struct PoolRules {
  balance::BalanceSettings balance;
  upstream::HealthSettings health;
  upstream::TimeoutSettings timeouts;
  upstream::RetrySettings retry;
  Setting<Duration> slow_start{std::chrono::seconds{10}};  // 0: off
  upstream::StickySettings sticky;
  upstream::LimitSettings limit;
  upstream::QueueSettings queue;
  upstream::BreakerSettings breaker;
  Setting<uint32_t> max_requests{0};  // of the whole pool, in flight at once; 0: no limit
  Setting<upstream::SendProxyProtocol> send_proxy_protocol{upstream::SendProxyProtocol::Off};
};

// What may be said of a request at any level of the file; inner levels read over a copy of the
// outer.
struct RouteRules {
  filter::HeaderRules headers;
  filter::ParamRules params;
  filter::RewriteRules rewrite;
  filter::CookieRules cookies;
  filter::Cors cors;
  filter::ErrorPages error_pages;
  Setting<uint64_t> max_body{0};  // bytes; 0: no limit
  Setting<PathPolicy> path_policy{PathPolicy::Canonical};
  Setting<LogDestination> log;  // not in `defaults`: the outermost is Config::log
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
  Setting<uint32_t> tier{0};          // the lowest that can be used gets the requests
  Setting<std::string> zone;          // empty: none
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
  firewall::FirewallRules firewall;
  RouteRules rules;             // defaults < host: what holds for answers where no route is
  Setting<LogDestination> log;  // of its requests that have no route
  Mark mark;
};

struct PoolIndex {
  size_t value = 0;
};

// A pool that a route leads to. A route with `split` has several, and their shares sum to 100.
struct Leg {
  PoolIndex pool;
  std::string name;  // the pool's
  uint32_t percent = 100;
  upstream::TimeoutSettings timeouts;  // defaults < host < path < pool
  upstream::RetrySettings retry;       // defaults < host < path < pool
  Mark mark;
};

using Destination = std::variant<std::vector<Leg>, filter::Redirect, filter::Respond>;

struct Route {
  route::RouteSpec match;  // host, path, conditions, and its name: "shop.example.com /api"
  firewall::FirewallRules
      firewall;      // the path's own; the host's and the global ones are judged before
  RouteRules rules;  // defaults < host < path
  upstream::TimeoutSettings timeouts;  // defaults < host < path; a leg's own are those in force
  upstream::RetrySettings retry;       // the same
  Destination destination;
  std::optional<PoolIndex> mirror;  // the pool of `rules.mirror`
  Mark mark;

  // The pools that it leads to; none when fairlead answers itself.
  std::span<const Leg> legs() const {
    const auto* pools = std::get_if<std::vector<Leg>>(&destination);
    return pools ? std::span<const Leg>(*pools) : std::span<const Leg>();
  }
};

// One entry of `tests`: a request, and what must become of it.
struct RouteTest {
  struct Field {
    std::string name;
    std::optional<std::string> value;  // nothing: the field must be absent
    Mark mark;
  };
  std::string method{"GET"};
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields;  // of the request
  IpAddress from;

  std::optional<Setting<uint16_t>> status;  // of an answer of fairlead's own
  std::optional<Setting<std::string>> pool;
  std::optional<Setting<std::string>> server;
  std::optional<Setting<std::string>> upstream;  // path and query as sent
  std::optional<Setting<std::string>> redirect;  // Location
  std::vector<Field> headers;                    // as sent to the server
  std::vector<Field> response_headers;           // as fairlead sets them
  Mark mark;
};

struct Config {
  std::vector<std::string> files;  // names, as marks count them
  std::vector<Listen> listens;
  Setting<uint32_t> workers{0};  // 0: one for each CPU that the process may use
  LogSettings log;
  Setting<std::string> zone;                        // fairlead's own; empty: none
  Setting<std::vector<SocketAddress>> dns_servers;  // empty: those of the system
  Setting<std::string> state;  // a folder for what outlives a restart; empty: nothing does
  AdminSettings admin;
  Setting<uint64_t> client_table{uint64_t{64} << 20};  // bytes for what is remembered of clients
  filter::TrustedProxies trusted_proxies;
  firewall::FirewallRules firewall;  // global
  // The files that address rules name; every copy of the rules reads the same ones.
  std::shared_ptr<firewall::Lists> lists = std::make_shared<firewall::Lists>();
  firewall::Geo geo;
  // What holds where no route is known yet: the client's timeouts and limits before and between
  // requests.
  PoolRules default_pool_rules;
  RouteRules default_route_rules;
  std::vector<Pool> pools;
  std::vector<Host> hosts;
  std::vector<Route> routes;
  std::vector<RouteTest> tests;
};

}  // namespace fairlead::config
