// Which route does this request head belong to? A pure function over a table compiled once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::route {

// A route's place in the caller's own list of routes; a host's in its list of hosts.
using RouteId = int32_t;
using HostId = int32_t;
inline constexpr int32_t kNone = -1;

// What a route asks of a request. Host names are canonical (lower case, no port, no trailing dot):
// exact, "*.example.com", or "*".
struct RouteSpec {
  HostId host = kNone;     // kNone: a top-level path, tried when no host claims the request
  std::string path = "/";  // canonical, without trailing slash unless it is "/"
  bool exact = false;      // else: whole segments and everything below
  std::string name;        // for traces: "shop.example.com /api"
};
struct HostSpec {
  std::vector<std::string> names;
};

// What routing reads of a request, all canonical.
struct RouteQuery {
  std::string_view host;
  std::string_view path;
};

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
  Router(std::vector<HostSpec> hosts, std::vector<RouteSpec> routes);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Hot path: no allocation; one hash lookup for the host (a few for wildcards), one walk down a
  // radix tree for the path. Cost does not grow with the number of routes.
  RouteMatch match(const RouteQuery& query) const;
  // The same decision, and for every route that was considered the first condition that failed.
  RouteMatch explain(const RouteQuery& query, std::vector<TraceLine>& trace) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace fairlead::route
