// One server over time: its checks, what they and its ejections mean for it, and when the next
// check is due. Pure: takes `now` and results.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "base/random.h"
#include "upstream/check_cadence.h"
#include "upstream/pool.h"
#include "upstream/pool_event.h"
#include "upstream/server.h"
#include "upstream/status.h"

namespace fairlead::upstream {

// Counts results in a row. The first result decides, later ones need `fall` or `rise`.
class HealthCounter {
 public:
  HealthCounter(uint32_t fall, uint32_t rise) : fall_(fall), rise_(rise) {}
  // The state after one more result: Up or Down.
  ActiveHealth onResult(bool passed);
  ActiveHealth state() const { return state_; }
  // Results in a row that speak against the state, and how many of them change it.
  uint32_t against() const { return against_; }
  uint32_t needed() const { return state_ == ActiveHealth::Up ? fall_ : rise_; }

 private:
  uint32_t fall_;
  uint32_t rise_;
  uint32_t against_ = 0;
  ActiveHealth state_ = ActiveHealth::Unknown;
};

// Writes the server's `active` and `warming_since`, and nothing else of it but what PassiveHealth
// does when it is let back; shares are the pool's to refresh. The control thread.
class ServerWatch {
 public:
  enum class Comes : uint8_t {
    AtStart,  // with the program
    Later,    // added while running: slow start after its first good check
  };
  // `settings` outlive it.
  ServerWatch(std::shared_ptr<Server> server, const PoolSettings& settings, Comes comes,
              TimePoint now);

  Server& server() const { return *server_; }

  // It is checked from `first` on. One that was taken for well is so until the first result.
  void check(TimePoint first);
  // Is it to be checked, and is not yet?
  bool mayBeChecked() const { return !checked_ && active() != ActiveHealth::Unresolved; }
  // It is taken for well. Repeated calls change nothing.
  void doNotCheck(TimePoint now);
  // Nothing: it is not checked, or a check is under way.
  std::optional<TimePoint> nextCheck() const { return next_check_; }
  void onCheckBegun() { next_check_.reset(); }
  // True: the server went up or down by it.
  bool onResult(CheckResult result, TimePoint now, Random& random, PoolEvents& events);
  // Had it its first result, or is there none to come?
  bool decided() const { return active() != ActiveHealth::Unknown; }

  // Sees what workers and time did: ejections, deferrals and their ends, the end of slow start.
  // True: the pool's shares are to be refreshed.
  bool look(TimePoint now, PoolEvents& events);
  // Will time alone change its share soon?
  bool isInMotion() const { return ejection_ || deferred_until_ || warming(); }

  // For suspecting the network.
  bool isFine() const { return active() == ActiveHealth::Up && !failing_since_; }
  // Since when all its checks fail; only if it was up and passed the one before.
  std::optional<TimePoint> failingSince() const { return failing_since_; }
  // When the last check that passed was begun.
  TimePoint lastGoodBegan() const { return last_good_began_; }

  ServerStatus status(TimePoint now);

  static constexpr size_t kResults = ServerStatus::kResults;

 private:
  struct Out {  // an ejection that was seen
    TimePoint began{};
    TimePoint until{};
    uint32_t good_checks = 0;  // in a row, of those that began after it
  };

  ActiveHealth active() const { return server_->active.load(std::memory_order_relaxed); }
  bool warming() const { return server_->warming_since.load(std::memory_order_relaxed) != 0; }
  void setActive(ActiveHealth active, TimePoint now);
  void setWarming(TimePoint since);
  void noteRun(const CheckResult& result);
  void turn(ActiveHealth before, ActiveHealth after, const CheckResult& result, PoolEvents& events);
  void countForReturn(const CheckResult& result, TimePoint now, PoolEvents& events);
  bool lookAtEjection(TimePoint now, PoolEvents& events);
  bool lookAtDeferral(TimePoint now, PoolEvents& events);
  bool lookAtSlowStart(TimePoint now);
  Duration lengthOfEjection(TimePoint now) const;
  void noteStanding(TimePoint now);
  void addPassive(ServerStatus& status, TimePoint now) const;
  void addLoad(ServerStatus& status, TimePoint now) const;
  void tell(PoolEvent::Kind kind, std::string words, Duration span, PoolEvents& events) const;

  std::shared_ptr<Server> server_;
  const PoolSettings& settings_;
  Comes comes_;
  HealthCounter counter_;
  bool checked_ = false;
  TimePoint active_since_;
  std::optional<TimePoint> next_check_;
  std::deque<CheckResult> results_;  // newest first
  std::optional<TimePoint> failing_since_;
  TimePoint last_good_began_ = TimePoint::min();
  std::optional<Out> ejection_;
  std::optional<TimePoint> deferred_until_;
  Standing standing_;
  TimePoint standing_since_;
};

}  // namespace fairlead::upstream
