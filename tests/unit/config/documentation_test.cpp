// docs/configuration.md names every key that the loader knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "balance/balancer.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

std::string documentation() {
  std::ifstream stream(FAIRLEAD_SOURCE_DIR "/docs/configuration.md");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// A key that is near to none makes the loader list what it knows.
constexpr const char* kUnknownEverywhere = R"(
qqqqqqqqqqqqqqqqqqqqqqqqq: 1
listen: [{ http: 1, qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }]
log: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
defaults: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
firewall_rules: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
pools:
  p:
    qqqqqqqqqqqqqqqqqqqqqqqqq: 1
    servers: [{ url: a, qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }]
    health: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    timeouts: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    retry: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
hosts:
  - host: a
    qqqqqqqqqqqqqqqqqqqqqqqqq: 1
    pool: p
paths:
  - path: /
    qqqqqqqqqqqqqqqqqqqqqqqqq: 1
    respond: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    header_rules: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    param_rules: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    rewrite_rules: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    mirror: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
    log: { qqqqqqqqqqqqqqqqqqqqqqqqq: 1 }
)";

std::set<std::string> knownKeys() {
  std::set<std::string> keys;
  size_t mappings = 0;
  for (const Diagnostic& finding : loadWith(kUnknownEverywhere).diagnostics.all()) {
    if (!finding.message.starts_with("unknown key")) continue;
    ++mappings;
    std::string list = finding.expected;
    if (list.starts_with("one of ")) list.erase(0, 7);
    for (size_t at = 0; at < list.size();) {
      const size_t comma = std::min(list.find(", ", at), list.size());
      keys.insert(list.substr(at, comma - at));
      at = comma + 2;
    }
  }
  EXPECT_EQ(mappings, 18u) << "a mapping of the language is not asked";
  return keys;
}

TEST(Documentation, NamesEveryKey) {
  const std::string text = documentation();
  const auto keys = knownKeys();
  EXPECT_GT(keys.size(), 50u);
  for (const std::string& key : keys)
    EXPECT_THAT(text, testing::HasSubstr("`" + key + "`"))
        << "docs/configuration.md is silent about it";
}

TEST(Documentation, NamesEveryPolicy) {
  for (const balance::Policy& policy : balance::policies())
    EXPECT_THAT(documentation(), testing::HasSubstr("`" + std::string(policy.name) + "`"));
}

TEST(Documentation, ItsExamplesLoad) {
  const std::string text = documentation();
  constexpr std::string_view kPools =
      "pools: { api: { servers: [a:1] }, shop: { servers: [b:1] } }\n";
  size_t examples = 0;
  for (size_t at = text.find("```yaml\n"); at != std::string::npos;
       at = text.find("```yaml\n", at)) {
    at += 8;
    std::string example = text.substr(at, text.find("```", at) - at);
    if (example.find("pools:") == std::string::npos) example += kPools;
    const Loaded loaded = loadWith(example);
    EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics);
    ++examples;
  }
  EXPECT_EQ(examples, 3u);
}

}  // namespace
}  // namespace fairlead::config
