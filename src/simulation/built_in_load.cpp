// The load for those who give none, made to fit the pool.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "simulation/load.h"
#include "telemetry/json_text.h"

namespace fairlead::simulation {
namespace {

constexpr double kPerServer = 400;  // requests a second: 8 workers, 20 ms each
constexpr double kUtilisation = 0.7;
constexpr double kHighestRate = 2000;

// While one server is down and another has half its speed, the others stay below saturation.
double rateFor(size_t servers) {
  const double left = servers > 2 ? static_cast<double>(servers) - 1.5 : 0.5;
  return std::min(std::floor(kUtilisation * kPerServer * left), kHighestRate);
}

// A text of JSON is one of YAML, whatever stands in it.
std::string quoted(const upstream::ServerSpec& server) {
  std::string text;
  appendJsonString(text, nameOf(server));
  return text;
}

}  // namespace

std::string builtInLoad(std::span<const upstream::ServerSpec> servers) {
  std::string text = fmt::format(R"(rate: {}/s
duration: 5m
clients: 500
methods: {{ GET: 95, POST: 5 }}
network: 0.2ms
servers:
  default: {{ workers: 8, service: {{ lognormal: {{ mean: 20ms, p99: 120ms }} }} }}
)",
                                 rateFor(servers.size()));
  if (servers.size() > 1) text += fmt::format("  {}: {{ speed: 0.5 }}\n", quoted(servers[1]));
  const upstream::ServerSpec& dies = servers.size() > 2 ? servers.back() : servers.front();
  text += fmt::format("events:\n  - {{ at: 1m, for: 1m, server: {}, down: true }}\nseed: 1\n",
                      quoted(dies));
  return text;
}

}  // namespace fairlead::simulation
