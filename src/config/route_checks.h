// What can be said about routes once they are read: their names, routes that nobody reaches,
// redirects that lead to themselves.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"
#include "route/router.h"

namespace fairlead::config {

// The table that decides about the traffic of a configuration. A route's id is its index.
route::Router routerOf(const Config& config);

// What logs and explanations call a route: "shop.example.com /api (exact, POST)". `host` is the
// host's first name, empty for routes of no host.
std::string routeName(std::string_view host, const route::RouteSpec& match);

// The largest N of `{capture.N}` in the rules of a route, or -1.
int highestCapture(const Route& route);

// `any_host` is where the host "*" stands, built-in when there is none.
void warnOfUnreachable(const Config& config, Mark any_host, Diagnostics& out);

// Follows each redirect as far as this configuration answers it; one that comes back to where it
// was is an error.
void refuseRedirectCycles(const Config& config, Diagnostics& out);

}  // namespace fairlead::config
