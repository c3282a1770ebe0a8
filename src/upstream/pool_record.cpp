// Keeping the record of a pool.
#include "upstream/pool_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace fairlead::upstream {
namespace {

// All servers that are checked are asked once within this, and have answered.
Duration oneInterval(const HealthSettings& settings) {
  return settings.every.value + settings.every.value / 5 + settings.timeout.value;
}

}  // namespace

PoolRecord::PoolRecord(Pool& pool, Chance chance, OnEvent on_event, TimePoint now)
    : pool_(pool),
      chance_(chance),
      on_event_(std::move(on_event)),
      began_(now),
      load_(pool),
      pulsed_(now) {
  adopt(now);
}

void PoolRecord::adopt(TimePoint now) {
  const std::shared_ptr<const Roster> roster = pool_.roster();
  std::vector<std::unique_ptr<ServerWatch>> next;
  for (const auto& server : roster->servers) next.push_back(takeOrMake(server, now));
  servers_ = std::move(next);
  for (const auto& watch : servers_) {
    if (!pool_.checked())
      watch->doNotCheck(now);
    else if (watch->mayBeChecked())
      watch->check(chance_.first_checks.next(now));
  }
  if (std::ranges::none_of(servers_, [](const auto& watch) { return !!watch->failingSince(); }))
    suspect_since_.reset();
  pool_.refreshShares(now);
  if (pool_.waiting.any()) callWaiting();
}

std::unique_ptr<ServerWatch> PoolRecord::takeOrMake(const std::shared_ptr<Server>& server,
                                                    TimePoint now) {
  for (auto& watch : servers_)
    if (watch && &watch->server() == server.get()) return std::move(watch);
  const auto comes =
      now - began_ < kStart ? ServerWatch::Comes::AtStart : ServerWatch::Comes::Later;
  return std::make_unique<ServerWatch>(server, pool_.settings, comes, now);
}

void PoolRecord::onResult(ServerWatch& watch, CheckResult result, TimePoint now) {
  const bool passed = result.passed;
  const bool turned = watch.onResult(std::move(result), now, chance_.random, events_);
  judgeNetwork(watch, passed, now);
  // The others' shares do not depend on this server, but whether the pool may serve does.
  refreshShare(watch.server(), pool_.settings.slow_start, now);
  if (turned && (!passed || !pool_.mayServe())) pool_.refreshShares(now);
  if (passed && pool_.waiting.any()) callWaiting();
  tellAll();
}

// How many servers began to fail within the last interval, when one cause may explain them all: no
// server is fine, and none passed a check that was begun after the first of them had failed. Those
// that were down before do not count, as they say nothing of what has changed.
size_t PoolRecord::failedTogether(TimePoint now) const {
  const Duration interval = oneInterval(pool_.settings.health);
  TimePoint first_failure = kNever;
  TimePoint last_good = TimePoint::min();
  size_t failing = 0;
  for (const auto& watch : servers_) {
    if (watch->isFine()) return 0;
    last_good = std::max(last_good, watch->lastGoodBegan());
    if (!watch->failingSince() || now - *watch->failingSince() > interval) continue;
    first_failure = std::min(first_failure, *watch->failingSince());
    ++failing;
  }
  return last_good > first_failure ? 0 : failing;
}

void PoolRecord::judgeNetwork(const ServerWatch& watch, bool passed, TimePoint now) {
  if (passed) {
    if (std::exchange(suspect_since_, std::nullopt))
      events_.push_back({.kind = PoolEvent::Kind::NetworkWell,
                         .pool = pool_.name(),
                         .words = watch.server().name});
    return;
  }
  if (suspect_since_) return;
  const size_t failing = failedTogether(now);
  if (failing < 2) return;
  suspect_since_ = now;
  events_.push_back({.kind = PoolEvent::Kind::NetworkSuspect,
                     .pool = pool_.name(),
                     .words = fmt::format("all {} servers{}", failing,
                                          failing < servers_.size() ? " that were up" : "")});
}

void PoolRecord::pulse(TimePoint now) {
  pulsed_ = now;
  pool_.freeOldRosters();
  bool is_stale = false;
  for (const auto& watch : servers_) is_stale = watch->look(now, events_) || is_stale;
  load_.pulse(now, events_);
  if (is_stale) pool_.refreshShares(now);
  if (pool_.waiting.any()) callWaiting();
  tellAll();
}

// An ejection is not overlooked, however short.
Duration PoolRecord::pulsePause() const {
  const bool is_brisk =
      load_.isInMotion() || pool_.waiting.any() ||
      std::ranges::any_of(servers_, [](const auto& watch) { return watch->isInMotion(); });
  if (is_brisk) return kBriskPulse;
  return std::clamp(pool_.settings.health.passive.eject.value / 2, kBriskPulse, kCalmPulse);
}

TimePoint PoolRecord::nextPulse() const { return pulsed_ + pulsePause(); }

// Requests in flight that fit in beside those that are there.
uint64_t PoolRecord::places() const {
  uint64_t of_servers = 0;
  for (const auto& watch : servers_) {
    const Server& server = watch->server();
    if (!balance::isUsable(server)) continue;
    of_servers +=
        server.max_requests == 0
            ? UINT32_MAX
            : server.max_requests - std::min(server.max_requests, server.in_flight.load());
  }
  const uint32_t in_flight = pool_.in_flight.load();
  const uint32_t limit = pool_.limitNow();
  return std::min<uint64_t>(of_servers, limit - std::min(limit, in_flight));
}

// Who leaves makes room and calls the next one; this is for room that came otherwise.
void PoolRecord::callWaiting() {
  const uint64_t calls = std::min<uint64_t>(places(), pool_.waiting.waiting());
  for (uint64_t i = 0; i < calls; ++i) pool_.waiting.callNext();
}

bool PoolRecord::decided() const {
  return std::ranges::all_of(servers_, [](const auto& watch) { return watch->decided(); });
}

void PoolRecord::tellAll() {
  for (const PoolEvent& event : std::exchange(events_, {})) on_event_(event);
}

PoolStatus PoolRecord::status(TimePoint now) {
  const PoolSettings& settings = pool_.settings;
  PoolStatus status;
  status.name = settings.name;
  status.balance = settings.balance.text();
  status.check = checkText(pool_);
  if (pool_.checked()) {
    status.fall = settings.health.fall;
    status.rise = settings.health.rise;
  }
  for (const auto& watch : servers_) status.servers.push_back(watch->status(now));
  status.in_flight = pool_.inFlight();
  status.max_requests = settings.max_requests;
  status.waiting = static_cast<uint32_t>(pool_.waiting.waiting());
  status.queue_limit = settings.queue.limit;
  status.retrying = pool_.retrying.load(std::memory_order_relaxed);
  status.retry_budget = settings.retry.budget;
  load_.addTo(status, now);
  status.suspect_network = suspect_since_.has_value();
  if (suspect_since_) status.suspect_since = *suspect_since_;
  return status;
}

std::string checkText(const Pool& pool) {
  if (!pool.checked()) return "not checked";
  const HealthSettings& health = pool.settings.health;
  const std::string what = health.path.value.empty()
                               ? std::string("TCP connect")
                               : health.method.value + " " + health.path.value;
  return what + " every " + units::formatDuration(health.every);
}

}  // namespace fairlead::upstream
