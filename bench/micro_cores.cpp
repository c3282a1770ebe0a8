// What each request pays for passive health, breaker and latencies: alone, and with other workers
// that count into the same words.
#include <benchmark/benchmark.h>

#include "base/latency_histogram.h"
#include "upstream/circuit_breaker.h"
#include "upstream/passive_health.h"

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

BENCHMARK(recordGood)->Threads(1)->Threads(2);
BENCHMARK(recordFailure);
BENCHMARK(passBreaker)->Arg(0)->Arg(1)->Threads(1)->Threads(2);
BENCHMARK(recordLatency);
BENCHMARK(findQuantile);

}  // namespace
