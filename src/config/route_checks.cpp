// Names of routes, and what is wrong with them together.
#include "config/route_checks.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "http/target.h"

namespace fairlead::config {
namespace {

using route::PathKind;

void addNames(std::vector<std::string>& words, std::string_view what,
              const std::vector<route::Condition>& conditions) {
  for (const route::Condition& condition : conditions)
    words.push_back(fmt::format("{} {}", what, condition.name));
}

// Does each match begin where the path does? Only what can be seen at a glance is told.
bool isAnchored(std::string_view pattern) {
  if (!pattern.starts_with("^/") || pattern.find("\\Q") != std::string_view::npos) return false;
  int depth = 0;
  bool is_in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (is_in_class) {
      is_in_class = c != ']';
    } else if (c == '[') {
      is_in_class = true;
      i += pattern.substr(i + 1).starts_with('^') ? 1 : 0;
      i += pattern.substr(i + 1).starts_with(']') ? 1 : 0;  // itself, at the front of a class
    } else if (c == '|' && depth == 0) {
      return false;
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
    }
  }
  return true;
}

// The text that every path begins with which the pattern matches.
std::string literalPrefix(const re2::RE2& regex) {
  constexpr int kLongest = 256;
  if (!isAnchored(regex.pattern())) return {};
  std::string least;
  std::string most;
  if (!regex.PossibleMatchRange(&least, &most, kLongest)) return {};
  const auto differs = std::ranges::mismatch(least, most).in1;
  return {least.begin(), differs};
}

// An unconditional prefix that takes whatever the pattern of `route` could match.
const Route* findCover(const Config& config, const Route& route) {
  if (route.match.path_kind != PathKind::Regex) return nullptr;
  const std::string begin = literalPrefix(*route.match.regex);
  for (const Route& other : config.routes) {
    const route::RouteSpec& match = other.match;
    if (match.host == route.match.host && match.path_kind == PathKind::Prefix &&
        match.path != "/" && route::isUnconditional(match) && begin.starts_with(match.path + "/"))
      return &other;
  }
  return nullptr;
}

}  // namespace

route::Router routerOf(const Config& config) {
  std::vector<route::HostSpec> hosts;
  for (const Host& host : config.hosts) hosts.push_back({host.names});
  std::vector<route::RouteSpec> routes;
  for (const Route& route : config.routes) routes.push_back(route.match);
  return {std::move(hosts), std::move(routes)};
}

std::string routeName(std::string_view host, const route::RouteSpec& match) {
  std::string name(host);
  if (!name.empty()) name += ' ';
  if (match.path_kind == PathKind::Regex) name += '~';
  name += match.path;
  std::vector<std::string> words;
  if (match.path_kind == PathKind::Exact) words.emplace_back("exact");
  words.insert(words.end(), match.methods.begin(), match.methods.end());
  addNames(words, "header", match.headers);
  addNames(words, "param", match.params);
  addNames(words, "cookie", match.cookies);
  for (const Cidr& network : match.from) words.push_back("from " + network.text());
  if (!match.scheme.empty()) words.push_back(match.scheme);
  if (!words.empty()) name += fmt::format(" ({})", fmt::join(words, ", "));
  return name;
}

int highestCapture(const Route& route) {
  const RouteRules& rules = route.rules;
  int highest = std::max({rules.headers.highestCapture(), rules.params.highestCapture(),
                          rules.rewrite.highestCapture(), rules.cookies.highestCapture(),
                          rules.error_pages.highestCapture()});
  if (const auto* redirect = std::get_if<filter::Redirect>(&route.destination))
    highest = std::max(highest, redirect->highestCapture());
  if (const auto* respond = std::get_if<filter::Respond>(&route.destination))
    highest = std::max(highest, respond->highestCapture());
  return highest;
}

void warnOfUnreachable(const Config& config, Mark any_host, Diagnostics& out) {
  for (const Route& route : config.routes) {
    const bool is_behind_any = !any_host.isBuiltIn() && route.match.host == route::kNone;
    const Route* cover = findCover(config, route);
    if (!is_behind_any && !cover) continue;
    Diagnostic& finding =
        out.warning(route.mark, fmt::format("`{}` is never reached", route.match.path));
    finding.also = is_behind_any ? any_host : cover->mark;
    finding.also_message =
        is_behind_any ? "the host `*` claims every request" : "this prefix goes first";
  }
}

}  // namespace fairlead::config
