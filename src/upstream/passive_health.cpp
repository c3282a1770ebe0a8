// The rules of passive health.
#include "upstream/passive_health.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::upstream {
namespace {

constexpr int kReasonBits = 8;

// How many ejections in a row make the longest: more are not counted, so that a server which comes
// back for good is forgiven within a time that has to do with its absence.
uint32_t mostEjections(const PassiveSettings& settings) {
  const auto eject = std::max<Duration::rep>(settings.eject.value.count(), 1);
  const auto longest = std::max<Duration::rep>(settings.max_eject.value.count(), 1);
  const auto most = (longest - 1) / eject + 1;
  return static_cast<uint32_t>(std::min<Duration::rep>(most, UINT32_MAX));
}

}  // namespace

EjectReason PassiveHealth::record(const AttemptEnd& end, const PassiveSettings& settings) {
  if (!settings.on || ejected(end.began)) return EjectReason::None;
  window_.add(end.failed, end.now, settings.window);
  if (!end.failed) {
    // Written only when it changes, so that the cache line stays shared.
    if (run_.load(std::memory_order_relaxed) != 0) run_.store(0, std::memory_order_relaxed);
    return EjectReason::None;
  }
  const uint32_t run = run_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (settings.consecutive > 0 && run >= settings.consecutive) return EjectReason::Consecutive;
  return counted(end.now, settings).exceeds(settings.failures, settings.min_requests)
             ? EjectReason::FailureShare
             : EjectReason::None;
}

bool PassiveHealth::eject(EjectReason reason, TimePoint now, const PassiveSettings& settings) {
  const uint32_t in_a_row = std::min(ejections(now, settings) + 1, mostEjections(settings));
  const Ejection why{reason, consecutiveFailures(), counted(now, settings)};
  const Duration span = in_a_row >= mostEjections(settings)
                            ? settings.max_eject.value
                            : settings.eject.value * static_cast<Duration::rep>(in_a_row);
  Duration::rep until = ejected_until_.load(std::memory_order_relaxed);
  if (now < TimePoint(Duration(until)) ||
      !ejected_until_.compare_exchange_strong(until, (now + span).time_since_epoch().count(),
                                              std::memory_order_relaxed))
    return false;
  ejections_.store(in_a_row, std::memory_order_relaxed);
  reason_.store(uint64_t{why.consecutive} << kReasonBits | static_cast<uint64_t>(reason),
                std::memory_order_relaxed);
  reason_window_.store(pack(why.window), std::memory_order_relaxed);
  startAfresh();
  return true;
}

bool PassiveHealth::letBack(TimePoint now) {
  Duration::rep until = ejected_until_.load(std::memory_order_relaxed);
  const Duration::rep rep = now.time_since_epoch().count();
  if (rep >= until ||
      !ejected_until_.compare_exchange_strong(until, rep, std::memory_order_relaxed))
    return false;
  startAfresh();
  return true;
}

uint32_t PassiveHealth::ejections(TimePoint now, const PassiveSettings& settings) const {
  const uint32_t last = ejections_.load(std::memory_order_relaxed);
  const TimePoint back = timeOf(ejected_until_);
  if (last == 0 || now <= back) return last;
  const Duration step = std::max({settings.window.value, settings.eject.value, Duration(1)});
  const auto forgiven = static_cast<uint64_t>((now - back) / step);
  return forgiven >= last ? 0 : last - static_cast<uint32_t>(forgiven);
}

Ejection PassiveHealth::lastEjection() const {
  const uint64_t reason = reason_.load(std::memory_order_relaxed);
  return {static_cast<EjectReason>(reason & ((1 << kReasonBits) - 1)),
          static_cast<uint32_t>(reason >> kReasonBits),
          unpackCount(reason_window_.load(std::memory_order_relaxed))};
}

void PassiveHealth::defer(Duration pause, TimePoint now) {
  if (pause <= Duration::zero()) return;
  const auto until = (now + std::min(pause, kLongestDeferral)).time_since_epoch().count();
  Duration::rep seen = deferred_until_.load(std::memory_order_relaxed);
  while (seen < until &&
         !deferred_until_.compare_exchange_weak(seen, until, std::memory_order_relaxed)) {
  }
}

void PassiveHealth::startAfresh() {
  run_.store(0, std::memory_order_relaxed);
  window_.clear();
}

std::string describe(const Ejection& ejection, Duration window) {
  switch (ejection.reason) {
    case EjectReason::None:
      return {};
    case EjectReason::Consecutive:
      return fmt::format("{} consecutive failure{}", ejection.consecutive,
                         ejection.consecutive == 1 ? "" : "s");
    case EjectReason::FailureShare:
      return describe(ejection.window, window);
  }
  return {};
}

}  // namespace fairlead::upstream
