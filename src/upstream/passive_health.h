// Passive health of one server: what the outcomes of real requests say of it, and when that is
// reason enough to eject it for a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "upstream/failure_window.h"
#include "upstream/passive_settings.h"

namespace fairlead::upstream {

enum class EjectReason : uint8_t { None, Consecutive, FailureShare };

// Why a server was ejected last, with the numbers of that moment.
struct Ejection {
  EjectReason reason = EjectReason::None;
  uint32_t consecutive = 0;
  FailureWindow::Count window;
};

// "5 consecutive failures", "62 % of 40 requests failed in 10s"; empty without a reason.
std::string describe(const Ejection& ejection, Duration window);

// How one attempt ended.
struct AttemptEnd {
  bool failed = false;  // no connection, no answer (in time), or 502 to 504
  TimePoint began{};
  TimePoint now{};
};

// Shared by all workers; relaxed atomics. Times are those of each caller's clock, which may differ
// by a few milliseconds. One that reads while another ejects may get the numbers of the ejection
// before.
class alignas(64) PassiveHealth {
 public:
  // Returns why the server should be ejected now, again and again until that happens or the reason
  // is gone; only a failure ever gives a reason. The caller asks the pool whether it may, and then
  // calls eject(). What began before the server came back is not held against it, nor for it.
  EjectReason record(const AttemptEnd& end, const PassiveSettings& settings);

  // False: it is out already, by another thread's doing. Out for `eject` times the number of
  // ejections in a row, at most `max_eject`. That number falls by one for each time without an
  // ejection, after the return, that is as long as the longer of `window` and `eject`; and it does
  // not grow beyond what `max_eject` needs. Results are counted afresh from here.
  bool eject(EjectReason reason, TimePoint now, const PassiveSettings& settings);

  // Ends an ejection early, after `rise` good active checks in a row; time alone ends it without
  // this. The number of ejections stays. False: it was not out.
  bool letBack(TimePoint now);

  bool ejected(TimePoint now) const { return now < timeOf(ejected_until_); }
  std::optional<TimePoint> ejectedUntil(TimePoint now) const {
    return ifAhead(ejected_until_, now);
  }
  // In a row, as the next ejection would find it; 0: it has behaved for long enough.
  uint32_t ejections(TimePoint now, const PassiveSettings& settings) const;
  Ejection lastEjection() const;

  uint32_t consecutiveFailures() const { return run_.load(std::memory_order_relaxed); }
  FailureWindow::Count counted(TimePoint now, const PassiveSettings& settings) const {
    return window_.count(now, settings.window);
  }

  // The server asked for a pause (Retry-After of a 503): it is out of choice for that long, at most
  // 5 minutes. Not an ejection; the later end of several counts.
  void defer(Duration pause, TimePoint now);
  bool deferred(TimePoint now) const { return now < timeOf(deferred_until_); }
  std::optional<TimePoint> deferredUntil(TimePoint now) const {
    return ifAhead(deferred_until_, now);
  }

  static constexpr Duration kLongestDeferral = 5min;

 private:
  using AtomicTime = std::atomic<Duration::rep>;  // since the clock's beginning

  static TimePoint timeOf(const AtomicTime& time) {
    return TimePoint(Duration(time.load(std::memory_order_relaxed)));
  }
  static std::optional<TimePoint> ifAhead(const AtomicTime& time, TimePoint now) {
    const TimePoint until = timeOf(time);
    return now < until ? std::optional(until) : std::nullopt;
  }
  void startAfresh();

  static constexpr Duration::rep kLongAgo = TimePoint::min().time_since_epoch().count();

  AtomicTime ejected_until_{kLongAgo};  // in the past: when it came back
  AtomicTime deferred_until_{kLongAgo};
  std::atomic<uint32_t> run_{0};        // failures in a row
  std::atomic<uint32_t> ejections_{0};  // in a row, at the last ejection
  std::atomic<uint64_t> reason_{0};  // of the last ejection: EjectReason, and the run above 8 bits
  std::atomic<uint64_t> reason_window_{0};  // packed count
  FailureWindow window_;
};

}  // namespace fairlead::upstream
