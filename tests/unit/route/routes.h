// Routes, conditions and requests as a test writes them.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "route/router.h"

namespace fairlead::route {

inline Regex pattern(const std::string& text) { return std::make_shared<const re2::RE2>(text); }

inline RouteSpec prefix(HostId host, std::string path) {
  return {.host = host, .path = std::move(path)};
}
inline RouteSpec exact(HostId host, std::string path) {
  return {.host = host, .path_kind = PathKind::Exact, .path = std::move(path)};
}
inline RouteSpec regex(HostId host, std::string path) {
  return {.host = host, .path_kind = PathKind::Regex, .path = path, .regex = pattern(path)};
}

inline Condition is(std::string name, std::string value) {
  return {std::move(name), {ValueMatch::Kind::Exact, std::move(value)}};
}
inline Condition begins(std::string name, std::string value) {
  return {std::move(name), {ValueMatch::Kind::Prefix, std::move(value)}};
}
inline Condition matches(std::string name, const std::string& value) {
  return {std::move(name), {ValueMatch::Kind::Regex, value, pattern(value)}};
}
inline Condition present(std::string name) {
  return {std::move(name), {ValueMatch::Kind::Present}};
}
inline Condition absent(std::string name) { return {std::move(name), {ValueMatch::Kind::Absent}}; }

inline std::vector<Cidr> networks(const std::vector<std::string>& texts) {
  std::vector<Cidr> all;
  for (const std::string& text : texts) all.push_back(*Cidr::parse(text));
  return all;
}

// A request, as far as routing cares.
struct Ask {
  std::string host = "h";
  std::string path = "/";
  std::string query{};
  std::string method = "GET";
  std::string scheme = "http";
  std::string client = "192.0.2.1";
  std::vector<std::pair<std::string, std::string>> headers{};
};

// What the router sees of it.
class Asked {
 public:
  explicit Asked(Ask ask) : ask_(std::move(ask)) {
    for (const auto& [name, value] : ask_.headers)
      fields_.add(http::Field::make(arena_, name, value));
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  RouteQuery query() const {
    return {.host = ask_.host,
            .path = ask_.path,
            .method = ask_.method,
            .scheme = ask_.scheme,
            .query = ask_.query,
            .client = *IpAddress::parse(ask_.client),
            .fields = &fields_};
  }

 private:
  Ask ask_;
  Arena arena_;
  http::Fields fields_;
};

inline RouteMatch match(const Router& router, const Ask& ask) {
  return router.match(Asked(ask).query());
}

inline RouteMatch explain(const Router& router, const Ask& ask, std::vector<TraceLine>& trace) {
  return router.explain(Asked(ask).query(), trace);
}

// The trace as text: "host N: why" and "route N: why".
inline std::vector<std::string> explained(const Router& router, const Ask& ask) {
  std::vector<TraceLine> trace;
  explain(router, ask, trace);
  std::vector<std::string> lines;
  for (const TraceLine& line : trace) {
    const bool is_host = line.route == kNone;
    lines.push_back((is_host ? "host " : "route ") +
                    std::to_string(is_host ? line.host : line.route) + ": " + line.why);
  }
  return lines;
}

}  // namespace fairlead::route
