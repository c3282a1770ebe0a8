// A service in virtual time: so many requests are served at once, the others wait in line. Clients
// come at random, and a limit in front turns away whom it does not let in.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "upstream/concurrency_limit.h"

namespace fairlead::upstream {

enum class ServiceTime : uint8_t { Constant, Exponential, HeavyTail };

// Times in seconds.
class QueueingModel {
 public:
  struct Settings {
    uint32_t places = 32;   // requests served at once
    double service = 0.03;  // on average
    ServiceTime kind = ServiceTime::Exponential;
    uint64_t seed = 1;
  };
  // What became of the requests of 100 ms, and the limit at their end.
  struct Tick {
    double at = 0;
    uint64_t answers = 0;
    uint64_t refused = 0;
    double latency_sum = 0;
    uint32_t limit = 0;
  };

  explicit QueueingModel(const Settings& settings) : settings_(settings), random_(settings.seed) {
    for (uint32_t i = 0; i < settings.places; ++i) free_at_.push(0);
  }

  static TimePoint at(double seconds) { return TimePoint(span(seconds)); }
  double now() const { return now_; }
  void setService(double seconds) { settings_.service = seconds; }

  // Goes on for `seconds` with `load` times the requests that it could serve.
  void run(ConcurrencyLimit& limit, double seconds, double load,
           const std::function<void(const Tick&)>& observe) {
    const double end = now_ + seconds;
    arrival_ = now_ + gap(load);
    while (now_ < end - kTick / 2) {
      const double tick_end = now_ + kTick;
      while (std::min(arrival_, nextLeaving()) < tick_end) step(limit, load);
      now_ = tick_end;
      const double mean = tick_.answers == 0 ? 0 : tick_.latency_sum / double(tick_.answers);
      limit.sample({.answers = tick_.answers, .mean = span(mean), .peak_in_flight = peak_},
                   at(now_));
      tick_.at = now_;
      tick_.limit = limit.limit();
      observe(tick_);
      tick_ = {};
      peak_ = inFlight();
    }
  }

 private:
  struct Leaving {
    double at = 0;
    double latency = 0;
    bool operator>(const Leaving& other) const { return at > other.at; }
  };
  template <typename T>
  using Earliest = std::priority_queue<T, std::vector<T>, std::greater<>>;

  static constexpr double kTick = 0.1;

  static Duration span(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  uint32_t inFlight() const { return static_cast<uint32_t>(leaving_.size()); }
  double exponential(double mean) { return -mean * std::log(1 - random_.unit()); }
  double gap(double load) { return exponential(settings_.service / (settings_.places * load)); }

  double serviceTime() {
    switch (settings_.kind) {
      case ServiceTime::Constant:
        return settings_.service;
      case ServiceTime::Exponential:
        return exponential(settings_.service);
      case ServiceTime::HeavyTail:  // one of twenty takes ten times as long
        return exponential(settings_.service / 1.45) * (random_.below(20) == 0 ? 10 : 1);
    }
    return 0;
  }

  double nextLeaving() const {
    return leaving_.empty() ? std::numeric_limits<double>::infinity() : leaving_.top().at;
  }

  void step(const ConcurrencyLimit& limit, double load) {
    if (nextLeaving() <= arrival_) {
      ++tick_.answers;
      tick_.latency_sum += leaving_.top().latency;
      leaving_.pop();
      return;
    }
    const double came = arrival_;
    arrival_ += gap(load);
    const uint32_t most = limit.enforced(at(came));
    if (most > 0 && inFlight() >= most) {
      ++tick_.refused;
      return;
    }
    const double done = std::max(free_at_.top(), came) + serviceTime();
    free_at_.pop();
    free_at_.push(done);
    leaving_.push({done, done - came});
    peak_ = std::max(peak_, inFlight());
  }

  Settings settings_;
  Random random_;
  double now_ = 0;
  double arrival_ = 0;
  Earliest<double> free_at_;  // when each place is free
  Earliest<Leaving> leaving_;
  Tick tick_;
  uint32_t peak_ = 0;
};

}  // namespace fairlead::upstream
