// What is shown loads again and means the same.
#include "config/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "config/yaml.h"
#include "config/yaml_writer.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using testing::HasSubstr;

std::string withoutComments(const std::string& text) {
  return std::regex_replace(text, std::regex("\n +# [^\n]*| +# [^\n]*"), "");
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
      {"listeners that expect PROXY headers",
       "listen:\n  - { http: 8080, proxy_protocol: { from: [10.0.0.0/8, \"::1\"] } }\n"
       "  - { http: unix:/run/x, proxy_protocol: {} }\n  - { http: 8081, proxy_protocol: off }\n"
       "defaults: { send_proxy_protocol: v1 }\npools: { p: { servers: [a:1] } }\n"
       "paths: [{ path: /, pool: p }, { path: /x, servers: [a:1], send_proxy_protocol: off }]\n"},
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
      {"the admin API", "admin: \"[::1]:9901\"\npaths: [{ path: /, respond: 204 }]\n"},
      {"no admin API", "admin: off\npaths: [{ path: /, respond: 204 }]\n"},
      {"the admin API on a Unix socket, with a token",
       "admin: { address: unix:/run/a.sock, token: secret }\npaths: [{ path: /, respond: 204 }]\n"},
      {"logs",
       "log: { access: logs/all.log }\nhosts:\n  - host: a.example\n    log: stderr\n"
       "    servers: [a:1]\n    paths:\n      - { path: /x, respond: 200, log: off }\n"
       "      - { path: /y, respond: 200, log: { access: \"a: b\" } }\n"
       "  - { host: b.example, log: off, servers: [a:1] }\n"
       "  - { host: c.example, servers: [a:1] }\n"
       "paths: [{ path: /z, respond: 200, log: \"off\" }]\n"},
      {"mirrors and priorities",
       "defaults: { priority: batch, mirror: { pool: p, percent: 0.5%, max_body: 0B } }\n"
       "pools: { p: { servers: [a:1] }, \"off\": { servers: [a:1] } }\npaths:\n"
       "  - { path: /x, pool: p, priority: critical }\n"
       "  - { path: /y, pool: p, mirror: off }\n"
       "  - { path: /z, pool: p, mirror: { pool: \"off\", percent: 100 } }\n"},
      {"rules",
       "paths:\n  - path: /\n    servers: [a:1]\n"
       "    header_rules: { add: { X-A: \"a: b # c\", X-Empty: \"\", X-Off: \"off\" }, remove: "
       "[X-B, Host] }\n"
       "    param_rules: { add: { a b: \"c=d&e %41\" }, remove: [utm_source] }\n"
       "    rewrite_rules: { replace: { /old: /new, /gone/: / } }\n"},
      {"all kinds of header rules",
       "defaults: { header_rules: { add: { X-A: outer, X-D: d }, remove: [X-R] } }\n"
       "paths:\n  - path: /\n    servers: [a:1]\n"
       "    header_rules:\n      remove: [\"X-Internal-*\"]\n      rename: { X-Old: X-New }\n"
       "      replace: { Referer: { regex: \"^(.*)[?]\", with: \"{capture.1}\" } }\n"
       "      add: { X-A: \"{{ {client_ip} $${{x} }}\", X-T: true }\n      append: { Via: v }\n"
       "      set_if_missing: { X-M: \"{header.X-A}\" }\n"
       "      response: { remove: Server, add: { X-Frame-Options: DENY } }\n"},
      {"what heals and what limits",
       "zone: \"\"\ndns: { servers: \"[::1]\" }\nstate: kept\n"
       "defaults: { retry: { per_try: 1s, buffer: off, hedge: { after: p99 } }, limit: 8, queue: "
       "5,\n"
       "  slow_start: off, sticky: { cookie: srv }, breaker: { errors: 50% }, max_requests: 7,\n"
       "  health: { passive: { consecutive: 3 }, headers: { X-A: \"off\" }, path: /up } }\n"
       "pools:\n"
       "  p: { servers: [{ url: a:1, backup: true, zone: \"\" }], retry: { hedge: off }, queue: {} "
       "}\n"
       "  q: { servers: [{ url: a:1, tier: 15, zone: z }], health: off, limit: off, sticky: off }\n"
       "  r: { servers: [a:1], health: { passive: off, expect: { body: \"off\" } }, breaker: off "
       "}\n"
       "paths:\n"
       "  - { path: /p, pool: p }\n"
       "  - { path: /q, pool: q, retry: { hedge: { after: 100ms, budget: 1% } } }\n"
       "  - { path: /r, pool: r, retry: { hedge: {}, per_try: off, buffer: 1MiB } }\n"
       "  - { path: /s, servers: [a:1, b:1], sticky: { learn: \"off\" }, limit: adaptive }\n"},
      {"retries",
       "defaults: { retry: off }\npools:\n  p: { servers: [a:1], retry: { budget: off } }\n"
       "  q: { servers: [a:1] }\n"
       "paths: [{ path: /p, pool: p }, { path: /q, pool: q, retry: { attempts: 0 } }]\n"},
      {"mirror and priority",
       "pools: { shadow: { servers: [s:1] } }\ndefaults: { mirror: shadow, priority: batch }\n"
       "paths:\n  - { path: /, servers: [a:1] }\n"
       "  - { path: /x, servers: [a:1], mirror: { percent: 10, max_body: 1KiB }, priority: normal "
       "}\n"
       "  - { path: /y, servers: [a:1], mirror: off }\n"},
  };
  for (const auto& row : rows) {
    const std::string once = shown(row.text);
    const std::string twice = shown(once);
    EXPECT_EQ(withoutComments(once), withoutComments(twice)) << row.name;
    EXPECT_FALSE(once.empty()) << row.name;
  }
}

TEST(Show, TellsInternationalNamesInTheirAsciiForm) {
  EXPECT_THAT(shown("hosts: [{ host: \"*.Müller.de\", servers: [a:1] }]\n"),
              HasSubstr("host: \"*.xn--mller-kva.de\""));
}

TEST(Show, TellsWhereEachValueStands) {
  const std::string text =
      shown("defaults:\n  timeouts:\n    connect: 3s\npaths:\n  - path: /\n    servers: [a:1]\n");
  EXPECT_THAT(text, testing::ContainsRegex("connect: 3s +# fairlead.yaml:3\n"));
  EXPECT_THAT(text, testing::ContainsRegex("response: 1m +# built-in\n"));
  EXPECT_THAT(text, testing::ContainsRegex("url: a:1 +# fairlead.yaml:6\n"));
  EXPECT_THAT(text, testing::ContainsRegex("health: off +# built-in\n"));
}

// A value as it stands in the file.
Value plain(std::string text, uint32_t line) {
  return Value::scalar(std::move(text), {0, line, 1});
}

Value quoted(std::string text, uint32_t line) {
  Value value = plain(std::move(text), line);
  value.quoted = true;
  return value;
}

TEST(YamlWriter, WritesTreesWithTheOriginOfEachLeaf) {
  Diagnostics files;
  files.files.push_back({"a.yaml", ""});
  Value one = Value::map();
  one.put("match", plain("^/a", 3));
  one.put("with", quoted("off", 4));
  Value inner = Value::list();
  inner.items = {plain("x", 5), plain("y", 6)};
  Value list = Value::list();
  list.items = {std::move(one), std::move(inner), plain("z", 7), Value::map({0, 8, 1}),
                Value::list({0, 9, 1})};
  Value rules = Value::map();
  rules.put("on", plain("true", 1));
  rules.put("text", quoted("true", 2));
  rules.put("off", plain("off", 2));
  rules.put("regex", std::move(list));
  rules.put("lines", plain("one\ntwo: #\x1b", 10));
  rules.put("none", plain("null", 11));
  rules.put("built", plain("8080", 0));
  rules.put("${x}: ", plain("${x}", 12));
  YamlWriter writer(files);
  writer.tree("rules", rules);
  EXPECT_EQ(std::regex_replace(writer.take(), std::regex(" +# "), " # "),
            R"(rules:
  on: true # a.yaml:1
  text: "true" # a.yaml:2
  "off": off # a.yaml:2
  regex:
    - match: "^/a" # a.yaml:3
      with: "off" # a.yaml:4
    - - x # a.yaml:5
      - y # a.yaml:6
    - z # a.yaml:7
    - {} # a.yaml:8
    - [] # a.yaml:9
  lines: "one\ntwo: #\x1b" # a.yaml:10
  none: "null" # a.yaml:11
  built: 8080 # built-in
  "${x}: ": "$${x}" # a.yaml:12
)");
}

// Every kind of value, in places that read the same from the file and from what is written of it.
bool isSame(const Value& a, const Value& b) {
  const auto same_entries = [](const Value::Entry& x, const Value::Entry& y) {
    return x.key.text == y.key.text && isSame(x.value, y.value);
  };
  return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.items, b.items, isSame) &&
         std::ranges::equal(a.entries, b.entries, same_entries);
}

TEST(YamlWriter, WritesTreesThatReadBackToThemselves) {
  const char* rows[] = {
      "{ a: { b: [c, { d: e, f: [g] }, [h, [i, { j: k }]], [], {}] } }",
      "{ 'a b': ' x', \"c: d\": \"- y\", '': '', \"e\\nf\": \"g\\nh\", '$${i}': '$${j}' }",
      "{ true: true, 'off': off, 1: 2, k: '#', ü: 例え }",
  };
  for (const char* row : rows) {
    Diagnostics out;
    out.files.push_back({"row.yaml", row});
    const auto tree = readYaml(0, testEnvironment, out);
    ASSERT_TRUE(tree) << renderText(out);
    YamlWriter writer(out);
    writer.tree("root", *tree);
    out.files.push_back({"again.yaml", writer.take()});
    const auto again = readYaml(1, testEnvironment, out);
    ASSERT_TRUE(again) << renderText(out) << out.files[1].text;
    ASSERT_NE(again->find("root"), nullptr) << row;
    EXPECT_TRUE(isSame(*tree, *again->find("root"))) << row << "\n" << out.files[1].text;
  }
}

TEST(Show, KeepsTheTokenToItself) {
  const std::string text = shown(
      "admin:\n  address: 0.0.0.0:9900\n  token: secret\npaths: [{ path: /, respond: 204 }]\n");
  EXPECT_THAT(text, testing::ContainsRegex("\n  address: \"?0.0.0.0:9900\"? +# fairlead.yaml:2\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n  token: set +# fairlead.yaml:3\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("secret")));
}

TEST(Show, TellsOfLogsMirrorsAndPriorities) {
  const std::string text = shown(
      "log: off\ndefaults:\n  mirror: p\npools: { p: { servers: [a:1] } }\nhosts:\n"
      "  - host: a\n    log: a.log\n    pool: p\n    mirror: { percent: 10 }\n"
      "    priority: batch\n");
  EXPECT_THAT(text, testing::ContainsRegex("\n  access: off +# fairlead.yaml:1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n    log: a.log +# fairlead.yaml:7\n    paths:"));
  EXPECT_THAT(text, testing::ContainsRegex("\n        log: a.log +# fairlead.yaml:7\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n          pool: p +# fairlead.yaml:3\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n          percent: 10% +# fairlead.yaml:9\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n          max_body: 64KiB +# built-in\n"));
  EXPECT_THAT(text, testing::ContainsRegex("\n    priority: batch +# fairlead.yaml:10\n"));
}

TEST(Show, KeepsSecretsToItself) {
  const std::string text = shown(
      "paths:\n  - path: /\n    servers: [a:1]\n"
      "    sticky:\n      cookie: srv\n      secret: 0123456789abcdef\n");
  EXPECT_THAT(text, testing::Not(HasSubstr("0123456789")));
  EXPECT_THAT(text, testing::ContainsRegex("\n      # secret: set +# fairlead.yaml:6\n"));
}

TEST(Show, TellsWhichFolderTheEnvironmentNames) {
  const auto service = [](std::string_view name) -> std::optional<std::string> {
    if (name != "STATE_DIRECTORY") return std::nullopt;
    return "/var/lib/fairlead:/var/lib/other";
  };
  const Loaded loaded =
      loadText("fairlead.yaml", "paths: [{ path: /, respond: 200 }]\n", service, MapFiles({}));
  ASSERT_TRUE(loaded.config);
  EXPECT_THAT(renderShow(*loaded.config, loaded.diagnostics),
              testing::ContainsRegex("\nstate: /var/lib/fairlead +# built-in\n"));
}

TEST(YamlText, ReadsBackToItself) {
  for (const std::string text :
       {"word",     "",     "off", "true", "~",  "null",     "a: b",       "a #b",
        "- x",      "*",    "[x]", "\"",   "\\", "a\tb",     "line\nline", "${NAME}",
        "$${NAME}", "8080", "ü",   "@x",   "x:", "trailing "}) {
    const Loaded loaded = loadWith(
        "paths: [{ path: /, respond: 200 }]\ntests: [{ get: /, upstream: " + yamlText(text) +
        " }]\n");
    ASSERT_TRUE(loaded.config) << text << renderText(loaded.diagnostics);
    EXPECT_EQ(loaded.config->tests.at(0).upstream->value, text);
  }
}

}  // namespace
}  // namespace fairlead::config
