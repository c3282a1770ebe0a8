// One pool over time: its servers, their checks, and all that follows from them. Pure but for the
// pool that it writes to: takes `now` and the results of checks, and may run in virtual time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "upstream/check_cadence.h"
#include "upstream/load_watch.h"
#include "upstream/pool.h"
#include "upstream/pool_event.h"
#include "upstream/server_watch.h"
#include "upstream/status.h"

namespace fairlead::upstream {

// The control thread. Whoever owns it makes the checks when they are due (ServerWatch::nextCheck),
// and calls `pulse` by `nextPulse`.
class PoolRecord {
 public:
  using OnEvent = std::function<void(const PoolEvent&)>;
  // Shared with the records of other pools on the same thread; outlives them.
  struct Chance {
    FirstChecks& first_checks;
    Random& random;
  };

  // The pool outlives it.
  PoolRecord(Pool& pool, Chance chance, OnEvent on_event, TimePoint now);

  // After the roster changed: those that are new in it are checked soon, and start slowly unless
  // the program has only just begun; those that are gone are forgotten.
  void adopt(TimePoint now);
  void onResult(ServerWatch& watch, CheckResult result, TimePoint now);
  void pulse(TimePoint now);
  TimePoint nextPulse() const;

  // As in the roster.
  const std::vector<std::unique_ptr<ServerWatch>>& servers() const { return servers_; }
  // Had every server that can be checked its first result?
  bool decided() const;
  PoolStatus status(TimePoint now);

  // Servers that come within this time belong to the start of the program.
  static constexpr Duration kStart = std::chrono::seconds(1);
  static constexpr Duration kBriskPulse = std::chrono::milliseconds(100);
  static constexpr Duration kCalmPulse = std::chrono::seconds(1);

 private:
  std::unique_ptr<ServerWatch> takeOrMake(const std::shared_ptr<Server>& server, TimePoint now);
  size_t failedTogether(TimePoint now) const;
  void judgeNetwork(const ServerWatch& watch, bool passed, TimePoint now);
  void callWaiting();
  uint64_t places() const;
  Duration pulsePause() const;
  void tellAll();

  Pool& pool_;
  Chance chance_;
  OnEvent on_event_;
  TimePoint began_;
  std::vector<std::unique_ptr<ServerWatch>> servers_;
  LoadWatch load_;
  PoolEvents events_;  // not told yet
  TimePoint pulsed_;
  std::optional<TimePoint> suspect_since_;
};

// "TCP connect every 2s", "GET /healthz every 2s", "not checked".
std::string checkText(const Pool& pool);

}  // namespace fairlead::upstream
