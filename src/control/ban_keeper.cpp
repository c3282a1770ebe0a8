// Restoring, changing and saving bans.
#include "control/ban_keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/words.h"
#include "base/units.h"

namespace fairlead::control {
namespace {

using admin::KnownBan;
using admin::Moment;
using firewall::AutoBan;
using firewall::Ban;
using firewall::BansThat;
using std::chrono::microseconds;

constexpr Duration kSweep = std::chrono::minutes(1);
// Bans come in swarms: what was told is written this much later, and so much later again that
// writing takes up a twentieth of the thread's time at the most.
constexpr Duration kPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::minutes(1);
constexpr int kShareOfTime = 20;

// Times further away than this would not fit the steady clock.
constexpr microseconds kFarAway = std::chrono::hours(24 * 365 * 30);

microseconds wallOf(TimePoint time, const Moment& moment) {
  return moment.wall + std::chrono::floor<microseconds>(time - moment.steady);
}
TimePoint steadyOf(microseconds wall, const Moment& moment) {
  return moment.steady + std::clamp(wall - moment.wall, -kFarAway, kFarAway);
}

}  // namespace

// --- an earlier run's

void BanKeeper::start() {
  tasks_.spawn(sweepForever());
  if (parts_.folder.empty()) return;
  const auto text = readBanFile(parts_.folder);
  if (!text) {
    parts_.log.warning("{}: no ban of an earlier run holds", text.error());
    return;
  }
  ReadBans read = readBans(*text);
  has_file_ = !text->empty();
  const Moment moment = parts_.moment();
  // What is over goes first: where the table is short of room, it gives way.
  std::ranges::partition(
      read.bans, [&](const KeptBan& ban) { return ban.until && *ban.until <= moment.wall; });
  for (const KeptBan& ban : read.bans) restore(ban, moment);
  for (const std::string& fault : read.faults)
    parts_.log.warning("{}: {}", banFileIn(parts_.folder), fault);
  if (read.left_out > 0)
    parts_.log.warning("{}: {} cannot be read; {} {} taken over", banFileIn(parts_.folder),
                       admin::counted(read.left_out, "line"),
                       admin::counted(read.bans.size(), "ban"),
                       read.bans.size() == 1 ? "is" : "are");
  if (const size_t held = parts_.table.bans(moment.steady).size(); held > 0)
    parts_.log.info("{} of an earlier run {}", admin::counted(held, "ban"),
                    held == 1 ? "holds" : "hold");
}

// Of what is over only the strikes are of use: it ends now, and is forgotten when it would be.
void BanKeeper::restore(const KeptBan& kept, const Moment& moment) {
  const TimePoint now = moment.steady;
  Ban ban{.network = kept.network,
          .since = std::max(steadyOf(kept.since, moment), TimePoint{}),
          .until = kept.until ? steadyOf(*kept.until, moment) : kNever,
          .memory = kept.memory,
          .strikes = std::max(kept.strikes, 1u),
          .rule = ruleOf(kept)};
  if (ban.until <= now) {
    const Duration over = now - ban.until;
    if (over >= ban.memory) return;
    ban.memory -= over;
    ban.until = now;
  }
  if (notes_.contains(ban.network) || !parts_.table.restore(ban, now)) return;
  notes_[ban.network] = {ban.since, kept.since, kept.rule, kept.place, kept.why};
}

// A rule that moved within the file is the same; kByHand when it is there no more.
uint16_t BanKeeper::ruleOf(const KeptBan& kept) const {
  uint16_t found = firewall::kByHand;
  if (kept.rule.empty()) return found;
  for (const AutoBan& rule : parts_.rules) {
    if (rule.when.value.text != kept.rule) continue;
    if (placeOf(rule) == kept.place) return rule.number;
    if (found == firewall::kByHand) found = rule.number;
  }
  return found;
}

// --- in words

std::string BanKeeper::placeOf(const AutoBan& rule) const {
  if (rule.mark.file >= parts_.files.size()) return {};
  return fmt::format("{}:{}", parts_.files[rule.mark.file], rule.mark.line);
}

const AutoBan* BanKeeper::ruleOf(const Ban& ban) const {
  return ban.rule < parts_.rules.size() ? &parts_.rules[ban.rule] : nullptr;
}

const BanKeeper::Note* BanKeeper::noteOf(const Ban& ban) const {
  const auto found = notes_.find(ban.network);
  return found != notes_.end() && found->second.stamp == ban.since ? &found->second : nullptr;
}

KnownBan BanKeeper::known(Ban ban, const Moment& moment) const {
  const Note* note = noteOf(ban);
  const AutoBan* rule = ruleOf(ban);
  if (note) ban.since = steadyOf(note->since, moment);
  KnownBan known{.ban = ban, .by = admin::kOperator, .why = note ? note->why : ""};
  if (rule)
    known.by = fmt::format("{} ({})", rule->when.value.text, placeOf(*rule));
  else if (note && !note->rule.empty())
    known.by = fmt::format("{} (a rule that is no more)", note->rule);
  // Rules ban IPv4 networks for one reason only.
  if (rule && ban.network.network().isV4() && ban.network.prefixLength() < 32)
    known.why = fmt::format("{} of its addresses were banned", rule->roll_up.value);
  return known;
}

KeptBan BanKeeper::kept(const Ban& ban, const Moment& moment) const {
  const Note* note = noteOf(ban);
  const AutoBan* rule = ruleOf(ban);
  KeptBan kept{.network = ban.network,
               .since = note ? note->since : wallOf(ban.since, moment),
               .until = {},
               .memory = std::chrono::ceil<std::chrono::seconds>(ban.memory),
               .strikes = ban.strikes,
               .rule = note ? note->rule : "",
               .place = note ? note->place : "",
               .why = note ? note->why : ""};
  if (rule) {
    kept.rule = rule->when.value.text;
    kept.place = placeOf(*rule);
  }
  if (ban.until != kNever) kept.until = wallOf(ban.until, moment);
  return kept;
}

// --- an operator's

std::vector<KnownBan> BanKeeper::all() {
  const Moment moment = parts_.moment();
  std::vector<KnownBan> all;
  for (const Ban& ban : parts_.table.bans(moment.steady)) all.push_back(known(ban, moment));
  std::ranges::sort(all, [](const KnownBan& a, const KnownBan& b) {
    return a.ban.since != b.ban.since ? a.ban.since > b.ban.since : a.ban.network < b.ban.network;
  });
  return all;
}

std::optional<admin::BanDone> BanKeeper::ban(const admin::BanOrder& order) {
  const Moment moment = parts_.moment();
  const Ban ban{.network = order.network,
                .since = moment.steady,
                .until = deadlineAfter(moment.steady, order.span)};
  parts_.table.lift(order.network, moment.steady);
  if (!parts_.table.restore(ban, moment.steady)) return std::nullopt;
  notes_[order.network] = {ban.since, moment.wall, {}, {}, order.why};
  const std::string span = ban.until == kNever ? std::string("until it is lifted")
                                               : "for " + units::formatDuration(order.span);
  parts_.log.warning("banned {} by hand {}{}{}", order.network.shortText(), span,
                     order.why.empty() ? "" : ": ", order.why);
  return admin::BanDone{.ban = known(ban, moment), .is_kept = save()};
}

bool BanKeeper::lift(const Cidr& network) {
  if (!parts_.table.lift(network, parts_.moment().steady)) return false;
  notes_.erase(network);
  parts_.log.info("lifted the ban of {}", network.shortText());
  save();
  return true;
}

// --- keeping them

void BanKeeper::tell() {
  if (parts_.folder.empty() || is_told_.exchange(true)) return;
  parts_.mailbox.post([this] { tasks_.spawn(saveSoon()); });
}

Task<void> BanKeeper::saveSoon() {
  co_await io::Sleep(parts_.reactor, std::max(pause_, kPause));
  is_told_.store(false);  // what is told from here on may be missing in what is written
  save();
}

bool BanKeeper::save() {
  if (parts_.folder.empty()) return false;
  const Moment moment = parts_.moment();
  std::vector<KeptBan> bans;
  for (const Ban& ban : remembered(moment.steady)) bans.push_back(kept(ban, moment));
  if (bans.empty() && !has_file_) return true;
  std::ranges::sort(bans, [](const KeptBan& a, const KeptBan& b) {
    return a.since != b.since ? a.since < b.since : a.network < b.network;
  });
  const auto written = writeBanFile(parts_.folder, textOf(bans));
  pause_ = std::min((parts_.moment().steady - moment.steady) * kShareOfTime, kLongestPause);
  if (written) has_file_ = !bans.empty();
  if (!written && !is_failing_)
    parts_.log.warning("{}; bans will not outlive a restart", written.error());
  is_failing_ = !written;
  return written.has_value();
}

// Notes go with their bans.
std::vector<Ban> BanKeeper::remembered(TimePoint now) {
  std::vector<Ban> bans = parts_.table.bans(now, BansThat::AreRemembered);
  std::map<Cidr, Note> left;
  for (const Ban& ban : bans)
    if (noteOf(ban)) left.insert(notes_.extract(ban.network));
  notes_ = std::move(left);
  return bans;
}

// The table gives back the cells of forgotten bans only when it is asked.
Task<void> BanKeeper::sweepForever() {
  for (;;) {
    co_await io::Sleep(parts_.reactor, kSweep);
    if (parts_.table.hasBans()) remembered(parts_.moment().steady);
  }
}

}  // namespace fairlead::control
