// The compiled configuration as the pipeline reads it: immutable, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "filter/cookie_rules.h"
#include "filter/cors.h"
#include "filter/error_pages.h"
#include "filter/forwarded.h"
#include "filter/header_rules.h"
#include "filter/param_rules.h"
#include "filter/redirect.h"
#include "filter/respond.h"
#include "filter/rewrite_rules.h"
#include "filter/split.h"
#include "filter/sticky_cookie.h"
#include "filter/template.h"
#include "firewall/firewall_rules.h"
#include "http/h1/serializer.h"
#include "proxy/choice_key.h"
#include "route/router.h"
#include "upstream/pool.h"

namespace fairlead::proxy {

// What holds for fields and answers at a level of the file: a route's own, a host's where it has no
// route, the defaults where no host is known.
struct LevelPlan {
  filter::HeaderRules headers;
  filter::CookieRules cookies;
  filter::Cors cors;
  filter::ErrorPages error_pages;
};
inline constexpr uint32_t kNoLog = UINT32_MAX;  // as the index of an access log: off

struct HostPlan {
  std::string name;
  firewall::FirewallRules firewall;
  LevelPlan level;
  uint32_t log = kNoLog;  // for its requests that have no route
};

// Where copies of a route's requests go.
struct MirrorPlan {
  uint32_t pool = 0;      // index into Plan::pools
  double share = 1;       // of the requests, 0 to 1
  uint64_t max_body = 0;  // octets; a request with a larger body is not copied
};

// A pool that a route leads to.
struct LegPlan {
  uint32_t pool = 0;  // index into Plan::pools
  upstream::TimeoutSettings timeouts;
  upstream::RetrySettings retry;
  KeyPlan key;                                 // of the pool's policy
  std::optional<filter::StickyCookie> sticky;  // ... that fairlead sets
  std::optional<filter::StickyCookie> learns;  // ... that the pool's servers set themselves
};

// `max_body` of a level's firewall.
struct BodyRule {
  uint64_t bytes = 0;
  std::string name;
  Mark mark;
  firewall::Policy policy{413};

  firewall::Hit hit() const {
    return {.of = firewall::Hit::Of::Limit,
            .rule = name,
            .origin = mark,
            .counted = mark,
            .counted_as = {}};
  }
};

// One route with everything that happens to a request on it, in this order. It leads to a pool, to
// one of several, or to an answer of fairlead's own.
struct RoutePlan {
  std::string name;  // "shop.example.com /api"
  std::string path;  // as RouteSpec's
  firewall::FirewallRules firewall;
  bool names_options = false;  // among its `methods`
  std::optional<filter::Respond> respond;
  std::optional<filter::Redirect> redirect;
  std::vector<LegPlan> legs;
  std::optional<filter::Split> split;  // among `legs`, when there are several
  std::optional<MirrorPlan> mirror;
  filter::ParamRules params;
  filter::RewriteRules rewrite;
  LevelPlan level;
  filter::Needs needs;            // of all texts that may be rendered on this route
  bool changes_requests = false;  // there are rules for parameters, URL, cookies or fields
  // The rules for the request speak of the server, so that they wait until one is chosen.
  bool rules_wait_for_server = false;
  upstream::Priority priority = upstream::Priority::Normal;
  // Something here may have to change a response on its way to the client.
  bool changes_responses = false;
  Duration idle{};                   // a client's connection between requests
  uint32_t log = kNoLog;             // an access log, as the worker counts them
  uint64_t max_body = UINT64_MAX;    // octets of a request's body, whoever limits them
  std::vector<BodyRule> body_rules;  // of the firewalls of its levels
  http::h1::PathBytes path_bytes = http::h1::PathBytes::Canonical;
};

struct Plan {
  filter::TrustedProxies trusted;
  firewall::FirewallRules firewall;
  LevelPlan level;                      // the defaults
  uint32_t log = kNoLog;                // for requests that no host claims and that have no route
  std::vector<std::string> files;       // of the configuration, as marks count them
  std::vector<firewall::AutoBan> bans;  // of all levels, by number
  std::vector<HostPlan> hosts;
  bool has_cors = false;    // on any route
  bool needs_time = false;  // some text may say `{time}`
  std::vector<RoutePlan> routes;
  std::vector<std::unique_ptr<upstream::Pool>> pools;
  route::Router router{{}, {}};
};

}  // namespace fairlead::proxy
