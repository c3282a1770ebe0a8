// Replacing rosters, and what follows from the servers' states.
#include "upstream/pool.h"

#include <map>
#include <utility>

namespace fairlead::upstream {
namespace {

// By tier, and within a tier those of the own zone first.
std::vector<ServerGroup> groupsOf(const std::vector<std::shared_ptr<Server>>& servers,
                                  const PoolSettings& settings) {
  const std::string& own_zone = settings.own_zone;
  std::map<std::pair<uint32_t, bool>, std::vector<balance::Endpoint*>> groups;
  for (const auto& server : servers) {
    const bool is_far = !own_zone.empty() && server->zone != own_zone;
    groups[{server->tier, is_far}].push_back(server.get());
  }
  const balance::Policy& policy = *settings.balance.policy.value;
  std::vector<ServerGroup> result;
  for (auto& [key, endpoints] : groups) {
    ServerGroup& group = result.emplace_back(std::move(endpoints), nullptr);
    if (policy.lay) group.groundwork = policy.lay(group.endpoints);
  }
  return result;
}

bool limitsRequests(const PoolSettings& settings) {
  return settings.max_requests != 0 || settings.limit.mode.value == LimitMode::Fixed ||
         settings.limit.mode.value == LimitMode::Adaptive;
}

bool limitsServers(const PoolSettings& settings) {
  return std::ranges::any_of(settings.servers,
                             [](const ServerSpec& spec) { return spec.max_requests != 0; });
}

uint32_t firstLimit(const PoolSettings& settings) {
  uint32_t limit = settings.max_requests != 0 ? settings.max_requests : UINT32_MAX;
  if (settings.limit.mode.value == LimitMode::Fixed)
    limit = std::min(limit, settings.limit.fixed.value);
  return limit;
}

}  // namespace

Pool::Pool(PoolSettings given)
    : settings(std::move(given)),
      limit_now(firstLimit(settings)),
      waiting(settings.queue),
      roster_(std::make_shared<Roster>()),
      guarded_(limitsRequests(settings) || limitsServers(settings) || settings.breaker.on ||
               settings.balance.bounded_load.value > 0) {
  if (!settings.sticky.learn.value.empty()) learned = std::make_unique<LearnedSessions>();
  for (size_t i = 0; i < settings.workers; ++i) tallies.push_back(std::make_unique<Tally>());
  std::vector<std::vector<SocketAddress>> known;
  for (const ServerSpec& spec : settings.servers) known.push_back(knownAddresses(spec));
  adopt(known);
}

std::shared_ptr<const Roster> Pool::roster() const {
  const std::lock_guard lock(mutex_);
  return roster_;
}

std::shared_ptr<Server> Pool::keepOrMake(const Roster& before, const ServerSpec& spec,
                                         std::vector<SocketAddress> where, bool several) const {
  for (const auto& server : before.servers)
    if (server->address == spec.address && server->addresses == where) return server;
  auto server = std::make_shared<Server>(spec, std::move(where), several);
  if (server->addresses.empty()) server->active = ActiveHealth::Unresolved;
  return server;
}

bool Pool::adopt(const std::vector<std::vector<SocketAddress>>& addresses) {
  std::shared_ptr<const Roster> before = roster();
  auto next = std::make_shared<Roster>();
  for (size_t i = 0; i < settings.servers.size(); ++i) {
    const ServerSpec& spec = settings.servers[i];
    const std::vector<SocketAddress>& found = addresses[i];
    const bool one_machine = std::ranges::all_of(
        found, [](const SocketAddress& address) { return address.ip.isLoopback(); });
    if (found.size() < 2 || (one_machine && isLocalhost(spec.host))) {
      next->servers.push_back(keepOrMake(*before, spec, found, false));
      continue;
    }
    for (const SocketAddress& address : found)
      next->servers.push_back(keepOrMake(*before, spec, {address}, true));
  }
  if (next->servers == before->servers) return false;
  next->groups = groupsOf(next->servers, settings);
  if (!settings.sticky.cookie.value.empty())
    next->tokens = StickyTable(settings.sticky_secret, settings.name, next->servers);
  checked_.store(settings.health.inForceFor(next->servers.size()), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    old_rosters_.push_back(std::exchange(roster_, std::move(next)));
  }
  version_.fetch_add(1, std::memory_order_release);
  before.reset();
  freeOldRosters();
  return true;
}

// Nobody can get hold of an old roster who does not have it: a last reference stays the last.
void Pool::freeOldRosters() {
  std::erase_if(old_rosters_, [](const auto& roster) { return roster.use_count() == 1; });
}

void Pool::refreshShares(TimePoint now) {
  bool may_serve = false;
  for (const auto& server : roster()->servers) {
    refreshShare(*server, settings.slow_start, now);
    const ActiveHealth active = server->active.load(std::memory_order_relaxed);
    may_serve = may_serve || (server->weight > 0 && active != ActiveHealth::Down &&
                              active != ActiveHealth::Unresolved);
  }
  may_serve_.store(may_serve, std::memory_order_relaxed);
}

bool Pool::mayEject(const Server& candidate, TimePoint now) const {
  size_t all = 0;
  size_t ejected = 0;
  size_t others = 0;  // that would still get requests
  for (const auto& server : roster()->servers) {
    if (server->weight == 0) continue;
    ++all;
    if (server->passive.ejected(now)) ++ejected;
    if (server.get() != &candidate && shareNow(*server, settings.slow_start, now) > 0) ++others;
  }
  return others > 0 && (ejected + 1) * 2 <= all;
}

void Pool::report(Server& server, const AttemptReport& report, TimePoint now) {
  server.requests.fetch_add(1, std::memory_order_relaxed);
  if (report.failed) server.failures.fetch_add(1, std::memory_order_relaxed);
  if (report.latency) server.latency.observe(*report.latency, now);
  const PassiveSettings& passive = settings.health.passive;
  if (!settings.health.on || !passive.on) return;
  const EjectReason reason =
      server.passive.record({.failed = report.failed, .began = report.began, .now = now}, passive);
  bool is_changed = false;
  if (report.retry_after) {
    server.passive.defer(*report.retry_after, now);
    is_changed = true;
  }
  if (reason != EjectReason::None && mayEject(server, now))
    is_changed = server.passive.eject(reason, now, passive) || is_changed;
  if (is_changed) refreshShares(now);
}

uint32_t Pool::inFlight() const {
  uint32_t sum = 0;
  for (const auto& server : roster()->servers)
    sum += server->in_flight.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace fairlead::upstream
