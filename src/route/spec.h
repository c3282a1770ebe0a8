// What a route asks of a request, and what routing reads of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "http/fields.h"

namespace re2 {
class RE2;
}

namespace fairlead::route {

// A route's place in the caller's own list of routes; a host's in its list of hosts.
using RouteId = int32_t;
using HostId = int32_t;
inline constexpr int32_t kNone = -1;

// A compiled pattern: RE2 syntax, unanchored, proved valid by whoever compiled it.
using Regex = std::shared_ptr<const re2::RE2>;

// What a condition asks of a value.
struct ValueMatch {
  enum class Kind : uint8_t { Exact, Prefix, Regex, Present, Absent };
  Kind kind = Kind::Present;
  std::string text{};  // the value, the prefix, or the pattern as written
  Regex regex{};       // Kind::Regex only
};

// What is asked of a header field (any letter case of the name), of a parameter (decoded), or of a
// cookie (letter case counts). Of several values of that name one has to fit; Kind::Absent holds
// when there is none.
struct Condition {
  std::string name{};
  ValueMatch match{};
};

enum class PathKind : uint8_t { Prefix, Exact, Regex };

// Empty conditions ask nothing.
struct RouteSpec {
  HostId host = kNone;                    // kNone: tried when no host claims the request
  PathKind path_kind = PathKind::Prefix;  // whole segments and everything below
  std::string path = "/";  // canonical, without trailing slash unless it is "/"; or the pattern
  Regex regex{};           // PathKind::Regex only
  std::vector<std::string> methods{};  // GET does not include HEAD
  std::vector<Condition> headers{};
  std::vector<Condition> params{};
  std::vector<Condition> cookies{};
  std::vector<Cidr> from{};  // client addresses
  std::string scheme{};      // "http" or "https"
  std::string name{};        // for traces: "shop.example.com /api"
};

// Host names are canonical (lower case, no port, no trailing dot): exact, "*.example.com", or "*".
struct HostSpec {
  std::vector<std::string> names{};
};

// What routing reads of a request, all canonical.
struct RouteQuery {
  std::string_view host{};
  std::string_view path{};
  std::string_view method{};
  std::string_view scheme{};
  std::string_view query{};  // without the "?", as received
  IpAddress client{};
  const http::Fields* fields = nullptr;  // null: none
};

// Does the route take whatever comes to its host and path?
bool isUnconditional(const RouteSpec& route);

// The conditions as text, one a line, in an order of their own: the same for all ways to write the
// same set of conditions. Empty for an unconditional route.
std::string conditionsText(const RouteSpec& route);

// Host, path and conditions as text. Two routes of one identity take the same requests, so that
// nobody can tell them apart.
std::string identity(const RouteSpec& route);

}  // namespace fairlead::route
