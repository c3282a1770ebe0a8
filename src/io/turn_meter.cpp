// A few stores a turn; the sums are the reader's work.
#include "io/turn_meter.h"

#include <algorithm>

namespace fairlead::io {

void TurnMeter::Peak::raise(Duration span, TimePoint now) {
  if (span.count() <= length.load(kRelaxed)) return;
  at.store(now.time_since_epoch().count(), kRelaxed);
  length.store(span.count(), kRelaxed);
}

LongTurn TurnMeter::Peak::read() const {
  return {Duration(length.load(kRelaxed)), TimePoint(Duration(at.load(kRelaxed)))};
}

TurnMeter::Slot& TurnMeter::slotAt(TimePoint now) {
  const uint64_t span = spanOf(now);
  Slot& slot = slots_[span % slots_.size()];
  if (slot.span.load(kRelaxed) == span) return slot;
  slot.span.store(UINT64_MAX, kRelaxed);
  slot.busy.store(0, kRelaxed);
  slot.peak.length.store(0, kRelaxed);
  slot.span.store(span, std::memory_order_release);
  return slot;
}

void TurnMeter::end(TimePoint now) {
  const TimePoint began(Duration(began_.load(kRelaxed)));
  began_.store(kIdle, kRelaxed);
  const Duration length = now - began;
  turns_.add(1);
  busy_.add(static_cast<uint64_t>(length.count()));
  longest_.raise(length, now);
  Slot& slot = slotAt(now);
  slot.busy.store(slot.busy.load(kRelaxed) + length.count(), kRelaxed);
  slot.peak.raise(length, now);
  lengths_.record(length, now);
}

// The slots that are complete, and the one that is being filled.
void TurnMeter::addLately(TurnFacts& facts, TimePoint now) const {
  const uint64_t last = spanOf(now);
  const uint64_t first = last - std::min(last, kSpans);
  Duration busy{};
  for (const Slot& slot : slots_) {
    const uint64_t span = slot.span.load(std::memory_order_acquire);
    // The writer's clock may be a little ahead of the reader's.
    if (span < first || span > last + 1) continue;
    busy += Duration(slot.busy.load(kRelaxed));
    const LongTurn peak = slot.peak.read();
    if (peak.length > facts.longest_lately.length) facts.longest_lately = peak;
  }
  const TimePoint since = std::max(start_, TimePoint(kSpan * static_cast<int64_t>(first)));
  if (now > since)
    facts.busy_share = std::min(
        1.0, static_cast<double>(busy.count()) / static_cast<double>((now - since).count()));
}

void TurnMeter::addRunning(TurnFacts& facts, Duration length, TimePoint now) {
  facts.running = length;
  for (LongTurn* turn : {&facts.longest, &facts.longest_lately})
    if (length > turn->length) *turn = {length, now};
}

TurnFacts TurnMeter::facts(TimePoint now) const {
  TurnFacts facts;
  facts.turns = turns_.read();
  facts.busy = Duration(static_cast<Duration::rep>(busy_.read()));
  facts.longest = longest_.read();
  addLately(facts, now);
  LatencyDistribution lengths;
  lengths.add(lengths_, now);
  facts.p99 = lengths.quantile(0.99);
  const Duration::rep began = began_.load(kRelaxed);
  if (began != kIdle)
    addRunning(facts, std::max(Duration{}, now.time_since_epoch() - Duration(began)), now);
  return facts;
}

}  // namespace fairlead::io
