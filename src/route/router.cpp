// Routing: the host entry first, then the tree of its paths; and the same decision, explained.
#include "route/router.h"

#include <algorithm>
#include <utility>

#include "http/target.h"
#include "route/host_table.h"
#include "route/path_tree.h"

namespace fairlead::route {
namespace {

// The routes of each host by path; the last tree is that of the top-level paths.
std::vector<PathTree> treesOf(size_t host_count, std::span<const RouteSpec> routes) {
  std::vector<std::vector<PathTree::Entry>> entries(host_count + 1);
  for (size_t i = 0; i < routes.size(); ++i) {
    const RouteSpec& route = routes[i];
    const size_t tree = route.host == kNone ? host_count : static_cast<size_t>(route.host);
    entries[tree].push_back({route.path, route.exact, static_cast<RouteId>(i)});
  }
  std::vector<PathTree> trees;
  for (auto& of_one : entries) trees.emplace_back(std::move(of_one));
  return trees;
}

std::string joinNames(const HostSpec& host) {
  std::string text;
  for (const std::string& name : host.names) text += (text.empty() ? "" : " or ") + name;
  return text;
}

}  // namespace

struct Router::Tables {
  Tables(std::vector<HostSpec> given_hosts, std::vector<RouteSpec> given_routes)
      : hosts(std::move(given_hosts)),
        routes(std::move(given_routes)),
        by_name(hosts),
        trees(treesOf(hosts.size(), routes)) {}

  const PathTree& treeOf(HostId host) const {
    return host == kNone ? trees.back() : trees[static_cast<size_t>(host)];
  }

  TraceLine explainHost(HostId id, HostId claimed_by, std::string_view host) const;
  TraceLine explainRoute(RouteId id, RouteId taken, std::string_view path) const;

  std::vector<HostSpec> hosts;
  std::vector<RouteSpec> routes;
  HostTable by_name;
  std::vector<PathTree> trees;
};

Router::Router(std::vector<HostSpec> hosts, std::vector<RouteSpec> routes)
    : tables_(std::make_unique<const Tables>(std::move(hosts), std::move(routes))) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

RouteMatch Router::match(const RouteQuery& query) const {
  const HostId host = tables_->by_name.find(query.host);
  return {host, tables_->treeOf(host).find(query.path)};
}

RouteMatch Router::explain(const RouteQuery& query, std::vector<TraceLine>& trace) const {
  const RouteMatch result = match(query);
  for (size_t i = 0; i < tables_->hosts.size(); ++i)
    trace.push_back(tables_->explainHost(static_cast<HostId>(i), result.host, query.host));
  for (size_t i = 0; i < tables_->routes.size(); ++i) {
    if (tables_->routes[i].host != result.host) continue;
    trace.push_back(tables_->explainRoute(static_cast<RouteId>(i), result.route, query.path));
  }
  return result;
}

TraceLine Router::Tables::explainHost(HostId id, HostId claimed_by, std::string_view host) const {
  const HostSpec& spec = hosts[static_cast<size_t>(id)];
  TraceLine line{.route = kNone, .host = id, .matched = id == claimed_by, .why = {}};
  if (line.matched) return line;
  const bool covers = std::ranges::any_of(
      spec.names, [&](const std::string& name) { return coversHost(name, host); });
  line.why = "host " + std::string(host.empty() ? "(none)" : host);
  line.why += covers ? " is claimed by a more exact entry, " +
                           joinNames(hosts[static_cast<size_t>(claimed_by)])
                     : " is not " + joinNames(spec);
  return line;
}

TraceLine Router::Tables::explainRoute(RouteId id, RouteId taken, std::string_view path) const {
  const RouteSpec& spec = routes[static_cast<size_t>(id)];
  TraceLine line{.route = id, .host = spec.host, .matched = id == taken, .why = {}};
  if (line.matched) return line;
  const bool fits = spec.exact ? path == spec.path : http::isAtOrBelow(path, spec.path);
  if (!fits) {
    line.why = "path " + std::string(path) + (spec.exact ? " is not exactly " : " is not ") +
               spec.path + (spec.exact ? "" : " or below");
  } else {
    const RouteSpec& winner = routes[static_cast<size_t>(taken)];
    line.why =
        (winner.exact ? "the exact path " : "the longer path ") + winner.path + " goes first";
  }
  return line;
}

}  // namespace fairlead::route
