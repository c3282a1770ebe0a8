// What a request pays for being remembered: rates, counts and bans of a million clients at random,
// in a table that does not fit into the cache.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include "base/hash.h"
#include "base/random.h"
#include "firewall/client_table.h"

namespace {

using namespace fairlead;
using namespace fairlead::firewall;

constexpr uint64_t kClients = 1'000'000;
constexpr HashSecret kSecret = {0x1234, 0x5678};
const TimePoint kStart(std::chrono::hours(1));

// All threads of a benchmark share one; each benchmark begins with an empty one.
struct Shared {
  ClientTable table{ClientTable::kDefaultBytes, kSecret};
  Rate rate = Rate::of(100, 200);
};

IpAddress client(uint64_t number) {
  return IpAddress::v4(static_cast<uint32_t>(mixed(number + 1)));
}

std::unique_ptr<Shared> shared;

void fill(const benchmark::State& state) {
  shared = std::make_unique<Shared>();
  const auto clients = static_cast<uint64_t>(state.range(0));
  for (uint64_t i = 0; i < clients; ++i)
    shared->table.take(shared->rate, shared->table.key(1, client(i)), kStart);
}

void ban(const benchmark::State& state) {
  fill(state);
  for (uint64_t i = 0; i < 10'000; ++i) {
    shared->table.ban(Cidr(client(i * 7), 128), {std::chrono::hours(1)}, kStart);
    shared->table.ban(Cidr(client(i * 11).masked(120), 120), {std::chrono::hours(1)}, kStart);
  }
}

void forget(const benchmark::State&) { shared.reset(); }

// Calls `one(address, now)` for clients at random, a microsecond apart.
template <typename One>
void forClients(benchmark::State& state, One one) {
  Random random(static_cast<uint64_t>(state.thread_index()));
  TimePoint now = kStart;
  for (auto _ : state) {
    now += std::chrono::microseconds(1);
    one(client(random.below(static_cast<uint64_t>(state.range(0)))), now);
  }
}

void keyOfAddress(benchmark::State& state) {
  const ClientTable table(512, kSecret);
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(table.key(1, client(random.next())));
}
BENCHMARK(keyOfAddress);

void take(benchmark::State& state) {
  forClients(state, [](const IpAddress& address, TimePoint now) {
    benchmark::DoNotOptimize(shared->table.take(shared->rate, shared->table.key(1, address), now));
  });
}
BENCHMARK(take)
    ->Setup(fill)
    ->Teardown(forget)
    ->Arg(1)
    ->Arg(1'000)
    ->Arg(500'000)
    ->Arg(kClients)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

// Keys are known four requests before they are asked for.
void takeForeseen(benchmark::State& state) {
  constexpr size_t kAhead = 4;
  std::array<Key, kAhead> keys{};
  size_t i = 0;
  forClients(state, [&](const IpAddress& address, TimePoint now) {
    Key& key = keys[i++ % kAhead];
    benchmark::DoNotOptimize(shared->table.take(shared->rate, key, now));
    key = shared->table.key(1, address);
    shared->table.prefetch(key);
  });
}
BENCHMARK(takeForeseen)
    ->Setup(fill)
    ->Teardown(forget)
    ->Arg(500'000)
    ->Arg(kClients)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void holdAndRelease(benchmark::State& state) {
  forClients(state, [](const IpAddress& address, TimePoint now) {
    benchmark::DoNotOptimize(shared->table.hold(shared->table.key(2, address), 10, now));
  });
}
BENCHMARK(holdAndRelease)
    ->Setup(fill)
    ->Teardown(forget)
    ->Arg(1'000)
    ->Arg(500'000)
    ->Arg(kClients)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void offend(benchmark::State& state) {
  forClients(state, [](const IpAddress& address, TimePoint now) {
    const OffenceRule rule{20, std::chrono::minutes(1)};
    benchmark::DoNotOptimize(shared->table.offend(shared->table.key(3, address), rule, now));
  });
}
BENCHMARK(offend)
    ->Setup(fill)
    ->Teardown(forget)
    ->Arg(kClients)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void banOf(benchmark::State& state) {
  forClients(state, [](const IpAddress& address, TimePoint now) {
    benchmark::DoNotOptimize(shared->table.banOf(address, now));
  });
}
BENCHMARK(banOf)->Name("banOf/no bans")->Setup(fill)->Teardown(forget)->Arg(kClients)->Threads(1);
BENCHMARK(banOf)
    ->Name("banOf/bans of two lengths")
    ->Setup(ban)
    ->Teardown(forget)
    ->Arg(kClients)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

void facts(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(shared->table.facts(kStart));
}
BENCHMARK(facts)->Setup(ban)->Teardown(forget)->Arg(kClients)->Unit(benchmark::kMillisecond);

}  // namespace
