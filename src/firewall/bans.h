// Bans as values: what one is, and how long the next one of the same network lasts.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "base/time.h"

namespace fairlead::firewall {

// In the place of a rule's number: banned by hand.
inline constexpr uint16_t kByHand = UINT16_MAX;

struct Ban {
  Cidr network;
  TimePoint since;
  TimePoint until = kNever;
  Duration memory{0};    // how long after its end it makes the next one longer
  uint32_t strikes = 1;  // this one included; at most 255 are told apart
  uint16_t rule = kByHand;
};

// Of those that a table knows.
enum class BansThat : uint8_t {
  Hold,
  AreRemembered  // and those that are over and would make the next one longer
};

struct BanRule {
  Duration span{0};     // of the first ban; 0 and less: until it is lifted
  double grow = 1;      // each further one lasts that many times as long as the one before
  Duration longest{0};  // 0 and less: no bound
  Duration memory{0};   // whole seconds
  uint32_t roll_up =
      0;  // so many different addresses of an IPv4 /24 banned within `span` ban it; 0: never
  uint16_t rule = kByHand;
};

// Of a network that was banned `strikes` times before.
Duration banSpan(const BanRule& rule, uint32_t strikes);

}  // namespace fairlead::firewall
