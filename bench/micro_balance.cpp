// What one choice costs, by policy and number of servers: all up, of several weights, half of them
// down, all starting slowly, all but one down; keyed policies bounded as well.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/settings.h"

namespace {

using namespace fairlead;
using namespace fairlead::balance;
using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

struct Case {
  const char* name;
  uint32_t heaviest = 1;  // weights are 1, 2 ... of it
  size_t up_every = 1;    // of so many servers one is up
  uint32_t share = kWholeShare;
  double bound = 0;
};

constexpr Case kCases[] = {
    {.name = "equal"},
    {.name = "weighted", .heaviest = 5},
    {.name = "half_down", .up_every = 2},
    {.name = "starting", .share = 102},
    {.name = "one_up", .up_every = 10'000},
};
constexpr Case kBounded{.name = "bounded", .bound = 1.25};

// Each server has a request in flight.
struct Servers {
  Servers(size_t count, const Case& given) {
    Random random(1);
    for (uint32_t i = 0; i < count; ++i) {
      owned.push_back(std::make_unique<Endpoint>());
      Endpoint& endpoint = *owned.back();
      endpoint.weight = 1 + i % given.heaviest;
      endpoint.share = i % given.up_every == 0 ? given.share : 0;
      endpoint.in_flight = 1;
      endpoint.identity = random.next();
      endpoint.latency.observe(Duration(1'000'000 + random.below(1'000'000)), kNow - 1s);
      list.push_back(&endpoint);
    }
  }
  std::vector<std::unique_ptr<Endpoint>> owned;
  std::vector<Endpoint*> list;
};

void choose(benchmark::State& state, const Policy& policy, const Case& given) {
  const Servers servers(static_cast<size_t>(state.range(0)), given);
  BalanceSettings settings;
  settings.bounded_load = given.bound;
  Random random(1);
  const auto balancer = policy.make(servers.list, settings, random);
  const Tried tried;
  Random keys(2);
  for (auto _ : state) {
    const Choice choice{
        .tried = tried, .key = keys.next(), .now = kNow, .in_flight = servers.list.size()};
    benchmark::DoNotOptimize(balancer->choose(choice, random));
  }
}

void make(benchmark::State& state, const Policy& policy) {
  const Servers servers(static_cast<size_t>(state.range(0)), kCases[0]);
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(policy.make(servers.list, {}, random));
}

void registerAll() {
  const auto withSizes = [](benchmark::internal::Benchmark* benchmark) {
    for (const int servers : {10, 100, 1'000, 10'000}) benchmark->Arg(servers);
  };
  for (const Policy& policy : policies()) {
    const auto name = [&](const char* what) { return std::string(policy.name) + "/" + what; };
    for (const Case& given : kCases)
      withSizes(benchmark::RegisterBenchmark(name(given.name).c_str(), choose, policy, given));
    if (policy.keyed)
      withSizes(
          benchmark::RegisterBenchmark(name(kBounded.name).c_str(), choose, policy, kBounded));
    withSizes(benchmark::RegisterBenchmark(name("make").c_str(), make, policy));
  }
}

}  // namespace

int main(int argc, char** argv) {
  registerAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
