// What results, ejections and time mean for one server.
#include "upstream/server_watch.h"

#include <fmt/format.h>

#include <utility>

namespace fairlead::upstream {

ActiveHealth HealthCounter::onResult(bool passed) {
  const ActiveHealth seen = passed ? ActiveHealth::Up : ActiveHealth::Down;
  if (state_ != ActiveHealth::Unknown && seen != state_ && ++against_ < needed()) return state_;
  state_ = seen;
  against_ = 0;
  return state_;
}

ServerWatch::ServerWatch(std::shared_ptr<Server> server, const PoolSettings& settings, Comes comes,
                         TimePoint now)
    : server_(std::move(server)),
      settings_(settings),
      comes_(comes),
      counter_(settings.health.fall, settings.health.rise),
      active_since_(now),
      standing_(standingOf(*server_, now)),
      standing_since_(now) {}

void ServerWatch::setActive(ActiveHealth active, TimePoint now) {
  server_->active.store(active, std::memory_order_relaxed);
  active_since_ = now;
  noteStanding(now);
}

void ServerWatch::setWarming(TimePoint since) {
  if (settings_.slow_start > Duration::zero())
    server_->warming_since.store(since.time_since_epoch().count(), std::memory_order_relaxed);
}

void ServerWatch::noteStanding(TimePoint now) {
  const Standing standing = standingOf(*server_, now);
  if (standing == standing_) return;
  standing_ = standing;
  standing_since_ = standing == Standing::Ejected && ejection_ ? ejection_->began : now;
}

void ServerWatch::tell(PoolEvent::Kind kind, std::string words, Duration span,
                       PoolEvents& events) const {
  events.push_back({.kind = kind,
                    .pool = settings_.name,
                    .server = server_->name,
                    .words = std::move(words),
                    .span = span});
}

// --- checks

void ServerWatch::check(TimePoint first) {
  checked_ = true;
  next_check_ = first;
}

void ServerWatch::doNotCheck(TimePoint now) {
  const ActiveHealth before = active();
  if (before == ActiveHealth::Unresolved || (before == ActiveHealth::Unchecked && !checked_))
    return;
  if (comes_ == Comes::Later && before == ActiveHealth::Unknown) setWarming(now);
  checked_ = false;
  next_check_.reset();
  counter_ = HealthCounter(settings_.health.fall, settings_.health.rise);
  failing_since_.reset();
  setActive(ActiveHealth::Unchecked, now);
}

bool ServerWatch::onResult(CheckResult result, TimePoint now, Random& random, PoolEvents& events) {
  look(now, events);
  noteRun(result);
  const ActiveHealth before = counter_.state();
  const ActiveHealth after = counter_.onResult(result.passed);
  if (after != before) turn(before, after, result, events);
  countForReturn(result, now, events);
  noteStanding(now);
  next_check_ = now + pauseAfterCheck(settings_.health,
                                      {.first = before == ActiveHealth::Unknown,
                                       .in_doubt = counter_.against() > 0,
                                       .down_for = after == ActiveHealth::Down ? now - active_since_
                                                                               : Duration::zero()},
                                      random);
  results_.push_front(std::move(result));
  if (results_.size() > kResults) results_.pop_back();
  return after != before;
}

// Before the result counts: was the server well until now?
void ServerWatch::noteRun(const CheckResult& result) {
  const bool passed_before = !results_.empty() && results_.front().passed;
  if (result.passed) {
    failing_since_.reset();
    last_good_began_ = result.at - result.took;
  } else if (!failing_since_ && passed_before && active() == ActiveHealth::Up) {
    failing_since_ = result.at;
  }
}

void ServerWatch::turn(ActiveHealth before, ActiveHealth after, const CheckResult& result,
                       PoolEvents& events) {
  const bool is_first = before == ActiveHealth::Unknown;
  if (after == ActiveHealth::Down) {
    server_->warming_since.store(0, std::memory_order_relaxed);
    tell(PoolEvent::Kind::Down, result.words, {}, events);
  } else {
    const bool is_addition = comes_ == Comes::Later && active() == ActiveHealth::Unknown;
    if (!is_first || is_addition) setWarming(ejection_ ? ejection_->until : result.at);
    tell(is_first ? PoolEvent::Kind::Up : PoolEvent::Kind::UpAgain, result.words, {}, events);
  }
  setActive(after, result.at);
}

// `rise` good checks in a row, all of them begun while it was out, are reason enough to let it
// back.
void ServerWatch::countForReturn(const CheckResult& result, TimePoint now, PoolEvents& events) {
  if (!ejection_ || result.at - result.took < ejection_->began) return;
  const uint32_t rise = settings_.health.rise;
  ejection_->good_checks = result.passed ? ejection_->good_checks + 1 : 0;
  if (ejection_->good_checks < rise || !server_->activeSaysWell()) return;
  if (!server_->passive.letBack(now)) return;
  ejection_.reset();
  setWarming(now);
  tell(PoolEvent::Kind::LetBack,
       fmt::format("{} good check{} in a row", rise, rise == 1 ? "" : "s"), {}, events);
}

// --- what workers and time did

bool ServerWatch::look(TimePoint now, PoolEvents& events) {
  const bool is_ejection_new = lookAtEjection(now, events);
  const bool is_deferral_new = lookAtDeferral(now, events);
  const bool is_warmer = lookAtSlowStart(now);
  noteStanding(now);
  return is_ejection_new || is_deferral_new || is_warmer;
}

Duration ServerWatch::lengthOfEjection(TimePoint now) const {
  const PassiveSettings& passive = settings_.health.passive;
  const auto in_a_row = static_cast<Duration::rep>(server_->passive.ejections(now, passive));
  return std::min(passive.eject.value * in_a_row, passive.max_eject.value);
}

// Slow start is told beforehand when an ejection will be over, so that no share is whole in
// between.
bool ServerWatch::lookAtEjection(TimePoint now, PoolEvents& events) {
  const std::optional<TimePoint> until = server_->passive.ejectedUntil(now);
  if (until && (!ejection_ || ejection_->until != *until)) {
    const Duration span = lengthOfEjection(now);
    ejection_ = Out{.began = std::min(*until - span, now), .until = *until};
    if (server_->activeSaysWell()) setWarming(*until);
    tell(PoolEvent::Kind::Ejected,
         describe(server_->passive.lastEjection(), settings_.health.passive.window), span, events);
    return true;
  }
  if (until || !ejection_) return false;
  ejection_.reset();
  if (server_->activeSaysWell()) tell(PoolEvent::Kind::LetBack, "its time is over", {}, events);
  return true;
}

bool ServerWatch::lookAtDeferral(TimePoint now, PoolEvents& events) {
  const std::optional<TimePoint> until = server_->passive.deferredUntil(now);
  if (until == deferred_until_) return false;
  if (!deferred_until_) tell(PoolEvent::Kind::Deferred, {}, *until - now, events);
  deferred_until_ = until;
  return true;
}

// True while its share grows.
bool ServerWatch::lookAtSlowStart(TimePoint now) {
  if (!warming()) return false;
  const TimePoint since{Duration(server_->warming_since.load(std::memory_order_relaxed))};
  if (now >= since + settings_.slow_start)
    server_->warming_since.store(0, std::memory_order_relaxed);
  return now >= since;
}

// --- status

ServerStatus ServerWatch::status(TimePoint now) {
  noteStanding(now);
  const Server& server = *server_;
  ServerStatus status;
  status.name = server.name;
  status.address = server.address;
  if (!server.addresses.empty()) {
    const size_t preferred = server.preferred_address.load(std::memory_order_relaxed);
    status.ip = server.addresses[preferred % server.addresses.size()].text();
  }
  status.weight = server.weight;
  status.tier = server.tier;
  status.zone = server.zone;
  status.standing = standing_;
  status.since = standing_since_;
  status.active = active();
  status.active_since = active_since_;
  status.results.assign(results_.begin(), results_.end());
  if (checked_ && counter_.state() != ActiveHealth::Unknown) {
    status.against = counter_.against();
    status.needed = counter_.needed();
  }
  status.next_check = next_check_;
  addPassive(status, now);
  addLoad(status, now);
  return status;
}

void ServerWatch::addPassive(ServerStatus& status, TimePoint now) const {
  const PassiveSettings& settings = settings_.health.passive;
  const PassiveHealth& passive = server_->passive;
  status.ejected_until = passive.ejectedUntil(now);
  if (status.ejected_until)
    status.ejected_because = describe(passive.lastEjection(), settings.window);
  status.ejections = passive.ejections(now, settings);
  status.deferred_until = passive.deferredUntil(now);
}

void ServerWatch::addLoad(ServerStatus& status, TimePoint now) const {
  const Server& server = *server_;
  const uint32_t share = shareNow(server, settings_.slow_start, now);
  status.share = static_cast<double>(share) / balance::kWholeShare;
  if (standing_ == Standing::Warming)
    status.warm_at = TimePoint(Duration(server.warming_since.load(std::memory_order_relaxed))) +
                     settings_.slow_start;
  status.in_flight = server.in_flight.load(std::memory_order_relaxed);
  status.max_requests = server.max_requests;
  if (server.latency.known()) status.latency = server.latency.at(now);
  status.requests = server.requests.load(std::memory_order_relaxed);
  status.failures = server.failures.load(std::memory_order_relaxed);
}

}  // namespace fairlead::upstream
