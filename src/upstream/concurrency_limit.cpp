// The law of the adaptive limit.
#include "upstream/concurrency_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fairlead::upstream {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr Duration::rep kNoAnswer = std::numeric_limits<Duration::rep>::max();

constexpr double kInitial = 20;
constexpr uint64_t kLeastEnds = 200;  // of a round
constexpr uint32_t kFirstRounds = 3;  // the very first answers are the quick ones only

// Latencies as multiples of the floor.
constexpr double kNoise = 1.1;        // as good as at the floor
constexpr double kRest = 1.25;        // neither more nor less
constexpr double kTolerance = 1.5;    // less
constexpr double kFailureFactor = 4;  // how slow a failure is taken to be

constexpr double kSmoothing = 0.3;    // weight of the last round in the recent latency
constexpr double kFall = 0.1;         // of the way down to a lower latency, each round
constexpr double kRise = 60e9;        // ns, time constant of the rising floor at ease
constexpr double kBlindRise = 600e9;  // ... under load, when the limit is not in force

// Experiments: the steps, and what they are measured by.
constexpr double kLower = 0.7;
constexpr double kHigher = 1.4;
constexpr double kLeastLower = 0.8;  // near its least the limit falls by less, but not by nothing
constexpr uint32_t kMeasured = 3;    // rounds before the step, and after it ...
constexpr uint32_t kPhase = 1 + kMeasured;  // ... each after one of requests from earlier
constexpr double kLeastChange = 0.1;        // of the requests in flight, to learn anything from it
// The change of latency for that of the requests in flight: 1 is all waiting, 0 none.
constexpr double kFree = 0.4;
constexpr double kAllWaiting = 0.85;
constexpr double kNewLow = 0.93;  // times the floor
constexpr Duration kExperimentEvery = std::chrono::seconds(60);
constexpr Duration kRaiseEvery = std::chrono::seconds(5);

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(const LimitSettings& settings)
    : mode_(settings.mode), first_answer_(kNoAnswer), exact_limit_(kInitial) {
  if (mode_ == LimitMode::Fixed) exact_limit_ = settings.fixed;
  if (mode_ == LimitMode::Off) exact_limit_ = 0;
  limit_.store(static_cast<uint32_t>(exact_limit_), kRelaxed);
}

bool ConcurrencyLimit::learning(TimePoint now) const {
  if (mode_ != LimitMode::Adaptive) return false;
  const Duration::rep first = first_answer_.load(kRelaxed);
  return first == kNoAnswer || now < TimePoint(Duration(first)) + kLearning;
}

uint32_t ConcurrencyLimit::enforced(TimePoint now) const {
  const bool in_force =
      mode_ == LimitMode::Fixed || (mode_ == LimitMode::Adaptive && !learning(now));
  return in_force ? limit() : 0;
}

void ConcurrencyLimit::Round::add(const Round& other) {
  answers += other.answers;
  failures += other.failures;
  latency_sum += other.latency_sum;
  span += other.span;
  peak_in_flight = std::max(peak_in_flight, other.peak_in_flight);
}

void ConcurrencyLimit::sample(const Interval& interval, TimePoint now) {
  if (mode_ == LimitMode::Off || mode_ == LimitMode::Fixed) return;
  if (interval.answers + interval.failures == 0) return;
  if (first_answer_.load(kRelaxed) == kNoAnswer) {
    first_answer_.store(now.time_since_epoch().count(), kRelaxed);
    judged_ = eased_ = now;
  }
  const auto mean = static_cast<double>(interval.mean.count());
  round_.add({.answers = interval.answers,
              .failures = interval.failures,
              .latency_sum = mean * static_cast<double>(interval.answers),
              .peak_in_flight = interval.peak_in_flight});
  if (round_.ends() < std::max<uint64_t>(kLeastEnds, round_.peak_in_flight)) return;
  round_.span = static_cast<double>((now - judged_).count());
  judge(round_, now);
  round_ = {};
  judged_ = now;
}

double ConcurrencyLimit::latencyOf(const Round& round) const {
  const double mean =
      round.answers == 0 ? 0 : round.latency_sum / static_cast<double>(round.answers);
  const double of_failure = std::max(mean, kFailureFactor * floor_);
  const double sum = round.latency_sum + of_failure * static_cast<double>(round.failures);
  return std::max(1.0, sum / static_cast<double>(round.ends()));
}

void ConcurrencyLimit::judge(const Round& round, TimePoint now) {
  if (rounds_ < kFirstRounds) {
    if (!round.isClean()) return;
    ++rounds_;
    recent_ = floor_ = latencyOf(round);
    return;
  }
  recent_ += kSmoothing * (latencyOf(round) - recent_);
  if (experiment_.running) return continueExperiment(round, now);
  const bool in_force = enforced(now) > 0;
  if (round.isClean()) followFloor(round, in_force);
  if (!isUsed(round)) {
    eased_ = now;
    return;
  }
  if (in_force)
    steer(round, now);
  else
    followTraffic(round);
}

void ConcurrencyLimit::followFloor(const Round& round, bool in_force) {
  if (recent_ < floor_) {
    floor_ += kFall * (recent_ - floor_);
    return;
  }
  const bool at_ease = !isUsed(round) || recent_ < kNoise * floor_;
  if (!at_ease && in_force) return;
  floor_ += (1 - std::exp(-round.span / (at_ease ? kRise : kBlindRise))) * (recent_ - floor_);
}

// Nobody is turned away: what is in flight, less what is too much for the latency.
void ConcurrencyLimit::followTraffic(const Round& round) {
  const double ratio = recent_ / floor_;
  const double in_flight = round.inFlight();
  if (ratio < kRest) return grow(std::max(exact_limit_, in_flight), ratio);
  if (ratio <= kTolerance) return;
  const double bearable = in_flight * kTolerance / ratio;
  setLimit(exact_limit_ + kSmoothing * (bearable - exact_limit_));
}

void ConcurrencyLimit::grow(double base, double ratio) {
  setLimit(base + std::sqrt(base) * std::min(1.0, (kRest - ratio) / (kRest - 1)));
}

void ConcurrencyLimit::steer(const Round& round, TimePoint now) {
  const double ratio = recent_ / floor_;
  const double lower = std::max<double>(exact_limit_ * kLower, kLeast);
  const bool can_fall = lower <= exact_limit_ * kLeastLower;
  if (ratio > kTolerance) {
    if (can_fall) return begin(lower, now);
    if (now - eased_ >= kRaiseEvery) begin(exact_limit_ * kHigher, now);
    return;
  }
  if (ratio < kRest) grow(exact_limit_, ratio);
  if (now - eased_ >= kExperimentEvery && can_fall && round.isClean()) begin(lower, now);
}

void ConcurrencyLimit::begin(double to, TimePoint now) {
  eased_ = now;
  experiment_ = {};
  experiment_.running = true;
  experiment_.from = exact_limit_;
  experiment_.to = to;
}

void ConcurrencyLimit::continueExperiment(const Round& round, TimePoint now) {
  Experiment& trial = experiment_;
  const uint32_t place = trial.round++;
  if (place % kPhase > 0) (place < kPhase ? trial.before : trial.after).add(round);
  if (trial.round == kPhase) setLimit(trial.to);
  if (trial.round == 2 * kPhase) conclude(now);
}

void ConcurrencyLimit::conclude(TimePoint now) {
  const Experiment done = experiment_;
  experiment_ = {};
  eased_ = now;
  recent_ = latencyOf(done.after);
  const double latency_before = latencyOf(done.before);
  const double change = done.after.inFlight() / done.before.inFlight() - 1;
  const double slope = (recent_ / latency_before - 1) / change;
  const bool told =
      std::abs(change) >= kLeastChange && done.before.isClean() && done.after.isClean();
  if (told && slope < kFree) {
    floor_ = recent_;
    setLimit(std::max(done.from, done.to));
    return;
  }
  setLimit(std::min(done.from, done.to));
  if (done.to > done.from || !told) return;
  // A new low, where still nothing but waiting was saved: the floor is lower yet.
  const bool is_lower_yet = slope > kAllWaiting && recent_ < floor_ * kNewLow;
  floor_ = std::min(floor_, is_lower_yet ? recent_ / kRest : recent_);
  if (is_lower_yet) eased_ = now - kExperimentEvery + kRaiseEvery;
}

void ConcurrencyLimit::setLimit(double limit) {
  exact_limit_ = std::clamp<double>(limit, kLeast, kMost);
  limit_.store(static_cast<uint32_t>(std::lround(exact_limit_)), kRelaxed);
}

}  // namespace fairlead::upstream
