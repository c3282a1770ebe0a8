// Bans beyond the table that workers ask: an operator's, those of an earlier run, and the file that
// keeps them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "admin/bans.h"
#include "admin/views.h"
#include "control/ban_file.h"
#include "firewall/auto_ban.h"
#include "firewall/client_table.h"
#include "io/mailbox.h"
#include "io/reactor.h"
#include "task/scope.h"
#include "telemetry/log.h"

namespace fairlead::control {

// All of it outlives the keeper.
struct BanParts {
  firewall::ClientTable& table;
  std::span<const firewall::AutoBan> rules;  // by number
  std::span<const std::string> files;        // of the configuration, as marks count them
  const std::string& folder;                 // empty: nothing is kept
  io::Reactor& reactor;
  io::Mailbox& mailbox;  // the reactor's
  Log& log;
  std::function<admin::Moment()> moment = admin::currentMoment;
};

// On the reactor's thread, but for `tell`.
class BanKeeper final : public admin::BanBook {
 public:
  explicit BanKeeper(BanParts parts) : parts_(std::move(parts)) {}

  // Takes over what is kept, says what of it cannot be read, and from then on gives back what is
  // forgotten.
  void start();
  // Any thread: a ban was learned. It is on the disk within a second, unless the disk is slow.
  void tell();
  // Writes all that is remembered, now. False: it is not kept.
  bool save();

  std::vector<admin::KnownBan> all() override;
  std::optional<admin::BanDone> ban(const admin::BanOrder& order) override;
  bool lift(const Cidr& network) override;

 private:
  // What the table has no room for.
  struct Note {
    TimePoint stamp;  // `since` as the table has it: the note is of that ban and of no later one
    std::chrono::microseconds since{};  // of the wall clock; the table knows none before the boot
    std::string rule;                   // of a rule that is no more
    std::string place;
    std::string why;
  };

  void restore(const KeptBan& kept, const admin::Moment& moment);
  uint16_t ruleOf(const KeptBan& kept) const;
  std::string placeOf(const firewall::AutoBan& rule) const;
  const firewall::AutoBan* ruleOf(const firewall::Ban& ban) const;
  const Note* noteOf(const firewall::Ban& ban) const;
  admin::KnownBan known(firewall::Ban ban, const admin::Moment& moment) const;
  KeptBan kept(const firewall::Ban& ban, const admin::Moment& moment) const;
  std::vector<firewall::Ban> remembered(TimePoint now);
  Task<void> saveSoon();
  Task<void> sweepForever();

  BanParts parts_;
  std::map<Cidr, Note> notes_;
  std::atomic<bool> is_told_{false};
  Duration pause_{};         // before what was told is written
  bool has_file_ = false;    // with bans in it
  bool is_failing_ = false;  // the last write did
  Scope tasks_;
};

}  // namespace fairlead::control
