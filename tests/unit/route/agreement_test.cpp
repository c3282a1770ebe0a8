// Random tables and requests: the router agrees with a matcher that is too simple to be wrong, with
// itself when the routes are shuffled, and with its own explanations.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/ascii.h"
#include "base/random.h"
#include "routes.h"

namespace fairlead::route {
namespace {

// ---- The naive matcher.

using Values = std::vector<std::string>;

Values split(const std::string& text, char separator) {
  Values parts;
  size_t begin = 0;
  for (size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
  }
  return parts;
}

std::string decode(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           ascii::hexValue(text[i + 1]) >= 0 && ascii::hexValue(text[i + 2]) >= 0;
    if (is_escape) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

Values headersOf(const Ask& ask, const std::string& name) {
  Values values;
  for (const auto& [field, value] : ask.headers)
    if (ascii::lowered(field) == ascii::lowered(name)) values.emplace_back(ascii::trim(value));
  return values;
}

Values paramsOf(const Ask& ask, const std::string& name) {
  Values values;
  for (const std::string& param : split(ask.query, '&')) {
    const size_t equals = std::min(param.find('='), param.size());
    if (decode(param.substr(0, equals)) != name) continue;
    values.push_back(decode(param.substr(std::min(equals + 1, param.size()))));
  }
  return values;
}

Values cookiesOf(const Ask& ask, const std::string& name) {
  Values values;
  for (const std::string& line : headersOf(ask, "Cookie"))
    for (const std::string& pair : split(line, ';')) {
      const size_t equals = pair.find('=');
      if (equals == std::string::npos || ascii::trim(pair.substr(0, equals)) != name) continue;
      std::string value(ascii::trim(std::string_view(pair).substr(equals + 1)));
      if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      values.push_back(value);
    }
  return values;
}

bool fits(const ValueMatch& match, const std::string& value) {
  if (match.kind == ValueMatch::Kind::Exact) return value == match.text;
  if (match.kind == ValueMatch::Kind::Prefix) return value.find(match.text) == 0;
  if (match.kind == ValueMatch::Kind::Regex) return re2::RE2::PartialMatch(value, match.text);
  return true;
}

bool allHold(const std::vector<Condition>& conditions, const Ask& ask,
             Values (*values_of)(const Ask&, const std::string&)) {
  return std::ranges::all_of(conditions, [&](const Condition& asked) {
    const Values values = values_of(ask, asked.name);
    if (asked.match.kind == ValueMatch::Kind::Absent) return values.empty();
    return std::ranges::any_of(values, [&](const auto& value) { return fits(asked.match, value); });
  });
}

bool conditionsHold(const RouteSpec& route, const Ask& ask) {
  const auto client = *IpAddress::parse(ask.client);
  return (route.methods.empty() || std::ranges::count(route.methods, ask.method) > 0) &&
         (route.scheme.empty() || route.scheme == ask.scheme) &&
         (route.from.empty() ||
          std::ranges::any_of(route.from, [&](const Cidr& c) { return c.contains(client); })) &&
         allHold(route.headers, ask, headersOf) && allHold(route.params, ask, paramsOf) &&
         allHold(route.cookies, ask, cookiesOf);
}

bool pathFits(const RouteSpec& route, const std::string& path) {
  if (route.path_kind == PathKind::Exact) return path == route.path;
  if (route.path_kind == PathKind::Regex) return re2::RE2::PartialMatch(path, route.path);
  return route.path == "/" || path == route.path || path.starts_with(route.path + "/");
}

size_t countDistinct(const std::vector<Condition>& conditions, bool fold) {
  std::set<std::tuple<std::string, ValueMatch::Kind, std::string>> distinct;
  for (const Condition& asked : conditions) {
    const bool has_text = asked.match.kind < ValueMatch::Kind::Present;
    distinct.emplace(fold ? ascii::lowered(asked.name) : asked.name, asked.match.kind,
                     has_text ? asked.match.text : "");
  }
  return distinct.size();
}

// The greatest goes first, and of those the one with the smallest texts.
auto rankOf(const RouteSpec& route) {
  const bool is_prefix = route.path_kind == PathKind::Prefix;
  const int kind = route.path_kind == PathKind::Exact ? 3
                   : is_prefix && route.path != "/"   ? 2
                   : is_prefix                        ? 0
                                                      : 1;
  return std::tuple(kind, is_prefix ? route.path.size() : 0, !route.methods.empty(),
                    countDistinct(route.headers, true), countDistinct(route.params, false),
                    countDistinct(route.cookies, false), !route.from.empty(), !route.scheme.empty(),
                    route.path.size());
}

bool goesBefore(const RouteSpec& a, const RouteSpec& b) {
  if (rankOf(a) != rankOf(b)) return rankOf(a) > rankOf(b);
  return std::tuple(a.path, conditionsText(a)) < std::tuple(b.path, conditionsText(b));
}

size_t hostRank(const std::string& name, const std::string& host) {
  if (name == "*") return 1;
  if (!name.starts_with("*.")) return name == host ? 1000 : 0;
  const std::string suffix = name.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix) ? 1 + suffix.size() : 0;
}

RouteMatch naiveMatch(const std::vector<HostSpec>& hosts, const std::vector<RouteSpec>& routes,
                      const Ask& ask) {
  RouteMatch best;
  size_t rank = 0;
  for (size_t i = 0; i < hosts.size(); ++i)
    for (const std::string& name : hosts[i].names)
      if (const size_t r = hostRank(name, ask.host); r > rank) {
        rank = r;
        best.host = static_cast<HostId>(i);
      }
  for (size_t i = 0; i < routes.size(); ++i) {
    const RouteSpec& route = routes[i];
    if (route.host != best.host || !pathFits(route, ask.path) || !conditionsHold(route, ask))
      continue;
    if (best.route == kNone || goesBefore(route, routes[static_cast<size_t>(best.route)]))
      best.route = static_cast<RouteId>(i);
  }
  return best;
}

// ---- Random tables and requests, over so few names that they often meet.

template <size_t N>
const char* oneOf(Random& random, const char* const (&texts)[N]) {
  return texts[random.below(N)];
}

std::string randomPath(Random& random) {
  static constexpr const char* kSegments[] = {"a", "ab", "abc", "b", "ba", "c%2F", "%2F"};
  std::string path;
  for (uint64_t n = random.below(5); n > 0; --n)
    path += "/" + std::string(oneOf(random, kSegments));
  return path.empty() ? "/" : path;
}

std::string randomHost(Random& random) {
  static constexpr const char* kLabels[] = {"a", "b", "ab"};
  std::string host = oneOf(random, kLabels);
  for (uint64_t n = random.below(4); n > 0; --n) host += "." + std::string(oneOf(random, kLabels));
  return host;
}

// A pattern is compiled once.
const std::vector<std::pair<std::string, Regex>>& patterns() {
  static const auto all = [] {
    std::vector<std::pair<std::string, Regex>> made;
    for (const char* text :
         {"^/a", "b$", "^/(a|b)/", "%2F", "^/$", "a.*b", "^/ab?c?$", "[^a]", "."})
      made.emplace_back(text, pattern(text));
    return made;
  }();
  return all;
}

constexpr const char* kHeaderNames[] = {"X-A", "x-a", "Accept", "X-Forwarded-Foo", "B"};
constexpr const char* kNames[] = {"a", "b", "a b"};
constexpr const char* kEncodedNames[] = {"a", "%61", "b", "a+b", "a%20b", "A"};
constexpr const char* kTexts[] = {"", "a", "ab", "b", "a b", "ba"};
constexpr const char* kEncodedTexts[] = {"", "a", "%61b", "b", "a+b", "a%20b", "%", "b%61"};
constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "PURGE", "PROPPATCH"};
constexpr const char* kNetworks[] = {"10.0.0.0/8", "10.1.0.0/16", "10.1.0.1",
                                     "0.0.0.0/0",  "::/0",        "2001:db8::/32"};
constexpr const char* kClients[] = {"10.1.0.1", "10.1.0.2", "10.2.0.1", "192.0.2.1", "2001:db8::1"};

template <size_t N>
std::vector<Condition> randomConditions(Random& random, const char* const (&names)[N]) {
  std::vector<Condition> conditions;
  for (uint64_t n = random.below(3) * random.below(2); n > 0; --n) {
    Condition& asked = conditions.emplace_back();
    asked.name = oneOf(random, names);
    asked.match.kind = static_cast<ValueMatch::Kind>(random.below(5));
    asked.match.text = oneOf(random, kTexts);
    if (asked.match.kind == ValueMatch::Kind::Regex)
      std::tie(asked.match.text, asked.match.regex) = patterns()[random.below(patterns().size())];
  }
  return conditions;
}

RouteSpec randomRoute(Random& random, size_t host_count) {
  RouteSpec route;
  route.host = static_cast<HostId>(random.below(host_count + 1)) - 1;
  route.path_kind = static_cast<PathKind>(random.below(3));
  route.path = randomPath(random);
  if (route.path_kind == PathKind::Regex)
    std::tie(route.path, route.regex) = patterns()[random.below(patterns().size())];
  if (random.below(6) == 0) return route;
  for (uint64_t n = random.below(3) * random.below(2); n > 0; --n)
    route.methods.emplace_back(oneOf(random, kMethods));
  route.headers = randomConditions(random, kHeaderNames);
  route.params = randomConditions(random, kNames);
  route.cookies = randomConditions(random, kNames);
  for (uint64_t n = random.below(3) * random.below(2); n > 0; --n)
    route.from.push_back(*Cidr::parse(oneOf(random, kNetworks)));
  if (random.below(5) == 0) route.scheme = random.below(2) ? "http" : "https";
  return route;
}

Ask randomAsk(Random& random) {
  Ask ask;
  ask.host = randomHost(random);
  ask.path = randomPath(random);
  if (random.below(5) == 0 && ask.path != "/") ask.path += '/';
  if (random.below(50) == 0) ask.path = "*";
  for (uint64_t n = random.below(4); n > 0; --n) {
    if (!ask.query.empty()) ask.query += '&';
    ask.query += oneOf(random, kEncodedNames);
    if (random.below(4) > 0) ask.query += "=" + std::string(oneOf(random, kEncodedTexts));
  }
  ask.method = oneOf(random, kMethods);
  ask.scheme = random.below(2) ? "http" : "https";
  ask.client = oneOf(random, kClients);
  for (uint64_t n = random.below(4); n > 0; --n)
    ask.headers.emplace_back(oneOf(random, kHeaderNames), oneOf(random, kTexts));
  for (uint64_t n = random.below(3); n > 0; --n) {
    const std::string quote = random.below(3) == 0 ? "\"" : "";
    ask.headers.emplace_back("Cookie", std::string(oneOf(random, kNames)) + "=" + quote +
                                           oneOf(random, kTexts) + quote + "; " +
                                           oneOf(random, kNames) + "=" + oneOf(random, kTexts));
  }
  return ask;
}

struct Table {
  explicit Table(Random& random) : hosts(random.below(4)) {
    for (HostSpec& host : hosts)
      for (uint64_t n = random.below(3); n > 0; --n)
        host.names.push_back(
            random.below(4) == 0 ? "*" : (random.below(2) ? "*." : "") + randomHost(random));
    const size_t count = random.below(40);
    for (size_t i = 0; i < count; ++i) routes.push_back(randomRoute(random, hosts.size()));
  }
  std::vector<HostSpec> hosts;
  std::vector<RouteSpec> routes;
};

std::string identityOf(const std::vector<RouteSpec>& routes, RouteId id) {
  return id == kNone ? "none" : identity(routes[static_cast<size_t>(id)]);
}

// 2,500 tables and 100,000 requests.
constexpr uint64_t kTables = 2500;
constexpr int kRequests = 40;

TEST(Agreement, WithTheNaiveMatcher) {
  size_t taken = 0;
  size_t taken_on_conditions = 0;
  for (uint64_t seed = 0; seed < kTables; ++seed) {
    Random random(seed);
    const Table table(random);
    const Router router(table.hosts, table.routes);
    for (int i = 0; i < kRequests; ++i) {
      const Ask ask = randomAsk(random);
      const RouteMatch expected = naiveMatch(table.hosts, table.routes, ask);
      const RouteMatch found = match(router, ask);
      ASSERT_EQ(found.host, expected.host) << seed << " " << ask.host;
      ASSERT_EQ(identityOf(table.routes, found.route), identityOf(table.routes, expected.route))
          << seed << " " << ask.method << " " << ask.host << ask.path << "?" << ask.query;
      if (found.route == kNone) continue;
      ++taken;
      taken_on_conditions += !isUnconditional(table.routes[static_cast<size_t>(found.route)]);
    }
  }
  EXPECT_GT(taken, kTables * kRequests / 4) << "the tables are too sparse to say much";
  EXPECT_GT(taken_on_conditions, taken / 4) << "conditions are too seldom met to say much";
}

TEST(Agreement, WhateverTheOrderOfRoutes) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Table table(random);
    const Router router(table.hosts, table.routes);
    std::vector<RouteSpec> shuffled = table.routes;
    for (size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    const Router other(table.hosts, shuffled);
    for (int i = 0; i < kRequests; ++i) {
      const Ask ask = randomAsk(random);
      ASSERT_EQ(identityOf(table.routes, match(router, ask).route),
                identityOf(shuffled, match(other, ask).route))
          << seed << " " << ask.path;
    }
  }
}

// Which part of a request a sentence blames; "order" when another route goes first.
std::string blamed(const std::string& why) {
  if (why.ends_with(" goes first") || why.ends_with(" goes before a path_regex") ||
      why.ends_with(" goes before the catch-all"))
    return "order";
  return why.starts_with("path ") ? "path" : "conditions";
}

TEST(Agreement, OfMatchAndExplain) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const Table table(random);
    const Router router(table.hosts, table.routes);
    for (int i = 0; i < kRequests; ++i) {
      const Ask ask = randomAsk(random);
      std::vector<TraceLine> trace;
      const RouteMatch told = explain(router, ask, trace);
      const RouteMatch found = match(router, ask);
      ASSERT_EQ(told.host, found.host) << seed;
      ASSERT_EQ(told.route, found.route) << seed;
      for (const TraceLine& line : trace) {
        ASSERT_EQ(line.matched, line.why.empty()) << seed;
        if (line.route == kNone) continue;
        const RouteSpec& route = table.routes[static_cast<size_t>(line.route)];
        ASSERT_EQ(line.matched, line.route == found.route) << seed;
        if (line.matched) continue;
        ASSERT_EQ(blamed(line.why), !pathFits(route, ask.path)    ? "path"
                                    : !conditionsHold(route, ask) ? "conditions"
                                                                  : "order")
            << seed << " " << line.why;
      }
    }
  }
}

}  // namespace
}  // namespace fairlead::route
