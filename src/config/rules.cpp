// Each key goes to the room that owns its meaning.
#include "config/rules.h"

#include <fmt/format.h>

#include <array>

#include "base/bounded.h"

namespace fairlead::config {
namespace {

constexpr std::array<std::string_view, 2> kPathPolicies{"canonical", "raw"};

constexpr Key kPoolRules[] = {
    {"balance", "policy | <balance>", "p2c",
     "how a server is chosen; a mapping sends the same requests to the same servers"},
    {"health", "path | 'off' | <health>", "",
     "checks in the background; a path is short for `{ path: ... }`"},
    {"timeouts", "<timeouts>", "", "how long what may take"},
    {"retry", "'off' | <retry>", "", "what is tried again on another server"},
    {"slow_start", "duration | 'off'", "10s",
     "how long a server that comes, or comes back, gets a growing share, from 10 % of its weight "
     "on"},
    {"sticky", "'off' | <sticky>", "off", "a client stays with its server"},
    {"max_requests", "1..1000000 | 'off'", "off", "in flight at once to the whole pool"},
    {"limit", "'observe' | 'adaptive' | 'off' | 1..1000000", "observe",
     "another limit of what is in flight to the pool: `adaptive` finds it by the latency, "
     "`observe` finds and shows it, and lets everything pass"},
    {"queue", "'off' | 1..1000000 | <queue>", "off",
     "requests wait where a limit is reached; a number is short for `{ limit: ... }`"},
    {"breaker", "'off' | <breaker>", "off",
     "when too many requests fail, the pool gets none for a while"},
    {"send_proxy_protocol", "'v1' | 'v2' | 'off'", "off",
     "connections to servers begin with a PROXY header that names the client"},
};

constexpr Key kRouteRules[] = {
    {"header_rules", "<header_rules>", "", "fields that are removed and set"},
    {"param_rules", "<param_rules>", "", "parameters that are removed and set"},
    {"rewrite_rules", "<rewrite_rules>", "", "changes of path, host and method"},
    {"max_body", "size | 'off'", "off", "larger request bodies are 413"},
    {"path_policy", "'canonical' | 'raw'", "canonical",
     "forward the canonical path, or the bytes as received"},
    {"cookie_rules", "<cookie_rules>", "",
     "cookies that are removed and set, attributes of Set-Cookie"},
    {"cors", "'off' | origin... | <cors>", "off",
     "pre-flight requests are answered, responses get the fields"},
    {"error_pages", "<error_pages>", "", "bodies for the errors that fairlead answers itself"},
    {"mirror", "pool_name | 'off' | <mirror>", "off",
     "copies of requests for a second pool, whose answers are thrown away; a name is short for "
     "`{ pool: ... }`"},
    {"priority", "'critical' | 'normal' | 'batch'", "normal",
     "who goes first when a queue is under pressure: batch is refused first, critical last"},
    {"compress", "later | 'off'", "", ""},
    {"cache", "later | 'off'", "", ""},
};

void readTimeouts(const Value* value, Level level, upstream::TimeoutSettings& into,
                  Diagnostics& out) {
  if (value == nullptr) return;
  into.read(*value, out);
  const Value::Entry* head = value->findEntry("head");
  if (head == nullptr || level == Level::Defaults) return;
  out.warning(head->key.mark,
              "`head` has no effect here: the head is read before the host is known")
      .expected = "`head` under `defaults: { timeouts: ... }`";
}

void readMaxRequests(const Value* value, Setting<uint32_t>& into, Diagnostics& out) {
  constexpr uint64_t kMost = 1'000'000;
  if (value == nullptr) return;
  if (value->isOff())
    into = {0, value->mark};
  else if (const auto count = readCount(*value, 1, kMost, out))
    into = {static_cast<uint32_t>(*count), value->mark};
}

void readMaxBody(const Value* value, Setting<uint64_t>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff()) {
    into = {uint64_t{0}, value->mark};
    return;
  }
  const auto size = readSize(*value, out);
  if (!size) return;
  if (*size > 0)
    into = {*size, value->mark};
  else
    out.error(value->mark, "no body could ever pass").expected = "a size, or `off` for no limit";
}

}  // namespace

const Section kPoolRuleKeys{"pool_rules", "the rules of a pool", kPoolRules};
const Section kRouteRuleKeys{"route_rules", "the rules of a route", kRouteRules};

std::string_view nameOf(PathPolicy policy) { return kPathPolicies[static_cast<size_t>(policy)]; }

void readPoolRules(Settings& settings, Level level, PoolRules& rules) {
  Diagnostics& out = settings.diagnostics();
  if (const Value* value = settings.take("balance")) rules.balance.read(*value, out);
  if (const Value* value = settings.take("health")) rules.health.read(*value, out);
  readTimeouts(settings.take("timeouts"), level, rules.timeouts, out);
  if (const Value* value = settings.take("retry")) rules.retry.read(*value, out);
  constexpr Duration kShortestStart = std::chrono::milliseconds{100};
  readSpanOrOff(settings.take("slow_start"), kShortestStart, rules.slow_start, out);
  if (const Value* value = settings.take("sticky")) rules.sticky.read(*value, out);
  readMaxRequests(settings.take("max_requests"), rules.max_requests, out);
  if (const Value* value = settings.take("limit")) rules.limit.read(*value, out);
  if (const Value* value = settings.take("queue")) rules.queue.read(*value, out);
  if (const Value* value = settings.take("breaker")) rules.breaker.read(*value, out);
  if (const Value* value = settings.take("send_proxy_protocol"))
    if (const auto word = readWord(*value, upstream::kSendProxyProtocolWords, out))
      rules.send_proxy_protocol = {static_cast<upstream::SendProxyProtocol>(*word), value->mark};
}

void readRouteRules(Settings& settings, RouteRules& rules) {
  Diagnostics& out = settings.diagnostics();
  if (const Value* value = settings.take("header_rules")) rules.headers.read(*value, out);
  if (const Value* value = settings.take("param_rules")) rules.params.read(*value, out);
  if (const Value* value = settings.take("rewrite_rules")) rules.rewrite.read(*value, out);
  if (const Value* value = settings.take("cookie_rules")) rules.cookies.read(*value, out);
  if (const Value* value = settings.take("cors")) rules.cors.read(*value, out);
  if (const Value* value = settings.take("error_pages")) rules.error_pages.read(*value, out);
  readMaxBody(settings.take("max_body"), rules.max_body, out);
  if (const Value* value = settings.take("path_policy"))
    if (const auto word = readWord(*value, kPathPolicies, out))
      rules.path_policy = {static_cast<PathPolicy>(*word), value->mark};
  if (const Value* value = settings.take("mirror")) rules.mirror.read(*value, out);
  if (const Value* value = settings.take("priority"))
    if (const auto word = readWord(*value, upstream::kPriorityWords, out))
      rules.priority = {static_cast<upstream::Priority>(*word), value->mark};
}

}  // namespace fairlead::config
