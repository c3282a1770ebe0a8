// Walks the Config in the order of the file.
#include "config/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"
#include "config/log_settings.h"
#include "config/rules.h"
#include "config/test_reader.h"
#include "config/yaml_writer.h"

namespace fairlead::config {
namespace {

std::string listText(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const std::string& text : texts) result += (result.size() > 1 ? ", " : "") + yamlText(text);
  return result + "]";
}

std::string sizeText(uint64_t bytes) { return bytes == 0 ? "off" : units::formatSize(bytes); }
std::string countText(uint32_t count) { return count == 0 ? "off" : std::to_string(count); }
std::string spanText(Duration span) {
  return span.count() == 0 ? "off" : units::formatDuration(span);
}
std::string budgetText(double share) {
  return share == upstream::RetrySettings::kNoBudget ? "off" : units::formatPercent(share);
}
std::string rateText(uint64_t bytes) { return bytes == 0 ? "off" : fmt::format("{}/s", bytes); }

std::string whenText(const upstream::RetryWhen& when) {
  std::vector<std::string> words;
  if (when.connect) words.emplace_back("connect");
  if (when.refused) words.emplace_back("refused");
  if (when.stale) words.emplace_back("stale");
  if (when.reset) words.emplace_back("reset");
  for (const uint16_t status : when.statuses) words.push_back(std::to_string(status));
  return listText(words);
}

// `off` is the word, and needs no quotes as a text does.
std::string logText(const LogDestination& log) {
  return log.target == LogTarget::Off ? "off" : yamlText(textOf(log));
}

// As it would be written, with the file that names a socket taken into account.
std::string addressText(const Listen& listen) {
  return listen.unix_path.empty() ? listen.text : "unix:" + listen.unix_path;
}

// A list of scalars that stand in one place.
Value listOf(const std::vector<std::string>& texts, Mark mark) {
  Value list = Value::list(mark);
  for (const std::string& text : texts) list.items.push_back(Value::scalar(text, mark));
  return list;
}

Value conditionsOf(const std::vector<route::Condition>& conditions, Mark mark) {
  using Kind = route::ValueMatch::Kind;
  Value shown = Value::map(mark);
  for (const route::Condition& condition : conditions) {
    const route::ValueMatch& match = condition.match;
    Value text = Value::scalar(match.text, mark);
    text.quoted = true;
    Value wanted = Value::map(mark);
    if (match.kind == Kind::Exact)
      wanted = text;
    else if (match.kind == Kind::Prefix)
      wanted.put("prefix", text);
    else if (match.kind == Kind::Regex)
      wanted.put("regex", text);
    else
      wanted.put("present", Value::scalar(match.kind == Kind::Present ? "true" : "false", mark));
    shown.put(condition.name, std::move(wanted));
  }
  return shown;
}

// Which of a mapping's values are shown.
enum class Which : uint8_t { All, Own };

class Show {
 public:
  Show(const Config& config, const Diagnostics& files) : config_(config), out_(files) {}

  std::string render() {
    renderGlobals();
    renderDefaults();
    renderPools();
    renderHosts();
    renderPaths("paths", route::kNone);
    renderTests();
    return out_.take();
  }

 private:
  void renderGlobals();
  void renderListen(const Listen& listen);
  void renderDns();
  void renderAdmin();
  void renderDefaults();
  void renderPools();
  void renderPool(const Pool& pool);
  void renderServer(const Server& server);
  void renderPoolRules(const Pool& pool);
  void renderSticky(const upstream::StickySettings& sticky);
  void renderHosts();
  void renderPaths(std::string_view key, int32_t host);
  void renderRoute(const Route& route);
  void renderPattern(const Route& route);
  void renderLog(const Setting<LogDestination>& log);
  void renderDestination(const Route& route);
  void renderRules(const RouteRules& own, const RouteRules& outer);
  void renderTests();

  void renderTimeouts(const upstream::TimeoutSettings& timeouts, Which which);
  void renderRetry(const upstream::RetrySettings& retry, Which which);
  void renderHedge(const upstream::HedgeSettings& hedge, const upstream::HedgeSettings& outer,
                   Which which);
  // The rules of a filter under `key`, which is left out if there are none.
  void rules(std::string_view key, const Value& shown) {
    if (!shown.entries.empty()) out_.tree(key, shown);
  }

  // Writes a value, unless only a level's own ones are asked for and it is the default's.
  template <typename T, typename Text>
  void setting(std::string_view key, const Setting<T>& value, const Setting<T>& outer, Which which,
               Text text) {
    if (which == Which::Own && value.origin == outer.origin) return;
    if (std::exchange(is_open_, true) == false) out_.open(section_);
    out_.entry(key, text(value.value), value.origin);
  }
  // The settings until `endSection` stand under `key`, which is left out if there are none.
  void beginSection(std::string_view key) {
    section_ = key;
    is_open_ = false;
  }
  void endSection() {
    if (is_open_) out_.close();
  }

  const Config& config_;
  YamlWriter out_;
  std::string section_;
  bool is_open_ = false;
};

void Show::renderGlobals() {
  out_.open("listen");
  for (const Listen& listen : config_.listens) renderListen(listen);
  out_.close();
  const uint32_t workers = config_.workers;
  out_.entry("workers", workers == 0 ? "auto" : std::to_string(workers), config_.workers.origin);
  out_.open("log");
  out_.entry("access", logText(config_.log.access), config_.log.access.origin);
  out_.entry("format", "json");
  out_.close();
  if (!config_.zone.origin.isBuiltIn())
    out_.entry("zone", yamlText(config_.zone.value), config_.zone.origin);
  renderDns();
  const std::string& state = config_.state.value;
  out_.entry("state", state.empty() ? "off" : yamlText(state), config_.state.origin);
  renderAdmin();
  if (config_.geo.database) {
    out_.open("geo");
    out_.entry("database", yamlText(config_.geo.name.value), config_.geo.name.origin);
    out_.close();
  }
  out_.entry("client_table", units::formatSize(config_.client_table), config_.client_table.origin);
  out_.tree("trusted_proxies", config_.trusted_proxies.show());
  rules("firewall_rules", config_.firewall.show());
}

void Show::renderListen(const Listen& listen) {
  const std::string address = yamlText(addressText(listen));
  if (!listen.proxy_protocol) return out_.item(fmt::format("{{ http: {} }}", address), listen.mark);
  out_.openItem();
  out_.entry("http", address, listen.mark);
  if (listen.proxy_protocol->from.empty()) {
    out_.entry("proxy_protocol", "{}", listen.proxy_protocol->mark);
  } else {
    out_.open("proxy_protocol");
    out_.tree("from", listen.proxy_protocol->from.show());
    out_.close();
  }
  out_.closeItem();
}

void Show::renderDns() {
  const Setting<std::vector<SocketAddress>>& servers = config_.dns_servers;
  if (servers.value.empty()) return;
  std::vector<std::string> texts;
  for (const SocketAddress& server : servers.value) texts.push_back(server.text());
  out_.open("dns");
  out_.tree("servers", listOf(texts, servers.origin));
  out_.close();
}

void Show::renderAdmin() {
  const AdminSettings& admin = config_.admin;
  if (!admin.on) return out_.entry("admin", "off", admin.on.origin);
  out_.open("admin");
  out_.entry("address", yamlText(addressText(admin.address)), admin.address.origin);
  // What is shown goes into tickets and chats.
  if (!admin.token.value.empty()) out_.entry("token", "set", admin.token.origin);
  out_.close();
}

void Show::renderDefaults() {
  const PoolRules& pool = config_.default_pool_rules;
  const RouteRules& route = config_.default_route_rules;
  out_.open("defaults");
  out_.tree("balance", pool.balance.show());
  renderTimeouts(pool.timeouts, Which::All);
  renderRetry(pool.retry, Which::All);
  renderRules(route, RouteRules());
  out_.close();
}

void Show::renderTimeouts(const upstream::TimeoutSettings& timeouts, Which which) {
  const upstream::TimeoutSettings& outer = config_.default_pool_rules.timeouts;
  beginSection("timeouts");
  setting("head", timeouts.head, outer.head, which, spanText);
  setting("body", timeouts.body, outer.body, which, spanText);
  setting("min_rate", timeouts.min_rate, outer.min_rate, which, rateText);
  setting("idle", timeouts.idle, outer.idle, which, spanText);
  setting("connect", timeouts.connect, outer.connect, which, spanText);
  setting("response", timeouts.response, outer.response, which, spanText);
  setting("total", timeouts.total, outer.total, which, spanText);
  setting("tunnel", timeouts.tunnel, outer.tunnel, which, spanText);
  setting("upstream_idle", timeouts.upstream_idle, outer.upstream_idle, which, spanText);
  endSection();
}

void Show::renderRetry(const upstream::RetrySettings& retry, Which which) {
  const upstream::RetrySettings& outer = config_.default_pool_rules.retry;
  if (!retry.on) {
    if (which == Which::All || retry.on.origin != outer.on.origin)
      out_.entry("retry", "off", retry.on.origin);
    return;
  }
  beginSection("retry");
  setting("attempts", retry.attempts, outer.attempts, which,
          [](uint32_t attempts) { return std::to_string(attempts); });
  setting("when", retry.when, outer.when, which, whenText);
  setting("budget", retry.budget, outer.budget, which, budgetText);
  setting("per_try", retry.per_try, outer.per_try, which, spanText);
  setting("buffer", retry.buffer, outer.buffer, which, sizeText);
  renderHedge(retry.hedge, outer.hedge, which);
  endSection();
}

// One value as far as merging goes: where any of it is a level's own, all of it is shown.
void Show::renderHedge(const upstream::HedgeSettings& hedge, const upstream::HedgeSettings& outer,
                       Which which) {
  const bool is_outer =
      hedge.on.origin == outer.on.origin && hedge.after.origin == outer.after.origin &&
      hedge.quantile.origin == outer.quantile.origin && hedge.budget.origin == outer.budget.origin;
  if (which == Which::Own && is_outer) return;
  if (std::exchange(is_open_, true) == false) out_.open(section_);
  out_.tree("hedge", hedge.show());
}

void Show::renderPools() {
  if (config_.pools.empty()) return;
  out_.open("pools");
  for (const Pool& pool : config_.pools) renderPool(pool);
  out_.close();
}

void Show::renderPool(const Pool& pool) {
  out_.open(pool.name);
  out_.open("servers");
  for (const Server& server : pool.servers) renderServer(server);
  out_.close();
  renderPoolRules(pool);
  renderTimeouts(pool.rules.timeouts, Which::Own);
  renderRetry(pool.rules.retry, Which::Own);
  out_.close();
}

void Show::renderServer(const Server& server) {
  out_.openItem();
  out_.entry("url", yamlText(server.address), server.mark);
  if (!server.name.value.empty())
    out_.entry("name", yamlText(server.name.value), server.name.origin);
  out_.entry("weight", std::to_string(server.weight), server.weight.origin);
  if (server.max_requests != 0)
    out_.entry("max_requests", std::to_string(server.max_requests), server.max_requests.origin);
  if (server.tier != 0) out_.entry("tier", std::to_string(server.tier), server.tier.origin);
  if (!server.zone.value.empty())
    out_.entry("zone", yamlText(server.zone.value), server.zone.origin);
  out_.closeItem();
}

// What is not of the routes, as timeouts and retries are.
void Show::renderPoolRules(const Pool& pool) {
  const PoolRules& rules = pool.rules;
  out_.tree("balance", rules.balance.show());
  if (pool.checksHealth())
    out_.tree("health", rules.health.show());
  else
    out_.entry("health", "off", rules.health.on.origin);
  out_.entry("slow_start", spanText(rules.slow_start), rules.slow_start.origin);
  renderSticky(rules.sticky);
  out_.entry("max_requests", countText(rules.max_requests), rules.max_requests.origin);
  out_.tree("limit", rules.limit.show());
  out_.tree("queue", rules.queue.show());
  out_.tree("breaker", rules.breaker.show());
  out_.entry("send_proxy_protocol", nameOf(rules.send_proxy_protocol.value),
             rules.send_proxy_protocol.origin);
}

void Show::renderSticky(const upstream::StickySettings& sticky) {
  if (!sticky.on()) return out_.entry("sticky", "off", sticky.origin());
  out_.open("sticky");
  if (!sticky.cookie.value.empty())
    out_.entry("cookie", yamlText(sticky.cookie.value), sticky.cookie.origin);
  if (!sticky.secret.value.empty()) out_.comment("secret: set", sticky.secret.origin);
  if (!sticky.learn.value.empty())
    out_.entry("learn", yamlText(sticky.learn.value), sticky.learn.origin);
  out_.close();
}

void Show::renderHosts() {
  if (config_.hosts.empty()) return;
  out_.open("hosts");
  for (size_t i = 0; i < config_.hosts.size(); ++i) {
    const Host& host = config_.hosts[i];
    out_.openItem();
    out_.entry("host", host.names.size() == 1 ? yamlText(host.names[0]) : listText(host.names),
               host.mark);
    rules("firewall_rules", host.firewall.show());
    renderRules(host.rules, config_.default_route_rules);
    renderLog(host.log);
    renderPaths("paths", static_cast<int32_t>(i));
    out_.closeItem();
  }
  out_.close();
}

void Show::renderPaths(std::string_view key, int32_t host) {
  bool is_open = false;
  for (const Route& route : config_.routes) {
    if (route.match.host != host) continue;
    if (!std::exchange(is_open, true)) out_.open(key);
    out_.openItem();
    renderRoute(route);
    out_.closeItem();
  }
  if (is_open) out_.close();
}

void Show::renderRoute(const Route& route) {
  const RouteRules& outer = route.match.host == route::kNone
                                ? config_.default_route_rules
                                : config_.hosts[static_cast<size_t>(route.match.host)].rules;
  renderPattern(route);
  rules("firewall_rules", route.firewall.show());
  renderRules(route.rules, outer);
  renderLog(route.rules.log);
  renderTimeouts(route.timeouts, Which::Own);
  renderRetry(route.retry, Which::Own);
  renderDestination(route);
}

void Show::renderPattern(const Route& route) {
  const route::RouteSpec& match = route.match;
  const bool is_regex = match.path_kind == route::PathKind::Regex;
  out_.entry(is_regex ? "path_regex" : "path", yamlText(match.path), route.mark);
  if (match.path_kind == route::PathKind::Exact) out_.entry("exact", "true", route.mark);
  if (!match.methods.empty()) out_.tree("methods", listOf(match.methods, route.mark));
  rules("headers", conditionsOf(match.headers, route.mark));
  rules("params", conditionsOf(match.params, route.mark));
  rules("cookies", conditionsOf(match.cookies, route.mark));
  std::vector<std::string> networks;
  for (const Cidr& network : match.from) networks.push_back(network.text());
  if (!networks.empty()) out_.tree("from", listOf(networks, route.mark));
  if (!match.scheme.empty()) out_.entry("scheme", match.scheme, route.mark);
}

// The rules of a level, merged over the outer one's: what is in force there.
void Show::renderRules(const RouteRules& own, const RouteRules& outer) {
  const bool is_default = &own == &config_.default_route_rules;
  rules("header_rules", own.headers.show());
  rules("param_rules", own.params.show());
  rules("rewrite_rules", own.rewrite.show());
  rules("cookie_rules", own.cookies.show());
  rules("error_pages", own.error_pages.show());
  if (own.cors.isOn())
    out_.tree("cors", own.cors.show());
  else if (outer.cors.isOn())
    out_.entry("cors", "off");
  if (own.mirror.isOn())
    out_.tree("mirror", own.mirror.show());
  else if (outer.mirror.isOn())
    out_.entry("mirror", "off");
  if (is_default || own.max_body.origin != outer.max_body.origin)
    out_.entry("max_body", sizeText(own.max_body), own.max_body.origin);
  if (is_default || own.path_policy.origin != outer.path_policy.origin)
    out_.entry("path_policy", nameOf(own.path_policy.value), own.path_policy.origin);
  if (is_default || own.priority.origin != outer.priority.origin)
    out_.entry("priority", nameOf(own.priority.value), own.priority.origin);
}

void Show::renderLog(const Setting<LogDestination>& log) {
  if (log.origin != config_.log.access.origin) out_.entry("log", logText(log), log.origin);
}

void Show::renderDestination(const Route& route) {
  if (const auto* redirect = std::get_if<filter::Redirect>(&route.destination))
    return out_.tree("redirect", redirect->show());
  if (const auto* respond = std::get_if<filter::Respond>(&route.destination))
    return out_.tree("respond", respond->show());
  const auto legs = route.legs();
  if (legs.size() == 1) return out_.entry("pool", yamlText(legs[0].name), legs[0].mark);
  out_.open("split");
  for (const Leg& leg : legs) out_.entry(leg.name, std::to_string(leg.percent), leg.mark);
  out_.close();
}

void Show::renderTests() {
  if (config_.tests.empty()) return;
  Value tests = Value::list();
  for (const RouteTest& test : config_.tests) tests.items.push_back(shownTest(test));
  out_.tree("tests", tests);
}

}  // namespace

std::string renderShow(const Config& config, const Diagnostics& files) {
  return Show(config, files).render();
}

}  // namespace fairlead::config
