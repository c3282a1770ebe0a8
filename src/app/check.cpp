// fairlead check: the findings about a file, and the tests that stand in it.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "app/explain.h"
#include "app/verbs.h"
#include "config/diagnostic.h"
#include "worker/route_tests.h"

namespace fairlead::app {
namespace {

size_t failedOf(const std::vector<worker::TestResult>& results) {
  return static_cast<size_t>(std::ranges::count_if(
      results, [](const worker::TestResult& result) { return !result.failures.empty(); }));
}

// Failed expectations join the other findings, so that editors show them as well.
void addFailures(const std::vector<worker::TestResult>& results, Diagnostics& out) {
  for (const worker::TestResult& result : results)
    for (const worker::TestFailure& failure : result.failures)
      out.error(failure.where, fmt::format("this test fails: {}", failure.actual)).expected =
          failure.expected;
}

std::vector<const config::Route*> unreached(const config::Config& config,
                                            const std::vector<worker::TestResult>& results) {
  std::vector<const config::Route*> routes;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const bool is_reached = std::ranges::any_of(results, [&](const worker::TestResult& result) {
      return result.route == static_cast<route::RouteId>(i);
    });
    if (!is_reached) routes.push_back(&config.routes[i]);
  }
  return routes;
}

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    result += fmt::format("  {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

// Why each failed test's request went where it went.
std::string explainFailures(const std::vector<worker::TestResult>& results,
                            const config::Config& config, const worker::Snapshot& snapshot,
                            const Diagnostics& files) {
  std::string text;
  for (const worker::TestResult& result : results) {
    if (result.failures.empty()) continue;
    const worker::RehearsedRequest request = worker::requestOf(*result.test);
    text +=
        fmt::format("\n{} {} ({}) goes this way:\n{}", request.method, request.url,
                    config::placeText(result.test->mark, files),
                    indented(explanationOf(worker::Rehearsal(snapshot, request), config, files)));
  }
  return text;
}

std::string counted(size_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

void sayCoverage(const config::Config& config, const std::vector<worker::TestResult>& results,
                 const Diagnostics& files) {
  const auto routes = unreached(config, results);
  if (routes.empty()) {
    std::cout << "every route is reached by a test\n";
    return;
  }
  std::cout << fmt::format("no test reaches {} of {}:\n", routes.size(),
                           counted(config.routes.size(), "route"));
  for (const config::Route* route : routes)
    std::cout << fmt::format("  {} ({})\n", route->match.name,
                             config::placeText(route->mark, files));
}

void saySummary(const std::string& file, const config::Config& config, size_t failed) {
  std::string tests;
  const size_t count = config.tests.size();
  if (count > 0) tests = fmt::format("; {} of {} passed", count - failed, counted(count, "test"));
  std::cout << fmt::format(
      "{} is valid: {}, {}, {}{}\n", file, counted(config.hosts.size(), "host"),
      counted(config.routes.size(), "route"), counted(config.pools.size(), "pool"), tests);
}

}  // namespace

Exit check(const std::string& config_file, const CheckOptions& options) {
  config::Loaded loaded = config::loadFile(config_file, config::processEnvironment);
  Diagnostics& findings = loaded.diagnostics;
  if (!loaded.config) {
    if (options.json)
      std::cout << config::renderJson(findings) << "\n";
    else
      complain(findings);
    return Exit::BadConfig;
  }
  const config::Config& config = *loaded.config;
  const worker::Snapshot snapshot = worker::compile(config);
  const auto results = worker::runTests(config, snapshot);
  addFailures(results, findings);
  if (options.json && options.coverage)
    for (const config::Route* route : unreached(config, results))
      findings.note(route->mark, "no test reaches this route");
  findings.sort();
  if (options.json) {
    std::cout << config::renderJson(findings) << "\n";
  } else {
    complain(findings);
    std::cerr << explainFailures(results, config, snapshot, findings);
    saySummary(config_file, config, failedOf(results));
    if (options.coverage) sayCoverage(config, results, findings);
  }
  return failedOf(results) == 0 ? Exit::Ok : Exit::BadConfig;
}

}  // namespace fairlead::app
