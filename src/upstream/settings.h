// The settings of a pool's life with their built-in values: timeouts here, all others by their own
// headers.
#pragma once

#include <array>
#include <string_view>

#include "base/settings.h"
#include "upstream/health_settings.h"
#include "upstream/overload_settings.h"
#include "upstream/retry_settings.h"
#include "upstream/sticky_settings.h"

namespace fairlead::upstream {

extern const Section kTimeoutKeys;

// Zero means "no limit", but for `upstream_idle`, where it keeps no idle connections. Read key by
// key over the values of the outer level.
struct TimeoutSettings {
  Setting<Duration> head{10s};          // client: the whole request head
  Setting<Duration> body{30s};          // both sides: silence within a body
  Setting<uint64_t> min_rate{500};      // bytes per second on average, judged after `body`
  Setting<Duration> idle{75s};          // client: keep-alive between requests
  Setting<Duration> connect{2s};        // one connection attempt to a server
  Setting<Duration> response{60s};      // from the request sent to the response head
  Setting<Duration> total{0s};          // whole exchange; 504 when over
  Setting<Duration> tunnel{1h};         // silence within a tunnel
  Setting<Duration> upstream_idle{4s};  // an unused connection to a server

  void read(const Value& value, Diagnostics& out);
};

// The PROXY header that connections to a pool's servers begin with.
enum class SendProxyProtocol : uint8_t { Off, V1, V2 };

inline constexpr std::array<std::string_view, 3> kSendProxyProtocolWords{"off", "v1", "v2"};
inline std::string_view nameOf(SendProxyProtocol header) {
  return kSendProxyProtocolWords[static_cast<size_t>(header)];
}

// Who goes first when there is not enough for everybody.
enum class Priority : uint8_t { Critical, Normal, Batch };

inline constexpr std::array<std::string_view, 3> kPriorityWords{"critical", "normal", "batch"};
inline std::string_view nameOf(Priority priority) {
  return kPriorityWords[static_cast<size_t>(priority)];
}

}  // namespace fairlead::upstream
