// The line of slow start.
#include "upstream/slow_start.h"

namespace fairlead::upstream {
namespace {

constexpr uint32_t kWhole = 1024;
constexpr uint32_t kFirst = kWhole / 10;

}  // namespace

uint32_t shareAt(TimePoint since, TimePoint now, Duration length) {
  if (length <= Duration::zero()) return kWhole;
  if (now <= since) return kFirst;
  const Duration passed = now - since;
  if (passed >= length) return kWhole;
  const double part = static_cast<double>(passed.count()) / static_cast<double>(length.count());
  return kFirst + static_cast<uint32_t>((kWhole - kFirst) * part);
}

}  // namespace fairlead::upstream
