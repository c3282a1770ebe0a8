// Rates, counts and offences; bans are in ban_table.cpp.
#include "firewall/client_table.h"

namespace fairlead::firewall {
namespace {

// Of writing to a cell while it is taken away again and again.
constexpr int kAttempts = 8;

using Place = CellTable::Place;

// Nothing: the cell is the key's no more.
std::optional<Taken> takeFrom(const Place& place, const Rate& rate, Ticks now) {
  Ticks paid_at = place->due.load();
  while (place.isStill()) {
    const Rate::Step step = rate.take(paid_at, now);
    if (!step.taken.passes || place->due.compare_exchange_weak(paid_at, step.paid_at)) {
      place.touch(now);
      return step.taken;
    }
  }
  return std::nullopt;
}

std::optional<Counted> holdOf(const Place& place, uint64_t most) {
  std::atomic<uint64_t>& held = place->held;
  uint64_t count = held.load();
  while (count < most) {
    if (!held.compare_exchange_weak(count, count + 1)) continue;
    Hold hold(held);  // if the cell has gone meanwhile, this takes its one back
    if (place.isStill()) return Counted{true, count + 1, std::move(hold)};
    return std::nullopt;
  }
  if (place.isStill()) return Counted{false, count + 1, Hold()};
  return std::nullopt;
}

std::optional<bool> offendIn(const Place& place, const OffenceRule& rule, TimePoint now) {
  OffenceWindow::Packed window = place->window.load();
  while (place.isStill()) {
    const OffenceWindow::Step step = OffenceWindow::add(window, rule, now);
    if (place->window.compare_exchange_weak(window, step.window)) {
      place.touch(ticksOf(now));
      return step.trips;
    }
  }
  return std::nullopt;
}

}  // namespace

Taken ClientTable::take(const Rate& rate, Key key, TimePoint now) {
  const Ticks at = ticksOf(now);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const CellTable::Found found = cells_.findOrTake(key.hash, CellKind::kRate, {}, at);
    if (!found.place) return {};
    if (const auto taken = takeFrom(found.place, rate, at)) return *taken;
  }
  cells_.countUntracked(key.hash);
  return {};
}

Counted ClientTable::hold(Key key, uint64_t most, TimePoint now) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto found = cells_.findOrTake(key.hash, CellKind::kCount, {}, ticksOf(now));
    if (!found.place) return {};
    if (auto counted = holdOf(found.place, most)) return std::move(*counted);
  }
  cells_.countUntracked(key.hash);
  return {};
}

uint64_t ClientTable::held(Key key) const {
  const Place place = cells_.find(key.hash, CellKind::kCount);
  return place ? place->held.load(std::memory_order_relaxed) : 0;
}

bool ClientTable::offend(Key key, const OffenceRule& rule, TimePoint now) {
  const Birth birth{.facts = ticksOf(OffenceWindow::memoryOf(rule))};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto found = cells_.findOrTake(key.hash, CellKind::kOffences, birth, ticksOf(now));
    if (!found.place) return false;
    if (const auto trips = offendIn(found.place, rule, now)) return *trips;
  }
  cells_.countUntracked(key.hash);
  return false;
}

ClientTable::Facts ClientTable::facts(TimePoint now) const {
  const Ticks at = ticksOf(now);
  const CellTable::Census census = cells_.census(at);
  Facts facts{cells_.capacity(),  census.in_use, census.evictions, census.untracked, 0,
              census.evicted_bans};
  cells_.forEach(CellKind::kBan, [&](const Place& ban) { facts.bans += ban->due.load() > at; });
  return facts;
}

}  // namespace fairlead::firewall
