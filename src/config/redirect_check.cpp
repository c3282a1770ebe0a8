// Redirects are followed at load, as far as this configuration itself would answer them.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/arena.h"
#include "config/route_checks.h"
#include "http/target.h"

namespace fairlead::config {
namespace {

// Where a client is on its way.
struct Place {
  std::string scheme;
  std::string host;
  std::string path;
  std::string query;

  std::string url() const {
    return fmt::format("{}://{}{}{}{}", scheme, host, path, query.empty() ? "" : "?", query);
  }
};

class Follower {
 public:
  explicit Follower(const Config& config) : config_(config), router_(routerOf(config)) {}

  // The routes that a request for `start` is sent through again and again; empty when it arrives
  // somewhere.
  std::vector<const Route*> findCycle(Place start, std::string_view method) const {
    constexpr size_t kMostHops = 20;  // browsers give up there
    std::vector<std::string> seen{start.url()};
    std::vector<const Route*> way;
    while (way.size() < kMostHops) {
      const Route* route = routeOf(start, method);
      const auto* redirect = route ? std::get_if<filter::Redirect>(&route->destination) : nullptr;
      if (!redirect) return {};
      way.push_back(route);
      auto next = follow(start, *route, *redirect);
      if (!next) return {};
      const auto again = std::ranges::find(seen, next->url());
      if (again != seen.end()) return {way.begin() + (again - seen.begin()), way.end()};
      seen.push_back(next->url());
      start = *std::move(next);
    }
    return {way.begin() + kMostHops / 2, way.end()};  // it grows; the front may have led to it
  }

 private:
  route::RouteMatch match(const Place& place, std::string_view method) const {
    return router_.match({.host = place.host,
                          .path = place.path,
                          .method = method,
                          .scheme = place.scheme,
                          .query = place.query,
                          .client = {},
                          .fields = nullptr});
  }

  const Route* routeOf(const Place& place, std::string_view method) const {
    const route::RouteId id = match(place, method).route;
    return id == route::kNone ? nullptr : &config_.routes[static_cast<size_t>(id)];
  }

  // Nothing when the client leaves: to another scheme or port, or to a host that is not declared.
  std::optional<Place> follow(const Place& from, const Route& route,
                              const filter::Redirect& redirect) const {
    Arena arena;
    filter::ClientFacts client;
    client.scheme = from.scheme;
    filter::RequestFacts request;
    request.method = "GET";
    request.host = from.host;
    request.path = from.path;
    request.query = from.query;
    const filter::Scene scene{client, arena, nullptr, request};
    const filter::Answer answer = redirect.answer(scene, from.host, route.match.path);
    for (const http::Field& field : answer.fields)
      if (field.id() == http::FieldId::Location) return placeOf(field.value(), from);
    return std::nullopt;
  }

  std::optional<Place> placeOf(std::string_view location, const Place& from) const {
    Place to = from;
    if (const size_t scheme = location.find("://"); scheme != std::string_view::npos) {
      if (location.substr(0, scheme) != from.scheme) return std::nullopt;
      const size_t begin = scheme + 3;
      const size_t end = std::min(location.find_first_of("/?#", begin), location.size());
      to.host = location.substr(begin, end - begin);
      location.remove_prefix(end);
    }
    if (to.host != from.host && !isDeclared(to.host)) return std::nullopt;
    Arena arena;
    std::string target(location.substr(0, location.find('#')));  // `parsed` has views of it
    if (!target.starts_with('/')) target.insert(0, "/");
    const auto parsed = http::parseTarget(target, false, false, arena);
    if (!parsed) return std::nullopt;
    to.path = parsed->path;
    to.query = parsed->query;
    return to;
  }

  bool isDeclared(const std::string& host) const {
    const route::HostId id = match({"http", host, "/", ""}, "GET").host;
    if (id == route::kNone) return false;
    const auto& names = config_.hosts[static_cast<size_t>(id)].names;
    return std::ranges::find(names, "*") == names.end();
  }

  const Config& config_;
  route::Router router_;
};

// Requests that surely reach the route: their conditions can be met without guessing.
std::vector<Place> samplesOf(const Config& config, const Route& route) {
  const route::RouteSpec& match = route.match;
  if (match.path_kind == route::PathKind::Regex) return {};
  if (!match.headers.empty() || !match.params.empty() || !match.cookies.empty() ||
      !match.from.empty())
    return {};
  Place place{match.scheme.empty() ? "http" : match.scheme, "other.invalid", match.path, ""};
  if (match.host != route::kNone) {
    place.host = config.hosts[static_cast<size_t>(match.host)].names.front();
    if (place.host == "*") place.host = "other.invalid";
    if (place.host.starts_with("*.")) place.host = "a" + place.host.substr(1);
  }
  std::vector<Place> samples{place};
  if (match.path_kind == route::PathKind::Prefix) {
    place.path = match.path == "/" ? "/x" : match.path + "/x";
    samples.push_back(place);
  }
  return samples;
}

}  // namespace

void refuseRedirectCycles(const Config& config, Diagnostics& out) {
  const Follower follower(config);
  std::set<const Route*> told;  // a circle is told once, whoever leads to it
  for (const Route& route : config.routes) {
    if (!std::holds_alternative<filter::Redirect>(route.destination)) continue;
    const std::string method = route.match.methods.empty() ? "GET" : route.match.methods.front();
    for (const Place& sample : samplesOf(config, route)) {
      auto circle = follower.findCycle(sample, method);
      if (std::ranges::any_of(circle, [&](const Route* each) { return told.contains(each); }))
        continue;
      if (circle.empty()) continue;
      told.insert(circle.begin(), circle.end());
      if (const auto own = std::ranges::find(circle, &route); own != circle.end())
        std::ranges::rotate(circle, own);
      Diagnostic& finding = out.error(
          circle.front()->mark,
          fmt::format("this redirect leads a request for {} round in a circle", sample.url()));
      finding.expected = "a place that another route answers";
      if (circle.size() > 1 && circle[1] != circle.front()) {
        finding.also = circle[1]->mark;
        finding.also_message = "the next redirect on its way";
      }
      break;
    }
  }
}

}  // namespace fairlead::config
