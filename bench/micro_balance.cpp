// What one choice costs, by policy and number of servers: all up, half down, and all but one down.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "balance/balancer.h"

namespace {

using namespace fairlead;
using namespace fairlead::balance;

enum class Weights { Equal, Mixed };

struct Servers {
  Servers(size_t count, Weights weights, size_t up_every) {
    for (size_t i = 0; i < count; ++i) {
      owned.push_back(std::make_unique<Endpoint>());
      owned.back()->weight = weights == Weights::Equal ? 1 : 1 + static_cast<uint32_t>(i % 5);
      owned.back()->health = i % up_every == 0 ? Health::Up : Health::Down;
      list.push_back(owned.back().get());
    }
  }
  std::vector<std::unique_ptr<Endpoint>> owned;
  std::vector<Endpoint*> list;
};

void choose(benchmark::State& state, const Policy& policy, Weights weights, size_t up_every) {
  const Servers servers(static_cast<size_t>(state.range(0)), weights, up_every);
  const auto balancer = policy.make();
  Random random(1);
  const Choice choice{servers.list, {}, 0};
  for (auto _ : state) benchmark::DoNotOptimize(balancer->choose(choice, random));
}

void registerAll() {
  for (const Policy& policy : policies()) {
    const auto add = [&](const char* what, Weights weights, size_t up_every) {
      benchmark::RegisterBenchmark((std::string(policy.name) + "/" + what).c_str(), choose, policy,
                                   weights, up_every)
          ->Arg(10)
          ->Arg(10'000);
    };
    add("equal", Weights::Equal, 1);
    add("weighted", Weights::Mixed, 1);
    add("half_down", Weights::Equal, 2);
    add("one_up", Weights::Equal, 10'000);
  }
}

}  // namespace

int main(int argc, char** argv) {
  registerAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
