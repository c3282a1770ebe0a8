// From the nested file to the flat list: each route carries what its levels say together.
#include "config/route_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/conditions.h"
#include "config/log_settings.h"
#include "config/route_checks.h"
#include "config/route_names.h"
#include "filter/split.h"
#include "filter/substitution.h"

namespace fairlead::config {
namespace {

constexpr Key kDestinationKeyTable[] = {
    {"servers", "(address | <server>)...", "", "destination: an inline pool"},
    {"pool", "pool_name", "", "destination: a pool of `pools`"},
    {"respond", "200..599 | <respond>", "", "destination: an answer"},
    {"split", "{0..100}", "",
     "destination: several pools by percentages that sum to 100; a client stays with its pool"},
    {"redirect", "'https' | location | <redirect>", "", "destination: another URL"},
};
constexpr Section kDestinationKeys{"destination", "a destination", kDestinationKeyTable};

constexpr Key kHost[] = {
    {"host", "host...", "",
     "exact names beat `\"*.example.com\"` (the longest first), which beats `\"*\"`; letter case, "
     "trailing dot and port do not matter"},
    {"paths", "[<path>]", "", "routes of this host; what it has no route for is 404"},
    {"firewall_rules", "<firewall_rules>", "", "judged when the host is known"},
    {"log", "'stdout' | 'stderr' | 'off' | file_name | <access_log>", "",
     "the access log of this host; a word or a name is short for `{ access: ... }`"},
    {"tls", "later | 'off'", "", ""},
    {"name", "later", "", ""},
};

constexpr Key kPath[] = {
    {"path", "path", "",
     "whole segments and all below: `/api` is `/api` and `/api/x`, never `/apiary`; a trailing "
     "slash is ignored"},
    {"exact", "boolean", "false", "this path only; beats every prefix"},
    {"firewall_rules", "<firewall_rules>", "", "judged when the path is known"},
    {"log", "'stdout' | 'stderr' | 'off' | file_name | <access_log>", "",
     "the access log of this path; a word or a name is short for `{ access: ... }`"},
    {"path_regex", "regex", "",
     "instead of `path`: the path has a match of this pattern (RE2); comes after prefixes"},
    {"name", "later", "", ""},
};

constexpr const Section* kPathAlso[] = {&kConditionKeys, &kDestinationKeys, &kRouteRuleKeys,
                                        &kPoolRuleKeys};
constexpr const Section* kLevel[] = {&kDestinationKeys, &kRouteRuleKeys, &kPoolRuleKeys};

constexpr std::array<std::string_view, 5> kDestinations{"servers", "pool", "split", "redirect",
                                                        "respond"};
constexpr std::string_view kDestinationForm = "one of servers, pool, split, redirect or respond";

// Calls `read` for each item of a list of mappings.
template <typename Read>
void forEachItem(const Value& value, std::string_view what, Diagnostics& out, Read read) {
  if (!value.isList()) {
    out.error(value.mark, fmt::format("{} is not a list", what)).expected =
        "a list, whose items begin with `- `";
    return;
  }
  for (const Value& item : value.items) read(item);
}

// A destination, or a word that was meant as one and is reported as unknown.
bool hasDestination(const Value& value) {
  return std::any_of(value.entries.begin(), value.entries.end(), [](const Value::Entry& entry) {
    return !nearestWord(entry.key.text, kDestinations).empty();
  });
}

}  // namespace

const Section kHostKeys{"host", "a host", kHost, kLevel};
const Section kPathKeys{"path", "a path", kPath, kPathAlso};

void RouteReader::readHosts(const Value& value) {
  forEachItem(value, "`hosts`", out_, [this](const Value& item) { readHost(item); });
}

void RouteReader::readPaths(const Value& value) {
  readPathList(value, {route::kNone, "", config_.default_pool_rules, config_.default_route_rules});
}

void RouteReader::readPathList(const Value& value, const Outer& outer) {
  forEachItem(value, "`paths`", out_, [&](const Value& item) { readPath(item, outer); });
}

void RouteReader::readHost(const Value& item) {
  Settings settings(item, kHostKeys, out_);
  if (!item.isMap()) return;
  Host host{.names = readNames(settings.take("host"), item),
            .firewall = {},
            .rules = {},
            .log = {},
            .mark = item.mark};
  if (const Value* name = item.find("host")) host.mark = name->mark;
  Outer rules{static_cast<int32_t>(config_.hosts.size()),
              host.names.empty() ? "(host)" : host.names.front(), config_.default_pool_rules,
              config_.default_route_rules};
  if (const Value* firewall = settings.take("firewall_rules"))
    host.firewall.read(*firewall, {readHostName, *config_.lists, config_.geo, out_});
  readPoolRules(settings, Level::Host, rules.pool);
  readRouteRules(settings, rules.route);
  readAccessLog(settings.take("log"), rules.route.log, out_);
  host.rules = rules.route;
  host.log = rules.route.log;
  config_.hosts.push_back(host);

  const size_t inline_before = inline_pools_;
  const Choice choice = readDestination(settings, rules.name, rules.pool);
  Route own;
  own.match.host = rules.host;
  own.mark = host.mark;
  addRoute(std::move(own), rules, choice);
  const Value* paths = settings.take("paths");
  if (paths != nullptr) readPathList(*paths, rules);
  if (inline_pools_ == inline_before) warnOfIdlePoolRules(item);
  const bool has_paths = paths == nullptr ? item.find("paths") != nullptr  // empty: told already
                                          : !paths->isList() || !paths->items.empty();
  if (!choice.is_told && !has_paths)
    out_.error(host.mark, "this host has no destination").expected =
        fmt::format("{}, or `paths` that have one", kDestinationForm);
  settings.finish();
}

std::vector<std::string> RouteReader::readNames(const Value* value, const Value& item) {
  std::vector<std::string> names;
  if (value == nullptr) {
    if (item.find("host") == nullptr)
      out_.error(item.mark, "a host needs a name").expected = "host: www.example.com";
    return names;
  }
  if (value->isList() && value->items.empty())
    out_.error(value->mark, "there is no host in this list").expected = "host: www.example.com";
  for (const Value* text : readScalars(*value, out_)) {
    auto name = readHostName(*text, out_);
    if (!name) continue;
    const auto [first, is_new] = host_names_.emplace(*name, text->mark);
    if (!is_new) {
      Diagnostic& finding =
          out_.error(text->mark, fmt::format("the host `{}` stands twice", *name));
      finding.expected = "one entry a host, with all its paths";
      finding.also = first->second;
      finding.also_message = "it stands here already";
      continue;
    }
    names.push_back(*std::move(name));
  }
  return names;
}

void RouteReader::readPath(const Value& item, const Outer& outer) {
  Settings settings(item, kPathKeys, out_);
  if (!item.isMap()) return;
  Outer rules = outer;
  Route route = readPattern(settings, item, outer.host);
  if (const Value* firewall = settings.take("firewall_rules"))
    route.firewall.read(*firewall, {readHostName, *config_.lists, config_.geo, out_});
  readPoolRules(settings, Level::Path, rules.pool);
  readRouteRules(settings, rules.route);
  readAccessLog(settings.take("log"), rules.route.log, out_);
  const bool is_like_host = route.match.path == "/" && !outer.name.empty();
  const size_t inline_before = inline_pools_;
  const Choice choice = readDestination(
      settings, is_like_host ? outer.name : outer.name + route.match.path, rules.pool);
  if (inline_pools_ == inline_before) warnOfIdlePoolRules(item);
  if (!choice.is_told)
    out_.error(route.mark, "this path has no destination").expected = kDestinationForm;
  settings.misplaced("paths", "in a host or at the top of the file");
  settings.misplaced("host", "in an item of `hosts`");
  settings.finish();
  if (!route.match.path.empty()) addRoute(std::move(route), rules, choice);
}

// The path and the conditions of a route. The path is empty when there is no valid one.
Route RouteReader::readPattern(Settings& settings, const Value& item, int32_t host) {
  Route route;
  route.match.host = host;
  route.match.path.clear();
  route.mark = item.mark;
  readPathPattern(settings, item, route);
  readConditions(settings, route.match);
  return route;
}

void RouteReader::readPathPattern(Settings& settings, const Value& item, Route& route) {
  const Value* path = settings.take("path");
  const Value* regex = settings.take("path_regex");
  Setting<bool> exact{false};
  settings.take("exact", exact);
  if (path != nullptr) {
    route.mark = path->mark;
    route.match.path = readRoutePath(*path, out_).value_or("");
    if (exact) route.match.path_kind = route::PathKind::Exact;
  } else if (regex != nullptr) {
    route.mark = regex->mark;
    route.match.path_kind = route::PathKind::Regex;
    route.match.regex = filter::readPattern(*regex, out_);
    if (route.match.regex) route.match.path = regex->text;
  } else if (!item.find("path") && !item.find("path_regex")) {
    out_.error(item.mark, "a path needs `path`").expected = "path: /api";
  }
  if (path != nullptr && regex != nullptr) {
    Diagnostic& finding = out_.error(regex->mark, "a route has one pattern for its path");
    finding.expected = "either `path` or `path_regex`";
    finding.also = path->mark;
    finding.also_message = "the other one";
  }
  if (regex != nullptr && exact)
    out_.error(exact.origin, "`exact` goes with `path`").expected =
        "`^...$` in the pattern for the whole path";
}

bool RouteReader::isNew(const Route& route) {
  const auto [first, is_new] = routes_.emplace(route::identity(route.match), route.mark);
  if (is_new) return true;
  const bool has_conditions = !route::isUnconditional(route.match);
  Diagnostic& finding = out_.error(
      route.mark,
      fmt::format("two routes have the {} `{}`{}{}",
                  route.match.path_kind == route::PathKind::Regex ? "pattern" : "path",
                  route.match.path,
                  route.match.path_kind == route::PathKind::Exact ? " and are exact" : "",
                  has_conditions ? ", and the same conditions" : ""));
  finding.expected = "routes that can be told apart";
  finding.also = first->second;
  finding.also_message = "the other one";
  return false;
}

bool RouteReader::hasOneDestination(const Value& value) {
  const Value::Entry* first = nullptr;
  for (const Value::Entry& entry : value.entries) {
    const auto& word = entry.key.text;
    if (std::find(kDestinations.begin(), kDestinations.end(), word) == kDestinations.end())
      continue;
    if (first == nullptr) first = &entry;
    if (word == first->key.text) continue;
    Diagnostic& finding = out_.error(entry.key.mark, "a second destination");
    finding.expected = "exactly one of servers, pool, split, redirect or respond";
    finding.also = first->key.mark;
    finding.also_message = "the first one";
    return false;
  }
  return true;
}

RouteReader::Choice RouteReader::readDestination(Settings& settings, const std::string& name,
                                                 const PoolRules& rules) {
  Choice choice;
  choice.is_told = hasDestination(settings.value());
  const bool is_one = hasOneDestination(settings.value());
  const Value* servers = settings.take("servers");
  const Value* pool = settings.take("pool");
  const Value* split = settings.take("split");
  const Value* redirect = settings.take("redirect");
  const Value* respond = settings.take("respond");
  if (servers != nullptr) {
    ++inline_pools_;
    if (auto index = pools_.addInline(name, *servers, rules))
      choice.destination = std::vector{legTo(*index, servers->mark)};
  }
  if (pool != nullptr)
    if (auto index = pools_.find(*pool))
      choice.destination = std::vector{legTo(*index, pool->mark)};
  if (split != nullptr)
    if (auto legs = readSplit(*split)) choice.destination = *std::move(legs);
  if (redirect != nullptr) {
    filter::Redirect elsewhere;
    elsewhere.read(*redirect, out_);
    choice.destination = std::move(elsewhere);
  }
  if (respond != nullptr) {
    filter::Respond answer;
    answer.read(*respond, out_);
    choice.destination = std::move(answer);
  }
  if (!is_one) choice.destination.reset();
  return choice;
}

Leg RouteReader::legTo(PoolIndex pool, Mark mark) const {
  return {.pool = pool,
          .name = pools_.nameOf(pool),
          .percent = 100,
          .timeouts = {},
          .retry = {},
          .mark = mark};
}

std::optional<std::vector<Leg>> RouteReader::readSplit(const Value& value) {
  std::vector<Leg> legs;
  bool is_valid = true;
  for (const filter::SplitArm& arm : filter::readSplit(value, out_)) {
    const auto pool = pools_.find(Value::scalar(arm.pool_name, arm.mark));
    is_valid = is_valid && pool.has_value();
    if (!pool) continue;
    legs.push_back(legTo(*pool, arm.mark));
    legs.back().percent = arm.percent;
  }
  if (!is_valid || legs.empty()) return std::nullopt;
  return legs;
}

void RouteReader::addRoute(Route route, const Outer& rules, const Choice& choice) {
  if (!choice.destination) return;
  route.destination = *choice.destination;
  // `redirect: https` is for requests that did not come by https: the others go on to other routes.
  const auto* redirect = std::get_if<filter::Redirect>(&route.destination);
  if (redirect && redirect->changesSchemeOnly() && route.match.scheme.empty())
    route.match.scheme = "http";
  if (!isNew(route)) return;
  route.match.name = routeName(rules.name, route.match);
  route.rules = rules.route;
  route.timeouts = rules.pool.timeouts;
  route.retry = rules.pool.retry;
  if (auto* legs = std::get_if<std::vector<Leg>>(&route.destination)) {
    for (Leg& leg : *legs) {
      leg.timeouts = rules.pool.timeouts;
      leg.retry = rules.pool.retry;
      pools_.readInnerRules(leg.pool, leg.timeouts, leg.retry);
    }
  }
  if (route.match.path_kind != route::PathKind::Regex) route.rules.rewrite.bindTo(route.match.path);
  if (const auto& shadow = route.rules.mirror.pool; route.rules.mirror.isOn()) {
    const auto pool = pools_.find(Value::scalar(shadow, shadow.origin));
    if (!route.legs().empty()) route.mirror = pool;  // of fairlead's own answers nothing is copied
  }
  if (fitsItsRules(route)) config_.routes.push_back(std::move(route));
}

// Rules may have been written for a pattern that this route does not have.
bool RouteReader::fitsItsRules(const Route& route) {
  const bool is_regex = route.match.path_kind == route::PathKind::Regex;
  const int groups = is_regex ? route.match.regex->NumberOfCapturingGroups() : -1;
  const int used = highestCapture(route);
  if (used > groups) {
    out_.error(route.mark, fmt::format("the rules of this route use `{{capture.{}}}`", used))
        .expected = is_regex ? fmt::format("a group for it: this pattern has {}", groups)
                             : "a `path_regex`, whose groups are the captures";
    return false;
  }
  // What `defaults` say may be meant for the routes that name origins.
  const auto cors = route.rules.cors.lacksOrigins();
  if (cors && cors != config_.default_route_rules.cors.lacksOrigins()) {
    out_.error(*cors, "no origin is let in by this").expected =
        "origins: [\"https://www.example.com\"]";
    return false;
  }
  auto rule = route.rules.rewrite.needsPrefix();
  if (const auto* redirect = std::get_if<filter::Redirect>(&route.destination))
    if (const auto prefix = redirect->needsPrefix()) rule = prefix;
  if (rule && is_regex) {
    Diagnostic& finding = out_.error(*rule, "a `path_regex` has no prefix to work on");
    finding.expected = "the whole path, or a `regex`";
    finding.also = route.mark;
    finding.also_message = "the route";
    return false;
  }
  return true;
}

void RouteReader::warnOfIdlePoolRules(const Value& value) {
  for (const std::string_view key : {"balance", "health", "slow_start", "sticky", "max_requests",
                                     "limit", "queue", "breaker", "send_proxy_protocol"})
    if (const Value::Entry* entry = value.findEntry(key))
      out_.warning(entry->key.mark, fmt::format("`{}` has no effect here", key)).expected =
          fmt::format("`{}` in the pool, or beside `servers`", key);
}

void RouteReader::judgeTogether() const {
  const auto all = host_names_.find("*");
  warnOfUnreachable(config_, all == host_names_.end() ? Mark() : all->second, out_);
  if (!out_.hasErrors()) refuseRedirectCycles(config_, out_);
}

}  // namespace fairlead::config
