// The settings of a pool's life: timeouts, retries and health, with their built-in defaults.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace fairlead::upstream {

using namespace std::chrono_literals;

extern const Section kTimeoutKeys;
extern const Section kRetryKeys;
extern const Section kHealthKeys;

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

// What a retry may follow.
struct RetryWhen {
  bool connect = true;  // the connection failed or timed out
  bool refused = true;  // the server refused the request unprocessed
  bool stale = true;    // a reused idle connection died before the first response byte
  bool reset = true;    // a fresh connection died before the first response byte (idempotent only)
  std::vector<uint16_t> statuses;  // of 502, 503, 504 (idempotent only)

  friend bool operator==(const RetryWhen&, const RetryWhen&) = default;
};

struct RetrySettings {
  Setting<uint32_t> attempts{1};  // beyond the first; 0 is off
  Setting<RetryWhen> when{RetryWhen{}};
  Setting<double> budget{0.20};  // share of the pool's requests in flight, never under 3

  void read(const Value& value, Diagnostics& out);  // `off` gives attempts 0
};

struct HealthSettings {
  Setting<bool> on{true};    // built-in: only for pools of two or more servers, see `explicit_on`
  bool explicit_on = false;  // `health:` was written somewhere, so a pool of one is checked as well
  Setting<std::string> path;  // empty: a TCP connect check
  Setting<std::string> method{"GET"};
  Setting<std::string> host;  // empty: the server's own address
  Setting<Duration> every{2s};
  Setting<Duration> timeout{1s};
  Setting<uint32_t> fall{3};
  Setting<uint32_t> rise{2};
  Setting<uint32_t> port{0};  // 0: the server's own

  void read(const Value& value, Diagnostics& out);  // a string is `path`; `off`

  // Are the servers of a pool checked? Built-in for two and more, else only when asked for.
  bool inForceFor(size_t servers) const { return on && (explicit_on || servers > 1); }
};

// Who goes first when there is not enough for everybody.
enum class Priority : uint8_t { Critical, Normal, Batch };

inline constexpr std::array<std::string_view, 3> kPriorityWords{"critical", "normal", "batch"};
inline std::string_view nameOf(Priority priority) {
  return kPriorityWords[static_cast<size_t>(priority)];
}

}  // namespace fairlead::upstream
