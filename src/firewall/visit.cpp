// Judging a request level by level, and counting what limits and bans need.
#include "firewall/visit.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::firewall {
namespace {

using http::KeySource;

uint32_t seconds(Duration span) {
  constexpr int64_t kMost = 86'400 * 365;
  const auto whole = std::chrono::ceil<std::chrono::seconds>(span).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(whole, 1, kMost));
}

// What the request is counted under. A request that lacks the key's field is counted by its client.
Key keyOf(const RateLimit& limit, const Question& question, const ClientTable& clients) {
  switch (limit.key.source) {
    case KeySource::All:
      return clients.key(limit.identity, std::string_view{});
    case KeySource::Host:
      return clients.key(limit.identity, question.head.host);
    case KeySource::Route:
      return clients.key(limit.identity, question.request.route);
    default:
      break;
  }
  if (const auto text = http::namedText(limit.key, question.head))
    return clients.key(limit.identity, *text);
  const Cidr client = clientOf(question.client.client, limit.ipv6_prefix);
  return clients.key(limit.identity, client.network());
}

Hit hitOf(const auto& limit, Hit::Of of = Hit::Of::Limit) {
  return {
      .of = of, .rule = limit.name, .origin = limit.mark, .counted = limit.mark, .counted_as = {}};
}

Key keyOf(const ClientLimit& limit, const IpAddress& client, const ClientTable& clients) {
  return clients.key(limit.identity, clientOf(client, limit.ipv6_prefix).network());
}

// What of the request the rule is about.
std::string subjectOf(const Hit& hit, const Question& question) {
  switch (hit.of) {
    case Hit::Of::Host:
      return std::string(question.head.host);
    case Hit::Of::Method:
      return std::string(question.head.method_text);
    case Hit::Of::Path:
      return std::string(question.head.target.path);
    case Hit::Of::Client:
      return question.client.client.text();
    default:
      return "the request";
  }
}

void explainLimits(const FirewallRules& rules, filter::Trace& trace) {
  const auto explain = [&](const auto& limits, std::string_view what) {
    for (const auto& limit : limits)
      trace.note(fmt::format("{} counts the {}{}", limit.name, what,
                             limit.policy.observes() ? ", and only observes" : ""),
                 limit.mark);
  };
  explain(rules.connections(), "connection");
  explain(rules.requests(), "request");
  explain(rules.rates(), "request");
  explain(rules.bans(), "answer");
}

http::Field numberField(Arena& arena, std::string_view name, uint64_t number) {
  return http::Field::make(arena, name, arena.copy(fmt::format_int(number).str()));
}

// Retry-After, and how much is left, as the IETF draft on RateLimit header fields has them.
std::span<const http::Field> rateFields(const RateFacts& rate, Arena& arena) {
  const auto fields = arena.array<http::Field>(5);
  size_t count = 0;
  fields[count++] = numberField(arena, "Retry-After", rate.retry_after);
  if (rate.limit == 0) return fields.first(count);
  fields[count++] = numberField(arena, "RateLimit-Limit", rate.limit);
  fields[count++] = numberField(arena, "RateLimit-Remaining", 0);
  fields[count++] = numberField(arena, "RateLimit-Reset", rate.reset);
  fields[count++] =
      http::Field::make(arena, "RateLimit-Policy",
                        arena.join(arena.copy(fmt::format_int(rate.limit).str()),
                                   ";w=", arena.copy(fmt::format_int(rate.window).str())));
  return fields;
}

}  // namespace

uint32_t Places::take(const ClientLimit& limit, const IpAddress& client, const Sentry& sentry,
                      TimePoint now) {
  if (const Place* known = find(limit.identity)) return known->number;
  Counted counted =
      sentry.clients.hold(keyOf(limit, client, sentry.clients), ClientTable::kNoLimit, now);
  const auto number = static_cast<uint32_t>(std::min<uint64_t>(counted.count, UINT32_MAX));
  Place* const place = find(0);
  if (!place && !far_) far_ = std::make_unique<std::vector<Place>>();
  (place ? *place : far_->emplace_back()) = {limit.identity, number, std::move(counted.hold)};
  return number;
}

Places::Place* Places::find(uint64_t limit) {
  const auto near = std::ranges::find(near_, limit, &Place::limit);
  if (near != near_.end()) return near;
  if (!far_) return nullptr;
  const auto far = std::ranges::find(*far_, limit, &Place::limit);
  return far == far_->end() ? nullptr : &*far;
}

bool Visit::isBanned(const Question& question, Judgement& judgement) {
  const auto ban = sentry_.clients.banOf(question.client.client, now_);
  if (!ban) return false;
  const AutoBan* rule = ban->rule < sentry_.bans.size() ? &sentry_.bans[ban->rule] : nullptr;
  const Mark mark = rule ? rule->mark : Mark{};
  static const Policy kByHandPolicy{403};
  is_banned_ = settle({.of = Hit::Of::Client,
                       .rule = question.arena.copy("ban of " + ban->network.shortText()),
                       .origin = mark,
                       .counted = mark,
                       .counted_as = rule ? std::string_view(rule->name) : "bans by hand"},
                      rule ? rule->policy : kByHandPolicy, question, this, judgement);
  return is_banned_;
}

bool Visit::isTooMuch(const FirewallRules& rules, const Question& question, Judgement& judgement) {
  for (const ClientLimit& limit : rules.connections())
    if (exceedsConnections(limit, question, judgement)) return true;
  for (const ClientLimit& limit : rules.requests())
    if (exceedsRequests(limit, question, judgement)) return true;
  for (const RateLimit& limit : rules.rates())
    if (exceedsRate(limit, question, judgement)) return true;
  return false;
}

bool Visit::exceedsRate(const RateLimit& limit, const Question& question, Judgement& judgement) {
  const Taken taken =
      sentry_.clients.take(limit.schedule, keyOf(limit, question, sentry_.clients), now_);
  if (taken.passes || !settle(hitOf(limit), limit.policy, question, this, judgement)) return false;
  judgement.rate = {.limit = limit.burst,
                    .window = seconds(durationOf(limit.schedule.burst_span)),
                    .reset = seconds(taken.reset),
                    .retry_after = seconds(taken.wait)};
  return true;
}

// What a trusted proxy sends over one connection comes from many clients: there each request counts
// as a connection.
bool Visit::exceedsConnections(const ClientLimit& limit, const Question& question,
                               Judgement& judgement) {
  const IpAddress& client = question.client.client;
  const bool is_over = question.client.peer_trusted
                           ? !holdHere(limit, client)
                           : connection_.take(limit, client, sentry_, now_) > limit.limit;
  if (!is_over ||
      !settle(hitOf(limit, Hit::Of::Connections), limit.policy, question, this, judgement))
    return false;
  judgement.rate.emplace();
  return true;
}

bool Visit::exceedsRequests(const ClientLimit& limit, const Question& question,
                            Judgement& judgement) {
  if (holdHere(limit, question.client.client) ||
      !settle(hitOf(limit), limit.policy, question, this, judgement))
    return false;
  judgement.rate.emplace();
  return true;
}

// A place for the time of the request; false when all are taken.
bool Visit::holdHere(const ClientLimit& limit, const IpAddress& client) {
  Counted counted = sentry_.clients.hold(keyOf(limit, client, sentry_.clients), limit.limit, now_);
  if (counted.hold && held_ < kMostHolds) holds_[held_++] = std::move(counted.hold);
  return counted.passes;
}

void Visit::answered(const FirewallRules& rules, const Question& question, uint16_t status,
                     TimePoint now) {
  if (is_banned_) return;
  const IpAddress& client = question.client.client;
  for (const AutoBan& rule : rules.bans()) {
    if (!rule.counts(status) || rules.exempts(client)) continue;
    const Key key = sentry_.clients.key(rule.identity, clientOf(client).network());
    if (sentry_.clients.offend(key, {rule.when.value.count, rule.when.value.window}, now))
      learn(rule, question, now);
  }
}

void Visit::learn(const AutoBan& rule, const Question& question, TimePoint now) {
  const Cidr client = clientOf(question.client.client);
  const BanRule how{.span = rule.span,
                    .grow = rule.grow,
                    .longest = rule.max,
                    .memory = rule.max,
                    .roll_up = rule.roll_up,
                    .rule = rule.number};
  if (rule.policy.observes()) {
    note(hitOf(rule), Effect::Observed, question);
    sentry_.onBan({.ban = {.network = client,
                           .since = now,
                           .until = now + rule.span.value,
                           .memory = {},
                           .strikes = 1,
                           .rule = rule.number},
                   .rule = rule,
                   .observed = true});
    return;
  }
  const auto banned = sentry_.clients.ban(client, how, now);
  if (!banned) return;
  if (banned->is_new) sentry_.onBan({.ban = banned->ban, .rule = rule});
  if (banned->network) sentry_.onBan({.ban = *banned->network, .rule = rule});
}

bool blocks(const FirewallRules& rules, const Question& question, Visit* visit,
            Judgement& judgement) {
  if (const auto hit = rules.findHit(question);
      hit && settle(*hit, rules.policy(), question, visit, judgement))
    return true;
  if (!rules.limits()) return false;
  if (question.trace) explainLimits(rules, *question.trace);
  return visit != nullptr && visit->isTooMuch(rules, question, judgement);
}

bool settle(const Hit& hit, const Policy& policy, const Question& question, Visit* visit,
            Judgement& judgement) {
  const bool observes = policy.observes();
  if (question.trace)
    question.trace->note(fmt::format("{} {} {}", hit.rule, observes ? "would reject" : "rejects",
                                     subjectOf(hit, question)),
                         hit.origin);
  if (visit) visit->note(hit, observes ? Effect::Observed : Effect::Blocked, question);
  if (observes) {
    if (!judgement.observed) judgement.observed = hit;
    return false;
  }
  judgement.blocked = hit;
  judgement.action = policy.action;
  return true;
}

filter::Answer answerOf(const Judgement& judgement, Arena& arena) {
  filter::Answer answer;
  const bool is_answer = judgement.action.kind == Action::Kind::Answer;
  answer.status = is_answer ? judgement.action.status : uint16_t{403};
  answer.rule = judgement.blocked->rule;
  answer.origin = judgement.blocked->origin;
  if (judgement.rate) answer.fields = rateFields(*judgement.rate, arena);
  return answer;
}

}  // namespace fairlead::firewall
