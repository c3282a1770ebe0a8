// redirect: a route that sends clients to another URI.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "filter/template.h"
#include "http/semantics.h"

namespace fairlead::filter {

extern const Section kRedirectKeys;

// `redirect: https`, a URI or path alone, or the parts that change. What no key names stays as the
// client had it: its scheme, host, port and path. The port goes when the scheme changes; the query
// is kept unless `to` or `path` has one of its own.
class Redirect {
 public:
  void read(const Value& value, Diagnostics& out);

  // With the Location; or 400 and 414 where the request makes none. `authority` is what the client
  // said, as received; `route_path` the route's own path, whose place `replace_prefix` takes.
  // Memory of the arena and of these settings.
  Answer answer(const Scene& scene, std::string_view authority, std::string_view route_path) const;
  // Never holds controls, and leads to no other host than these settings say.
  std::expected<std::string_view, http::MessageFault> location(const Scene& scene,
                                                               std::string_view authority,
                                                               std::string_view route_path) const;

  uint16_t status() const { return status_; }
  // Leads to https and changes nothing else but the port: such a route is for requests of http
  // only, or it would lead to itself.
  bool changesSchemeOnly() const;
  // Where `replace_prefix` stands, which makes no sense without a path of the route.
  std::optional<Mark> needsPrefix() const;
  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same.
  Value show() const;

 private:
  class Reader;
  // A text of the configuration and what became of it.
  struct Text {
    std::string written;
    Mark mark;
    Template made;
  };

  // The host and port of the Location.
  std::expected<std::string_view, http::MessageFault> authorityFor(
      const Scene& scene, std::string_view authority) const;
  std::string_view pathFor(const Scene& scene, std::string_view route_path) const;
  std::string_view schemeFor(const Scene& scene) const;

  std::optional<Setting<std::string>> to_;  // as written
  bool is_relative_ = false;                // `to` has no host
  Setting<std::string> scheme_;             // empty: the client's
  std::optional<Text> host_;                // of `to`: with its port
  Setting<uint32_t> port_{0};               // 0: none said
  std::optional<Text> path_;                // nothing: the client's
  std::optional<Text> prefix_;
  Template rest_;  // path and query; behind a prefix, those that stay
  uint16_t status_ = 302;
  Mark status_mark_;
  Mark mark_;
};

}  // namespace fairlead::filter
