// What one routing decision costs with 10, 1,000 and 100,000 routes: it should not depend on that
// number.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "route/router.h"

namespace {

using namespace fairlead;
using namespace fairlead::route;

// Queries of a run: more than a cache remembers by accident, hits spread over all routes.
struct Load {
  std::vector<std::string> hosts;
  std::vector<std::string> paths;

  template <typename Name>
  void fill(size_t routes, Name add) {
    Random random(1);
    for (int i = 0; i < 4096; ++i) add(*this, std::to_string(random.below(routes)));
  }
};

void run(benchmark::State& state, const Router& router, const Load& load) {
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(router.match({load.hosts[i], load.paths[i]}));
    i = (i + 1) % load.hosts.size();
  }
}

// Every route of one host: /service-N/items, asked for something below.
void pathsOfOneHost(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i)
    routes.push_back({0, "/service-" + std::to_string(i) + "/items", false, ""});
  Load load;
  load.fill(count, [](Load& to, const std::string& n) {
    to.hosts.push_back("shop.example.com");
    to.paths.push_back("/service-" + n + "/items/4711/details");
  });
  run(state, Router({{{"shop.example.com"}}}, routes), load);
}

// One route a host.
void hosts(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<HostSpec> specs;
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({{"tenant-" + std::to_string(i) + ".example.com"}});
    routes.push_back({static_cast<HostId>(i), "/", false, ""});
  }
  Load load;
  load.fill(count, [](Load& to, const std::string& n) {
    to.hosts.push_back("tenant-" + n + ".example.com");
    to.paths.push_back("/items/4711/details");
  });
  run(state, Router(specs, routes), load);
}

// Wildcards, asked for a name two labels below.
void wildcards(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<HostSpec> specs;
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({{"*.tenant-" + std::to_string(i) + ".example.com"}});
    routes.push_back({static_cast<HostId>(i), "/", false, ""});
  }
  Load load;
  load.fill(count, [](Load& to, const std::string& n) {
    to.hosts.push_back("a.b.tenant-" + n + ".example.com");
    to.paths.push_back("/items/4711/details");
  });
  run(state, Router(specs, routes), load);
}

BENCHMARK(pathsOfOneHost)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(hosts)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(wildcards)->Arg(10)->Arg(1'000)->Arg(100'000);

}  // namespace

BENCHMARK_MAIN();
