// Config to Snapshot.
#include <algorithm>
#include <filesystem>
#include <map>

#include "config/log_settings.h"
#include "config/route_checks.h"
#include "worker/snapshot.h"

namespace fairlead::worker {
namespace {

upstream::ServerSpec compileServer(const config::Server& from) {
  return {.name = from.name,
          .address = from.address,
          .host = from.host,
          .port = from.port,
          .weight = from.weight,
          .max_requests = from.max_requests,
          .tier = from.tier,
          .zone = from.zone};
}

std::unique_ptr<upstream::Pool> compilePool(const config::Pool& from, const std::string& own_zone,
                                            const CompileFacts& facts) {
  const config::PoolRules& rules = from.rules;
  upstream::PoolSettings settings{.name = from.name,
                                  .servers = {},
                                  .own_zone = own_zone,
                                  .balance = rules.balance,
                                  .timeouts = rules.timeouts,
                                  .retry = rules.retry,
                                  .health = rules.health,
                                  .slow_start = rules.slow_start,
                                  .sticky = rules.sticky,
                                  .sticky_secret = rules.sticky.secret.value.empty()
                                                       ? facts.sticky_secret
                                                       : rules.sticky.secret.value,
                                  .limit = rules.limit,
                                  .queue = rules.queue,
                                  .breaker = rules.breaker,
                                  .max_requests = rules.max_requests,
                                  .send_proxy_protocol = rules.send_proxy_protocol,
                                  .workers = facts.workers};
  for (const config::Server& server : from.servers)
    settings.servers.push_back(compileServer(server));
  return std::make_unique<upstream::Pool>(std::move(settings));
}

proxy::MirrorPlan compileMirror(const config::Route& from) {
  return {.pool = static_cast<uint32_t>(from.mirror->value),
          .share = from.rules.mirror.share,
          .max_body = from.rules.mirror.max_body};
}

proxy::LevelPlan compileLevel(const config::RouteRules& from) {
  return {.headers = from.headers,
          .cookies = from.cookies,
          .cors = from.cors,
          .error_pages = from.error_pages};
}

using Pools = std::vector<std::unique_ptr<upstream::Pool>>;

proxy::LegPlan compileLeg(const config::Leg& from, const upstream::Pool& pool) {
  const upstream::StickySettings& sticky = pool.settings.sticky;
  proxy::LegPlan leg{.pool = static_cast<uint32_t>(from.pool.value),
                     .timeouts = from.timeouts,
                     .retry = from.retry,
                     .key = {pool.settings.balance.key, pool.settings.balance.key_name},
                     .sticky = {},
                     .learns = {}};
  if (!sticky.cookie.value.empty()) leg.sticky.emplace(sticky.cookie);
  if (!sticky.learn.value.empty()) leg.learns.emplace(sticky.learn);
  return leg;
}

void compileLegs(const config::Route& from, const Pools& pools, proxy::RoutePlan& route) {
  std::vector<filter::SplitArm> arms;
  for (const config::Leg& leg : from.legs()) {
    const auto pool = static_cast<uint32_t>(leg.pool.value);
    route.legs.push_back(compileLeg(leg, *pools[pool]));
    arms.push_back({.pool_name = leg.name, .percent = leg.percent, .pool = pool, .mark = leg.mark});
  }
  if (arms.size() > 1) route.split.emplace(std::move(arms), route.name);
}

bool needsTime(const config::RouteRules& rules) {
  return rules.headers.responseNeeds().time || rules.error_pages.needs().time;
}

// What the texts of a route need to know.
void compileNeeds(const config::RouteRules& rules, proxy::RoutePlan& route) {
  filter::Needs of_request = rules.headers.needs();
  of_request |= rules.params.needs();
  of_request |= rules.rewrite.needs();
  of_request |= rules.cookies.needs();
  route.rules_wait_for_server = of_request.server;
  route.needs = of_request;
  route.needs |= rules.headers.responseNeeds();
  route.needs |= rules.cookies.responseNeeds();
  route.needs |= rules.error_pages.needs();
  if (route.redirect) route.needs |= route.redirect->needs();
  if (route.respond) route.needs |= route.respond->needs();
}

// Whatever changes path or Host of a request may have to be undone in what the server answers.
bool changesResponses(const proxy::RoutePlan& route) {
  return !route.level.headers.empty() || route.level.headers.removesHost() ||
         route.level.headers.hasResponse() || route.level.cookies.hasResponse() ||
         !route.rewrite.empty() || route.level.cors.isOn() || route.split.has_value();
}

proxy::RoutePlan compileRoute(const config::Route& from, const Pools& pools) {
  proxy::RoutePlan route;
  route.name = from.match.name;
  route.path = from.match.path;
  route.firewall = from.firewall;
  route.names_options =
      std::ranges::find(from.match.methods, "OPTIONS") != from.match.methods.end();
  if (const auto* respond = std::get_if<filter::Respond>(&from.destination))
    route.respond = *respond;
  if (const auto* redirect = std::get_if<filter::Redirect>(&from.destination))
    route.redirect = *redirect;
  compileLegs(from, pools, route);
  route.params = from.rules.params;
  route.rewrite = from.rules.rewrite;
  route.level = compileLevel(from.rules);
  compileNeeds(from.rules, route);
  route.changes_requests = !route.params.empty() || !route.rewrite.empty() ||
                           !route.level.cookies.empty() || !route.level.headers.empty() ||
                           route.level.headers.removesHost();
  route.changes_responses = changesResponses(route);
  route.idle = route.legs.empty() ? from.timeouts.idle : route.legs.front().timeouts.idle;
  if (from.rules.max_body.value != 0) route.max_body = from.rules.max_body;
  if (from.rules.path_policy.value == config::PathPolicy::Raw)
    route.path_bytes = http::h1::PathBytes::Raw;
  route.priority = from.rules.priority;
  if (from.mirror) route.mirror = compileMirror(from);
  return route;
}

// Gives each destination a number. `logs/../a.log` and `a.log` are one file.
class LogNumbers {
 public:
  explicit LogNumbers(std::vector<std::string>& destinations) : destinations_(destinations) {}

  uint32_t of(const config::LogDestination& log) {
    if (log.target == config::LogTarget::Off) return proxy::kNoLog;
    const std::string_view name = config::textOf(log);
    std::string key(name);
    if (log.target == config::LogTarget::File)
      key = "file " + std::filesystem::path(name).lexically_normal().string();
    const auto number = static_cast<uint32_t>(destinations_.size());
    const auto [known, is_new] = numbers_.emplace(std::move(key), number);
    if (is_new) destinations_.emplace_back(name);
    return known->second;
  }

 private:
  std::vector<std::string>& destinations_;
  std::map<std::string, uint32_t> numbers_;
};

io::ListenAddress compileListen(const config::Listen& from) {
  return {.address = {from.address, from.port}, .any = from.any, .unix_path = from.unix_path};
}

std::optional<ProxyPeers> compileProxyPeers(const config::Listen& from) {
  if (!from.proxy_protocol) return std::nullopt;
  return ProxyPeers{.everybody = !from.unix_path.empty(), .networks = from.proxy_protocol->from};
}

// What the firewalls of a route's levels say of bodies: the outermost first.
void compileBodyRules(const config::Config& config, const config::Route& from,
                      proxy::RoutePlan& route) {
  std::vector<const firewall::FirewallRules*> levels{&config.firewall};
  if (from.match.host != route::kNone)
    levels.push_back(&config.hosts[static_cast<size_t>(from.match.host)].firewall);
  levels.push_back(&from.firewall);
  for (const firewall::FirewallRules* level : levels) {
    if (!level->body()) continue;
    const firewall::BodyLimit& limit = *level->body();
    proxy::BodyRule rule{.bytes = limit.bytes, .name = limit.name, .mark = limit.mark};
    rule.policy.mode = level->policy().mode;
    if (!rule.policy.observes()) route.max_body = std::min(route.max_body, limit.bytes);
    route.body_rules.push_back(std::move(rule));
  }
}

// Gives every learned ban its number.
void numberBans(proxy::Plan& plan) {
  const auto number = [&](firewall::FirewallRules& rules) {
    for (firewall::AutoBan& ban : rules.bans()) {
      ban.number = static_cast<uint16_t>(plan.bans.size());
      plan.bans.push_back(ban);
    }
  };
  number(plan.firewall);
  for (proxy::HostPlan& host : plan.hosts) number(host.firewall);
  for (proxy::RoutePlan& route : plan.routes) number(route.firewall);
}

}  // namespace

Snapshot compile(const config::Config& config, const CompileFacts& facts) {
  Snapshot snapshot;
  proxy::Plan& plan = snapshot.plan;
  plan.trusted = config.trusted_proxies;
  plan.firewall = config.firewall;
  LogNumbers logs(snapshot.access_logs);
  plan.log = logs.of(config.log.access);
  for (const config::Pool& pool : config.pools)
    plan.pools.push_back(compilePool(pool, config.zone, facts));
  plan.level = compileLevel(config.default_route_rules);
  for (const config::Host& host : config.hosts)
    plan.hosts.push_back(
        {host.names.front(), host.firewall, compileLevel(host.rules), logs.of(host.log)});
  for (const config::Route& route : config.routes) {
    plan.routes.push_back(compileRoute(route, plan.pools));
    compileBodyRules(config, route, plan.routes.back());
    plan.routes.back().log = logs.of(route.rules.log);
  }
  numberBans(plan);
  plan.files = config.files;
  plan.needs_time =
      needsTime(config.default_route_rules) ||
      std::ranges::any_of(config.hosts,
                          [](const config::Host& host) { return needsTime(host.rules); }) ||
      std::ranges::any_of(plan.routes,
                          [](const proxy::RoutePlan& route) { return route.needs.time; });
  plan.has_cors = std::ranges::any_of(
      plan.routes, [](const proxy::RoutePlan& route) { return route.level.cors.isOn(); });
  plan.router = config::routerOf(config);
  snapshot.client_limits.head_time = config.default_pool_rules.timeouts.head;
  snapshot.client_limits.idle_time = config.default_pool_rules.timeouts.idle;
  for (const config::Listen& listen : config.listens) {
    snapshot.listens.push_back(compileListen(listen));
    snapshot.proxy_peers.push_back(compileProxyPeers(listen));
  }
  return snapshot;
}

}  // namespace fairlead::worker
