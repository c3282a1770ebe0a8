// What happens to a pool and its servers, as facts for the log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace fairlead::upstream {

struct PoolEvent {
  enum class Kind : uint8_t {
    // Of one server.
    Up,        // by its first check
    UpAgain,   // was down
    Down,      // by its first check, or by `fall` in a row; `words`: what the last one found
    Ejected,   // by passive checks, for `span`; `words`: why
    LetBack,   // its ejection is over; `words`: by what
    Deferred,  // for `span`, as it asked for it with Retry-After
    // Of the whole pool.
    NetworkSuspect,  // `words`: how many servers failed
    NetworkWell,     // `words`: the server that passed
    BreakerOpened,   // for `span`; `words`: why
    BreakerClosed,
  };

  Kind kind = Kind::Up;
  std::string pool{};
  std::string server{};  // what logs call it; empty for events of the whole pool
  std::string words{};
  Duration span{};
};

using PoolEvents = std::vector<PoolEvent>;

// One line for the log, without its end.
std::string sentenceOf(const PoolEvent& event);
// Should somebody look at it? Else it is good news.
bool isBad(const PoolEvent& event);

}  // namespace fairlead::upstream
