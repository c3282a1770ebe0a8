// What is shown loads again and means the same.
#include "config/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "config/yaml_writer.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using testing::HasSubstr;

std::string withoutComments(const std::string& text) {
  return std::regex_replace(text, std::regex(" +# [^\n]*"), "");
}

std::string shown(const std::string& text) {
  const Loaded loaded = loadWith(text);
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics) << text;
  return loaded.config ? renderShow(*loaded.config, loaded.diagnostics) : "";
}

TEST(Show, LoadsAgainAndMeansTheSame) {
  const struct {
    const char* name;
    const char* text;
  } rows[] = {
      {"the smallest", "paths: [{ path: /, servers: [a:1] }]\n"},
      {"listeners",
       "listen: [8080, \"127.0.0.1:8081\", \"[::1]:8082\", \"unix:/run/x\"]\nworkers: 3\n"
       "log: off\ntrusted_proxies: [10.0.0.0/8, \"::1\"]\npaths: [{ path: /, servers: [a:1] }]\n"},
      {"levels",
       "defaults: { balance: random, timeouts: { connect: 1s, total: 5m }, max_body: 1MiB, retry: "
       "off,"
       " header_rules: { add: { X-Edge: e } } }\n"
       "pools: { p: { servers: [{ url: a:1, weight: 0, max_requests: 3, name: big }, \"[::1]:1\"],"
       " health: { path: /h, host: h.example, port: 9, fall: 1 }, timeouts: { response: off } } }\n"
       "hosts:\n  - host: [a.example, \"*.b.example\"]\n    timeouts: { response: 7s, idle: 1s }\n"
       "    max_body: off\n    firewall_rules: { ip_reject: [10.0.0.0/8], ip_allow: [10.1.0.0/16] "
       "}\n"
       "    pool: p\n    paths:\n"
       "      - { path: /x, exact: true, pool: p, path_policy: raw, retry: { when: [connect, 503] "
       "} }\n"
       "      - { path: /y, servers: [a:1, b:1], health: off, firewall_rules: { path_reject: "
       "[/y/z] } }\n"
       "      - { path: /s, respond: { status: 404, body: \"no\\n\\\"way\\\" $${{x}\", "
       "content_type: text/html } }\n"
       "      - { path: /t, respond: 204 }\n"},
      {"rules",
       "paths:\n  - path: /\n    servers: [a:1]\n"
       "    header_rules: { add: { X-A: \"a: b # c\", X-Empty: \"\", X-Off: \"off\" }, remove: "
       "[X-B, Host] }\n"
       "    param_rules: { add: { a b: \"c=d&e %41\" }, remove: [utm_source] }\n"
       "    rewrite_rules: { replace: { /old: /new, /gone/: / } }\n"},
  };
  for (const auto& row : rows) {
    const std::string once = shown(row.text);
    const std::string twice = shown(once);
    EXPECT_EQ(withoutComments(once), withoutComments(twice)) << row.name;
    EXPECT_FALSE(once.empty()) << row.name;
  }
}

TEST(Show, TellsWhereEachValueStands) {
  const std::string text =
      shown("defaults:\n  timeouts:\n    connect: 3s\npaths:\n  - path: /\n    servers: [a:1]\n");
  EXPECT_THAT(text, testing::ContainsRegex("connect: 3s +# fairlead.yaml:3\n"));
  EXPECT_THAT(text, testing::ContainsRegex("response: 1m +# built-in\n"));
  EXPECT_THAT(text, testing::ContainsRegex("url: a:1 +# fairlead.yaml:6\n"));
  EXPECT_THAT(text, testing::ContainsRegex("health: off +# built-in\n"));
}

TEST(YamlText, ReadsBackToItself) {
  for (const std::string text :
       {"word",     "",     "off", "true", "~",  "null",     "a: b",       "a #b",
        "- x",      "*",    "[x]", "\"",   "\\", "a\tb",     "line\nline", "${NAME}",
        "$${NAME}", "8080", "ü",   "@x",   "x:", "trailing "}) {
    const Loaded loaded =
        loadWith("paths: [{ path: /, respond: { body: " + yamlText(text) + " } }]\n");
    ASSERT_TRUE(loaded.config) << text << renderText(loaded.diagnostics);
    const auto& respond = std::get<filter::Respond>(loaded.config->routes[0].destination);
    EXPECT_EQ(respond.show().find("body")->text, text);
  }
}

}  // namespace
}  // namespace fairlead::config
