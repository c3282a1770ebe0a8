// The compiled configuration as the pipeline reads it: immutable, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filter/firewall.h"
#include "filter/forwarded.h"
#include "filter/header_rules.h"
#include "filter/param_rules.h"
#include "filter/respond.h"
#include "filter/rewrite_rules.h"
#include "http/h1/serializer.h"
#include "route/router.h"
#include "upstream/pool.h"

namespace fairlead::proxy {

struct HostPlan {
  std::string name;
  filter::FirewallRules firewall;
};

// Where copies of a route's requests go.
struct MirrorPlan {
  uint32_t pool = 0;      // index into Plan::pools
  double share = 1;       // of the requests, 0 to 1
  uint64_t max_body = 0;  // octets; a request with a larger body is not copied
};

// One route with everything that happens to a request on it, in this order. It leads to a pool or
// to a fixed answer.
struct RoutePlan {
  std::string name;  // "shop.example.com /api"
  filter::FirewallRules firewall;
  filter::ParamRules params;
  filter::RewriteRules rewrite;
  filter::HeaderRules headers;
  uint32_t pool = 0;  // index into Plan::pools, when `respond` is not set
  std::optional<filter::Respond> respond;
  std::optional<MirrorPlan> mirror;
  upstream::TimeoutSettings timeouts;
  upstream::RetrySettings retry;
  upstream::Priority priority = upstream::Priority::Normal;
  uint64_t max_body = UINT64_MAX;  // octets of a request's body
  http::h1::PathBytes path_bytes = http::h1::PathBytes::Canonical;
};

struct Plan {
  filter::TrustedProxies trusted;
  filter::FirewallRules firewall;
  std::vector<HostPlan> hosts;
  std::vector<RoutePlan> routes;
  std::vector<std::unique_ptr<upstream::Pool>> pools;
  route::Router router{{}, {}};
};

}  // namespace fairlead::proxy
