// What is to become of a request: a pure function of its head, the client and the plan. It serves
// traffic, `fairlead explain`, and tests alike.
#pragma once

#include <optional>
#include <string_view>

#include "base/random.h"
#include "filter/filter.h"
#include "http/semantics.h"
#include "proxy/plan.h"

namespace fairlead::proxy {

// Either `answer` (fairlead answers itself) or `route` with a pool.
struct Decision {
  const HostPlan* host = nullptr;    // the host entry that claimed the request
  const RoutePlan* route = nullptr;  // null: no route
  std::optional<filter::Answer> answer;
  bool blocked = false;  // the answer is a firewall's
  std::string_view
      upgrade;  // the protocol that the client asks to change to, when that is passed on
};

// What the decision needs beside the head. `trace` is null when traffic is served.
struct Setting {
  const Plan& plan;
  filter::ClientFacts& client;  // completed: client, scheme, peer_trusted
  http::Framing framing;        // of the request's body
  Arena& arena;
  Random& random;
  filter::Trace* trace = nullptr;
};

// What the router reads of a request whose client is known; views of the head.
route::RouteQuery routeQueryOf(const http::RequestHead& head, const filter::ClientFacts& client);

// Reads and rewrites the head: afterwards it is what is sent to the server, but for `Host` where
// the route removes it and for the framing fields.
Decision decide(http::RequestHead& head, const Setting& setting);

}  // namespace fairlead::proxy
