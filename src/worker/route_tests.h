// The tests that stand in a configuration, judged by the rules that serve traffic.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "worker/rehearsal.h"

namespace fairlead::worker {

// One expectation that was not met, in words: "pool `api`", "pool `shop`".
struct TestFailure {
  Mark where;
  std::string expected;
  std::string actual;
};

struct TestResult {
  const config::RouteTest* test = nullptr;
  route::RouteId route = route::kNone;  // that the request reached
  std::vector<TestFailure> failures;    // none: it passed
};

RehearsedRequest requestOf(const config::RouteTest& test);

// In the order of the file. Sends nothing.
std::vector<TestResult> runTests(const config::Config& config, const Snapshot& snapshot);

}  // namespace fairlead::worker
