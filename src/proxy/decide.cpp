// The order of execution is the nesting of the configuration: global firewall, host, host firewall,
// path, path firewall, the route's own answer or the choice of a pool, rewriting.
#include "proxy/decide.h"

#include "base/ascii.h"
#include "http/cookies.h"
#include "proxy/error_page.h"

namespace fairlead::proxy {
namespace {

using filter::Answer;
using http::FieldId;

Decision refuse(Decision decision, uint16_t status, std::string_view sentence = {}) {
  decision.answer = answerOf({status, sentence});
  decision.leg = nullptr;
  return decision;
}

Decision answerWith(Decision decision, const Answer& answer) {
  decision.answer = answer;
  decision.configured = true;
  return decision;
}

firewall::Question questionOf(const http::RequestHead& head, const Setting& setting) {
  return {.head = head,
          .client = setting.client,
          .request = setting.request,
          .arena = setting.arena,
          .trace = setting.trace};
}

bool giveAnswer(const Setting& setting, Decision& decision) {
  decision.answer = firewall::answerOf(decision.firewall, setting.arena);
  return true;
}

bool isBanned(const http::RequestHead& head, const Setting& setting, Decision& decision) {
  return setting.visit && setting.visit->isBanned(questionOf(head, setting), decision.firewall) &&
         giveAnswer(setting, decision);
}

// Does this level's firewall reject? Each level is judged alone.
bool rejects(const firewall::FirewallRules& rules, const http::RequestHead& head,
             const Setting& setting, Decision& decision) {
  return !rules.empty() &&
         firewall::blocks(rules, questionOf(head, setting), setting.visit, decision.firewall) &&
         giveAnswer(setting, decision);
}

// Is the body larger than what a level lets pass? (How large a chunked one is shows later.)
bool hasLargeBody(const RoutePlan& route, const http::RequestHead& head, const Setting& setting,
                  Decision& decision) {
  if (setting.framing.kind != http::Framing::Kind::Length) return false;
  for (const BodyRule& rule : route.body_rules)
    if (setting.framing.length > rule.bytes &&
        firewall::settle(rule.hit(), rule.policy, questionOf(head, setting), setting.visit,
                         decision.firewall))
      return giveAnswer(setting, decision);
  return false;
}

bool hasCors(const route::RouteMatch& match, const Plan& plan) {
  return match.route != route::kNone &&
         plan.routes[static_cast<size_t>(match.route)].level.cors.isOn();
}

// Which route takes the request? A pre-flight asks on behalf of the method that it names, unless a
// route without CORS takes OPTIONS by that name.
route::RouteMatch findRoute(const http::RequestHead& head, const Setting& setting) {
  const Plan& plan = setting.plan;
  route::RouteQuery query = queryOf(head, setting.client);
  const route::RouteMatch match = plan.router.match(query);
  if (!plan.has_cors || !filter::Cors::isPreflight(head)) return match;
  const bool is_for_options =
      match.route != route::kNone && plan.routes[static_cast<size_t>(match.route)].names_options;
  if (is_for_options && !hasCors(match, plan)) return match;
  query.method = filter::Cors::askedMethod(head);
  const route::RouteMatch asked = plan.router.match(query);
  return hasCors(asked, plan) ? asked : match;
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

// What placeholders may ask for is kept before rules change it.
void keepForPlaceholders(const http::RequestHead& head, const route::RouteMatch& match,
                         const RoutePlan& route, const Setting& setting) {
  if (route.needs.fields && !route.legs.empty()) {
    http::Fields& kept = setting.arena.array<http::Fields>(1)[0];
    kept.assign(head.fields);
    setting.request.fields = &kept;
  }
  if (!route.needs.captures) return;
  const int groups = setting.plan.router.captureCount(match.route);
  const auto captures =
      setting.arena.array<std::string_view>(static_cast<size_t>(std::max(groups, 0)) + 1);
  const size_t found = setting.plan.router.captures(match.route, head.target.path, captures);
  setting.request.captures = captures.first(found);
}

// The pool, and for a split the client's own one. What the client's cookie says is not shown to the
// server.
void chooseLeg(http::RequestHead& head, const RoutePlan& route, const Setting& setting,
               Decision& decision) {
  size_t leg = 0;
  if (route.split) {
    const auto usable = [&](const filter::SplitArm& arm) {
      return setting.plan.pools[arm.pool]->mayServe();
    };
    const filter::Split::Choice choice =
        route.split->choose(head.fields, setting.client.client, usable);
    leg = choice.arm;
    if (choice.set_cookie)
      decision.split_cookie =
          route.split->setCookie(head.fields, leg, setting.client.scheme, setting.arena);
    filter::Split::hideCookie(head.fields, setting.arena);
    if (setting.trace)
      setting.trace->note("split: " + setting.plan.pools[route.legs[leg].pool]->name(),
                          route.split->arms()[leg].mark);
  }
  decision.leg = &route.legs[leg];
  setting.request.pool = setting.plan.pools[decision.leg->pool]->name();
}

// What decides which of the pool's servers it will be, as the client sent it.
void noteServerWish(http::RequestHead& head, const Setting& setting, Decision& decision) {
  const LegPlan& leg = *decision.leg;
  decision.key = choiceKey(leg.key, head, setting.client, setting.random);
  if (leg.learns) decision.sticky = leg.learns->valuesIn(head.fields, setting.arena);
  if (!leg.sticky) return;
  decision.sticky = leg.sticky->valuesIn(head.fields, setting.arena);
  leg.sticky->hide(head.fields, setting.arena);
}

// Edits the head for the server.
Refusal prepareForServer(http::RequestHead& head, const Setting& setting, Decision& decision) {
  const RoutePlan& route = *decision.route;
  if (const auto removed = http::removeHopByHop(head.fields, setting.arena); !removed)
    return {removed.error().status, removed.error().sentence};
  if (!filter::setForwarded(head, setting.scene())) return {431};
  if (setting.trace) setting.trace->note("what the server is told of the client", {});
  chooseLeg(head, route, setting, decision);
  noteServerWish(head, setting, decision);
  if (!route.changes_requests || route.rules_wait_for_server) return {};
  return applyRules(head, route, setting.scene(), decision.mapping);
}

}  // namespace

Answer answerOf(const Refusal& refusal) {
  return {.status = refusal.status,
          .body = refusal.sentence,
          .content_type = {},
          .fields = {},
          .rule = {},
          .origin = {}};
}

void rememberRequest(const http::RequestHead& head, filter::RequestFacts& facts) {
  facts.method = head.method_text;
  facts.host = head.host;
  facts.path = head.target.path;
  facts.query = head.target.query;
  facts.fields = &head.fields;
}

route::RouteQuery queryOf(const http::RequestHead& head, const filter::ClientFacts& client) {
  return {.host = head.host,
          .path = head.target.path,
          .method = head.method_text,
          .scheme = client.scheme,
          .query = head.target.query,
          .client = client.client,
          .fields = &head.fields};
}

Refusal applyRules(http::RequestHead& head, const RoutePlan& route, const filter::Scene& scene,
                   filter::PathMapping& mapping) {
  if (!route.params.empty() && !route.params.onRequest(head, scene))
    return {400, "The rewritten query is too long."};
  if (!route.rewrite.empty() && !route.rewrite.onRequest(head, scene, mapping))
    return {400, "The rewritten URL, host or method is not valid."};
  const LevelPlan& level = route.level;
  if (!level.cookies.empty() && !level.cookies.onRequest(head, scene)) return {431};
  if (!level.headers.empty() && !level.headers.onRequest(head, scene)) return {431};
  return {};
}

const LevelPlan& levelOf(const Decision& decision, const Plan& plan) {
  if (decision.route) return decision.route->level;
  if (decision.host) return decision.host->level;
  return plan.level;
}

Decision decide(http::RequestHead& head, const Setting& setting) {
  const Plan& plan = setting.plan;
  Decision decision;
  filter::identifyClient(head, plan.trusted, setting.client);
  rememberRequest(head, setting.request);
  decision.origin = head.fields.valueOf(FieldId::Origin);
  const bool is_rejected =
      isBanned(head, setting, decision) || rejects(plan.firewall, head, setting, decision);
  const route::RouteMatch match = is_rejected ? route::RouteMatch() : findRoute(head, setting);
  // Not before, so that conditions see the fields as they came.
  setting.request.request_id = filter::setRequestId(head, setting.arena, setting.random);
  if (is_rejected) return decision;

  if (match.route != route::kNone)
    setting.request.route = plan.routes[static_cast<size_t>(match.route)].name;
  if (match.host != route::kNone) {
    decision.host = &plan.hosts[static_cast<size_t>(match.host)];
    if (rejects(decision.host->firewall, head, setting, decision)) return decision;
  }
  if (match.route == route::kNone) return refuse(decision, 404);
  const RoutePlan& route = plan.routes[static_cast<size_t>(match.route)];
  decision.route = &route;
  keepForPlaceholders(head, match, route, setting);
  if (rejects(route.firewall, head, setting, decision)) return decision;

  if (head.method == http::Method::Connect)
    return refuse(decision, 501, "CONNECT is not supported here.");
  if (hasUnknownExpectation(head)) return refuse(decision, 417);
  if (hasLargeBody(route, head, setting, decision)) return decision;
  if (setting.framing.kind == http::Framing::Kind::Length &&
      setting.framing.length > route.max_body)
    return refuse(decision, 413);
  if (route.level.cors.isOn() && filter::Cors::isPreflight(head)) {
    decision.preflight = true;
    return answerWith(decision, route.level.cors.preflight(head, setting.arena));
  }
  if (route.respond) return answerWith(decision, route.respond->answer(setting.scene()));
  if (route.redirect) {
    const Answer answer = route.redirect->answer(setting.scene(), head.authority, route.path);
    decision = answerWith(decision, answer);
    decision.configured = answer.status < 400;  // a Location that is none is an error
    return decision;
  }
  if (endsHere(head, setting.arena)) return refuse(decision, 200, "Max-Forwards ends here.");

  decision.upgrade = passedUpgrade(head, setting);
  if (const Refusal refusal = prepareForServer(head, setting, decision); refusal.status != 0)
    return refuse(decision, refusal.status, refusal.sentence);
  return decision;
}

}  // namespace fairlead::proxy
