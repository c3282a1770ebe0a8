// Files that must load, and what one asks of the result.
#pragma once

#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace fairlead::config {

inline constexpr const char* kRoute = "paths: [{ path: /, servers: [localhost:8081] }]\n";

inline Config good(std::string text, std::map<std::string, std::string> files = {}) {
  Loaded loaded = loadWith(std::move(text), std::move(files));
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  EXPECT_FALSE(loaded.diagnostics.hasErrors()) << renderText(loaded.diagnostics);
  return loaded.config.value_or(Config());
}

// The pool of a route that has but one.
inline const Pool& poolOf(const Config& config, size_t route) {
  const auto legs = config.routes.at(route).legs();
  EXPECT_EQ(legs.size(), 1u) << config.routes[route].match.name;
  return config.pools.at(legs.empty() ? SIZE_MAX : legs[0].pool.value);
}

inline std::vector<std::string> routeNames(const Config& config) {
  std::vector<std::string> names;
  for (const Route& route : config.routes) names.push_back(route.match.name);
  return names;
}

}  // namespace fairlead::config
