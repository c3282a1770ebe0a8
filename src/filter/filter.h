// What may be changed, refused or answered before and after the upstream: one filter, one file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/ip_address.h"
#include "base/settings.h"
#include "http/message.h"

namespace fairlead::filter {

// Who asks, as all rules, logs and hashes see it. Views live as long as the connection.
struct ClientFacts {
  IpAddress peer;    // the other end of the connection
  IpAddress client;  // the first untrusted address from the right
  uint16_t peer_port = 0;
  uint16_t listener_port = 0;
  bool peer_trusted = false;         // the peer is in trusted_proxies
  std::string_view scheme = "http";  // of the client, as far as trusted proxies tell
};

// The request as it was before any rule changed it, as placeholders speak of it, and what became of
// it so far. Views live as long as the exchange.
struct RequestFacts {
  std::string_view method;
  std::string_view host;   // canonical, without port
  std::string_view path;   // canonical
  std::string_view query;  // without the `?`
  const http::Fields* fields = nullptr;
  std::string_view request_id;
  std::string_view route;
  std::string_view pool;                         // empty: none yet, or none at all
  std::string_view server;                       // its name; empty: none yet, or none at all
  std::span<const std::string_view> captures{};  // of the route's path_regex: [0] is the match
  std::chrono::microseconds time{};              // since 1970
  uint16_t status = 0;                           // of the answer that fairlead is making; 0: none
};

// An answer that a rule gives instead of a server. Views into the configuration or the exchange.
struct Answer {
  uint16_t status = 403;
  std::string_view body;                  // empty: the standard sentence of the status
  std::string_view content_type;          // empty: text/plain
  std::span<const http::Field> fields{};  // beside those of any answer: Location, Retry-After ...
  std::string_view rule;                  // the rule's name, for the log: "firewall ip_reject"
  Mark origin;                            // where the rule stands
};

// One line of what happened, for `fairlead explain`: "header_rules: add X-Edge: fairlead
// (fairlead.yaml:7)".
class Trace {
 public:
  virtual ~Trace() = default;
  virtual void note(std::string line, Mark where) = 0;
};

// The names of fairlead's own cookies begin so; rules of the configuration leave them alone.
inline constexpr std::string_view kOwnCookiePrefix = "fairlead_";

// What a filter works with beside the head. `trace` is null when traffic is served.
struct Scene {
  const ClientFacts& client;
  Arena& arena;
  Trace* trace = nullptr;
  const RequestFacts& request = kNoRequest;

  static const RequestFacts kNoRequest;
};
inline const RequestFacts Scene::kNoRequest{};

// Applies one rule to the fields of a head and notes `sentence()` if they are others then. False
// when `apply()` is.
template <typename Apply, typename Sentence>
bool applyAndNote(http::Fields& fields, const Scene& scene, Mark mark, Apply apply,
                  Sentence sentence) {
  if (!scene.trace) return apply();
  const http::Fields before = fields;
  if (!apply()) return false;
  if (!http::sameLines(before, fields)) scene.trace->note(sentence(), mark);
  return true;
}

}  // namespace fairlead::filter
