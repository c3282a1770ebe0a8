// Which route does this request head belong to? A pure function over a table compiled once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/spec.h"

namespace fairlead::route {

struct RouteMatch {
  HostId host = kNone;    // the host entry that claimed the request
  RouteId route = kNone;  // kNone: 404
};

// Why a route that was considered did not take the request.
struct TraceLine {
  RouteId route = kNone;
  HostId host = kNone;
  bool matched = false;
  std::string why;  // the first condition that failed: "path /x is not /api or below"
};

class Router {
 public:
  // The groups of a path_regex that `captures` can tell, that of the whole match included.
  static constexpr size_t kMaxGroups = 32;

  Router(std::vector<HostSpec> hosts, std::vector<RouteSpec> routes);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Hot path: one hash lookup for the host (a few for wildcards), one walk down a radix tree for
  // the path, one pass for all regexes of the host if no path takes the request. No allocation
  // where no regex is involved. The cost does not grow with the number of routes, but for those
  // of one path whose conditions fail one after the other.
  RouteMatch match(const RouteQuery& query) const;
  // The same decision, and for every route that was considered the first condition that failed.
  RouteMatch explain(const RouteQuery& query, std::vector<TraceLine>& trace) const;

  // The groups of the route's path_regex in a path that it took, as views of the path, from group
  // 0, the whole match. Groups that took no part are empty. Returns how many were written: 0 when
  // the route has no path_regex or the path does not match. No allocation but RE2's own.
  size_t captures(RouteId route, std::string_view path, std::span<std::string_view> into) const;
  // The number of the last group: 0 when only the whole match can be told; -1 without path_regex.
  int captureCount(RouteId route) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace fairlead::route
