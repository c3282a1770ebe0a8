// Distributions have the means and the tails that they say.
#include "simulation/service_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead::simulation {
namespace {

using namespace std::chrono_literals;

struct Row {
  const char* name;
  ServiceTime service;
  Duration mean;
  Duration p99;
};

std::string nameOfRow(const testing::TestParamInfo<Row>& row) { return row.param.name; }

class ServiceTimes : public testing::TestWithParam<Row> {};

TEST_P(ServiceTimes, AreDrawnAsSaid) {
  constexpr size_t kDraws = 1'000'000;
  Random random(7);
  std::vector<Duration> draws(kDraws);
  double sum = 0;
  for (Duration& draw : draws) {
    draw = GetParam().service.draw(random);
    sum += static_cast<double>(draw.count());
  }
  const auto mean = static_cast<double>(GetParam().mean.count());
  const auto p99 = static_cast<double>(GetParam().p99.count());
  std::ranges::nth_element(draws, draws.begin() + kDraws * 99 / 100);
  EXPECT_EQ(GetParam().service.mean(), GetParam().mean);
  EXPECT_NEAR(sum / kDraws, mean, 0.02 * mean);
  EXPECT_NEAR(static_cast<double>(draws[kDraws * 99 / 100].count()), p99, 0.02 * p99);
}

INSTANTIATE_TEST_SUITE_P(
    All, ServiceTimes,
    testing::Values(Row{"fixed", ServiceTime::fixed(20ms), 20ms, 20ms},
                    Row{"exponential", ServiceTime::exponential(20ms), 20ms, 92103us},  // ln 100
                    Row{"lognormal_by_p99", *ServiceTime::lognormal(20ms, 120ms), 20ms, 120ms},
                    // exp(2.3263 - 0.5)
                    Row{"lognormal_by_sigma", ServiceTime::lognormal(10ms, 1.0), 10ms, 62105us},
                    // 10 ms * (1.5 / 2.5) * 100^(1 / 2.5)
                    Row{"pareto", ServiceTime::pareto(10ms, 2.5), 10ms, 37857us}),
    nameOfRow);

TEST(ServiceTime, KnowsWhichLognormalsThereAre) {
  EXPECT_FALSE(ServiceTime::lognormal(20ms, 20ms));
  EXPECT_FALSE(ServiceTime::lognormal(20ms, 10ms));
  EXPECT_FALSE(ServiceTime::lognormal(20ms, 300ms));
  EXPECT_FALSE(ServiceTime::lognormal(0ms, 300ms));
  EXPECT_TRUE(ServiceTime::lognormal(20ms, 298ms));
}

}  // namespace
}  // namespace fairlead::simulation
