// Config to Snapshot.
#include <algorithm>
#include <filesystem>
#include <map>

#include "config/log_settings.h"
#include "config/route_checks.h"
#include "worker/snapshot.h"

namespace fairlead::worker {
namespace {

std::shared_ptr<balance::Endpoint> compileServer(const config::Server& server) {
  auto endpoint = std::make_shared<balance::Endpoint>();
  endpoint->address = server.address;
  endpoint->name = server.name.value.empty() ? server.address : server.name.value;
  endpoint->host = server.host;
  endpoint->port = server.port;
  endpoint->weight = server.weight;
  endpoint->max_requests = server.max_requests;
  return endpoint;
}

std::unique_ptr<upstream::Pool> compilePool(const config::Pool& from) {
  auto pool = std::make_unique<upstream::Pool>();
  pool->name = from.name;
  pool->policy = balance::findPolicy(from.rules.balance.value);
  pool->timeouts = from.rules.timeouts;
  pool->retry = from.rules.retry;
  pool->health = from.rules.health;
  for (const config::Server& server : from.servers) {
    pool->servers.push_back(compileServer(server));
    pool->endpoints.push_back(pool->servers.back().get());
  }
  return pool;
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

void compileLegs(const config::Route& from, proxy::RoutePlan& route) {
  std::vector<filter::SplitArm> arms;
  for (const config::Leg& leg : from.legs()) {
    const auto pool = static_cast<uint32_t>(leg.pool.value);
    route.legs.push_back({.pool = pool, .timeouts = leg.timeouts, .retry = leg.retry});
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

proxy::RoutePlan compileRoute(const config::Route& from) {
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
  compileLegs(from, route);
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

}  // namespace

Snapshot compile(const config::Config& config) {
  Snapshot snapshot;
  proxy::Plan& plan = snapshot.plan;
  plan.trusted = config.trusted_proxies;
  plan.firewall = config.firewall;
  LogNumbers logs(snapshot.access_logs);
  plan.log = logs.of(config.log.access);
  for (const config::Pool& pool : config.pools) plan.pools.push_back(compilePool(pool));
  plan.level = compileLevel(config.default_route_rules);
  for (const config::Host& host : config.hosts)
    plan.hosts.push_back(
        {host.names.front(), host.firewall, compileLevel(host.rules), logs.of(host.log)});
  for (const config::Route& route : config.routes) {
    plan.routes.push_back(compileRoute(route));
    plan.routes.back().log = logs.of(route.rules.log);
  }
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
  for (const config::Listen& listen : config.listens)
    snapshot.listens.push_back(compileListen(listen));
  return snapshot;
}

}  // namespace fairlead::worker
