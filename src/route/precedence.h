// Which of two routes goes first where both would take a request.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "route/spec.h"

namespace fairlead::route {

// All routes, best first, by everything but the path's place in the tree: methods given, the number
// of conditions on headers, on params, on cookies, client addresses given, scheme given; then the
// longer pattern, the smaller text of path and conditions. The order of `routes` decides only
// between routes of one identity.
std::vector<RouteId> inOrderOfPrecedence(std::span<const RouteSpec> routes);

// Why `winner` took a request that `loser` would have taken as well.
std::string whyLater(const RouteSpec& loser, const RouteSpec& winner);

}  // namespace fairlead::route
