// Walks the Config in the order of the file.
#include "config/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"
#include "config/rules.h"
#include "config/yaml_writer.h"

namespace fairlead::config {
namespace {

std::string listText(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const std::string& text : texts) result += (result.size() > 1 ? ", " : "") + yamlText(text);
  return result + "]";
}

std::string sizeText(uint64_t bytes) { return bytes == 0 ? "off" : units::formatSize(bytes); }
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

std::string percentDecoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size();
    if (is_escape)
      result += static_cast<char>(ascii::hexValue(text[i + 1]) * 16 + ascii::hexValue(text[i + 2]));
    else
      result += text[i];
    if (is_escape) i += 2;
  }
  return result;
}

// What tells its rules as "verb text" only: "remove X", "add X: value", of parameters "add x=value"
// encoded, "replace a by b".
Value toldRules(const std::vector<std::pair<std::string, Mark>>& told, bool is_param) {
  Value rules = Value::map();
  for (const auto& [text, mark] : told) {
    const std::string verb = text.substr(0, text.find(' '));
    const std::string_view rest = std::string_view(text).substr(verb.size() + 1);
    const bool is_list = verb == "remove";
    auto known = std::find_if(rules.entries.begin(), rules.entries.end(),
                              [&](const Value::Entry& entry) { return entry.key.text == verb; });
    Value& under = known != rules.entries.end()
                       ? known->value
                       : rules.put(verb, is_list ? Value::list() : Value::map());
    if (is_list) {
      under.items.push_back(Value::scalar(std::string(rest), mark));
      continue;
    }
    const std::string_view separator = verb == "replace" ? " by " : is_param ? "=" : ": ";
    const size_t end = std::min(rest.find(separator), rest.size());
    std::string name(rest.substr(0, end));
    std::string value(rest.substr(std::min(end + separator.size(), rest.size())));
    if (is_param) name = percentDecoded(name), value = percentDecoded(value);
    under.put(std::move(name), Value::scalar(std::move(value), mark)).quoted = true;
  }
  return rules;
}

// A filter's rules as they would be written in the file.
template <typename Filter>
Value shownRules(const Filter& filter, bool is_param = false) {
  if constexpr (requires { filter.show(); })
    return filter.show();
  else
    return toldRules(filter.describe(), is_param);
}

template <typename Respond>
Value shownAnswer(const Respond& respond) {
  if constexpr (requires { respond.show(); }) {
    return respond.show();
  } else {
    Value shown = Value::map();
    const auto put = [&](const char* key, std::string text) {
      if (!text.empty()) shown.put(key, Value::scalar(std::move(text), respond.mark)).quoted = true;
    };
    put("status", std::to_string(respond.status));
    put("body", respond.body);
    put("content_type", respond.content_type);
    return shown;
  }
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
    renderPaths("paths", kNoHost);
    return out_.take();
  }

 private:
  void renderGlobals();
  void renderDefaults();
  void renderPools();
  void renderPool(const Pool& pool);
  void renderServer(const Server& server);
  void renderHealth(const Pool& pool);
  void renderHosts();
  void renderPaths(std::string_view key, int32_t host);
  void renderRoute(const Route& route);
  void renderDestination(const Route& route);

  void renderTimeouts(const upstream::TimeoutSettings& timeouts, Which which);
  void renderRetry(const upstream::RetrySettings& retry, Which which);
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
  for (const Listen& listen : config_.listens) {
    const std::string text = listen.unix_path.empty() ? listen.text : "unix:" + listen.unix_path;
    out_.item(fmt::format("{{ http: {} }}", yamlText(text)), listen.mark);
  }
  out_.close();
  const uint32_t workers = config_.workers;
  out_.entry("workers", workers == 0 ? "auto" : std::to_string(workers), config_.workers.origin);
  out_.open("log");
  constexpr std::array<std::string_view, 2> kTargets{"stdout", "stderr"};
  const LogTarget target = config_.log.access;
  const std::string access = target == LogTarget::Off    ? "off"
                             : target == LogTarget::File ? yamlText(config_.log.file)
                                                         : std::string(kTargets[size_t(target)]);
  out_.entry("access", access, config_.log.access.origin);
  out_.entry("format", "json");
  out_.close();
  out_.tree("trusted_proxies", config_.trusted_proxies.show());
  rules("firewall_rules", config_.firewall.show());
}

void Show::renderDefaults() {
  const PoolRules& pool = config_.default_pool_rules;
  const RouteRules& route = config_.default_route_rules;
  out_.open("defaults");
  out_.entry("balance", pool.balance.value, pool.balance.origin);
  renderTimeouts(pool.timeouts, Which::All);
  renderRetry(pool.retry, Which::All);
  out_.entry("max_body", sizeText(route.max_body), route.max_body.origin);
  out_.entry("path_policy", nameOf(route.path_policy.value), route.path_policy.origin);
  out_.entry("priority", nameOf(route.priority.value), route.priority.origin);
  out_.close();
}

void Show::renderTimeouts(const upstream::TimeoutSettings& timeouts, Which which) {
  const upstream::TimeoutSettings& outer = config_.default_pool_rules.timeouts;
  const auto span = [](Duration value) {
    return value.count() == 0 ? std::string("off") : units::formatDuration(value);
  };
  beginSection("timeouts");
  setting("head", timeouts.head, outer.head, which, span);
  setting("body", timeouts.body, outer.body, which, span);
  setting("min_rate", timeouts.min_rate, outer.min_rate, which, rateText);
  setting("idle", timeouts.idle, outer.idle, which, span);
  setting("connect", timeouts.connect, outer.connect, which, span);
  setting("response", timeouts.response, outer.response, which, span);
  setting("total", timeouts.total, outer.total, which, span);
  setting("tunnel", timeouts.tunnel, outer.tunnel, which, span);
  setting("upstream_idle", timeouts.upstream_idle, outer.upstream_idle, which, span);
  endSection();
}

void Show::renderRetry(const upstream::RetrySettings& retry, Which which) {
  const upstream::RetrySettings& outer = config_.default_pool_rules.retry;
  beginSection("retry");
  setting("attempts", retry.attempts, outer.attempts, which,
          [](uint32_t attempts) { return std::to_string(attempts); });
  setting("when", retry.when, outer.when, which, whenText);
  setting("budget", retry.budget, outer.budget, which, units::formatPercent);
  endSection();
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
  out_.entry("balance", pool.rules.balance.value, pool.rules.balance.origin);
  renderHealth(pool);
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
  out_.closeItem();
}

void Show::renderHealth(const Pool& pool) {
  const upstream::HealthSettings& health = pool.rules.health;
  if (!pool.checksHealth()) return out_.entry("health", "off", health.on.origin);
  out_.open("health");
  if (!health.path.value.empty()) {
    out_.entry("path", yamlText(health.path.value), health.path.origin);
    out_.entry("method", health.method.value, health.method.origin);
  }
  if (!health.host.value.empty())
    out_.entry("host", yamlText(health.host.value), health.host.origin);
  out_.entry("every", units::formatDuration(health.every), health.every.origin);
  out_.entry("timeout", units::formatDuration(health.timeout), health.timeout.origin);
  out_.entry("fall", std::to_string(health.fall), health.fall.origin);
  out_.entry("rise", std::to_string(health.rise), health.rise.origin);
  if (health.port != 0) out_.entry("port", std::to_string(health.port), health.port.origin);
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
    renderPaths("paths", static_cast<int32_t>(i));
    out_.closeItem();
  }
  out_.close();
}

void Show::renderPaths(std::string_view key, int32_t host) {
  bool is_open = false;
  for (const Route& route : config_.routes) {
    if (route.host != host) continue;
    if (!std::exchange(is_open, true)) out_.open(key);
    out_.openItem();
    renderRoute(route);
    out_.closeItem();
  }
  if (is_open) out_.close();
}

void Show::renderRoute(const Route& route) {
  const RouteRules& outer = config_.default_route_rules;
  out_.entry("path", yamlText(route.path), route.mark);
  if (route.exact) out_.entry("exact", "true", route.mark);
  rules("firewall_rules", route.firewall.show());
  rules("header_rules", route.rules.headers.show());
  rules("param_rules", shownRules(route.rules.params, true));
  rules("rewrite_rules", shownRules(route.rules.rewrite));
  if (route.rules.max_body.origin != outer.max_body.origin)
    out_.entry("max_body", sizeText(route.rules.max_body), route.rules.max_body.origin);
  if (route.rules.path_policy.origin != outer.path_policy.origin)
    out_.entry("path_policy", nameOf(route.rules.path_policy.value),
               route.rules.path_policy.origin);
  if (route.rules.priority.origin != outer.priority.origin)
    out_.entry("priority", nameOf(route.rules.priority.value), route.rules.priority.origin);
  rules("mirror", route.rules.mirror.show());
  renderTimeouts(route.timeouts, Which::Own);
  renderRetry(route.retry, Which::Own);
  renderDestination(route);
}

void Show::renderDestination(const Route& route) {
  if (const auto* pool = std::get_if<PoolIndex>(&route.destination)) {
    out_.entry("pool", yamlText(config_.pools[pool->value].name), config_.pools[pool->value].mark);
    return;
  }
  out_.tree("respond", shownAnswer(std::get<filter::Respond>(route.destination)));
}

}  // namespace

std::string renderShow(const Config& config, const Diagnostics& files) {
  return Show(config, files).render();
}

}  // namespace fairlead::config
