// The order of execution is the nesting of the configuration: global firewall, host, host firewall,
// path, path firewall, rewriting.
#include "proxy/decide.h"

#include "base/ascii.h"
#include "proxy/error_page.h"

namespace fairlead::proxy {
namespace {

using filter::Answer;
using http::FieldId;

Decision refuse(Decision decision, uint16_t status, std::string_view sentence = {}) {
  decision.answer =
      Answer{.status = status, .body = sentence, .content_type = {}, .rule = {}, .origin = {}};
  return decision;
}

// Does this level's firewall reject? Each level is judged alone.
bool rejects(const filter::FirewallRules& rules, const http::RequestHead& head,
             const Setting& setting, Decision& decision) {
  if (rules.empty()) return false;
  decision.answer = rules.judge(setting.client.client, head.target.path, setting.trace);
  decision.blocked = decision.answer.has_value();
  return decision.blocked;
}

// RFC 9110 section 7.6.2: OPTIONS and TRACE count their hops down.
bool endsHere(http::RequestHead& head, Arena& arena) {
  if (head.method != http::Method::Options && head.method != http::Method::Trace) return false;
  const http::Field* field = head.fields.find(FieldId::MaxForwards);
  if (!field) return false;
  uint32_t hops = 0;
  for (const char c : field->value()) {
    if (!ascii::isDigit(c)) return false;
    hops = std::min<uint32_t>(hops * 10 + static_cast<uint32_t>(c - '0'), 1'000'000);
  }
  if (hops == 0) return true;
  char digits[8];
  char* at = digits + sizeof digits;
  for (uint32_t left = hops - 1; at == digits + sizeof digits || left > 0; left /= 10)
    *--at = static_cast<char>('0' + left % 10);
  head.fields.set(http::Field::make(arena, FieldId::MaxForwards,
                                    {at, static_cast<size_t>(digits + sizeof digits - at)}));
  return false;
}

// The protocol change that is passed on: with a body, or to h2c, the request stays what it is.
std::string_view passedUpgrade(const http::RequestHead& head, const Setting& setting) {
  if (setting.framing.kind != http::Framing::Kind::None) return {};
  const std::string_view protocol = http::upgradeProtocol(head.version, head.fields);
  if (ascii::equalsIgnoreCase(protocol.substr(0, 3), "h2c")) return {};
  return setting.arena.copy(protocol);
}

// Edits the head for the server. A status other than zero refuses the request.
struct Refusal {
  uint16_t status = 0;
  std::string_view sentence;
};
Refusal rewrite(http::RequestHead& head, const RoutePlan& route, const Setting& setting) {
  const filter::Scene scene{setting.client, setting.arena, setting.trace};
  if (const auto removed = http::removeHopByHop(head.fields, setting.arena); !removed)
    return {removed.error().status, removed.error().sentence};
  if (!filter::setForwarded(head, scene, setting.random)) return {431, {}};
  if (!route.params.empty()) route.params.onRequest(head, scene);
  if (!route.rewrite.empty() && !route.rewrite.onRequest(head, scene))
    return {400, "The rewritten path is not a path."};
  if (!route.headers.empty() && !route.headers.onRequest(head, scene)) return {431, {}};
  return {};
}

}  // namespace

Decision decide(http::RequestHead& head, const Setting& setting) {
  const Plan& plan = setting.plan;
  Decision decision;
  filter::identifyClient(head, plan.trusted, setting.client);
  if (rejects(plan.firewall, head, setting, decision)) return decision;

  const route::RouteMatch match = plan.router.match({.host = head.host, .path = head.target.path});
  if (match.host != route::kNone) {
    decision.host = &plan.hosts[static_cast<size_t>(match.host)];
    if (rejects(decision.host->firewall, head, setting, decision)) return decision;
  }
  if (match.route == route::kNone) return refuse(decision, 404);
  const RoutePlan& route = plan.routes[static_cast<size_t>(match.route)];
  decision.route = &route;
  if (rejects(route.firewall, head, setting, decision)) return decision;

  if (head.method == http::Method::Connect)
    return refuse(decision, 501, "CONNECT is not supported here.");
  if (hasUnknownExpectation(head)) return refuse(decision, 417);
  if (setting.framing.kind == http::Framing::Kind::Length &&
      setting.framing.length > route.max_body)
    return refuse(decision, 413);
  if (route.respond) {
    decision.answer = route.respond->answer({setting.client, setting.arena, setting.trace});
    return decision;
  }
  if (endsHere(head, setting.arena)) return refuse(decision, 200, "Max-Forwards ends here.");

  decision.upgrade = passedUpgrade(head, setting);
  if (const Refusal refusal = rewrite(head, route, setting); refusal.status != 0)
    return refuse(decision, refusal.status, refusal.sentence);
  return decision;
}

}  // namespace fairlead::proxy
