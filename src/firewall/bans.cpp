// The growth of bans.
#include "firewall/bans.h"

#include <algorithm>
#include <cmath>

namespace fairlead::firewall {

Duration banSpan(const BanRule& rule, uint32_t strikes) {
  if (rule.span.count() <= 0) return Duration::max();
  const Duration longest = rule.longest.count() > 0 ? rule.longest : Duration::max();
  const double grown = static_cast<double>(rule.span.count()) * std::pow(rule.grow, strikes);
  if (grown >= static_cast<double>(longest.count())) return longest;
  return Duration(static_cast<int64_t>(grown));
}

}  // namespace fairlead::firewall
