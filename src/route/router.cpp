// Routing: the host entry first, then the tree of its paths, its regexes, its catch-all; and the
// same decision, explained.
#include "route/router.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/target.h"
#include "route/conditions.h"
#include "route/host_table.h"
#include "route/path_tree.h"
#include "route/precedence.h"
#include "route/regex_set.h"

namespace fairlead::route {
namespace {

// The routes of one host that have a path_regex.
struct RegexRoutes {
  std::vector<Candidate> candidates;         // best first
  std::shared_ptr<const RegexSet> patterns;  // of the same indices
};

// The routes of one host.
struct HostRoutes {
  PathTrees::Tree tree;
  int32_t regexes = kNone;  // index of its RegexRoutes
};

// The routes of one host on their way into the tables, best first.
struct HostLists {
  std::vector<PathTrees::Entry> paths;
  std::vector<Candidate> regexes;
  std::vector<Regex> patterns;

  void add(const RouteSpec& route, const Candidate& candidate) {
    if (route.path_kind == PathKind::Regex) {
      regexes.push_back(candidate);
      patterns.push_back(route.regex);
    } else {
      paths.push_back({.path = route.path,
                       .exact = route.path_kind == PathKind::Exact,
                       .rank = paths.size(),
                       .candidate = candidate});
    }
  }
};

std::string joinNames(const HostSpec& host) {
  std::string text;
  for (const std::string& name : host.names) text += (text.empty() ? "" : " or ") + name;
  return text;
}

// Why the path alone keeps the route from the request; empty when it does not.
std::string pathFault(const RouteSpec& route, std::string_view path) {
  const std::string subject = "path " + std::string(path);
  switch (route.path_kind) {
    case PathKind::Exact:
      return path == route.path ? "" : subject + " is not exactly " + route.path;
    case PathKind::Prefix:
      return http::isAtOrBelow(path, route.path) ? ""
                                                 : subject + " is not " + route.path + " or below";
    case PathKind::Regex:
      break;
  }
  const bool matches = re2::RE2::PartialMatch(path, *route.regex);
  return matches ? "" : subject + " does not match /" + route.path + "/";
}

}  // namespace

struct Router::Tables {
  Tables(std::vector<HostSpec> given_hosts, std::vector<RouteSpec> given_routes);

  const HostRoutes& routesOf(HostId host) const {
    return host == kNone ? by_host.back() : by_host[static_cast<size_t>(host)];
  }
  const Conditions* conditionsOf(int32_t index) const {
    return index == kNone ? nullptr : &conditions[static_cast<size_t>(index)];
  }
  bool takes(const Candidate& candidate, const RouteQuery& query) const {
    const Conditions* asked = conditionsOf(candidate.conditions);
    return !asked || asked->hold(query);
  }

  RouteId find(const HostRoutes& of_host, const RouteQuery& query) const;
  RouteId firstTaker(const PathTrees::Link* link, const RouteQuery& query) const;
  RouteId firstTaker(const RegexRoutes& of_host, const RouteQuery& query) const;
  TraceLine explainHost(HostId id, HostId claimed_by, std::string_view host) const;
  TraceLine explainRoute(RouteId id, RouteId taken, const RouteQuery& query) const;

  std::vector<HostSpec> hosts;
  std::vector<RouteSpec> routes;
  HostTable by_name;
  std::vector<Conditions> conditions;
  std::vector<int32_t> conditions_of_route;
  PathTrees trees;
  std::vector<RegexRoutes> regexes;
  std::vector<HostRoutes> by_host;  // the last one: routes of no host
};

Router::Tables::Tables(std::vector<HostSpec> given_hosts, std::vector<RouteSpec> given_routes)
    : hosts(std::move(given_hosts)),
      routes(std::move(given_routes)),
      by_name(hosts),
      conditions_of_route(routes.size(), kNone) {
  std::vector<HostLists> lists(hosts.size() + 1);
  for (const RouteId id : inOrderOfPrecedence(routes)) {
    const RouteSpec& route = routes[static_cast<size_t>(id)];
    int32_t& asked = conditions_of_route[static_cast<size_t>(id)];
    if (!isUnconditional(route)) {
      asked = static_cast<int32_t>(conditions.size());
      conditions.emplace_back(route);
    }
    HostLists& to = route.host == kNone ? lists.back() : lists[static_cast<size_t>(route.host)];
    to.add(route, {.route = id, .conditions = asked});
  }
  SharedSets sets;
  for (HostLists& of_host : lists) {
    HostRoutes& host_routes = by_host.emplace_back();
    host_routes.tree = trees.add(std::move(of_host.paths));
    if (of_host.regexes.empty()) continue;
    host_routes.regexes = static_cast<int32_t>(regexes.size());
    regexes.push_back({std::move(of_host.regexes), sets.of(std::move(of_host.patterns))});
  }
}

Router::Router(std::vector<HostSpec> hosts, std::vector<RouteSpec> routes)
    : tables_(std::make_unique<const Tables>(std::move(hosts), std::move(routes))) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

RouteMatch Router::match(const RouteQuery& query) const {
  const HostId host = tables_->by_name.find(query.host);
  return {host, tables_->find(tables_->routesOf(host), query)};
}

RouteId Router::Tables::find(const HostRoutes& of_host, const RouteQuery& query) const {
  RouteId found = firstTaker(trees.find(of_host.tree, query.path), query);
  if (found == kNone && of_host.regexes != kNone)
    found = firstTaker(regexes[static_cast<size_t>(of_host.regexes)], query);
  if (found == kNone) found = firstTaker(trees.catchAll(of_host.tree), query);
  return found;
}

RouteId Router::Tables::firstTaker(const PathTrees::Link* link, const RouteQuery& query) const {
  while (link && !takes(link->candidate, query)) link = trees.after(*link);
  return link ? link->candidate.route : kNone;
}

RouteId Router::Tables::firstTaker(const RegexRoutes& of_host, const RouteQuery& query) const {
  RouteId taker = kNone;
  of_host.patterns->forEachMatch(query.path, [&](size_t index) {
    const Candidate& candidate = of_host.candidates[index];
    if (!takes(candidate, query)) return false;
    taker = candidate.route;
    return true;
  });
  return taker;
}

size_t Router::captures(RouteId route, std::string_view path,
                        std::span<std::string_view> into) const {
  const int last = captureCount(route);
  const size_t count = std::min({into.size(), static_cast<size_t>(last + 1), kMaxGroups});
  std::array<re2::StringPiece, kMaxGroups> groups;
  if (count == 0 ||
      !tables_->routes[static_cast<size_t>(route)].regex->Match(
          path, 0, path.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(count)))
    return 0;
  for (size_t i = 0; i < count; ++i) into[i] = {groups[i].data(), groups[i].size()};
  return count;
}

int Router::captureCount(RouteId route) const {
  const RouteSpec& spec = tables_->routes[static_cast<size_t>(route)];
  return spec.path_kind == PathKind::Regex ? spec.regex->NumberOfCapturingGroups() : -1;
}

RouteMatch Router::explain(const RouteQuery& query, std::vector<TraceLine>& trace) const {
  const RouteMatch result = match(query);
  for (size_t i = 0; i < tables_->hosts.size(); ++i)
    trace.push_back(tables_->explainHost(static_cast<HostId>(i), result.host, query.host));
  for (size_t i = 0; i < tables_->routes.size(); ++i) {
    if (tables_->routes[i].host != result.host) continue;
    trace.push_back(tables_->explainRoute(static_cast<RouteId>(i), result.route, query));
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

TraceLine Router::Tables::explainRoute(RouteId id, RouteId taken, const RouteQuery& query) const {
  const RouteSpec& spec = routes[static_cast<size_t>(id)];
  TraceLine line{.route = id, .host = spec.host, .matched = id == taken, .why = {}};
  if (line.matched) return line;
  line.why = pathFault(spec, query.path);
  if (!line.why.empty()) return line;
  if (const Conditions* asked = conditionsOf(conditions_of_route[static_cast<size_t>(id)]))
    line.why = asked->whyNot(spec, query);
  if (line.why.empty()) line.why = whyLater(spec, routes[static_cast<size_t>(taken)]);
  return line;
}

}  // namespace fairlead::route
