// Config to Snapshot.
#include <limits>

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

proxy::RoutePlan compileRoute(const config::Route& from) {
  proxy::RoutePlan route;
  route.name = from.name;
  route.firewall = from.firewall;
  route.params = from.rules.params;
  route.rewrite = from.rules.rewrite;
  route.headers = from.rules.headers;
  route.timeouts = from.timeouts;
  route.retry = from.retry;
  route.priority = from.rules.priority;
  if (from.rules.max_body.value != 0) route.max_body = from.rules.max_body;
  if (from.rules.path_policy.value == config::PathPolicy::Raw)
    route.path_bytes = http::h1::PathBytes::Raw;
  if (const auto* pool = std::get_if<config::PoolIndex>(&from.destination)) {
    route.pool = static_cast<uint32_t>(pool->value);
    if (from.mirror) route.mirror = compileMirror(from);
  } else {
    route.respond = std::get<filter::Respond>(from.destination);
  }
  return route;
}

io::ListenAddress compileListen(const config::Listen& from) {
  return {.address = {from.address, from.port}, .any = from.any, .unix_path = from.unix_path};
}

route::Router compileRouter(const config::Config& config) {
  std::vector<route::HostSpec> hosts;
  for (const config::Host& host : config.hosts) hosts.push_back({host.names});
  std::vector<route::RouteSpec> routes;
  for (const config::Route& route : config.routes)
    routes.push_back({route.host, route.path, route.exact, route.name});
  return {std::move(hosts), std::move(routes)};
}

}  // namespace

Snapshot compile(const config::Config& config) {
  Snapshot snapshot;
  proxy::Plan& plan = snapshot.plan;
  plan.trusted = config.trusted_proxies;
  plan.firewall = config.firewall;
  for (const config::Pool& pool : config.pools) plan.pools.push_back(compilePool(pool));
  for (const config::Host& host : config.hosts)
    plan.hosts.push_back({host.names.front(), host.firewall});
  for (const config::Route& route : config.routes) plan.routes.push_back(compileRoute(route));
  plan.router = compileRouter(config);
  snapshot.client_limits.head_time = config.default_pool_rules.timeouts.head;
  snapshot.client_limits.idle_time = config.default_pool_rules.timeouts.idle;
  for (const config::Listen& listen : config.listens)
    snapshot.listens.push_back(compileListen(listen));
  return snapshot;
}

}  // namespace fairlead::worker
