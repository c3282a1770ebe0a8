// What rules do to a response head on its way to the client, be it a server's or fairlead's own.
#pragma once

#include <string_view>

#include "proxy/decide.h"

namespace fairlead::proxy {

// Where a response comes from, and how its request went there.
struct ResponseScene {
  const Decision& decision;
  const LevelPlan& level;
  const filter::Scene& scene;
  // Of a server's response only; all empty for fairlead's own.
  bool from_server = false;
  std::string_view client_authority{};  // as received
  std::string_view sent_authority{};    // Host as the server got it
  std::string_view server_address{};
};

// In this order: the places that the server names are mapped back to what the client sees, cookies
// get their attributes, CORS, the split's cookie, header_rules.response. False: too many fields.
bool applyResponseRules(http::ResponseHead& head, const ResponseScene& response);

}  // namespace fairlead::proxy
