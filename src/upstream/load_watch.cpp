// Limits, hedging and the breaker, as time goes on.
#include "upstream/load_watch.h"

#include <algorithm>

namespace fairlead::upstream {
namespace {

// Percentiles of ten seconds and more do not change faster.
constexpr Duration kHedgePause = std::chrono::seconds(1);

bool isShut(BreakerState state) {
  return state == BreakerState::Open || state == BreakerState::HalfOpen;
}

}  // namespace

LoadWatch::LoadWatch(Pool& pool)
    : pool_(pool),
      limit_(pool.settings.limit),
      breaker_(pool.settings.breaker.on ? BreakerState::Closed : BreakerState::Off),
      seen_(sums()) {}

LoadWatch::Sums LoadWatch::sums() const {
  Sums sums;
  for (const auto& tally : pool_.tallies) {
    sums.answers += tally->answers.read();
    sums.latency_ns += tally->latency_ns.read();
    sums.timeouts += tally->timeouts.read();
  }
  return sums;
}

void LoadWatch::pulse(TimePoint now, PoolEvents& events) {
  feedLimit(now);
  publishLimit(now);
  publishHedge(now);
  watchBreaker(now, events);
}

// The most at once is not counted: taken is what is in flight now or, if that is more, what was in
// flight on average (answers a second times the time of one, Little's law).
void LoadWatch::feedLimit(TimePoint now) {
  const Sums before = std::exchange(seen_, sums());
  const Duration passed = now - std::exchange(seen_at_, now);
  const uint64_t answers = seen_.answers - before.answers;
  const uint64_t timeouts = seen_.timeouts - before.timeouts;
  const uint64_t latency_ns = seen_.latency_ns - before.latency_ns;
  const uint32_t in_flight = pool_.inFlight();
  has_traffic_ = answers + timeouts + in_flight > 0 && limit_.mode() != LimitMode::Off &&
                 limit_.mode() != LimitMode::Fixed;
  if (answers + timeouts == 0 || before.answers + before.timeouts > seen_.answers + seen_.timeouts)
    return;
  const uint64_t average =
      latency_ns / static_cast<uint64_t>(std::max<Duration::rep>(passed.count(), 1));
  limit_.sample(
      {.answers = answers,
       .failures = timeouts,
       .mean = Duration(static_cast<Duration::rep>(answers == 0 ? 0 : latency_ns / answers)),
       .peak_in_flight =
           static_cast<uint32_t>(std::clamp<uint64_t>(average, in_flight, UINT32_MAX))},
      now);
}

void LoadWatch::publishLimit(TimePoint now) {
  const uint32_t most = pool_.settings.max_requests;
  uint32_t limit = most != 0 ? most : UINT32_MAX;
  if (const uint32_t enforced = limit_.enforced(now); enforced != 0)
    limit = std::min(limit, enforced);
  if (limit != pool_.limitNow()) pool_.limit_now.store(limit, std::memory_order_relaxed);
}

void LoadWatch::publishHedge(TimePoint now) {
  const HedgeSettings& hedge = pool_.settings.retry.hedge;
  if (!hedge.on || hedge.after.value > Duration::zero() || now - hedged_at_ < kHedgePause) return;
  LatencyDistribution latencies;
  for (const auto& tally : pool_.tallies) latencies.add(tally->latencies, now);
  const auto after = latencies.quantile(hedge.quantile);
  if (!after) return;  // when nobody answers any more, what was usual stays known
  hedged_at_ = now;
  pool_.hedge_after.store(after->count(), std::memory_order_relaxed);
}

void LoadWatch::watchBreaker(TimePoint now, PoolEvents& events) {
  const BreakerSettings& settings = pool_.settings.breaker;
  const BreakerState before = std::exchange(breaker_, pool_.breaker.state(now, settings));
  if (isShut(breaker_) && !isShut(before))
    events.push_back({.kind = PoolEvent::Kind::BreakerOpened,
                      .pool = pool_.name(),
                      .words = describe(pool_.breaker.openedBecause(), settings.window),
                      .span = settings.open});
  if (isShut(before) && breaker_ == BreakerState::Closed)
    events.push_back({.kind = PoolEvent::Kind::BreakerClosed, .pool = pool_.name()});
}

void LoadWatch::addTo(PoolStatus& status, TimePoint now) const {
  const BreakerSettings& settings = pool_.settings.breaker;
  status.breaker = pool_.breaker.state(now, settings);
  if (status.breaker == BreakerState::Open) status.breaker_until = pool_.breaker.openUntil(now);
  if (isShut(status.breaker))
    status.breaker_because = describe(pool_.breaker.openedBecause(), settings.window);
  status.limit_mode = limit_.mode();
  status.limit = limit_.limit();
  status.limit_learning = limit_.learning(now);
}

}  // namespace fairlead::upstream
