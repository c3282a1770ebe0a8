// What a worker pays for one access-log record, with the writer emptying its ring meanwhile.
#include <benchmark/benchmark.h>

#include "telemetry/access_log.h"

namespace {

fairlead::AccessRecord typicalRequest() {
  fairlead::AccessRecord record;
  record.status = 200;
  record.attempts = 1;
  record.method = "GET";
  record.host = "shop.example.com";
  record.path = "/api/v1/items/4711?sort=price&page=2";
  record.route = "shop.example.com /api";
  record.pool = "api";
  record.server = "10.0.1.1:9000";
  record.request_id = "9f86d081884c7d659a2feaa0c55ad015";
  return record;
}

void recordRequest(benchmark::State& state) {
  fairlead::Log diagnostics(2);
  auto log = fairlead::AccessLog::open({.destination = "/dev/null", .lane_bytes = size_t{64} << 20},
                                       diagnostics);
  auto& lane = (*log)->lane(0);
  const fairlead::AccessRecord record = typicalRequest();
  for (auto _ : state) benchmark::DoNotOptimize(lane.record(record));
  state.counters["dropped"] = static_cast<double>((*log)->dropped());
}
BENCHMARK(recordRequest)->Iterations(150'000);

// Rendering happens in the writer's thread; its cost is CPU all the same.
void renderJsonLine(benchmark::State& state) {
  const fairlead::AccessRecord record = typicalRequest();
  std::string line;
  for (auto _ : state) {
    line.clear();
    fairlead::appendJsonLine(line, record);
    benchmark::DoNotOptimize(line.data());
  }
}
BENCHMARK(renderJsonLine);

}  // namespace
