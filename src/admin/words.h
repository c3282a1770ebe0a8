// The words of states, and times as people say them: for JSON and for sentences.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "upstream/status.h"

namespace fairlead::admin {

// "half_open": part of the API, so that they stay as they are.
std::string_view nameOf(upstream::ActiveHealth health);
std::string_view nameOf(upstream::Standing standing);
std::string_view nameOf(upstream::BreakerState state);
std::string_view nameOf(upstream::LimitMode mode);

// "under 0.1s", "6.3s", "12s", "2m 5s", "3h 12m", "2d 4h".
std::string spanText(Duration span);
// Of something quick: "0.4 ms", "12 ms", "1.2s".
std::string latencyText(Duration span);
// "37 %", "0.4 %".
std::string percentText(double share);
// "1 request", "3 requests".
std::string counted(uint64_t count, std::string_view thing);

}  // namespace fairlead::admin
