// The pauses between checks.
#include "upstream/check_cadence.h"

namespace fairlead::upstream {
namespace {

constexpr Duration kShortestDoubt = std::chrono::milliseconds(100);

Duration meanPause(Duration every, const CheckFacts& facts) {
  if (facts.in_doubt) return std::min(every, std::max(every / 4, kShortestDoubt));
  return facts.down_for >= kLongDown ? every * 10 : every;
}

}  // namespace

Duration pauseAfterCheck(const HealthSettings& settings, const CheckFacts& facts, Random& random) {
  const double share = facts.first ? random.unit() : 0.8 + 0.4 * random.unit();
  const auto mean = static_cast<double>(meanPause(settings.every.value, facts).count());
  return Duration(static_cast<Duration::rep>(mean * share));
}

}  // namespace fairlead::upstream
