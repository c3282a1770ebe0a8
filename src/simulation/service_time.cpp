// Draws by inversion, but for the lognormal (Box and Muller).
#include "simulation/service_time.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fairlead::simulation {
namespace {

constexpr double kNormal99 = 2.3263478740408408;  // 99 % of a standard normal lie below
constexpr Duration kLongestDraw = std::chrono::hours(1);

double drawNormal(Random& random) {
  const double radius = std::sqrt(2 * drawExponential(random));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

}  // namespace

double drawExponential(Random& random) { return -std::log1p(-random.unit()); }

ServiceTime ServiceTime::fixed(Duration always) { return {Kind::Fixed, always, 0}; }

ServiceTime ServiceTime::exponential(Duration mean) { return {Kind::Exponential, mean, 0}; }

ServiceTime ServiceTime::lognormal(Duration mean, double sigma) {
  return {Kind::Lognormal, mean, sigma};
}

// p99 / mean = exp(z sigma - sigma^2 / 2); the smaller of the two solutions is the one with p99 as
// its tail and not beyond it.
std::optional<ServiceTime> ServiceTime::lognormal(Duration mean, Duration p99) {
  if (mean.count() <= 0 || p99 <= mean) return std::nullopt;
  const double ratio =
      std::log(static_cast<double>(p99.count()) / static_cast<double>(mean.count()));
  const double rest = kNormal99 * kNormal99 - 2 * ratio;
  if (rest < 0) return std::nullopt;
  return lognormal(mean, kNormal99 - std::sqrt(rest));
}

ServiceTime ServiceTime::pareto(Duration mean, double shape) { return {Kind::Pareto, mean, shape}; }

Duration ServiceTime::draw(Random& random) const {
  double times = 1;  // of the mean
  switch (kind_) {
    case Kind::Fixed:
      return mean_;
    case Kind::Exponential:
      times = drawExponential(random);
      break;
    case Kind::Lognormal:
      times = std::exp(form_ * drawNormal(random) - form_ * form_ / 2);
      break;
    case Kind::Pareto:
      times = (form_ - 1) / form_ * std::exp(drawExponential(random) / form_);
      break;
  }
  const double drawn = std::min(times * static_cast<double>(mean_.count()),
                                static_cast<double>(kLongestDraw.count()));
  return Duration(static_cast<Duration::rep>(drawn));
}

}  // namespace fairlead::simulation
