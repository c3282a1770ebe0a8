// The order of routes, as CONFIG.md rules it, and the same order in words.
#include "route/precedence.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace fairlead::route {
namespace {

enum class Counted : uint8_t { Methods, Headers, Params, Cookies, From, Scheme, End };
constexpr size_t kCounted = static_cast<size_t>(Counted::End);

struct Precedence {
  std::array<size_t, kCounted> counts{};  // compared in the order of `Counted`; more goes first
  std::string conditions;
};

// The lines of a canonical text that begin with a word: what is written twice counts once.
size_t countLines(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1)
    count += text.substr(begin).starts_with(word);
  return count;
}

Precedence precedenceOf(const RouteSpec& route) {
  Precedence result;
  result.conditions = conditionsText(route);
  const auto count = [&](Counted what) -> size_t& {
    return result.counts[static_cast<size_t>(what)];
  };
  count(Counted::Methods) = !route.methods.empty();
  count(Counted::Headers) = countLines(result.conditions, "header\t");
  count(Counted::Params) = countLines(result.conditions, "param\t");
  count(Counted::Cookies) = countLines(result.conditions, "cookie\t");
  count(Counted::From) = !route.from.empty();
  count(Counted::Scheme) = !route.scheme.empty();
  return result;
}

// In the order of `Counted`.
constexpr std::array<std::string_view, kCounted> kShortcomings{
    "it asks for no method",   "it has fewer conditions on headers", "it has fewer on params",
    "it has fewer on cookies", "it asks for no client address",      "it asks for no scheme"};

std::string whyLaterOnOnePath(const RouteSpec& loser, const RouteSpec& winner) {
  const std::string goes_first = (winner.name.empty() ? winner.path : winner.name) + " goes first";
  const Precedence less = precedenceOf(loser);
  const Precedence more = precedenceOf(winner);
  for (size_t i = 0; i < kCounted; ++i)
    if (less.counts[i] != more.counts[i]) return std::string(kShortcomings[i]) + ": " + goes_first;
  if (loser.path.size() != winner.path.size()) return "its pattern is shorter: " + goes_first;
  if (loser.path != winner.path || less.conditions != more.conditions)
    return "all else being equal, the smaller text decides: " + goes_first;
  return "nothing tells it apart from the route before it: " + goes_first;
}

}  // namespace

std::vector<RouteId> inOrderOfPrecedence(std::span<const RouteSpec> routes) {
  std::vector<Precedence> precedences;
  for (const RouteSpec& route : routes) precedences.push_back(precedenceOf(route));
  const auto is_before = [&](RouteId a, RouteId b) {
    const Precedence& of_a = precedences[static_cast<size_t>(a)];
    const Precedence& of_b = precedences[static_cast<size_t>(b)];
    const std::string& path_a = routes[static_cast<size_t>(a)].path;
    const std::string& path_b = routes[static_cast<size_t>(b)].path;
    if (of_a.counts != of_b.counts) return of_a.counts > of_b.counts;
    if (path_a.size() != path_b.size()) return path_a.size() > path_b.size();
    return std::tie(path_a, of_a.conditions, a) < std::tie(path_b, of_b.conditions, b);
  };
  std::vector<RouteId> order(routes.size());
  std::iota(order.begin(), order.end(), RouteId{0});
  std::ranges::sort(order, is_before);
  return order;
}

std::string whyLater(const RouteSpec& loser, const RouteSpec& winner) {
  if (winner.path_kind == loser.path_kind &&
      (winner.path_kind == PathKind::Regex || winner.path == loser.path))
    return whyLaterOnOnePath(loser, winner);
  switch (winner.path_kind) {
    case PathKind::Exact:
      return "the exact path " + winner.path + " goes first";
    case PathKind::Prefix:
      return loser.path_kind == PathKind::Regex
                 ? "the path " + winner.path + " goes before a path_regex"
                 : "the longer path " + winner.path + " goes first";
    case PathKind::Regex:
      break;
  }
  return "the path_regex /" + winner.path + "/ goes before the catch-all";
}

}  // namespace fairlead::route
