// What each request pays for passive health, breaker and latencies: alone, and with other workers
// that count into the same words.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <memory>

#include "balance/endpoint.h"
#include "base/latency_histogram.h"
#include "upstream/circuit_breaker.h"
#include "upstream/passive_health.h"
#include "upstream/pool.h"

namespace {

using namespace fairlead;
using namespace fairlead::upstream;

// Moves on as a worker's clock does: a little each turn.
TimePoint after(TimePoint now) { return now + Duration(1000); }

void recordGood(benchmark::State& state) {
  static PassiveHealth health;
  const PassiveSettings settings;
  TimePoint now(Duration(1000s));
  for (auto _ : state) {
    now = after(now);
    benchmark::DoNotOptimize(health.record({false, now, now}, settings));
  }
}

void recordFailure(benchmark::State& state) {
  PassiveHealth health;
  PassiveSettings settings;
  settings.consecutive = 0u;
  settings.failures = 1.0;
  TimePoint now(Duration(1000s));
  for (auto _ : state) {
    now = after(now);
    benchmark::DoNotOptimize(health.record({true, now, now}, settings));
  }
}

void passBreaker(benchmark::State& state) {
  static CircuitBreaker breaker;
  BreakerSettings settings;
  settings.on = state.range(0) != 0;
  TimePoint now(Duration(1000s));
  for (auto _ : state) {
    now = after(now);
    const BreakerTicket ticket = breaker.admit(now, settings);
    breaker.record(ticket, false, now, settings);
  }
}

void recordLatency(benchmark::State& state) {
  LatencyHistogram histogram;
  TimePoint now(Duration(1000s));
  Duration latency(100us);
  for (auto _ : state) {
    now = after(now);
    latency = latency < Duration(1s) ? latency * 5 / 4 : Duration(100us);
    histogram.record(latency, now);
  }
}

void findQuantile(benchmark::State& state) {
  LatencyHistogram histogram;
  const TimePoint now(Duration(1000s));
  for (int i = 0; i < 10000; ++i) histogram.record(i * Duration(20us), now);
  for (auto _ : state) {
    LatencyDistribution distribution;
    distribution.add(histogram, now);
    benchmark::DoNotOptimize(distribution.quantile(0.95));
  }
}

// --- what a line costs that other workers write as well

struct alignas(64) Line {
  std::atomic<uint32_t> count{0};
};

// As `Server::beginRequest` and `endRequest`: all workers on one server.
void countOnOneServer(benchmark::State& state) {
  static balance::Endpoint endpoint;
  for (auto _ : state) {
    endpoint.in_flight.fetch_add(1, std::memory_order_seq_cst);
    endpoint.in_flight.fetch_sub(1, std::memory_order_seq_cst);
  }
}

// Each worker on a server of its own, as they are most of the time where there are many.
void countOnOwnServer(benchmark::State& state) {
  static std::array<balance::Endpoint, 8> endpoints;
  balance::Endpoint& endpoint = endpoints[static_cast<size_t>(state.thread_index())];
  for (auto _ : state) {
    endpoint.in_flight.fetch_add(1, std::memory_order_seq_cst);
    endpoint.in_flight.fetch_sub(1, std::memory_order_seq_cst);
  }
}

// What it would be with a count for each worker, which choosers add up: p2c looks at two servers.
void countInSlots(benchmark::State& state) {
  static std::array<std::array<Line, 8>, 2> servers;
  const auto own = static_cast<size_t>(state.thread_index());
  const auto workers = static_cast<size_t>(state.threads());
  std::atomic<uint32_t>& mine = servers[0][own].count;
  for (auto _ : state) {
    uint32_t sum = 0;
    for (const auto& server : servers)
      for (size_t i = 0; i < workers; ++i) sum += server[i].count.load(std::memory_order_relaxed);
    benchmark::DoNotOptimize(sum);
    mine.store(mine.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    mine.store(mine.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
}

// All that `Pool::report` writes for an answer, of one server of all workers.
void reportAnswer(benchmark::State& state) {
  static Pool pool([] {
    PoolSettings settings;
    settings.balance.policy = balance::findPolicy("p2c");
    for (const char* address : {"10.0.0.1", "10.0.0.2"})
      settings.servers.push_back(
          {.name = {}, .address = address, .host = address, .port = 80, .zone = {}});
    return settings;
  }());
  static const std::shared_ptr<const Roster> roster = pool.roster();
  Server& server = *roster->servers[0];
  TimePoint now(Duration(1000s));
  for (auto _ : state) {
    now = after(now);
    pool.report(server, {.began = now, .latency = Duration(1ms)}, now);
  }
}

// Only this much of a line's travel is seen: requests take microseconds, and between two of them
// the other workers write once, not hundreds of times.
void countBetweenRequests(benchmark::State& state) {
  static balance::Endpoint endpoint;
  const bool counts = state.range(0) != 0;
  uint64_t work = 1;
  for (auto _ : state) {
    if (counts) endpoint.in_flight.fetch_add(1, std::memory_order_seq_cst);
    for (int i = 0; i < 4000; ++i) benchmark::DoNotOptimize(work = work * 6364136223846793005 + 1);
    if (counts) endpoint.in_flight.fetch_sub(1, std::memory_order_seq_cst);
    for (int i = 0; i < 4000; ++i) benchmark::DoNotOptimize(work = work * 6364136223846793005 + 1);
  }
}

BENCHMARK(countOnOneServer)->Threads(1)->Threads(2);
BENCHMARK(countOnOwnServer)->Threads(1)->Threads(2);
BENCHMARK(countInSlots)->Threads(1)->Threads(2);
BENCHMARK(reportAnswer)->Threads(1)->Threads(2);
BENCHMARK(countBetweenRequests)->Arg(0)->Arg(1)->Threads(1)->Threads(2);
BENCHMARK(recordGood)->Threads(1)->Threads(2);
BENCHMARK(recordFailure);
BENCHMARK(passBreaker)->Arg(0)->Arg(1)->Threads(1)->Threads(2);
BENCHMARK(recordLatency);
BENCHMARK(findQuantile);

}  // namespace
