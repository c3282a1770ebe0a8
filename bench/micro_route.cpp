// What one routing decision costs with 10, 1,000 and 100,000 routes: it should not depend on that
// number.
#include <benchmark/benchmark.h>
#include <re2/re2.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/random.h"
#include "route/router.h"

namespace {

using namespace fairlead;
using namespace fairlead::route;

// The header fields of a browser's request, and one that routes ask for.
struct Head {
  explicit Head(const char* canary) {
    const std::array<std::pair<const char*, const char*>, 10> usual{{
        {"Host", "shop.example.com"},
        {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
        {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
        {"Accept-Language", "en-US,en;q=0.5"},
        {"Accept-Encoding", "gzip, deflate, br"},
        {"Referer", "https://shop.example.com/items"},
        {"DNT", "1"},
        {"Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"},
        {"Sec-Fetch-Mode", "navigate"},
        {"X-Canary", canary},
    }};
    for (const auto& [name, value] : usual) fields.add(http::Field::make(arena, name, value));
  }
  Arena arena;
  http::Fields fields;
};

// Queries of a run: more than a cache remembers by accident, hits spread over all routes. They lie
// one behind the other, as a head that was just parsed lies in the cache.
class Load {
 public:
  static constexpr size_t kQueries = 4096;

  // `add(load, n)` adds the query of one of `of` places in the table.
  template <typename Add>
  Load(size_t of, Add add) {
    Random random(1);
    for (size_t i = 0; i < kQueries; ++i) add(*this, std::to_string(random.below(of)));
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void add(const std::string& host, const std::string& path, const char* method = "GET",
           bool canary = false) {
    queries_.push_back({.host = arena_.copy(host),
                        .path = arena_.copy(path),
                        .method = method,
                        .scheme = "http",
                        .query = "page=2",
                        .fields = canary ? &canary_.fields : &plain_.fields});
  }

  const RouteQuery& query(size_t i) const { return queries_[i]; }

 private:
  Head plain_{"no"};
  Head canary_{"yes"};
  Arena arena_;
  std::vector<RouteQuery> queries_;
};

// Every query has to find a route, or the benchmark measures something else.
void run(benchmark::State& state, const Router& router, const Load& load) {
  for (size_t i = 0; i < Load::kQueries; ++i)
    if (router.match(load.query(i)).route == kNone) state.SkipWithError("a query found no route");
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(router.match(load.query(i)));
    i = (i + 1) % Load::kQueries;
  }
}

// Every route of one host: /service-N/items, asked for something below.
void pathsOfOneHost(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i)
    routes.push_back({.host = 0, .path = "/service-" + std::to_string(i) + "/items"});
  const Load load(count, [](Load& to, const std::string& n) {
    to.add("shop.example.com", "/service-" + n + "/items/4711/details");
  });
  run(state, Router({{{"shop.example.com"}}}, routes), load);
}

// One route a host.
void hosts(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<HostSpec> specs;
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({{"tenant-" + std::to_string(i) + ".example.com"}});
    routes.push_back({.host = static_cast<HostId>(i)});
  }
  const Load load(count, [](Load& to, const std::string& n) {
    to.add("tenant-" + n + ".example.com", "/items/4711/details");
  });
  run(state, Router(specs, routes), load);
}

// Wildcards, asked for a name two labels below.
void wildcards(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<HostSpec> specs;
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({{"*.tenant-" + std::to_string(i) + ".example.com"}});
    routes.push_back({.host = static_cast<HostId>(i)});
  }
  const Load load(count, [](Load& to, const std::string& n) {
    to.add("a.b.tenant-" + n + ".example.com", "/items/4711/details");
  });
  run(state, Router(specs, routes), load);
}

// Half of the routes of one host ask for a method and a header, the other half stand below them:
// of three requests one passes both conditions, one fails at the method, one at the header.
void conditions(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<RouteSpec> routes;
  for (size_t i = 0; i < count / 2; ++i) {
    const std::string path = "/service-" + std::to_string(i) + "/items";
    routes.push_back({.host = 0,
                      .path = path,
                      .methods = {"POST", "PUT"},
                      .headers = {{"X-Canary", {ValueMatch::Kind::Exact, "yes"}}}});
    routes.push_back({.host = 0, .path = path});
  }
  size_t turn = 0;
  const Load load(count / 2, [&turn](Load& to, const std::string& n) {
    const bool writes = turn % 3 != 0;
    to.add("shop.example.com", "/service-" + n + "/items/4711", writes ? "PUT" : "GET",
           turn % 3 == 1);
    ++turn;
  });
  run(state, Router({{{"shop.example.com"}}}, routes), load);
}

RouteSpec regexRoute(HostId host, std::string pattern) {
  auto regex = std::make_shared<const re2::RE2>(pattern);
  return {.host = host, .path_kind = PathKind::Regex, .path = std::move(pattern), .regex = regex};
}

enum class Patterns { Same, Own };

// Ten of them; `own` makes them different from those of another host.
std::vector<RouteSpec> tenRegexes(const std::string& own) {
  std::vector<RouteSpec> routes;
  for (const std::string pattern :
       {"^/api/v[0-9]+/users/", "^/api/v[0-9]+/items/", "\\.(png|jpe?g|gif|svg)$",
        "^/[a-z]{2}/shop/", "/edit$", "^/blog/[0-9]{4}/", "^/~[a-z]+/", "(?i)/admin",
        "^/download/.*\\.zip$", "/feed$"})
    routes.push_back(regexRoute(0, own.empty() ? pattern : pattern + "|^/own-" + own + "$"));
  return routes;
}

// Ten regexes a host, of which one takes the request.
void hostsOfTenRegexes(benchmark::State& state, Patterns patterns) {
  const auto count = static_cast<size_t>(state.range(0)) / 10;
  std::vector<HostSpec> specs;
  std::vector<RouteSpec> routes;
  std::vector<RouteSpec> of_one = tenRegexes("");
  for (size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    specs.push_back({{"tenant-" + number + ".example.com"}});
    if (patterns == Patterns::Own) of_one = tenRegexes(number);
    for (RouteSpec& route : of_one) {
      route.host = static_cast<HostId>(i);
      routes.push_back(route);
    }
  }
  size_t turn = 0;
  const Load load(count, [&turn](Load& to, const std::string& n) {
    static constexpr std::array<const char*, 4> kPaths{"/api/v2/items/4711", "/images/4711.png",
                                                       "/blog/2024/spring", "/en/shop/4711"};
    to.add("tenant-" + n + ".example.com", kPaths[turn++ % kPaths.size()]);
  });
  run(state, Router(specs, routes), load);
}

enum class Ending { Match, NoMatch };

// One host with so many regexes and a catch-all. One of them takes the request, or none.
void regexesOfOneHost(benchmark::State& state, Ending ending) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<RouteSpec> routes{{.host = 0}};
  for (size_t i = 0; i < count; ++i)
    routes.push_back(regexRoute(0, "^/service-" + std::to_string(i) + "/v[0-9]+/(users|items)"));
  const Load load(count, [ending](Load& to, const std::string& n) {
    to.add("shop.example.com",
           "/service-" + n + (ending == Ending::Match ? "/v2/items/4711" : "/v2/carts/4711"));
  });
  run(state, Router({{{"shop.example.com"}}}, routes), load);
}

BENCHMARK(pathsOfOneHost)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(hosts)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(wildcards)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK(conditions)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(hostsOfTenRegexes, same, Patterns::Same)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(hostsOfTenRegexes, own, Patterns::Own)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(regexesOfOneHost, match, Ending::Match)->Arg(10)->Arg(100)->Arg(1'000);
BENCHMARK_CAPTURE(regexesOfOneHost, no_match, Ending::NoMatch)->Arg(10)->Arg(100)->Arg(1'000);

}  // namespace

BENCHMARK_MAIN();
