// Looks at each pool with its rules, and at what outer levels say for several of them.
#include "config/pool_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace fairlead::config {
namespace {

// Values by their places. Several pools may have one from an outer level, where it is said in vain
// only if it is for all of them.
class Sayings {
 public:
  void add(std::string_view key, Mark place, bool has_effect) {
    Saying& saying = by_place_[{place.file, place.line, place.column}];
    saying.key = key;
    saying.mark = place;
    saying.has_effect = saying.has_effect || has_effect;
  }
  // Calls `visit(key, mark)` for each that has no effect.
  template <typename Visit>
  void forEachInVain(Visit visit) const {
    for (const auto& [place, saying] : by_place_)
      if (!saying.has_effect) visit(saying.key, saying.mark);
  }

 private:
  struct Saying {
    std::string_view key;
    Mark mark;
    bool has_effect = false;
  };
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, Saying> by_place_;
};

// Can a request find the pool or its servers full?
bool isLimited(const Pool& pool) {
  return pool.rules.max_requests != 0 || pool.rules.limit.isEnforced() ||
         std::any_of(pool.servers.begin(), pool.servers.end(),
                     [](const Server& server) { return server.max_requests != 0; });
}

void warnOfIdleQueues(const Config& config, Diagnostics& out) {
  Sayings queues;
  for (const Pool& pool : config.pools)
    if (const auto& queue = pool.rules.queue; queue.limit != 0)
      queues.add("queue", queue.limit.origin, isLimited(pool));
  queues.forEachInVain([&](std::string_view, Mark mark) {
    out.warning(mark, "nothing ever waits in it").expected =
        "`max_requests` of the pool or of a server, or a `limit` that is enforced";
  });
}

void warnOfUnkeptSecret(const Config& config, Diagnostics& out) {
  if (!config.state.value.empty()) return;
  for (const Pool& pool : config.pools) {
    const upstream::StickySettings& sticky = pool.rules.sticky;
    if (sticky.cookie.value.empty() || !sticky.secret.value.empty()) continue;
    out.warning(sticky.cookie.origin,
                "clients with sticky cookies are spread anew after a restart: the secret that "
                "signs the cookies is not kept")
        .expected = "a folder as `state` at the top of the file, or a `secret` beside `cookie`";
    return;
  }
}

// The first rule of the file that learns bans, or null.
const firewall::AutoBan* firstAutoBan(const Config& config) {
  const auto firstOf = [](const firewall::FirewallRules& rules) {
    return rules.bans().empty() ? nullptr : &rules.bans().front();
  };
  if (const auto* ban = firstOf(config.firewall)) return ban;
  for (const Host& host : config.hosts)
    if (const auto* ban = firstOf(host.firewall)) return ban;
  for (const Route& route : config.routes)
    if (const auto* ban = firstOf(route.firewall)) return ban;
  return nullptr;
}

void warnOfUnkeptBans(const Config& config, Diagnostics& out) {
  const firewall::AutoBan* ban = firstAutoBan(config);
  if (!config.state.value.empty() || ban == nullptr) return;
  out.warning(ban->mark, "bans are forgotten at a restart: there is no folder to keep them in")
      .expected = "a folder as `state` at the top of the file";
}

void warnOfUnknownZone(const Config& config, Diagnostics& out) {
  if (!config.zone.origin.isBuiltIn()) return;
  for (const Pool& pool : config.pools)
    for (const Server& server : pool.servers) {
      if (server.zone.value.empty()) continue;
      out.warning(server.zone.origin, "no server is preferred by its zone").expected =
          "fairlead's own `zone` at the top of the file";
      return;
    }
}

}  // namespace

void refuseKeysWithoutPath(const Config& config, Diagnostics& out) {
  Sayings given;
  for (const Pool& pool : config.pools) {
    const upstream::HealthSettings& health = pool.rules.health;
    if (!health.on) continue;
    for (const auto& [key, mark] : health.keysOfHttp()) given.add(key, mark, health.meansHttp());
  }
  given.forEachInVain([&](std::string_view key, Mark mark) {
    out.error(mark, fmt::format("`{}` needs a `path`: without one, checks are TCP connects", key))
        .expected = "`path` in the same `health`";
  });
}

void warnOfPools(const Config& config, Diagnostics& out) {
  warnOfIdleQueues(config, out);
  warnOfUnkeptSecret(config, out);
  warnOfUnkeptBans(config, out);
  warnOfUnknownZone(config, out);
}

}  // namespace fairlead::config
