// fairlead simulate: what a pool of the configuration would make of a load.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/verbs.h"
#include "balance/settings.h"
#include "base/units.h"
#include "config/diagnostic.h"
#include "simulation/report.h"
#include "simulation/run.h"
#include "upstream/pool_record.h"
#include "worker/snapshot.h"

namespace fairlead::app {
namespace {

using upstream::Pool;
using upstream::PoolSettings;

// What is compared when nothing is asked for, beside the pool's own.
constexpr std::string_view kCommon[] = {"p2c", "round_robin", "random", "least_connections",
                                        "least_latency"};

const Pool* findPool(const proxy::Plan& plan, const std::string& name) {
  if (name.empty()) {
    const auto most = std::ranges::max_element(
        plan.pools, {}, [](const auto& pool) { return pool->settings.servers.size(); });
    if (most == plan.pools.end()) std::cerr << "the configuration has no pool\n";
    return most == plan.pools.end() ? nullptr : most->get();
  }
  std::vector<std::string_view> names;
  for (const auto& pool : plan.pools) {
    if (pool->name() == name) return pool.get();
    names.push_back(pool->name());
  }
  std::cerr << fmt::format("there is no pool `{}`; the pools are {}\n", name,
                           fmt::join(names, ", "));
  return nullptr;
}

// Timeouts and retries are those of the first route that leads to the pool.
PoolSettings settingsOf(const proxy::Plan& plan, const Pool& pool) {
  PoolSettings settings = pool.settings;
  settings.workers = 1;
  for (const proxy::RoutePlan& route : plan.routes)
    for (const proxy::LegPlan& leg : route.legs) {
      if (plan.pools[leg.pool].get() != &pool) continue;
      settings.timeouts = leg.timeouts;
      settings.retry = leg.retry;
      return settings;
    }
  return settings;
}

// The pool's own way to balance, or another one with what of the own one fits.
balance::BalanceSettings balanceBy(const balance::Policy& policy,
                                   const balance::BalanceSettings& own) {
  if (own.policy.value == &policy) return own;
  balance::BalanceSettings other;
  other.policy = &policy;
  if (!policy.keyed) return other;
  other.key = balance::KeySource::ClientIp;
  if (own.policy.value->keyed) other.bounded_load = own.bounded_load;
  return other;
}

// The pool's own first. Nothing when a name is unknown, which is said.
std::vector<const balance::Policy*> policiesFor(const std::vector<std::string>& names,
                                                const balance::Policy* own) {
  std::vector<const balance::Policy*> chosen;
  std::vector<std::string_view> known;
  for (const balance::Policy& policy : balance::policies()) known.push_back(policy.name);
  for (const std::string& name : names) {
    const balance::Policy* policy = balance::findPolicy(name);
    if (!policy) {
      std::cerr << fmt::format("there is no algorithm `{}`; there are {}\n", name,
                               fmt::join(known, ", "));
      if (const auto nearest = nearestWord(name, known); !nearest.empty())
        std::cerr << fmt::format("did you mean `{}`?\n", nearest);
      return {};
    }
    if (std::ranges::find(chosen, policy) == chosen.end()) chosen.push_back(policy);
  }
  if (!chosen.empty()) return chosen;
  chosen.push_back(own);
  for (const std::string_view name : kCommon)
    if (name != own->name) chosen.push_back(balance::findPolicy(name));
  return chosen;
}

// The text of a load, and what findings call it.
struct LoadText {
  std::string name;
  std::string text;
};

std::optional<LoadText> loadText(const std::string& file, const PoolSettings& settings) {
  if (file.empty()) return LoadText{"the built-in load", simulation::builtInLoad(settings.servers)};
  auto text = config::DiskFiles().read(file);
  if (text) return LoadText{file, *std::move(text)};
  Diagnostics findings;
  findings.files.push_back({file, ""});
  findings.error({0, 0, 0, 1}, fmt::format("cannot be read: {}", text.error()));
  complain(findings);
  return std::nullopt;
}

std::string ratesText(const simulation::Load& load) {
  const auto [least, most] = std::ranges::minmax(load.rates, {}, &simulation::RateStep::per_second);
  if (least.per_second == most.per_second) return fmt::format("{:g}/s", most.per_second);
  return fmt::format("{:g}/s to {:g}/s", least.per_second, most.per_second);
}

// `others`: why it is this pool, when there are several.
void sayScene(const PoolSettings& settings, std::string_view others, const std::string& load_name,
              const simulation::Load& load) {
  const Pool pool(settings);
  std::cout << fmt::format("pool {} ({} server{}{}): balance {}, {}\n", settings.name,
                           settings.servers.size(), settings.servers.size() == 1 ? "" : "s", others,
                           settings.balance.text(), upstream::checkText(pool));
  std::cout << fmt::format("{}: {} for {} from {} clients, seed {}\n", load_name, ratesText(load),
                           units::formatDuration(load.duration), load.clients, load.seed);
  if (settings.retry.hedge.on) std::cout << "note: `retry.hedge` is not simulated\n";
  std::cout << "\n" << std::flush;
}

}  // namespace

Exit simulate(const SimulateRequest& request) {
  Diagnostics findings;
  const auto config = loadOrComplain(request.config_file, Warnings::Silent, findings);
  if (!config) return Exit::BadConfig;
  const worker::Snapshot snapshot = worker::compile(*config);
  const Pool* const pool = findPool(snapshot.plan, request.pool);
  if (!pool) return Exit::Unknown;
  PoolSettings settings = settingsOf(snapshot.plan, *pool);
  const balance::BalanceSettings own = settings.balance;
  const auto policies = policiesFor(request.balances, own.policy);
  if (policies.empty()) return Exit::Usage;

  const auto text = loadText(request.load_file, settings);
  if (!text) return Exit::BadConfig;
  if (request.print_load) {
    std::cout << text->text;
    return Exit::Ok;
  }
  Diagnostics of_load;
  auto load = simulation::readLoad(text->name, text->text, settings.servers,
                                   config::processEnvironment, of_load);
  complain(of_load);
  if (!load) return Exit::BadConfig;
  load->seed = request.seed.value_or(load->seed);

  const bool was_chosen = request.pool.empty() && snapshot.plan.pools.size() > 1;
  if (!request.json)
    sayScene(settings, was_chosen ? ", the most of all pools" : "", text->name, *load);
  std::vector<simulation::Figures> runs;
  for (const balance::Policy* policy : policies) {
    settings.balance = balanceBy(*policy, own);
    runs.push_back(simulation::simulate(settings, *load));
  }
  const simulation::Report report{.pool = settings.name,
                                  .load = text->name,
                                  .duration = load->duration,
                                  .seed = load->seed,
                                  .runs = runs};
  if (request.json) {
    std::cout << simulation::jsonOf(report);
    return Exit::Ok;
  }
  std::cout << simulation::tableOf(report);
  if (request.servers) std::cout << "\n" << simulation::serverTableOf(report);
  return Exit::Ok;
}

}  // namespace fairlead::app
