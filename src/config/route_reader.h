// Reading `hosts` and `paths` into one flat list of routes.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "config/config.h"
#include "config/pool_table.h"
#include "config/rules.h"

namespace fairlead::config {

extern const Section kHostKeys;
extern const Section kPathKeys;

class RouteReader {
 public:
  RouteReader(Config& config, PoolTable& pools, Diagnostics& out)
      : config_(config), pools_(pools), out_(out) {}

  void readHosts(const Value& value);
  // The routes of no host.
  void readPaths(const Value& value);
  // What only all routes together show: routes that cannot be reached, redirects that lead to
  // themselves. Called once, after all files.
  void judgeTogether() const;

 private:
  // What an outer level passes on to an inner one.
  struct Outer {
    int32_t host = route::kNone;
    std::string name;  // the host's first name, empty for routes of no host
    PoolRules pool;
    RouteRules route;
  };
  // Where the requests of a level go; `is_told` when there is none and a finding says so.
  struct Choice {
    std::optional<Destination> destination;
    bool is_told = false;
  };

  void readHost(const Value& item);
  std::vector<std::string> readNames(const Value* value, const Value& item);
  void readPathList(const Value& value, const Outer& outer);
  void readPath(const Value& item, const Outer& outer);
  Route readPattern(Settings& settings, const Value& item, int32_t host);
  void readPathPattern(Settings& settings, const Value& item, Route& route);
  Choice readDestination(Settings& settings, const std::string& name, const PoolRules& rules);
  std::optional<std::vector<Leg>> readSplit(const Value& value);
  Leg legTo(PoolIndex pool, Mark mark) const;
  bool hasOneDestination(const Value& value);
  void addRoute(Route route, const Outer& rules, const Choice& choice);
  bool isNew(const Route& route);
  bool fitsItsRules(const Route& route);
  void warnOfIdlePoolRules(const Value& value);

  Config& config_;
  PoolTable& pools_;
  Diagnostics& out_;
  size_t inline_pools_ = 0;  // so far
  std::unordered_map<std::string, Mark> host_names_;
  std::unordered_map<std::string, Mark> routes_;  // by route::identity
};

}  // namespace fairlead::config
