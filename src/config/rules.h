// Reading what every level of the file may say (defaults, host, path, pool) over what holds
// outside.
#pragma once

#include "config/config.h"

namespace fairlead::config {

// The keys of readPoolRules, of readRouteRules.
extern const Section kPoolRuleKeys;
extern const Section kRouteRuleKeys;

enum class Level : uint8_t { Defaults, Pool, Host, Path };

// balance, health, timeouts, retry, slow_start, sticky, max_requests, limit, queue, breaker,
// send_proxy_protocol.
void readPoolRules(Settings& settings, Level level, PoolRules& rules);

// header_rules, param_rules, rewrite_rules, max_body, path_policy, mirror, priority.
void readRouteRules(Settings& settings, RouteRules& rules);

// The word of `path_policy` for a policy.
std::string_view nameOf(PathPolicy policy);

}  // namespace fairlead::config
