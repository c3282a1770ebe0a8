// The adaptive limit of a pool: how many requests may be in flight to it before they only wait for
// each other, learned from their latency.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "upstream/overload_settings.h"

namespace fairlead::upstream {

// What all workers counted since the last sample.
struct Interval {
  uint64_t answers = 0;
  uint64_t failures = 0;  // no answer in time; they count as slow
  Duration mean{};        // latency of the answers
  uint32_t peak_in_flight = 0;
};

// Latency is compared with its floor: what it is while the pool has room. Under 1.25 times the
// floor the limit grows, by its square root a round at most, while more than half of it is used.
// Over 1.5 times the floor it is lowered by 30 % as an experiment: where requests wait for each
// other, latency falls nearly as much as their number (Little's law), and the lower limit stays.
// Where it does not, the service itself has become slower: the old limit comes back, and the floor
// rises to the latency. At its least the limit is raised instead, to the same end. Under lasting
// load the experiment is made once a minute anyway, as a floor that was taken under load is too
// high.
//
// A round is as many answers as were in flight at once, at least 200: the time after which a step
// shows. So a pool that answers in seconds is steered as calmly as one that answers in
// milliseconds. The floor follows lower latencies within a few rounds, and higher ones in a minute
// while less than half of the limit is used. A limit that is not in force follows what is in flight
// and is fine.
//
// sample() is the control thread's, about every 100 ms; the rest is any thread's, but for floor().
class ConcurrencyLimit {
 public:
  static constexpr uint32_t kLeast = 8;
  static constexpr uint32_t kMost = 1'000'000;
  static constexpr Duration kLearning = std::chrono::seconds(60);

  explicit ConcurrencyLimit(const LimitSettings& settings);

  void sample(const Interval& interval, TimePoint now);

  // As computed, or given by `limit: N`; 0 when it is off.
  uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
  // ... and in force now; 0: none is.
  uint32_t enforced(TimePoint now) const;
  // LimitMode::Adaptive, until 60 s after the first answer.
  bool learning(TimePoint now) const;

  LimitMode mode() const { return mode_; }
  // Of the control thread; zero while unknown.
  Duration floor() const { return Duration(static_cast<Duration::rep>(floor_)); }

 private:
  // Samples until there is enough to judge.
  struct Round {
    uint64_t answers = 0;
    uint64_t failures = 0;
    double latency_sum = 0;  // ns
    double span = 0;         // ns
    uint32_t peak_in_flight = 0;

    uint64_t ends() const { return answers + failures; }
    // So few failures that the latency can be trusted.
    bool isClean() const { return failures * 20 <= ends(); }
    double inFlight() const { return span > 0 ? latency_sum / span : 0; }  // mean, by Little's law
    void add(const Round& other);
  };
  // A limit before and after a step, each measured over some rounds.
  struct Experiment {
    bool running = false;
    double from = 0;  // limits
    double to = 0;
    uint32_t round = 0;
    Round before;
    Round after;
  };

  double latencyOf(const Round& round) const;
  bool isUsed(const Round& round) const { return round.peak_in_flight > exact_limit_ / 2; }
  void judge(const Round& round, TimePoint now);
  void followFloor(const Round& round, bool in_force);
  void followTraffic(const Round& round);
  void steer(const Round& round, TimePoint now);
  void grow(double base, double ratio);
  void begin(double to, TimePoint now);
  void continueExperiment(const Round& round, TimePoint now);
  void conclude(TimePoint now);
  void setLimit(double limit);

  LimitMode mode_;
  std::atomic<uint32_t> limit_;
  std::atomic<Duration::rep> first_answer_;

  // The control thread's own; latencies in ns.
  double exact_limit_;
  double recent_ = 0;
  double floor_ = 0;
  uint32_t rounds_ = 0;  // so far, up to the few that make the first floor
  TimePoint judged_{};   // the last round
  TimePoint eased_{};    // the last time that the limit was not used, or was tried out
  Round round_;
  Experiment experiment_;
};

}  // namespace fairlead::upstream
