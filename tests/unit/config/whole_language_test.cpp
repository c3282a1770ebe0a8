// A file with every key of the language: it loads, and what is shown of it means the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "config/schema.h"
#include "config/show.h"
#include "config/yaml.h"
#include "unit/config/good.h"
#include "unit/firewall/database_file.h"

namespace fairlead::config {
namespace {

constexpr const char* kWhole = R"(
listen: [8080, { http: "127.0.0.1:8081", proxy_protocol: { from: [10.0.0.0/8] } }, "unix:/run/fairlead.sock"]
workers: 3
log: { access: logs/all.log, format: json }
admin: { address: "unix:/run/fairlead/admin.sock", token: "${FAIRLEAD_ADMIN_TOKEN}" }
trusted_proxies: [10.0.0.0/8, "::1"]
include: [conf.d/*.yaml]
zone: west
dns: { servers: [127.0.0.1:8600, 10.0.0.2, "[::1]"] }
state: /var/lib/fairlead
firewall_rules:
  ip_reject: [203.0.113.0/24]
  ip_allow: 203.0.113.7
  country_reject: [CN, no]
  country_allow: [DE]
  host_reject: ["*.old.example"]
  method_reject: [TRACE]
  path_reject: [/.git, { exact: /status/ }, { glob: "/**/*.php" }, { regex: "[.]env$" }]
  header_reject: { User-Agent: ["(?i)badbot", "^$"] }
  rate_limit:
    - { rate: 100/s, burst: 200, key: header:X-User, ipv6_prefix: 56, mode: observe, action: drop }
    - 20/m
  connection_limit: { limit: 100, ipv6_prefix: 48, action: { tarpit: 10s } }
  request_limit: 50
  max_body: 2MiB
  auto_ban: { when: "20 x 401|403|404 in 1m", for: 10m, grow: 2x, max: 24h, roll_up: 6 }
  mode: enforce
  action: { status: 404 }
geo: { database: geo/countries.mmdb }
client_table: 32MiB
defaults:
  balance: random
  health:
    path: /h
    method: HEAD
    host: h.example
    every: 3s
    timeout: 2s
    fall: 4
    rise: 5
    port: 9
    expect: { status: [200, 300-399], body: "^[{]", headers: { X-Ok: "yes|true" } }
    headers: { Authorization: Bearer x }
    passive: { consecutive: 4, failures: 40%, min_requests: 10, window: 5s, eject: 5s, max_eject: 1m }
  timeouts: { head: 9s, body: 8s, min_rate: 1KiB/s, idle: 7s, connect: 1s, response: 6s, total: 5m, tunnel: 2h, upstream_idle: 3s }
  retry: { attempts: 2, when: [connect, refused, stale, reset, 503], budget: 10%, per_try: 5s, buffer: 1MiB, hedge: { after: p90, budget: 1% } }
  slow_start: 20s
  sticky: { cookie: srv, secret: "a secret of this file" }
  max_requests: 500
  limit: adaptive
  queue: { limit: 100, timeout: 500ms }
  breaker: { errors: 40%, min_requests: 10, window: 5s, open: 1s }
  send_proxy_protocol: v2
  max_body: 1MiB
  path_policy: raw
  priority: batch
  firewall_rules: { ip_reject: [198.51.100.7] }
  header_rules: { add: { X-Edge: edge }, remove: [X-Debug] }
  cors: { origins: ["https://*.example.com"], methods: [GET, PUT], headers: [X-Token], credentials: true, max_age: 10m, expose: [X-Id] }
  error_pages: { 503: "@pages/down.html", 5xx: "<h1>{status} {reason}</h1>" }
  mirror: { pool: shadow, percent: 0.5%, max_body: 1KiB }
pools:
  shop:
    servers:
      - { url: a:1, name: big, weight: 2, max_requests: 7, tier: 2, zone: west }
      - { url: "[::1]:1", backup: true }
    balance: { hash: header:X-User, method: ring, bounded_load: 1.5 }
    health: off
    timeouts: { response: off }
    retry: off
    slow_start: off
    sticky: { learn: JSESSIONID }
    max_requests: off
    limit: 50
    queue: off
    breaker: off
  shop-canary: { servers: [b:1], health: /ready }
  shadow: { servers: [c:1] }
hosts:
  - host: [shop.example, "*.shop.example"]
    split: { shop: 95, shop-canary: 5 }
    log: shop.log
    firewall_rules: { path_reject: [/internal] }
    header_rules:
      remove: [X-Debug, "X-Internal-*"]
      rename: { X-Old: X-New }
      replace: { Referer: { regex: "^(.*)[?]", with: "{capture.1}" } }
      add: { X-Edge: "{client_ip} {{" }
      append: { Via: v }
      set_if_missing: { X-M: "{header.X-A}" }
      response:
        remove: [Server]
        rename: { X-O: X-N }
        replace: { X-P: { regex: a, with: b } }
        add: { X-Frame-Options: DENY }
        append: { X-Q: q }
        set_if_missing: { X-R: r }
    param_rules:
      remove: ["utm_*"]
      rename: { o: n }
      replace: { id: { regex: "^0+", with: "" } }
      add: { a: "{host}" }
      append: { b: 1 }
      set_if_missing: { c: 2 }
    cookie_rules:
      remove: [track]
      rename: { old: new }
      add: { edge: "1" }
      response: { secure: true, http_only: true, same_site: lax, domain: shop.example, path: /, id: { secure: false } }
    paths:
      - path: /api
        exact: false
        pool: shop
        methods: [GET, POST]
        headers: { X-Kind: { prefix: a }, X-None: { present: false } }
        params: { v: { regex: "^[0-9]+$" }, w: 1 }
        cookies: { session: { present: true } }
        from: [192.0.2.0/24]
        scheme: https
        log: { access: stderr }
        rewrite_rules:
          strip_prefix: /api
          add_prefix: /v2
          replace: { /a/: /b/ }
          regex: [{ match: c, with: d }, { match: e, with: f, over: uri }]
          host: api.internal
          method: PUT
          rewrite_location: false
        mirror: off
        cors: off
        error_pages: { 503: off, 404: { file: pages/gone.txt, content_type: text/x } }
      - { path: /api, exact: true, pool: shop, rewrite_rules: { replace_path: "/{method}" } }
      - { path: /static, servers: s:1, retry: { hedge: off, buffer: off }, queue: 5, sticky: off, rewrite_rules: { replace_prefix: /files }, max_body: off, priority: critical, path_policy: canonical }
      - { path_regex: "^/u/([0-9]+)$", redirect: { to: "https://{host}/user/{capture.1}", status: 307 } }
      - { path: /moved, redirect: { scheme: https, host: www.example, port: 8443, path: /new } }
      - { path: /old, redirect: { replace_prefix: /new } }
      - { path: /text, respond: { status: 404, body: "no {path}", content_type: text/plain, headers: { X-A: "{host}" } } }
      - { path: /page, respond: { file: pages/gone.txt } }
  - { host: secure.example, redirect: https }
paths:
  - { path: /status, respond: 204 }
tests:
  - { get: "http://shop.example/api?v=1", from: 192.0.2.1, pool: shop, server: "a:1", upstream: "/v2?v=1", headers: { X-Edge: e, X-Debug: off }, response_headers: { Server: off } }
  - { head: /status, status: 204 }
  - { post: /status, status: 204 }
  - { put: /status, status: 204 }
  - { patch: /status, status: 204 }
  - { delete: /status, status: 204 }
  - { options: /status, status: 204 }
  - { request: { method: GET, url: "http://secure.example/", headers: { A: b }, from: 10.0.0.1 }, redirect: "https://secure.example/" }
)";

const std::map<std::string, std::string> kFiles{{"pages/down.html", "<h1>{status}</h1>"},
                                                {"pages/gone.txt", "gone"},
                                                {"geo/countries.mmdb", firewall::smallDatabase()},
                                                {"conf.d/a.txt", ""}};

void addKeys(const Value& value, std::set<std::string>& keys) {
  for (const Value& item : value.items) addKeys(item, keys);
  for (const Value::Entry& entry : value.entries) {
    keys.insert(entry.key.text);
    addKeys(entry.value, keys);
  }
}

std::string shown(const Loaded& loaded) {
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  return loaded.config ? renderShow(*loaded.config, loaded.diagnostics) : "";
}

std::string withoutComments(const std::string& text) {
  return std::regex_replace(text, std::regex("\n +# [^\n]*| +# [^\n]*"), "");
}

TEST(WholeLanguage, HasAllItsKeysInOneFile) {
  Diagnostics out;
  out.files.push_back({"whole.yaml", kWhole});
  const auto tree = readYaml(0, testEnvironment, out);
  ASSERT_TRUE(tree) << renderText(out);
  std::set<std::string> used;
  addKeys(*tree, used);
  for (const Section* section : allSections())
    for (const Key& key : section->keys)
      if (isCurrent(*section) && !key.isLater())
        EXPECT_TRUE(used.contains(std::string(key.name))) << section->name << "." << key.name;
}

TEST(WholeLanguage, IsShownAsItIsMeant) {
  const std::string once = shown(loadWith(kWhole, kFiles));
  const std::string twice = shown(loadWith(once, kFiles));
  EXPECT_EQ(withoutComments(once), withoutComments(twice));
}

// The line of the file that has this text.
size_t lineWith(std::string_view text) {
  const std::string_view whole = kWhole;
  return static_cast<size_t>(std::ranges::count(whole.substr(0, whole.find(text)), '\n')) + 1;
}

TEST(WholeLanguage, IsShownWithThePlaceOfEachValue) {
  const std::string text = shown(loadWith(kWhole, kFiles));
  const struct {
    const char* shown;
    const char* written;
  } rows[] = {
      {"\n          shop: 95", "split: { shop: 95"},
      {"\n          shop-canary: 5", "split: { shop: 95"},
      {"\n        X-Edge: \"{client_ip} {{\"", "X-Edge: \"{client_ip}"},
      {"\n    credentials: true", "credentials: true"},
      {"\n    503: \"@pages/down.html\"", "503: \"@pages"},
      {"\n          replace_prefix: /files", "replace_prefix: /files"},
      {"\n          status: 307", "status: 307"},
      {"\n          path: /new", "path: /new }"},
      {"\n        same_site: lax", "same_site: lax"},
      {"\n        methods:\n          - GET", "path: /api\n"},
      {"\n        scheme: http ", "redirect: https }"},
      {"\n    upstream: \"/v2?v=1\"", "upstream: \"/v2?v=1\""},
      {"\n      X-Debug: off", "X-Debug: off"},
      {"\n  database: geo/countries.mmdb", "geo: {"},
      {"\n    - NO", "country_reject: [CN"},
      {"\nzone: west", "zone: west\n"},
      {"\n    - 10.0.0.2:53", "dns: {"},
      {"\n          - 300-399", "    expect: {"},
      {"\n        Authorization: \"Bearer x\"", "headers: { Authorization"},
      {"\n        eject: 5s", "passive: { consecutive"},
      {"\n      # secret: set", "secret: "},
      {"\n      learn: JSESSIONID", "learn: JSESSIONID"},
      {"\n      timeout: 500ms", "queue: { limit: 100"},
      {"\n        tier: 1", "backup: true"},
      {"\n          hedge: off", "hedge: off"},
  };
  for (const auto& row : rows) {
    const size_t at = text.find(row.shown);
    ASSERT_NE(at, std::string::npos) << row.shown << text;
    const size_t begin = at + std::string_view(row.shown).size();
    const std::string rest = text.substr(begin, text.find('\n', begin) - begin);
    EXPECT_TRUE(std::regex_match(
        rest, std::regex(" +# fairlead[.]yaml:" + std::to_string(lineWith(row.written)))))
        << row.shown << rest << lineWith(row.written);
  }
}

}  // namespace
}  // namespace fairlead::config
