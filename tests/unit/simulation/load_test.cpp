// Load files: what they say, what is wrong with them, and where.
#include "simulation/load.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "config/diagnostic.h"
#include "unit/simulation/scenes.h"

namespace fairlead::simulation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  std::optional<Load> load;
  Diagnostics findings;
};

Read readWith(std::string text, size_t servers = 3) {
  upstream::PoolSettings pool = poolOf(servers);
  pool.servers[0].name = "first";
  Read read;
  read.load = readLoad(
      "load.yaml", std::move(text), pool.servers, [](std::string_view) { return std::nullopt; },
      read.findings);
  return read;
}

Load loadOf(std::string text, size_t servers = 3) {
  Read read = readWith(std::move(text), servers);
  EXPECT_TRUE(read.load) << config::renderText(read.findings);
  EXPECT_TRUE(read.findings.all().empty()) << config::renderText(read.findings);
  return read.load.value_or(Load{});
}

double meanMs(const OriginModel& origin) {
  return static_cast<double>(origin.service.mean().count()) / 1e6;
}

// --- what they say

TEST(Load, HasBuiltInValues) {
  const Load load = loadOf("{}");
  EXPECT_EQ(load.rates.front().per_second, 1000);
  EXPECT_EQ(load.duration, 5min);
  EXPECT_EQ(load.clients, 500u);
  EXPECT_EQ(load.network, 200us);
  EXPECT_EQ(load.seed, 1u);
  EXPECT_EQ(load.methods.size(), 2u);
  ASSERT_EQ(load.origins.size(), 3u);
  EXPECT_EQ(load.origins[2].workers, 8u);
  EXPECT_EQ(meanMs(load.origins[2]), 20);
  EXPECT_EQ(load.requests(), 300'000);
}

TEST(Load, IsReadWhole) {
  const Load load = loadOf(R"(
rate: [{ rate: 100/s }, { at: 10s, rate: 600/m }]
duration: 30s
clients: 7
methods: { PUT: 1, GET: 3 }
network: 0s
servers:
  10.0.0.2:80: { speed: 0.5, errors: 10%, status: 500 }
  default: { workers: 4, service: 5ms }
  first: { service: { exponential: 9ms } }
events:
  - { at: 1s, for: 2s, server: 10.0.0.1:80, down: true }
  - { at: 2s, server: [first, 10.0.0.3:80], slow: x2.5 }
  - { at: 3s, for: 1s, server: 10.0.0.3:80, errors: 30% }
  - { at: 4s, server: 10.0.0.3:80, restart: true }
  - { at: 5s, for: 4s, server: 10.0.0.3:80, hang: true, down: false }
seed: 18446744073709551615
)");
  EXPECT_EQ(load.requests(), 1200);
  EXPECT_EQ(load.clients, 7u);
  EXPECT_EQ(load.methods.front().method, http::Method::Put);
  EXPECT_EQ(load.methods.back().share, 3);
  EXPECT_EQ(load.network, 0s);
  EXPECT_EQ(load.seed, UINT64_MAX);
  EXPECT_EQ(load.origins[0].workers, 4u);
  EXPECT_EQ(meanMs(load.origins[0]), 9);
  EXPECT_EQ(load.origins[1].speed, 0.5);
  EXPECT_DOUBLE_EQ(load.origins[1].errors, 0.1);
  EXPECT_EQ(load.origins[1].status, 500);
  EXPECT_EQ(meanMs(load.origins[1]), 5);
  EXPECT_EQ(meanMs(load.origins[2]), 5);

  std::vector<std::string> troubles;
  for (const Trouble& trouble : load.troubles)
    troubles.push_back(fmt::format(
        "{} {} {} {} {:g}", static_cast<int>(trouble.kind), trouble.server, trouble.at / 1s,
        trouble.length == Duration::max() ? -1 : trouble.length / 1s, trouble.amount));
  EXPECT_THAT(troubles, ElementsAre("0 0 1 2 0", "2 0 2 -1 2.5", "2 2 2 -1 2.5", "3 2 3 1 0.3",
                                    "0 2 4 1 0", "1 2 5 4 0"));
}

TEST(Load, KnowsTheDistributions) {
  const struct {
    const char* service;
    double mean_ms;
  } rows[] = {
      {"7ms", 7},
      {"{ fixed: 7ms }", 7},
      {"{ exponential: 8ms }", 8},
      {"{ lognormal: { mean: 9ms, p99: 50ms } }", 9},
      {"{ lognormal: { mean: 10ms, sigma: 1.2 } }", 10},
      {"{ pareto: { mean: 11ms } }", 11},
      {"{ pareto: { mean: 12ms, shape: 2 } }", 12},
  };
  for (const auto& row : rows)
    EXPECT_EQ(meanMs(loadOf(fmt::format("servers: {{ default: {{ service: {} }} }}", row.service))
                         .origins[1]),
              row.mean_ms)
        << row.service;
}

TEST(Load, TheBuiltInOneFitsAnyPoolAndStaysBelowSaturation) {
  for (const size_t servers : {1, 2, 3, 4, 10, 1000}) {
    const upstream::PoolSettings pool = poolOf(servers);
    Diagnostics findings;
    const auto load = readLoad(
        "built in", builtInLoad(pool.servers), pool.servers,
        [](std::string_view) { return std::nullopt; }, findings);
    ASSERT_TRUE(load) << config::renderText(findings);
    EXPECT_EQ(load->duration, 5min);
    EXPECT_EQ(load->troubles.size(), 1u);
    EXPECT_EQ(load->origins.size() > 1 ? load->origins[1].speed : 0.5, 0.5);
    double capacity = 0;  // while one is down
    for (size_t i = 0; i < servers; ++i)
      if (servers == 1 || i != load->troubles[0].server) capacity += 400 * load->origins[i].speed;
    EXPECT_LT(load->requests() / 300, capacity) << servers;
  }
}

// --- what is wrong

struct Fault {
  const char* name;
  const char* text;
  const char* finding;  // after the file's name
  const char* advice = "";
};

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, AreToldWithTheirPlace) {
  const Read read = readWith(GetParam().text);
  EXPECT_FALSE(read.load);
  const std::string told = config::renderText(read.findings);
  EXPECT_THAT(told, HasSubstr(fmt::format("load.yaml{}", GetParam().finding)));
  EXPECT_THAT(told, HasSubstr(GetParam().advice));
  EXPECT_EQ(read.findings.all().size(), 1u) << told;
}

INSTANTIATE_TEST_SUITE_P(
    All, Faults,
    testing::Values(
        Fault{"empty", "", ": error: the file is empty"},
        Fault{"no_yaml", "rate: [", ":1:7: error: this `[` is never closed"},
        Fault{"a_list", "[1]", ":1:1: error: "},
        Fault{"unknown_key", "rats: 5/s", ":1:1: error: unknown key `rats`",
              "did you mean `rate`?"},
        Fault{"rate_without_unit", "rate: 5", ":1:7: error: ", "100/s"},
        Fault{"rate_too_high", "rate: 2000000/s", ":1:7: error: 2000000/s is too much"},
        Fault{"rate_of_a_mapping", "rate: { a: 1/s }", ":1:7: error: this is no rate"},
        Fault{"steps_of_nothing", "rate: []", ":1:7: error: this is no rate"},
        Fault{"steps_back_in_time", "rate: [{ at: 5s, rate: 1/s }, { at: 5s, rate: 2/s }]",
              ":1:37: error: a step that does not come after the one before", "the order of time"},
        Fault{"step_without_rate", "rate:\n  - { at: 5s }",
              ":2:5: error: a step of the rate says no `rate`", "{ at: 1m, rate: 500/s }"},
        Fault{"too_many_requests", "{ rate: 1000000/s, duration: 10m }",
              ":1:1: error: this makes 600000000 requests", "at most 100000000"},
        Fault{"duration_of_nothing", "duration: 0s", ":1:11: error: 0s is too short"},
        Fault{"duration_too_long", "duration: 25h", ":1:11: error: 25h is too long"},
        Fault{"no_clients", "clients: 0", ":1:10: error: "},
        Fault{"unknown_method", "methods: { GRAB: 1 }",
              ":1:12: error: `GRAB` is no method that is simulated"},
        Fault{"methods_of_nothing", "methods: { GET: 0, POST: 0 }",
              ":1:10: error: no method has a share"},
        Fault{"far_network", "network: 2s", ":1:10: error: 2s is too long", "at most 1s"},
        Fault{"unknown_server", "servers: { 10.0.0.9:80: { speed: 2 } }",
              ":1:12: error: the pool has no server `10.0.0.9:80`", "did you mean `10.0.0."},
        Fault{"quite_unknown_server", "servers: { backup.example:8080: { speed: 2 } }",
              ":1:12: error: the pool has no server `backup.example:8080`",
              "one of first, 10.0.0.2:80, 10.0.0.3:80"},
        Fault{"unknown_key_of_a_server", "servers: { first: { worker: 2 } }",
              ":1:21: error: unknown key `worker` in the server `first`",
              "did you mean `workers`?"},
        Fault{"no_number", "servers: { first: { speed: fast } }",
              ":1:28: error: `fast` is not a number", "a number from 0.001 to 1000"},
        Fault{"not_quite_a_number", "servers: { first: { speed: 1.2.3 } }",
              ":1:28: error: `1.2.3` is not a number"},
        Fault{"too_small_a_number", "servers: { first: { speed: 0 } }",
              ":1:28: error: 0 is too small", "a number from 0.001 to 1000"},
        Fault{"status_of_success", "servers: { first: { status: 200 } }", ":1:29: error: "},
        Fault{"two_distributions",
              "servers: { first: { service: { fixed: 1s, exponential: 1s } } }",
              ":1:30: error: `service` is one distribution", "one of fixed, exponential"},
        Fault{"unknown_distribution", "servers: { first: { service: { gamma: 1s } } }",
              ":1:32: error: unknown key `gamma`", "one of fixed, exponential"},
        Fault{"service_of_no_time", "servers: { first: { service: 0s } }",
              ":1:30: error: 0s is too short"},
        Fault{"lognormal_of_one_number",
              "servers: { first: { service: { lognormal: { mean: 1s } } } }",
              ":1:43: error: a lognormal needs two numbers", "either `p99` or `sigma`"},
        Fault{"lognormal_that_is_none",
              "servers: { first: { service: { lognormal: { mean: 1s, p99: 20s } } } }",
              ":1:60: error: no lognormal with a mean of 1s has this p99", "at most 14.9 times"},
        Fault{"pareto_without_mean", "servers: { first: { service: { pareto: { shape: 2 } } } }",
              ":1:40: error: a pareto needs a `mean`"},
        Fault{"pareto_too_heavy",
              "servers: { first: { service: { pareto: { mean: 1s, shape: 1 } } } }",
              ":1:59: error: 1 is too small"},
        Fault{"servers_in_a_list", "servers: [first]", ":1:10: error: `servers` is a mapping"},
        Fault{"one_event", "events: { at: 1s, server: first, down: true }",
              ":1:9: error: `events` is a list"},
        Fault{"event_of_nobody", "events: [{ at: 1s, down: true }]",
              ":1:10: error: this event does not say when, or to whom"},
        Fault{"event_of_nothing", "events: [{ at: 1s, server: first }]",
              ":1:10: error: this event says nothing of what happens",
              "one of down, hang, slow, errors, restart"},
        Fault{"event_of_two_things", "events: [{ at: 1s, server: first, down: true, slow: x2 }]",
              ":1:10: error: this event says more than one thing"},
        Fault{"event_of_an_unknown_server", "events: [{ at: 1s, server: firs, down: true }]",
              ":1:28: error: the pool has no server `firs`", "did you mean `first`?"},
        Fault{"slow_without_x", "events: [{ at: 1s, server: first, slow: 10 }]",
              ":1:41: error: `10` is not a factor", "did you mean `x10`?"},
        Fault{"slow_that_is_fast", "events: [{ at: 1s, server: first, slow: x0.5 }]",
              ":1:41: error: 0.5 is too small"},
        Fault{"seed_below_zero", "seed: -1", ":1:7: error: "}),
    [](const auto& row) { return row.param.name; });

TEST(Load, WarnsOfEventsThatNeverCome) {
  const Read read = readWith("{ duration: 1m, events: [{ at: 1m, server: first, down: true }] }");
  EXPECT_TRUE(read.load);
  EXPECT_THAT(config::renderText(read.findings),
              HasSubstr("load.yaml:1:32: warning: this comes after the end of the load"));
}

// --- their documentation

TEST(Load, ItsKeysAreDocumented) {
  std::ifstream stream(FAIRLEAD_SOURCE_DIR "/docs/simulation.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (const Section* section : loadSections())
    for (const Key& key : section->keys) {
      const std::string initial =
          key.initial.empty() ? std::string() : fmt::format("`{}`", key.initial);
      EXPECT_THAT(text, HasSubstr(fmt::format("| {} | {} |\n", initial, key.meaning)))
          << key.name << " of " << section->name;
      EXPECT_THAT(text, HasSubstr(fmt::format("\n| `{}` | ", key.name)));
    }
}

}  // namespace
}  // namespace fairlead::simulation
