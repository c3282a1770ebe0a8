// The rules of the way back, in their order.
#include "proxy/response_rules.h"

#include "filter/location.h"

namespace fairlead::proxy {
namespace {

// Does the server know itself by another path or host than the client does?
bool namesOtherPlaces(const ResponseScene& response) {
  const Decision& decision = response.decision;
  return decision.route->rewrite.rewritesLocation() &&
         (decision.mapping.prefix_changed || response.sent_authority != response.client_authority);
}

}  // namespace

bool applyResponseRules(http::ResponseHead& head, const ResponseScene& response) {
  const Decision& decision = response.decision;
  const filter::Scene& scene = response.scene;
  http::Fields& fields = head.fields;
  if (response.from_server && namesOtherPlaces(response))
    filter::mapLocations(fields, decision.mapping,
                         {.client_scheme = scene.client.scheme,
                          .client_authority = response.client_authority,
                          .sent_authority = response.sent_authority,
                          .server_address = response.server_address},
                         scene.arena);
  const LevelPlan& level = response.level;
  if (response.from_server && level.cookies.hasResponse() &&
      !level.cookies.onResponse(fields, scene))
    return false;
  if (level.cors.isOn() && !decision.preflight &&
      !level.cors.onResponse(fields, decision.origin, scene.arena))
    return false;
  if (decision.split_cookie && !fields.add(*decision.split_cookie)) return false;
  return !level.headers.hasResponse() || level.headers.onResponse(fields, scene);
}

}  // namespace fairlead::proxy
