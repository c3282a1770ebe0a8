// The transitions of the circuit breaker.
#include "upstream/circuit_breaker.h"

namespace fairlead::upstream {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kOpen = static_cast<uint64_t>(BreakerState::Open);
constexpr auto kClosed = static_cast<uint64_t>(BreakerState::Closed);
constexpr auto kHalfOpen = static_cast<uint64_t>(BreakerState::HalfOpen);

}  // namespace

uint64_t CircuitBreaker::timeAfter(TimePoint now, Duration span) {
  const auto at = std::chrono::ceil<std::chrono::milliseconds>((now + span).time_since_epoch());
  return static_cast<uint64_t>(at.count());
}

bool CircuitBreaker::isPast(const Word& word, TimePoint now) {
  return now.time_since_epoch() >= std::chrono::milliseconds(uint64_t{word.time});
}

CircuitBreaker::Word CircuitBreaker::opened(Word word, TimePoint now, Duration open) {
  word.state = kOpen;
  word.period = word.period + 1;
  word.batch = 0;
  word.out = 0;
  word.good = 0;
  word.time = timeAfter(now, open);
  return word;
}

BreakerTicket CircuitBreaker::probe(const Word& word) {
  return {Admit::Probe, static_cast<uint8_t>(word.batch), static_cast<uint16_t>(word.period)};
}

bool CircuitBreaker::matches(const Word& word, BreakerTicket ticket) {
  return word.is(ticket.how == Admit::Pass ? BreakerState::Closed : BreakerState::HalfOpen) &&
         word.period == ticket.period;
}

BreakerTicket CircuitBreaker::admit(TimePoint now, const BreakerSettings& settings) {
  if (!settings.on) return {};
  Word seen = word_.load(kRelaxed);
  for (;;) {
    if (seen.is(BreakerState::Closed)) return {Admit::Pass, 0, static_cast<uint16_t>(seen.period)};
    Word next = seen;
    if (seen.is(BreakerState::HalfOpen) && seen.out < kProbes) {
      next.out = next.out + 1;
    } else if (isPast(seen, now)) {
      next.state = kHalfOpen;
      next.batch = next.batch + 1;
      next.out = 1;
    } else {
      return {Admit::Refuse, 0, 0};
    }
    next.time = timeAfter(now, settings.open);
    if (word_.compare_exchange_weak(seen, next, kRelaxed)) return probe(next);
  }
}

void CircuitBreaker::record(BreakerTicket ticket, bool failed, TimePoint now,
                            const BreakerSettings& settings) {
  if (!settings.on) return;
  if (ticket.how == Admit::Pass) recordPass(ticket, failed, now, settings);
  if (ticket.how == Admit::Probe) recordProbe(ticket, failed, now, settings);
}

void CircuitBreaker::recordPass(BreakerTicket ticket, bool failed, TimePoint now,
                                const BreakerSettings& settings) {
  Word seen = word_.load(kRelaxed);
  if (!matches(seen, ticket)) return;  // what was sent before it opened says nothing new
  window_.add(failed, now, settings.window);
  if (!failed) return;
  const FailureWindow::Count count = counted(now, settings);
  if (!count.exceeds(settings.errors, settings.min_requests)) return;
  while (matches(seen, ticket))
    if (word_.compare_exchange_weak(seen, opened(seen, now, settings.open), kRelaxed)) {
      because_.store(pack(count), kRelaxed);
      return;
    }
}

void CircuitBreaker::recordProbe(BreakerTicket ticket, bool failed, TimePoint now,
                                 const BreakerSettings& settings) {
  Word seen = word_.load(kRelaxed);
  while (matches(seen, ticket)) {
    Word next = seen;
    if (failed) {
      next = opened(seen, now, settings.open);
    } else {
      next.good = next.good + 1;
      if (next.batch == ticket.batch) next.out = next.out - 1;
      if (next.good == kProbes) {
        next.state = kClosed;
        window_.clear();  // before anybody counts into it again
      }
    }
    if (word_.compare_exchange_weak(seen, next, kRelaxed)) return;
  }
}

void CircuitBreaker::forget(BreakerTicket ticket) {
  if (ticket.how != Admit::Probe) return;
  Word seen = word_.load(kRelaxed);
  while (matches(seen, ticket) && seen.batch == ticket.batch) {
    Word next = seen;
    next.out = next.out - 1;
    if (word_.compare_exchange_weak(seen, next, kRelaxed)) return;
  }
}

BreakerState CircuitBreaker::state(TimePoint now, const BreakerSettings& settings) const {
  if (!settings.on) return BreakerState::Off;
  const Word word = word_.load(kRelaxed);
  if (word.is(BreakerState::Open) && isPast(word, now)) return BreakerState::HalfOpen;
  return static_cast<BreakerState>(uint64_t{word.state});
}

std::optional<TimePoint> CircuitBreaker::openUntil(TimePoint now) const {
  const Word word = word_.load(kRelaxed);
  if (!word.is(BreakerState::Open) || isPast(word, now)) return std::nullopt;
  return TimePoint(std::chrono::milliseconds(uint64_t{word.time}));
}

FailureWindow::Count CircuitBreaker::openedBecause() const {
  return unpackCount(because_.load(kRelaxed));
}

}  // namespace fairlead::upstream
