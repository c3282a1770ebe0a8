// From the nested file to the flat list: each route carries what its levels say together.
#include "config/route_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/route_names.h"

namespace fairlead::config {
namespace {

constexpr Key kDestinationKeyTable[] = {
    {"servers", "(address | <server>)...", "", "destination: an inline pool"},
    {"pool", "pool_name", "", "destination: a pool of `pools`"},
    {"respond", "200..599 | <respond>", "", "destination: an answer"},
    {"split", "later", "", ""},
    {"redirect", "later", "", ""},
};
constexpr Section kDestinationKeys{"destination", "a destination", kDestinationKeyTable};

constexpr Key kHost[] = {
    {"host", "host...", "",
     "exact names beat `\"*.example.com\"` (the longest first), which beats `\"*\"`; letter case, "
     "trailing dot and port do not matter"},
    {"paths", "[<path>]", "", "routes of this host; what it has no route for is 404"},
    {"firewall_rules", "<firewall_rules>", "", "judged when the host is known"},
    {"tls", "later | 'off'", "", ""},
    {"name", "later", "", ""},
};

constexpr Key kPath[] = {
    {"path", "path", "",
     "whole segments and all below: `/api` is `/api` and `/api/x`, never `/apiary`; a trailing "
     "slash is ignored"},
    {"exact", "boolean", "false", "this path only; beats every prefix"},
    {"firewall_rules", "<firewall_rules>", "", "judged when the path is known"},
    {"path_regex", "later", "", ""},
    {"methods", "later", "", ""},
    {"headers", "later", "", ""},
    {"params", "later", "", ""},
    {"cookies", "later", "", ""},
    {"from", "later", "", ""},
    {"scheme", "later", "", ""},
    {"name", "later", "", ""},
};

constexpr const Section* kLevel[] = {&kDestinationKeys, &kRouteRuleKeys, &kPoolRuleKeys};

constexpr std::array<std::string_view, 5> kDestinations{"servers", "pool", "split", "redirect",
                                                        "respond"};
constexpr std::string_view kDestinationForm = "one of servers, pool or respond";

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
const Section kPathKeys{"path", "a path", kPath, kLevel};

void RouteReader::readHosts(const Value& value) {
  forEachItem(value, "`hosts`", out_, [this](const Value& item) { readHost(item); });
}

void RouteReader::readPaths(const Value& value) {
  readPathList(value, {kNoHost, "", config_.default_pool_rules, config_.default_route_rules});
}

void RouteReader::readPathList(const Value& value, const Outer& outer) {
  forEachItem(value, "`paths`", out_, [&](const Value& item) { readPath(item, outer); });
}

void RouteReader::readHost(const Value& item) {
  Settings settings(item, kHostKeys, out_);
  if (!item.isMap()) return;
  Host host{.names = readNames(settings.take("host"), item), .firewall = {}, .mark = item.mark};
  if (const Value* name = item.find("host")) host.mark = name->mark;
  Outer rules{static_cast<int32_t>(config_.hosts.size()),
              host.names.empty() ? "(host)" : host.names.front(), config_.default_pool_rules,
              config_.default_route_rules};
  if (const Value* firewall = settings.take("firewall_rules")) host.firewall.read(*firewall, out_);
  readPoolRules(settings, Level::Host, rules.pool);
  readRouteRules(settings, rules.route);
  config_.hosts.push_back(host);

  const size_t inline_before = inline_pools_;
  const Choice choice = readDestination(settings, rules.name, rules.pool);
  Route own;
  own.host = rules.host;
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
  Route route = readPattern(settings, item);
  route.host = outer.host;
  if (const Value* firewall = settings.take("firewall_rules")) route.firewall.read(*firewall, out_);
  readPoolRules(settings, Level::Path, rules.pool);
  readRouteRules(settings, rules.route);
  const bool is_new = !route.path.empty() && isNew(route);
  const bool is_like_host = route.path == "/" && !outer.name.empty();
  const size_t inline_before = inline_pools_;
  const Choice choice =
      readDestination(settings, is_like_host ? outer.name : outer.name + route.path, rules.pool);
  if (inline_pools_ == inline_before) warnOfIdlePoolRules(item);
  if (!choice.is_told)
    out_.error(route.mark, "this path has no destination").expected = kDestinationForm;
  settings.misplaced("paths", "in a host or at the top of the file");
  settings.misplaced("host", "in an item of `hosts`");
  settings.finish();
  if (is_new) addRoute(std::move(route), rules, choice);
}

// The conditions of a route. The path is empty when there is no valid one.
Route RouteReader::readPattern(Settings& settings, const Value& item) {
  Route route;
  route.path.clear();
  route.mark = item.mark;
  if (const Value* path = settings.take("path")) {
    route.mark = path->mark;
    route.path = readRoutePath(*path, out_).value_or("");
  } else if (!item.find("path") && !item.find("path_regex")) {
    out_.error(item.mark, "a path needs `path`").expected = "path: /api";
  }
  Setting<bool> exact{false};
  settings.take("exact", exact);
  route.exact = exact;
  return route;
}

bool RouteReader::isNew(const Route& route) {
  const auto [first, is_new] =
      paths_.emplace(std::tuple(route.host, route.path, route.exact), route.mark);
  if (is_new) return true;
  Diagnostic& finding =
      out_.error(route.mark, fmt::format("two routes have the path `{}`{}", route.path,
                                         route.exact ? " and are exact" : ""));
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
  const Value* respond = settings.take("respond");
  if (servers != nullptr) {
    ++inline_pools_;
    if (auto index = pools_.addInline(name, *servers, rules)) choice.destination = *index;
  }
  if (pool != nullptr)
    if (auto index = pools_.find(*pool)) choice.destination = *index;
  if (respond != nullptr) {
    filter::Respond answer;
    answer.read(*respond, out_);
    choice.destination = std::move(answer);
  }
  if (!is_one) choice.destination.reset();
  return choice;
}

void RouteReader::addRoute(Route route, const Outer& rules, const Choice& choice) {
  if (!choice.destination) return;
  if (rules.name.empty())
    route.name = route.path;
  else
    route.name = fmt::format("{} {}", rules.name, route.path);
  if (route.exact) route.name += " (exact)";
  const bool is_own = route.path == "/" && !route.exact;
  if (is_own && !paths_.contains({route.host, "/", false})) isNew(route);
  route.rules = rules.route;
  route.timeouts = rules.pool.timeouts;
  route.retry = rules.pool.retry;
  if (const auto* pool = std::get_if<PoolIndex>(&*choice.destination))
    pools_.readInnerRules(*pool, route.timeouts, route.retry);
  route.destination = *choice.destination;
  if (const auto& shadow = route.rules.mirror.pool; route.rules.mirror.isOn())
    route.mirror = pools_.find(Value::scalar(shadow, shadow.origin));
  config_.routes.push_back(std::move(route));
}

void RouteReader::warnOfIdlePoolRules(const Value& value) {
  for (const std::string_view key : {"balance", "health"})
    if (const Value::Entry* entry = value.findEntry(key))
      out_.warning(entry->key.mark, fmt::format("`{}` has no effect here", key)).expected =
          fmt::format("`{}` in the pool, or beside `servers`", key);
}

void RouteReader::warnOfUnreachable() const {
  const auto all = host_names_.find("*");
  if (all == host_names_.end()) return;
  for (const Route& route : config_.routes) {
    if (route.host != kNoHost) continue;
    Diagnostic& finding =
        out_.warning(route.mark, fmt::format("`{}` is never reached", route.path));
    finding.also = all->second;
    finding.also_message = "the host `*` claims every request";
  }
}

}  // namespace fairlead::config
