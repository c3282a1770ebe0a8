// Pools and loads for tests of simulations.
#pragma once

#include <fmt/format.h>

#include <string>

#include "balance/settings.h"
#include "simulation/load.h"
#include "simulation/run.h"
#include "upstream/pool.h"

namespace fairlead::simulation {

// Servers 10.0.0.1:80, 10.0.0.2:80 ... with the built-in settings.
inline upstream::PoolSettings poolOf(size_t servers, std::string_view balance = "p2c") {
  upstream::PoolSettings settings;
  settings.name = "pool";
  for (size_t i = 1; i <= servers; ++i) {
    upstream::ServerSpec spec;
    spec.host = fmt::format("10.0.0.{}", i);
    spec.address = spec.host + ":80";
    spec.port = 80;
    settings.servers.push_back(spec);
  }
  const balance::Policy* const policy = balance::findPolicy(balance);
  settings.balance.policy = policy;
  if (policy->keyed) settings.balance.key = balance::KeySource::ClientIp;
  return settings;
}

// Only GET, without a network, by servers that are all alike.
inline Load loadFor(size_t servers, double per_second, Duration duration,
                    const OriginModel& model = {}) {
  Load load;
  load.rates = {{.at = {}, .per_second = per_second}};
  load.duration = duration;
  load.methods = {{http::Method::Get, 1}};
  load.network = {};
  load.origins.assign(servers, model);
  return load;
}

inline uint64_t countOf(const Figures& figures, std::string_view error) {
  const auto found = figures.errors_by.find(error);
  return found == figures.errors_by.end() ? 0 : found->second;
}

}  // namespace fairlead::simulation
