// Bans that are learned: who earns how many bad answers in how long, and what that costs.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "firewall/judgement.h"

namespace fairlead::firewall {

extern const Section kAutoBanKeys;

// `when`: "20 x 401|403|404 in 1m".
struct Offences {
  static constexpr size_t kStatuses = 600;

  uint32_t count = 0;
  std::bitset<kStatuses> statuses;
  Duration window{};
  std::string text;  // as written
};

struct AutoBan {
  Setting<Offences> when;
  Setting<Duration> span{std::chrono::minutes(10)};  // of the first ban
  Setting<double> grow{1.0};                         // each further ban is longer by this
  Setting<Duration> max{std::chrono::hours(24)};
  Setting<uint32_t> roll_up{5};  // banned addresses that ban their /24; 0: off
  Policy policy{403};
  Mark mark;
  std::string name;       // "firewall auto_ban 20 x 401|403|404 in 1m"
  uint64_t identity = 0;  // of this ban among all
  uint16_t number = 0;    // in the whole configuration, once that is compiled

  bool counts(uint16_t status) const {
    return status < Offences::kStatuses && when.value.statuses.test(status);
  }
};

void readAutoBans(const Value& value, const Setting<Mode>& mode, std::vector<AutoBan>& into,
                  Diagnostics& out);
Value shown(const AutoBan& ban);

}  // namespace fairlead::firewall
