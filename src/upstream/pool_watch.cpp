// Making the checks of a pool, one coroutine a server.
#include "upstream/pool_watch.h"

#include <unordered_set>
#include <utility>

namespace fairlead::upstream {

PoolWatch::PoolWatch(Pool& pool, const WatchParts& parts, OnEvent on_event)
    : pool_(pool),
      parts_(parts),
      check_(pool.settings.health, pool.settings.send_proxy_protocol),
      record_(pool, {parts.first_checks, parts.random}, std::move(on_event), parts.reactor.now()) {
  beginChecks();
  pulse(parts_.reactor.now());
}

void PoolWatch::adopt() {
  // The checks of servers that are gone end before what is known of those is dropped.
  const std::shared_ptr<const Roster> roster = pool_.roster();
  std::unordered_set<const Server*> stay;
  if (pool_.checked())
    for (const auto& server : roster->servers) stay.insert(server.get());
  std::erase_if(checks_, [&](const auto& check) { return !stay.contains(check.first); });
  record_.adopt(parts_.reactor.now());
  beginChecks();
}

void PoolWatch::beginChecks() {
  for (const auto& watch : record_.servers()) {
    if (!watch->nextCheck()) continue;
    const auto [at, is_new] = checks_.try_emplace(&watch->server());
    if (is_new) at->second.spawn(checkForever(*watch));
  }
}

Task<void> PoolWatch::checkForever(ServerWatch& watch) {
  for (;;) {
    co_await io::Sleep(parts_.reactor, *watch.nextCheck() - parts_.reactor.now());
    watch.onCheckBegun();
    CheckResult result = co_await parts_.prober.probe(check_, watch.server());
    record_.onResult(watch, std::move(result), parts_.reactor.now());
  }
}

void PoolWatch::pulse(TimePoint now) {
  record_.pulse(now);
  parts_.reactor.timers().arm(pulse_, record_.nextPulse());
}

}  // namespace fairlead::upstream
