// Reading a level's rules, and judging what refuses without counting.
#include "firewall/firewall_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"
#include "filter/entries.h"
#include "http/target.h"

namespace fairlead::firewall {
namespace {

constexpr Key kKeys[] = {
    {"ip_reject", "network...", "", "clients that are refused"},
    {"ip_allow", "network...", "", "exceptions; the longer network wins"},
    {"host_reject", "host...", "", "requests for these hosts are refused"},
    {"method_reject", "method...", "",
     "methods that are refused; also when a field such as X-HTTP-Method-Override names them"},
    {"path_reject", "(path | list_file | <path_pattern>)...", "", "whole segments and all below"},
    {"header_reject", "{regex...}", "", "fields with a match of these patterns are refused"},
    {"country_reject", "country...", "", "clients in these countries are refused; needs `geo`"},
    {"country_allow", "country...", "", "clients anywhere else are refused; needs `geo`"},
    {"rate_limit", "'off' | (rate | <rate_limit>)...", "", "how often; more is 429"},
    {"connection_limit", "'off' | (1..1000000 | <client_limit>)...", "",
     "connections of one client at once; more is 429"},
    {"request_limit", "'off' | (1..1000000 | <client_limit>)...", "",
     "requests of one client in flight at once; more is 429"},
    {"max_body", "size | 'off'", "off", "larger request bodies are 413"},
    {"auto_ban", "'off' | (ban_cause | <auto_ban>)...", "",
     "clients that earn many bad answers are banned for a while"},
    {"mode", kModeForm, "enforce", kModeMeaning},
    {"action", kActionForm, "", "what is done with requests that rules refuse; without it: 403"},
};

// Servers behind may believe these more than the target of the request.
constexpr std::array<std::string_view, 2> kTargetOverrides{"X-Original-URL", "X-Rewrite-URL"};

// The path of a URL or of a target, not canonical.
std::string_view pathOf(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

void put(Value& into, std::string_view key, Value list) {
  if (!list.items.empty() || !list.entries.empty()) into.put(std::string(key), std::move(list));
}

template <typename Limits>
void putAll(Value& into, std::string_view key, const Limits& limits) {
  Value list = Value::list();
  for (const auto& limit : limits) list.items.push_back(shown(limit));
  put(into, key, std::move(list));
}

}  // namespace

const Section kFirewallKeys{"firewall_rules", "firewall_rules", kKeys};

void FirewallRules::read(const Value& value, const Reading& reading) {
  Diagnostics& out = reading.out;
  Settings settings(value, kFirewallKeys, out);
  policy_.read(settings);
  if (const Value* list = settings.take("ip_reject"))
    addresses_.read(*list, false, reading.lists, out);
  if (const Value* list = settings.take("ip_allow"))
    addresses_.read(*list, true, reading.lists, out);
  for (const bool allow : {false, true})
    if (const Value* list = settings.take(allow ? "country_allow" : "country_reject"))
      countries_.read(*list, allow, reading.geo, out);
  if (const Value* list = settings.take("host_reject")) hosts_.read(*list, reading.readHost, out);
  if (const Value* list = settings.take("method_reject")) methods_.read(*list, out);
  if (const Value* list = settings.take("path_reject")) paths_.read(*list, out);
  if (const Value* map = settings.take("header_reject")) headers_.read(*map, out);
  readLimits(settings, reading);
  settings.finish();
  rejects_ = !addresses_.empty() || !countries_.empty() || !hosts_.empty() || !methods_.empty() ||
             !paths_.empty() || !headers_.empty();
}

void FirewallRules::readLimits(Settings& settings, const Reading& reading) {
  Diagnostics& out = settings.diagnostics();
  const Setting<Mode>& mode = policy_.mode;
  if (const Value* value = settings.take("rate_limit")) readRateLimits(*value, mode, rates_, out);
  for (const RateLimit& limit : rates_)
    if (limit.key.source == http::KeySource::Route && !reading.knows_route)
      out.error(limit.mark, "here the route of a request is not known yet").expected =
          "`key: route` in the rules of a host, or another key";
  for (const auto& [key, limits] :
       {std::pair<std::string_view, std::vector<ClientLimit>*>("connection_limit", &connections_),
        {"request_limit", &requests_}})
    if (const Value* value = settings.take(key)) readClientLimits(*value, key, mode, *limits, out);
  if (const Value* value = settings.take("max_body")) readBodyLimit(*value, body_, out);
  if (const Value* value = settings.take("auto_ban")) readAutoBans(*value, mode, bans_, out);
}

std::optional<Hit> FirewallRules::findHit(const Question& question) const {
  if (!rejects_) return std::nullopt;
  std::optional<Hit> hit = judgeClient(question);
  if (!hit && !hosts_.empty()) hit = hosts_.judge(question.head);
  if (!hit && !methods_.empty()) hit = methods_.judge(question.head);
  if (!hit && !paths_.empty()) hit = judgePaths(question);
  if (!hit && !headers_.empty()) hit = headers_.judge(question.head);
  return hit;
}

// Whom the rules name by the address is not asked for a country.
std::optional<Hit> FirewallRules::judgeClient(const Question& question) const {
  const auto found = addresses_.find(question.client.client);
  if (!found) return countries_.empty() ? std::nullopt : countries_.judge(question);
  if (found->allow) {
    if (question.trace)
      question.trace->note(fmt::format("{} exempts {}", found->name, question.client.client.text()),
                           found->mark);
    return std::nullopt;
  }
  return Hit{.of = Hit::Of::Client,
             .rule = found->name,
             .origin = found->mark,
             .counted = found->rule,
             .counted_as = {}};
}

// The path of the request, and those that it names for servers that let a field override it. One
// that has no canonical form could be any.
std::optional<Hit> FirewallRules::judgePaths(const Question& question) const {
  const auto hitOf = [&](std::string_view path) -> std::optional<Hit> {
    const PathRules::Rule* rule = paths_.find(path);
    if (rule == nullptr) return std::nullopt;
    return Hit{.of = Hit::Of::Path,
               .rule = rule->name,
               .origin = rule->mark,
               .counted = rule->mark,
               .counted_as = {}};
  };
  if (const auto hit = hitOf(question.head.target.path)) return hit;
  for (const http::Field& field : question.head.fields) {
    if (field.id() != http::FieldId::Unknown) continue;
    const bool overrides = std::ranges::any_of(kTargetOverrides, [&](std::string_view name) {
      return ascii::equalsIgnoreCase(name, field.name());
    });
    if (!overrides) continue;
    const std::string_view named = pathOf(field.value());
    const auto path = http::canonicalPath(
        named.starts_with('/') ? named : question.arena.join("/", named), question.arena);
    if (!path)
      return Hit{.of = Hit::Of::Field,
                 .rule = question.arena.join("firewall path_reject in ", field.name()),
                 .origin = paths_.first().mark,
                 .counted = paths_.first().mark,
                 .counted_as = {}};
    if (const auto hit = hitOf(*path)) return hit;
  }
  return std::nullopt;
}

bool FirewallRules::exempts(const IpAddress& client) const {
  const auto found = addresses_.find(client);
  return found && found->allow;
}

Value FirewallRules::show() const {
  Value rules = Value::map();
  put(rules, "ip_reject", addresses_.show(false));
  put(rules, "ip_allow", addresses_.show(true));
  put(rules, "country_reject", countries_.show(false));
  put(rules, "country_allow", countries_.show(true));
  put(rules, "host_reject", hosts_.show());
  put(rules, "method_reject", methods_.show());
  put(rules, "path_reject", paths_.show());
  put(rules, "header_reject", headers_.show());
  showLimits(rules);
  policy_.show(rules);
  return rules;
}

void FirewallRules::showLimits(Value& rules) const {
  putAll(rules, "rate_limit", rates_);
  putAll(rules, "connection_limit", connections_);
  putAll(rules, "request_limit", requests_);
  if (body_) rules.put("max_body", Value::scalar(units::formatSize(body_->bytes), body_->mark));
  putAll(rules, "auto_ban", bans_);
}

}  // namespace fairlead::firewall
