// The sentences of a pool as a whole.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "admin/why.h"
#include "admin/words.h"

namespace fairlead::admin {
namespace {

using upstream::BreakerState;
using upstream::LimitMode;
using upstream::PoolStatus;
using upstream::Standing;

constexpr std::array kMissing{Standing::Unresolved, Standing::Unknown, Standing::Down,
                              Standing::Drained,    Standing::Ejected, Standing::Deferred,
                              Standing::Full};

std::string_view wordsFor(Standing standing) {
  switch (standing) {
    case Standing::Unresolved:
      return "without an address";
    case Standing::Unknown:
      return "not checked yet";
    case Standing::Deferred:
      return "pausing as asked";
    default:
      return nameOf(standing);
  }
}

// "1 is down, 2 are ejected and 1 is full".
std::string missingText(const Summary& summary) {
  std::vector<std::string> parts;
  for (const Standing standing : kMissing)
    if (const uint32_t count = summary.of(standing))
      parts.push_back(
          fmt::format("{} {} {}", count, count == 1 ? "is" : "are", wordsFor(standing)));
  if (summary.standing_by > 0)
    parts.push_back(fmt::format("{} {} by", summary.standing_by,
                                summary.standing_by == 1 ? "stands" : "stand"));
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 < parts.size() ? ", " : " and ") + parts[i];
  return text;
}

std::string isOrAre(uint64_t count) { return count == 1 ? "is" : "are"; }

class PoolStory {
 public:
  PoolStory(const PoolStatus& pool, TimePoint now)
      : pool_(pool), now_(now), summary_(summaryOf(pool)) {}

  std::vector<std::string> tell() {
    tellTraffic();
    tellSuspicion();
    tellBreaker();
    tellRoom();
    tellQueue();
    tellLimit();
    tellRetries();
    tellChecks();
    return std::move(sentences_);
  }

 private:
  void tellTraffic();
  void tellNoTraffic();
  void tellSuspicion();
  void tellBreaker();
  void tellRoom();
  void tellQueue();
  void tellLimit();
  void tellRetries();
  void tellChecks();

  template <typename... Args>
  void say(fmt::format_string<Args...> form, Args&&... args) {
    sentences_.push_back(fmt::format(form, std::forward<Args>(args)...));
  }

  const PoolStatus& pool_;
  TimePoint now_;
  Summary summary_;
  std::vector<std::string> sentences_;
};

void PoolStory::tellTraffic() {
  if (pool_.breaker == BreakerState::Open)
    return say("Every request is answered 503: the circuit breaker is open.");
  if (summary_.fails_open)
    return say(
        "No server is left but those that passive checks took out, so that they get requests "
        "all the same: {}.",
        missingText(summary_));
  const uint32_t open = summary_.serving - summary_.of(Standing::Full) - summary_.standing_by;
  if (open == 0) return tellNoTraffic();
  if (summary_.total == 1) return say("Requests go to its one server.");
  if (open == summary_.total)
    return say("Requests go to all {} servers ({}).", open, pool_.balance);
  say("Requests go to {} of {} servers ({}); {}.", open, summary_.total, pool_.balance,
      missingText(summary_));
}

void PoolStory::tellNoTraffic() {
  if (summary_.total == 0) return say("Every request is answered 503: the pool has no server.");
  if (summary_.serving > 0)
    return say("Every server that is well is full, and new requests {}: {}.",
               pool_.queue_limit > 0 ? "wait in the queue" : "are answered 503",
               missingText(summary_));
  say("Every request is answered 503, as no server can be used: of {}, {}.",
      counted(summary_.total, "server"), missingText(summary_));
}

void PoolStory::tellSuspicion() {
  if (!pool_.suspect_network) return;
  const std::string ago = pool_.suspect_since == TimePoint{}
                              ? ""
                              : fmt::format(" {} ago", spanText(now_ - pool_.suspect_since));
  say("All servers failed their checks within one interval{}, and all were fine before: suspect "
      "this host's network.",
      ago);
}

void PoolStory::tellBreaker() {
  switch (pool_.breaker) {
    case BreakerState::Off:
      return;
    case BreakerState::Closed:
      return say("The circuit breaker is closed.");
    case BreakerState::HalfOpen:
      return say(
          "The circuit breaker is half-open: a few requests try whether the servers are "
          "well, and the others are answered 503.");
    case BreakerState::Open:
      break;
  }
  if (!pool_.breaker_because.empty()) say("It opened because {}.", pool_.breaker_because);
  if (pool_.breaker_until && *pool_.breaker_until > now_)
    say("It lets a few requests through again in {}.", spanText(*pool_.breaker_until - now_));
}

void PoolStory::tellRoom() {
  if (pool_.max_requests == 0)
    return say("{} {} in flight.", counted(pool_.in_flight, "request"), isOrAre(pool_.in_flight));
  if (pool_.in_flight < pool_.max_requests)
    return say("{} {} in flight (at most {}).", counted(pool_.in_flight, "request"),
               isOrAre(pool_.in_flight), pool_.max_requests);
  say("All the {} that the pool may have are in flight: more {}.",
      counted(pool_.max_requests, "request"),
      pool_.queue_limit > 0 ? "wait in the queue" : "are answered 503");
}

void PoolStory::tellQueue() {
  if (pool_.waiting == 0) return;
  say("{} {} in the queue, which holds {}.", counted(pool_.waiting, "request"),
      pool_.waiting == 1 ? "waits" : "wait", pool_.queue_limit);
}

void PoolStory::tellLimit() {
  switch (pool_.limit_mode) {
    case LimitMode::Off:
      return;
    case LimitMode::Observe:
      return say("An adaptive limit would be {} in flight at once; it is only observed.",
                 counted(pool_.limit, "request"));
    case LimitMode::Fixed:
      return say("The limit is {} in flight at once.", counted(pool_.limit, "request"));
    case LimitMode::Adaptive:
      break;
  }
  if (pool_.limit_learning)
    say("The adaptive limit is learning and not enforced yet; it would be {} in flight at once.",
        counted(pool_.limit, "request"));
  else
    say("The adaptive limit is {} in flight at once.", counted(pool_.limit, "request"));
}

void PoolStory::tellRetries() {
  if (pool_.retrying == 0) return;
  if (std::isinf(pool_.retry_budget))
    return say("{} {} being tried again; there is no budget.", counted(pool_.retrying, "request"),
               isOrAre(pool_.retrying));
  say("{} {} being tried again; the budget is {} of those in flight.",
      counted(pool_.retrying, "request"), isOrAre(pool_.retrying), percentText(pool_.retry_budget));
}

void PoolStory::tellChecks() {
  if (pool_.fall == 0 || pool_.check.empty() || pool_.check == "not checked")
    return say("Its servers are not checked.");
  say("Checks: {}; fall {}, rise {}.", pool_.check, pool_.fall, pool_.rise);
}

}  // namespace

std::vector<std::string> sentencesOf(const PoolStatus& pool, TimePoint now) {
  return PoolStory(pool, now).tell();
}

}  // namespace fairlead::admin
