// When what becomes of requests takes a server out for a while.
#pragma once

#include "base/settings.h"

namespace fairlead::upstream {

using namespace std::chrono_literals;

extern const Section kPassiveKeys;

struct PassiveSettings {
  Setting<bool> on{true};
  Setting<uint32_t> consecutive{5};    // failures in a row that eject it
  Setting<double> failures{0.5};       // or more than this share of the requests of one window
  Setting<uint32_t> min_requests{20};  // ... if there were so many
  Setting<Duration> window{10s};
  Setting<Duration> eject{10s};  // times the number of ejections in a row
  Setting<Duration> max_eject{5min};

  void read(const Value& value, Diagnostics& out);  // `off`; a mapping, also an empty one, is on
  Value show() const;
};

}  // namespace fairlead::upstream
