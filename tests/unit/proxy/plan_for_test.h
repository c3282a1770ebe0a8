// A plan put together by hand, of rules as they would stand in a file.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/plan.h"
#include "unit/filter/flow.h"
#include "unit/firewall/asked.h"
#include "unit/upstream/pool_for_test.h"

namespace fairlead::proxy {

class PlanForTest {
 public:
  // References to routes and hosts stay good while there are no more than these.
  static constexpr size_t kMost = 64;

  PlanForTest() {
    plan_.routes.reserve(kMost);
    plan_.hosts.reserve(kMost);
    addPool("main");
  }

  static void read(firewall::FirewallRules& rules, std::string_view text) {
    rules = firewall::rulesOf(text);
  }
  template <typename Rules>
  static void read(Rules& rules, std::string_view text) {
    Diagnostics out;
    rules.read(filter::flow(text), out);
    EXPECT_EQ(filter::firstFinding(out), "") << text;
  }

  Plan& plan() { return plan_; }
  // To be called when all routes are there.
  const Plan& finished() {
    std::vector<route::HostSpec> hosts;
    for (const HostPlan& host : plan_.hosts) hosts.push_back({{host.name}});
    for (RoutePlan& route : plan_.routes) {
      findNeeds(route);
      plan_.has_cors = plan_.has_cors || route.level.cors.isOn();
    }
    plan_.router = route::Router(std::move(hosts), specs_);
    return plan_;
  }

  // With one server, which nobody has checked yet.
  uint32_t addPool(std::string name) {
    upstream::PoolSettings settings = upstream::poolOf({{*IpAddress::parse("10.0.0.1"), 80}});
    settings.name = std::move(name);
    plan_.pools.push_back(std::make_unique<upstream::Pool>(std::move(settings)));
    return static_cast<uint32_t>(plan_.pools.size() - 1);
  }
  // The pool's server has failed its checks.
  void takeDown(std::string_view pool) {
    for (const auto& known : plan_.pools)
      if (known->name() == pool)
        return upstream::setActive(*known, 0, upstream::ActiveHealth::Down);
    throw std::runtime_error("no such pool");
  }

  route::HostId addHost(std::string name) {
    plan_.hosts.emplace_back().name = std::move(name);
    return static_cast<route::HostId>(plan_.hosts.size() - 1);
  }
  HostPlan& host(route::HostId id) { return plan_.hosts[static_cast<size_t>(id)]; }

  // Leads to the pool `main`.
  RoutePlan& addRoute(route::RouteSpec spec) {
    RoutePlan& route = plan_.routes.emplace_back();
    route.name = spec.name;
    route.path = spec.path;
    route.legs.push_back(
        {.pool = 0, .timeouts = {}, .retry = {}, .key = {}, .sticky = {}, .learns = {}});
    specs_.push_back(std::move(spec));
    return route;
  }
  RoutePlan& addRespond(route::RouteSpec spec, std::string_view text) {
    RoutePlan& route = addRoute(std::move(spec));
    route.legs.clear();
    read(route.respond.emplace(), text);
    return route;
  }
  RoutePlan& addRedirect(route::RouteSpec spec, std::string_view text) {
    RoutePlan& route = addRoute(std::move(spec));
    route.legs.clear();
    read(route.redirect.emplace(), text);
    return route;
  }
  // Pools of the names in `shares` are made.
  RoutePlan& addSplit(route::RouteSpec spec, std::string_view shares) {
    RoutePlan& route = addRoute(std::move(spec));
    route.legs.clear();
    Diagnostics out;
    std::vector<filter::SplitArm> arms = filter::readSplit(filter::flow(shares), out);
    EXPECT_EQ(filter::firstFinding(out), "") << shares;
    for (filter::SplitArm& arm : arms) {
      arm.pool = addPool(arm.pool_name);
      route.legs.push_back(
          {.pool = arm.pool, .timeouts = {}, .retry = {}, .key = {}, .sticky = {}, .learns = {}});
    }
    route.split.emplace(std::move(arms), route.name);
    return route;
  }

 private:
  static void findNeeds(RoutePlan& route) {
    filter::Needs needs = route.level.headers.needs();
    needs |= route.level.cookies.needs();
    needs |= route.params.needs();
    needs |= route.rewrite.needs();
    route.changes_requests = route.changes_responses = true;  // to be asked, at least
    route.rules_wait_for_server = needs.server;
    needs |= route.level.headers.responseNeeds();
    needs |= route.level.cookies.responseNeeds();
    if (route.respond) needs |= route.respond->needs();
    if (route.redirect) needs |= route.redirect->needs();
    route.needs = needs;
  }

  Plan plan_;
  std::vector<route::RouteSpec> specs_;  // as Plan::routes
};

}  // namespace fairlead::proxy
