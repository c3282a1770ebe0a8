// Reading what a route asks of a request beside its path: methods, headers, params, cookies, from,
// scheme; and path_regex.
#pragma once

#include "base/settings.h"
#include "route/spec.h"

namespace fairlead::config {

extern const Section kConditionKeys;
extern const Section kValueMatchKeys;

// Takes the keys of kConditionKeys out of `settings`.
void readConditions(Settings& settings, route::RouteSpec& into);

// Compiles an RE2 pattern; nothing, and a finding with the fault, when it is none.

}  // namespace fairlead::config
