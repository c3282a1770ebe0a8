// The bans in the table of clients.
#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "firewall/client_table.h"

namespace fairlead::firewall {
namespace {

using Place = CellTable::Place;

constexpr int kNetworkOfV4 = 120;  // a /24, in bits of the 128-bit form
constexpr uint8_t kMostStrikes = UINT8_MAX;
// What the roll-up counts for, beside `rule` of ClientTable::key: those are hashes of their own.
constexpr uint64_t kRollUp = 0x726f6c6c75700000;

Duration memoryOf(const PackedBan& facts) { return std::chrono::seconds(facts.memory_seconds); }

PackedBan packed(const Cidr& network, uint32_t strikes, uint16_t rule, Duration memory) {
  const int64_t seconds = std::chrono::ceil<std::chrono::seconds>(memory).count();
  return {static_cast<uint8_t>(network.bits()),
          static_cast<uint8_t>(std::min<uint32_t>(strikes, kMostStrikes)), rule,
          static_cast<uint32_t>(std::clamp<int64_t>(seconds, 0, UINT32_MAX))};
}

// Nothing: the cell has gone to another key.
std::optional<Ban> readBan(const Place& place) {
  const Ticks until = place->due.load();
  const PackedBan facts = PackedBan::of(place->facts.load());
  const Ban ban{networkOf(*place), timeOf(place->stamp.load()),
                timeOf(until),     memoryOf(facts),
                facts.strikes,     facts.rule};
  if (!place.isStill()) return std::nullopt;
  return ban;
}

Ticks endOf(Duration span, Ticks now) { return saturatingSum(now, ticksOf(span)); }

// What a further ban makes of one that is there.
struct Renewal {
  Ticks until = 0;
  PackedBan facts;
  bool is_new = false;
};
Renewal renewalOf(Ticks until, const PackedBan& facts, const BanRule& rule, Ticks now) {
  const bool holds = until > now;
  if (holds && facts.rule == kByHand && rule.rule != kByHand) return {until, facts, false};
  const uint32_t before = facts.forgottenAt(until) <= now ? 0 : facts.strikes - holds;
  Renewal renewal;
  renewal.until = std::max(until, endOf(banSpan(rule, before), now));
  renewal.facts = packed({IpAddress(), facts.bits}, before + 1, rule.rule, rule.memory);
  renewal.is_new = !holds;
  return renewal;
}

enum class Renewed { kGone, kLonger, kAnew, kUnchanged };

// The end decides who renews: whoever moves it writes the rest. Until that is written others may
// see a new end with the rule and strikes of the ban before.
Renewed renew(const Place& place, const BanRule& rule, Ticks now) {
  Ticks until = place->due.load();
  uint64_t facts = place->facts.load();
  while (place.isStill()) {
    const Renewal renewal = renewalOf(until, PackedBan::of(facts), rule, now);
    if (renewal.until == until) return Renewed::kUnchanged;
    if (!place->due.compare_exchange_weak(until, renewal.until)) {
      facts = place->facts.load();
      continue;
    }
    if (renewal.is_new) place->stamp.store(now);
    while (place.isStill() && !place->facts.compare_exchange_weak(facts, renewal.facts.word())) {
    }
    if (!place.isStill()) return Renewed::kGone;
    return renewal.is_new ? Renewed::kAnew : Renewed::kLonger;
  }
  return Renewed::kGone;
}

}  // namespace

std::optional<Banned> ClientTable::ban(const Cidr& network, const BanRule& rule, TimePoint now) {
  std::optional<Banned> banned = banAnew(network, rule, now);
  if (banned && banned->is_new) banned->network = networkAround(network, rule, now);
  return banned;
}

std::optional<Banned> ClientTable::banAnew(const Cidr& network, const BanRule& rule,
                                           TimePoint now) {
  const Ticks at = ticksOf(now);
  const Ban first{network, now, timeOf(endOf(banSpan(rule, 0), at)), rule.memory, 1, rule.rule};
  constexpr int kAttempts = 8;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const CellTable::Found found = bear(first, now);
    if (!found.place) return std::nullopt;
    if (found.is_new) return Banned{first, true, std::nullopt};
    const Renewed renewed = renew(found.place, rule, at);
    if (renewed == Renewed::kGone) continue;
    if (const auto ban = readBan(found.place))
      return Banned{*ban, renewed == Renewed::kAnew, std::nullopt};
  }
  cells_.countUntracked(hashOf(network.network(), network.bits()));
  return std::nullopt;
}

// The cell of the network's ban: `ban` itself if there was none.
CellTable::Found ClientTable::bear(const Ban& ban, TimePoint now) {
  const IpAddress& address = ban.network.network();
  const int bits = ban.network.bits();
  const uint64_t hash = hashOf(address, bits);
  if (const Place place = cells_.find(hash, CellKind::kBan)) return {place, false};
  const Birth birth{ticksOf(ban.until),
                    packed(ban.network, ban.strikes, ban.rule, ban.memory).word(),
                    wordsOf(address)};
  // The length is known before the cell is seen, so that nobody who could find it does not look.
  cells_.addBanLength(address, bits);
  const CellTable::Found found = cells_.findOrTake(hash, CellKind::kBan, birth, ticksOf(now));
  if (!found.is_new) cells_.removeBanLength(address, bits);
  return found;
}

// Counted are bans that are new. An address has to survive its ban, hence `span`, before it can be
// counted again; with the window's slack of an eighth taken off, all that trip the rule differ.
std::optional<Ban> ClientTable::networkAround(const Cidr& network, const BanRule& rule,
                                              TimePoint now) {
  if (rule.roll_up == 0 || rule.span.count() <= 0) return std::nullopt;
  if (!network.network().isV4() || network.bits() <= kNetworkOfV4) return std::nullopt;
  const Cidr around(network.network().masked(kNetworkOfV4), kNetworkOfV4);
  const OffenceRule offences{std::min(rule.roll_up, OffenceRule::kMostEvents), rule.span / 9 * 8};
  if (!offend(key(kRollUp + rule.rule, around.network()), offences, now)) return std::nullopt;
  const std::optional<Banned> banned = banAnew(around, rule, now);
  if (!banned || !banned->is_new) return std::nullopt;
  return banned->ban;
}

bool ClientTable::restore(const Ban& ban, TimePoint now) {
  const CellTable::Found found = bear(ban, now);
  if (!found.place) return false;
  if (found.is_new) {
    found.place->stamp.store(ticksOf(ban.since));
    return true;
  }
  Ticks until = found.place->due.load();
  while (until < ticksOf(ban.until) && found.place.isStill() &&
         !found.place->due.compare_exchange_weak(until, ticksOf(ban.until))) {
  }
  return true;
}

bool ClientTable::lift(const Cidr& network, TimePoint now) {
  const Place place = cells_.find(hashOf(network.network(), network.bits()), CellKind::kBan);
  if (!place) return false;
  const bool held = place->due.load() > ticksOf(now);
  return cells_.release(place) && held;
}

// All probes are under way before the first is looked at, so that they wait for memory together.
std::optional<Ban> ClientTable::banOf(const IpAddress& address, TimePoint now) const {
  if (!hasBans()) return std::nullopt;
  struct Probe {
    uint64_t hash;
    int bits;
  };
  std::array<Probe, PrefixLengths::kMost> probes;
  size_t count = 0;
  cells_.banLengths().longestFirst(address, [&](int bits) {
    const uint64_t hash = hashOf(address.masked(bits), bits);
    cells_.prefetchTags(hash);
    probes[count++] = {hash, bits};
  });
  for (const Probe& probe : std::span(probes).first(count))
    if (auto ban = banIn(probe.hash, Cidr(address.masked(probe.bits), probe.bits), ticksOf(now)))
      return ban;
  return std::nullopt;
}

std::optional<Ban> ClientTable::banIn(uint64_t hash, const Cidr& network, Ticks now) const {
  const Place place = cells_.find(hash, CellKind::kBan);
  if (!place || place->due.load() <= now) return std::nullopt;
  std::optional<Ban> ban = readBan(place);
  // Another network with the same tag would be one in 2^40: it gets its right all the same.
  if (ban && ban->network != network) ban.reset();
  return ban;
}

std::vector<Ban> ClientTable::bans(TimePoint now, BansThat which) {
  const Ticks at = ticksOf(now);
  std::vector<Ban> all;
  cells_.forEach(CellKind::kBan, [&](const Place& place) {
    const Ticks end = place->due.load();
    const PackedBan facts = PackedBan::of(place->facts.load());
    const bool is_forgotten = end <= at && facts.forgottenAt(end) <= at;
    if (is_forgotten)
      cells_.release(place);
    else if (end > at || which == BansThat::AreRemembered)
      if (const auto ban = readBan(place)) all.push_back(*ban);
  });
  return all;
}

}  // namespace fairlead::firewall
