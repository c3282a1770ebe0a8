// A rate with its burst, as GCRA counts it: one moment a key says all that was taken.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "firewall/ticks.h"

namespace fairlead::firewall {

struct Taken {
  bool passes = true;
  uint32_t remaining = 0;  // that would pass now, one after the other
  Duration wait{0};        // until one would pass; 0 when this one did
  Duration reset{0};       // until the whole burst would pass
};

// The generic cell rate algorithm (ITU-T I.371, as a virtual schedule). What a key has taken is
// kept as the moment at which all of it is paid for: a key whose moment has passed equals one that
// was never seen.
struct Rate {
  Ticks interval = 1;    // that one request pays for
  Ticks burst_span = 1;  // `burst` intervals

  // per_second > 0; `burst`, at least 1, is the number that pass at once.
  static Rate of(double per_second, uint32_t burst) {
    constexpr double kLongest = 0x1p60;  // 2.3 years: intervals add up without overflow
    const double interval =
        std::clamp(std::round(1e9 * kTicksPerNanosecond / per_second), 1.0, kLongest);
    const double span = interval * std::max(burst, 1u);
    return {static_cast<Ticks>(interval), static_cast<Ticks>(std::min(span, 2 * kLongest))};
  }

  struct Step {
    Taken taken;
    Ticks paid_at = 0;  // the key's new moment; the old one when the request does not pass
  };

  // A request at `now` of a key that has paid at `paid_at`. Nobody owes more than a whole burst,
  // whatever rate was in force before.
  Step take(Ticks paid_at, Ticks now) const {
    const Ticks owed = std::min(paid_at > now ? paid_at - now : 0, burst_span);
    const Ticks after = owed + interval;
    if (after > burst_span)
      return {{false, 0, durationOf(after - burst_span), durationOf(owed)}, paid_at};
    const Ticks left = (burst_span - after) / interval;
    const auto remaining = static_cast<uint32_t>(std::min<Ticks>(left, UINT32_MAX));
    return {{true, remaining, Duration(0), durationOf(after)}, now + after};
  }
};

}  // namespace fairlead::firewall
