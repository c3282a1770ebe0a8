// What is known of pools and servers at one moment, as plain values: for the admin API and `why`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace fairlead::upstream {

// What active checks say of a server.
enum class ActiveHealth : uint8_t {
  Unknown,    // no result yet
  Unchecked,  // the pool is not checked: taken for well
  Up,
  Down,
  Unresolved,  // its name has no address: nothing to check
};

// The one reason that a server gets, or does not get, requests now; the first that holds.
enum class Standing : uint8_t {
  Unresolved,  // its name has no address
  Unknown,     // not checked yet
  Down,        // active checks failed
  Drained,     // weight 0, or asked to be
  Ejected,     // passive checks took it out for a while
  Deferred,    // it asked for a pause with Retry-After on a 503
  Full,        // max_requests are in flight
  Warming,     // slow start: a growing share of its weight
  Ready,
};

struct CheckResult {
  TimePoint at{};
  Duration took{};
  bool passed = false;
  std::string words;  // "GET /healthz answered 500", "connection refused", "the check passed"
};

struct ServerStatus {
  std::string name;     // what logs call it
  std::string address;  // as configured: "shop.internal:8080"
  std::string ip;       // where it connects to: "10.0.0.3:8080"; empty while unresolved
  uint32_t weight = 1;
  uint32_t tier = 0;
  std::string zone;
  Standing standing = Standing::Unknown;
  TimePoint since{};  // of `standing`
  ActiveHealth active = ActiveHealth::Unknown;
  TimePoint active_since{};
  static constexpr size_t kResults = 10;
  std::vector<CheckResult> results;     // so many of the last, newest first
  uint32_t against = 0;                 // results in a row that speak against `active`
  uint32_t needed = 0;                  // ... and how many of them change it (fall or rise)
  std::optional<TimePoint> next_check;  // nothing: not checked
  std::string ejected_because;  // "5 consecutive failures", "62 % of 40 requests failed in 10s"
  std::optional<TimePoint> ejected_until;
  uint32_t ejections = 0;  // in a row
  std::optional<TimePoint> deferred_until;
  double share =
      1;  // of its weight that it gets now: less than 1 in slow start, 0 when it gets nothing
  std::optional<TimePoint> warm_at;  // the end of its slow start
  uint32_t in_flight = 0;
  uint32_t max_requests = 0;        // 0: no limit
  std::optional<Duration> latency;  // moving average of the time to the response head
  uint64_t requests = 0;            // sent to it since the start
  uint64_t failures = 0;            // of those: no answer, or 502 to 504
};

enum class BreakerState : uint8_t { Off, Closed, Open, HalfOpen };
enum class LimitMode : uint8_t { Off, Observe, Fixed, Adaptive };

struct PoolStatus {
  std::string name;
  std::string balance;  // "p2c", "maglev by client_ip"
  std::string check;    // "TCP connect every 2s", "GET /healthz every 2s", "not checked"
  uint32_t fall = 0;    // of the checks
  uint32_t rise = 0;
  std::vector<ServerStatus> servers;
  uint32_t in_flight = 0;
  uint32_t max_requests = 0;  // of the pool; 0: no limit
  uint32_t waiting = 0;       // requests in the queue
  uint32_t queue_limit = 0;   // 0: no queue
  uint32_t retrying = 0;
  double retry_budget = 0;  // share of the requests in flight; infinite: there is no budget
  BreakerState breaker = BreakerState::Off;
  std::optional<TimePoint> breaker_until;  // Open: when it half-opens
  std::string breaker_because;             // "54 % of 120 requests failed in 10s"
  LimitMode limit_mode = LimitMode::Off;
  uint32_t limit = 0;            // in flight at once, as computed or given
  bool limit_learning = false;   // Adaptive: the first minute, not enforced yet
  bool suspect_network = false;  // all servers failed within one interval: this host's network?
  TimePoint suspect_since{};
};

// Everything, at one moment.
struct Status {
  TimePoint at{};
  std::vector<PoolStatus> pools;
};

}  // namespace fairlead::upstream
