// Values that only load files have.
#pragma once

#include <optional>
#include <string_view>

#include "base/settings.h"
#include "simulation/service_time.h"

namespace fairlead::simulation {

extern const Section kServiceKeys;
extern const Section kLognormalKeys;
extern const Section kParetoKeys;

struct Bounds {
  double low;
  double high;
  std::string_view expected;
};

// Each reports a fault at the value's place and returns nothing then.
std::optional<double> readDecimal(const Value& value, const Bounds& bounds, Diagnostics& out);
std::optional<double> readFactor(const Value& value, Diagnostics& out);  // x10
// More than nothing.
std::optional<Duration> readPositive(const Value& value, Duration longest, Diagnostics& out);
// 20ms, or a mapping that names the distribution.
std::optional<ServiceTime> readService(const Value& value, Diagnostics& out);

}  // namespace fairlead::simulation
