// What is to become of a request: a pure function of its head, the client and the plan. It serves
// traffic, `fairlead explain`, the tests of a configuration, and unit tests alike.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/random.h"
#include "filter/filter.h"
#include "filter/rewrite_rules.h"
#include "firewall/visit.h"
#include "http/semantics.h"
#include "proxy/plan.h"

namespace fairlead::proxy {

// Either `answer` (fairlead answers itself) or `route` with a leg.
struct Decision {
  const HostPlan* host = nullptr;    // the host entry that claimed the request
  const RoutePlan* route = nullptr;  // null: no route
  const LegPlan* leg = nullptr;      // null: fairlead answers itself
  std::optional<filter::Answer> answer;
  firewall::Judgement firewall;
  bool configured = false;  // the answer is a route's destination, or a pre-flight's: no error page
  bool preflight = false;   // the answer is a pre-flight's: it has its CORS fields
  std::string_view origin;  // the Origin of the request, as it came
  std::string_view
      upgrade;  // the protocol that the client asks to change to, when that is passed on
  std::optional<http::Field> split_cookie;   // tells the client which pool it stays with
  filter::PathMapping mapping;               // how the server sees the path
  uint64_t key = 0;                          // of the request, for the pool's policy
  std::span<const std::string_view> sticky;  // what the client's cookies say of its server
};

// What the decision needs beside the head. `trace` is null when traffic is served.
struct Setting {
  const Plan& plan;
  filter::ClientFacts& client;    // completed: client, scheme, peer_trusted
  filter::RequestFacts& request;  // completed: the request before any rule
  http::Framing framing;          // of the request's body
  Arena& arena;
  Random& random;
  filter::Trace* trace = nullptr;
  firewall::Visit* visit = nullptr;  // null: nothing is counted, and nobody is banned

  filter::Scene scene() const { return {client, arena, trace, request}; }
};

// What the router reads of a request whose client is known; views of the head.
route::RouteQuery queryOf(const http::RequestHead& head, const filter::ClientFacts& client);

// Reads and rewrites the head: afterwards it is what is sent to the server, but for `Host` where
// the route removes it, for the framing fields, and for the rules of a route whose rules wait for
// the server.
Decision decide(http::RequestHead& head, const Setting& setting);

// A status other than zero refuses the request.
struct Refusal {
  uint16_t status = 0;
  std::string_view sentence{};
};
filter::Answer answerOf(const Refusal& refusal);

// The rules of a route over the head, in their order: parameters, URL, cookies, header fields. For
// routes whose rules wait for the server it is called for each attempt, with an untouched head.
Refusal applyRules(http::RequestHead& head, const RoutePlan& route, const filter::Scene& scene,
                   filter::PathMapping& mapping);

// Notes what placeholders and the log say of a request; the facts are views of the head.
void rememberRequest(const http::RequestHead& head, filter::RequestFacts& facts);

// What holds for the answer of a request: the route's level, its host's, or the defaults.
const LevelPlan& levelOf(const Decision& decision, const Plan& plan);

}  // namespace fairlead::proxy
