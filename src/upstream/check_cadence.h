// When servers are checked: at first soon and not all at once, then in a rhythm that follows what
// is known.
#pragma once

#include <algorithm>

#include "base/random.h"
#include "base/time.h"
#include "upstream/settings.h"

namespace fairlead::upstream {

// Spreads the first checks of servers that come together, of all pools of one thread: two a
// millisecond, so that a few are checked at once and a thousand within half a second. More than
// that go twice as thick.
class FirstChecks {
 public:
  static constexpr Duration kSpread = std::chrono::milliseconds(500);
  static constexpr Duration kStep = std::chrono::microseconds(500);

  // When the next newcomer is to be checked.
  TimePoint next(TimePoint now) {
    TimePoint at = std::max(next_, now);
    if (at > now + kSpread) at = now;
    next_ = at + kStep;
    return at;
  }

 private:
  TimePoint next_ = TimePoint::min();
};

// What the pause after a check depends on.
struct CheckFacts {
  bool first = false;     // it was the server's first
  bool in_doubt = false;  // its result speaks against the server's state
  Duration down_for{};    // so far; zero while the server is up
};

// A server that is down for so long is asked ten times less often.
inline constexpr Duration kLongDown = std::chrono::minutes(5);

// `every`, a quarter of it in doubt (100 ms at the least), ten times it after a long time down;
// plus or minus 20 %. The first pause is shorter by chance, so that servers do not stay in step.
Duration pauseAfterCheck(const HealthSettings& settings, const CheckFacts& facts, Random& random);

}  // namespace fairlead::upstream
