// How long a simulated server works on a request: a distribution, and draws from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/time.h"

namespace fairlead::simulation {

class ServiceTime {
 public:
  static ServiceTime fixed(Duration always);
  static ServiceTime exponential(Duration mean);
  // `sigma`: the standard deviation of the logarithm.
  static ServiceTime lognormal(Duration mean, double sigma);
  // Nothing when no lognormal has these: p99 lies between the mean and 14.9 times the mean.
  static std::optional<ServiceTime> lognormal(Duration mean, Duration p99);
  // `shape` over 1, else there is no mean; up to 2 the variance is infinite.
  static ServiceTime pareto(Duration mean, double shape);

  Duration draw(Random& random) const;
  Duration mean() const { return mean_; }

 private:
  enum class Kind : uint8_t { Fixed, Exponential, Lognormal, Pareto };
  ServiceTime(Kind kind, Duration mean, double form) : kind_(kind), mean_(mean), form_(form) {}

  Kind kind_;
  Duration mean_;
  double form_;  // sigma, or shape
};

// Exponential with a mean of one.
double drawExponential(Random& random);

}  // namespace fairlead::simulation
