// The canonical text of a route, in which the order and the spelling of the file are gone.
#include "route/spec.h"

#include <algorithm>

#include "base/ascii.h"
#include "route/networks.h"

namespace fairlead::route {
namespace {

// A part of a line; what separates parts and lines cannot stand in it.
std::string part(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\')
      escaped += "\\\\";
    else if (c == '\n')
      escaped += "\\n";
    else if (c == '\t')
      escaped += "\\t";
    else
      escaped += c;
  }
  return escaped;
}

std::string_view wordOf(ValueMatch::Kind kind) {
  switch (kind) {
    case ValueMatch::Kind::Exact:
      return "exact";
    case ValueMatch::Kind::Prefix:
      return "prefix";
    case ValueMatch::Kind::Regex:
      return "regex";
    case ValueMatch::Kind::Present:
      return "present";
    case ValueMatch::Kind::Absent:
      return "absent";
  }
  return "";
}

std::string_view wordOf(PathKind kind) {
  switch (kind) {
    case PathKind::Prefix:
      return "prefix";
    case PathKind::Exact:
      return "exact";
    case PathKind::Regex:
      return "regex";
  }
  return "";
}

std::string lineOf(std::string_view what, const Condition& condition) {
  const ValueMatch& match = condition.match;
  std::string line(what);
  line += "\t" + part(what == "header" ? ascii::lowered(condition.name) : condition.name) + "\t";
  line += wordOf(match.kind);
  if (match.kind != ValueMatch::Kind::Present && match.kind != ValueMatch::Kind::Absent)
    line += "\t" + part(match.text);
  return line;
}

}  // namespace

bool isUnconditional(const RouteSpec& route) {
  return route.methods.empty() && route.headers.empty() && route.params.empty() &&
         route.cookies.empty() && route.from.empty() && route.scheme.empty();
}

std::string conditionsText(const RouteSpec& route) {
  if (isUnconditional(route)) return {};
  std::vector<std::string> lines;
  for (const std::string& method : route.methods) lines.push_back("method\t" + part(method));
  for (const Condition& condition : route.headers) lines.push_back(lineOf("header", condition));
  for (const Condition& condition : route.params) lines.push_back(lineOf("param", condition));
  for (const Condition& condition : route.cookies) lines.push_back(lineOf("cookie", condition));
  for (const Cidr& network : Networks(route.from).list())
    lines.push_back("from\t" + network.text());
  if (!route.scheme.empty()) lines.push_back("scheme\t" + part(route.scheme));
  std::ranges::sort(lines);
  lines.erase(std::ranges::unique(lines).begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string identity(const RouteSpec& route) {
  std::string text = std::to_string(route.host) + "\n";
  text += wordOf(route.path_kind);
  text += "\t" + part(route.path) + "\n";
  return text + conditionsText(route);
}

}  // namespace fairlead::route
