// What is tried again, how often, and what is asked of a second server before the first answers.
#pragma once

#include <limits>
#include <vector>

#include "base/settings.h"

namespace fairlead::upstream {

using namespace std::chrono_literals;

extern const Section kRetryKeys;
extern const Section kHedgeKeys;

// What a retry may follow.
struct RetryWhen {
  bool connect = true;  // the connection failed or timed out
  bool refused = true;  // the server refused the request unprocessed
  bool stale = true;    // a reused idle connection died before the first response byte
  bool reset = true;    // a fresh connection died before the first response byte (idempotent only)
  std::vector<uint16_t> statuses;  // of 502, 503, 504 (idempotent only)

  friend bool operator==(const RetryWhen&, const RetryWhen&) = default;
};

// An idempotent request that is late goes to a second server as well; the first answer counts.
struct HedgeSettings {
  Setting<bool> on{false};
  Setting<double> quantile{0.95};  // late: more than so much of the pool's answers took
  Setting<Duration> after{0s};     // not zero: this instead of the quantile
  Setting<double> budget{0.05};    // share of the pool's requests that are hedged

  void read(const Value& value, Diagnostics& out);  // `off`; a mapping, also an empty one, is on
  Value show() const;
};

struct RetrySettings {
  // More octets of a body than that are never kept.
  static constexpr uint64_t kLargestBuffer = uint64_t{16} << 20;

  // A budget without an end.
  static constexpr double kNoBudget = std::numeric_limits<double>::infinity();

  Setting<bool> on{true};         // off: nothing is sent twice, whatever the others say
  Setting<uint32_t> attempts{1};  // beyond the first; 0: only stale connections are replaced
  Setting<RetryWhen> when{RetryWhen{}};
  Setting<double> budget{0.20};  // share of the pool's requests in flight, never under 3; kNoBudget
  Setting<Duration> per_try{0s};  // one attempt, to the head of its response; 0: no limit
  Setting<uint64_t> buffer{uint64_t{64} << 10};  // octets of a body that are kept to be sent again
  HedgeSettings hedge;

  void read(const Value& value, Diagnostics& out);  // `off` gives attempts 0, and no hedging
};

}  // namespace fairlead::upstream
