// Mean times in simulated queues against what queueing theory says of them.
#include <gtest/gtest.h>

#include <cmath>

#include "unit/simulation/scenes.h"

namespace fairlead::simulation {
namespace {

struct Row {
  const char* name;
  uint32_t workers;
  double utilisation;
  ServiceTime service;
  double variability;  // squared coefficient of variation of the service time
};

// The share of those who have to wait in M/M/c (Erlang's C).
double waitingShare(uint32_t servers, double utilisation) {
  const double load = servers * utilisation;
  double blocked = 1;  // Erlang's B, from B(0) = 1
  for (uint32_t i = 1; i <= servers; ++i) blocked = load * blocked / (i + load * blocked);
  return blocked / (1 - utilisation * (1 - blocked));
}

// In service times. Exact for M/M/c and, after Pollaczek and Khinchine, for M/G/1.
double meanTime(const Row& row) {
  const double wait =
      waitingShare(row.workers, row.utilisation) / (row.workers * (1 - row.utilisation));
  return 1 + wait * (1 + row.variability) / 2;
}

class Queues : public testing::TestWithParam<Row> {};

TEST_P(Queues, TakeAsLongAsTheoryTells) {
  const Row& row = GetParam();
  const OriginModel model{.workers = row.workers, .service = row.service};
  const double per_second = row.utilisation * row.workers / 0.01;
  const Load load = loadFor(
      1, per_second, Duration(static_cast<Duration::rep>(600'000 / per_second * 1e9)), model);
  upstream::PoolSettings pool = poolOf(1);
  pool.timeouts.response = Duration{};
  const Figures figures = simulate(pool, load);
  const double expected = 10 * meanTime(row);
  EXPECT_EQ(figures.errors, 0u);
  EXPECT_NEAR(static_cast<double>(figures.mean.count()) / 1e6, expected, 0.04 * expected);
  EXPECT_NEAR(figures.servers[0].utilisation, row.utilisation, 0.02);
}

INSTANTIATE_TEST_SUITE_P(Known, Queues,
                         testing::Values(Row{"MM1_half", 1, 0.5, ServiceTime::exponential(10ms), 1},
                                         Row{"MM1_busy", 1, 0.8, ServiceTime::exponential(10ms), 1},
                                         Row{"MM4", 4, 0.8, ServiceTime::exponential(10ms), 1},
                                         Row{"MM16", 16, 0.9, ServiceTime::exponential(10ms), 1},
                                         Row{"MD1", 1, 0.8, ServiceTime::fixed(10ms), 0},
                                         Row{"MG1", 1, 0.7, ServiceTime::lognormal(10ms, 1.0),
                                             std::exp(1.0) - 1}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace fairlead::simulation
