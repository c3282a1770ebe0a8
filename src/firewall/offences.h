// How many offences fell into a sliding window, in 128 bits that change in one step.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace fairlead::firewall {

// "N events within W". Trips whenever N events fall into a span of W, and never when fewer than N
// fall into one of W and an eighth: where in between, depends on how they lie to the sub-windows.
struct OffenceRule {
  static constexpr uint32_t kMostEvents = 1000;

  uint32_t events = 1;  // 1 to kMostEvents
  Duration within{std::chrono::seconds(1)};
};

// Eight sub-windows make up W; the one under way and the eight before it cover at least W and less
// than nine eighths. Their counts lie side by side, the youngest lowest, so that time passing is a
// shift. Above them the number of the youngest sub-window since the clock began.
class OffenceWindow {
 public:
  using Packed = unsigned __int128;  // 0: nothing was counted

  struct Step {
    bool trips = false;
    Packed window = 0;
  };

  // One more event. An event older than the youngest sub-window counts in that one. When the rule
  // trips, counting begins anew.
  static Step add(Packed window, const OffenceRule& rule, TimePoint now) {
    const uint64_t youngest = static_cast<uint64_t>(window >> kNumberAt);
    const uint64_t current = std::max(numberOf(rule, now), youngest);
    Packed counts = aged(window & kAllCounts, current - youngest);
    if (static_cast<uint32_t>(counts & kCount) < kCount) counts += 1;
    const bool trips = sumOf(counts) >= rule.events;
    return {trips, Packed{current} << kNumberAt | (trips ? Packed{0} : counts)};
  }

  // Until nothing that was counted at `now` counts any more.
  static Duration memoryOf(const OffenceRule& rule) { return widthOf(rule) * kWindows; }

 private:
  static constexpr int kWindows = 9;
  static constexpr int kCountBits = 10;
  static constexpr int kNumberAt = kWindows * kCountBits;
  static constexpr Packed kCount = (Packed{1} << kCountBits) - 1;
  static constexpr Packed kAllCounts = (Packed{1} << kNumberAt) - 1;
  static_assert(OffenceRule::kMostEvents <= kCount);

  static Duration widthOf(const OffenceRule& rule) {
    return Duration((rule.within.count() + kWindows - 2) / (kWindows - 1));
  }

  static uint64_t numberOf(const OffenceRule& rule, TimePoint now) {
    return static_cast<uint64_t>(now.time_since_epoch() / widthOf(rule));
  }

  static Packed aged(Packed counts, uint64_t windows) {
    if (windows >= kWindows) return 0;
    return counts << (windows * kCountBits) & kAllCounts;
  }

  static uint32_t sumOf(Packed counts) {
    uint32_t sum = 0;
    for (; counts != 0; counts >>= kCountBits) sum += static_cast<uint32_t>(counts & kCount);
    return sum;
  }
};

}  // namespace fairlead::firewall
