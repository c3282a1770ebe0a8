// The sentences of one server.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "admin/why.h"
#include "admin/words.h"

namespace fairlead::admin {
namespace {

using upstream::ActiveHealth;
using upstream::BreakerState;
using upstream::CheckResult;
using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Standing;

// "shop.internal:8080 (10.0.0.3:8080)": the name, and where it leads when that is another text.
std::string subjectOf(const ServerStatus& server) {
  const std::string& at = server.ip.empty() ? server.address : server.ip;
  return at.empty() || at == server.name ? server.name : fmt::format("{} ({})", server.name, at);
}

// Why the checks took it for down, as far as the results that were kept can tell.
std::string fallText(const PoolStatus& pool, const ServerStatus& server) {
  const auto decisive = std::ranges::find_if(
      server.results, [&](const CheckResult& result) { return result.at <= server.active_since; });
  const auto before = std::find_if(decisive, server.results.end(),
                                   [](const CheckResult& result) { return result.passed; });
  const auto failed = static_cast<size_t>(before - decisive);
  const bool is_forgotten =
      before == server.results.end() && server.results.size() >= ServerStatus::kResults;
  if (failed == 1 && before == server.results.end() && !is_forgotten)
    return "when its first check failed";
  const size_t in_a_row = failed == 0 || is_forgotten ? pool.fall : failed;
  if (in_a_row == 1) return fmt::format("after a check failed (fall {})", pool.fall);
  return fmt::format("after {} checks in a row failed (fall {})", in_a_row, pool.fall);
}

class ServerStory {
 public:
  ServerStory(const PoolStatus& pool, const Summary& summary, const ServerStatus& server,
              TimePoint now)
      : pool_(pool), summary_(summary), server_(server), now_(now), who_(subjectOf(server)) {}

  std::vector<std::string> tell() {
    tellStanding();
    tellLastChecks();
    tellWhatChecksWillDo();
    tellOtherReasons();
    tellLoad();
    return std::move(sentences_);
  }

 private:
  void tellStanding();
  void tellDown();
  void tellEjected();
  void tellDeferred();
  void tellWarming();
  void tellReady();
  void tellDrained();
  void tellLastChecks();
  void tellWhatChecksWillDo();
  void tellOtherReasons();
  void tellLoad();

  template <typename... Args>
  void say(fmt::format_string<Args...> form, Args&&... args) {
    sentences_.push_back(fmt::format(form, std::forward<Args>(args)...));
  }
  // " 12s ago"; nothing where the moment is not known.
  std::string ago(TimePoint since) const {
    return since == TimePoint{} ? "" : fmt::format(" {} ago", spanText(now_ - since));
  }
  // " for 12s".
  std::string lasting(TimePoint since) const {
    return since == TimePoint{} ? "" : fmt::format(" for {}", spanText(now_ - since));
  }
  bool isAhead(const std::optional<TimePoint>& time) const { return time && *time > now_; }
  std::string until(TimePoint time) const { return spanText(time - now_); }
  bool isChecked() const { return server_.active != ActiveHealth::Unchecked; }

  const PoolStatus& pool_;
  const Summary& summary_;
  const ServerStatus& server_;
  TimePoint now_;
  std::string who_;
  std::vector<std::string> sentences_;
};

void ServerStory::tellStanding() {
  switch (server_.standing) {
    case Standing::Unresolved:
      say("{} gets no requests: its name has had no address{}.", who_, lasting(server_.since));
      return say("It is checked as soon as its name has one.");
    case Standing::Unknown:
      return say("{} gets no requests yet: it was not checked so far, and the first check decides.",
                 who_);
    case Standing::Down:
      return tellDown();
    case Standing::Drained:
      return tellDrained();
    case Standing::Ejected:
      return tellEjected();
    case Standing::Deferred:
      return tellDeferred();
    case Standing::Full:
      return say("{} gets no more requests for now: as many are in flight as it may have ({}).",
                 who_, server_.max_requests);
    case Standing::Warming:
      return tellWarming();
    case Standing::Ready:
      return tellReady();
  }
}

void ServerStory::tellDown() {
  say("{} gets no requests: it went down{}, {}.", who_, ago(server_.active_since),
      fallText(pool_, server_));
}

void ServerStory::tellDrained() {
  if (server_.weight == 0)
    say("{} gets no new requests: its weight is 0.", who_);
  else
    say("{} gets no new requests: it has been draining{}.", who_, lasting(server_.since));
}

void ServerStory::tellEjected() {
  if (summary_.fails_open)
    say("{} gets requests only because no other server is left.", who_);
  else
    say("{} gets no requests.", who_);
  say("Passive checks took it out{}: {}.", ago(server_.since), server_.ejected_because);
  std::string back = isAhead(server_.ejected_until) ? fmt::format("It is let back after another {}",
                                                                  until(*server_.ejected_until))
                                                    : "It is let back any moment";
  if (isChecked() && pool_.rise > 0)
    back += fmt::format(", or after {} in a row", counted(pool_.rise, "good check"));
  say("{}. This is ejection {} in a row.", back, std::max(server_.ejections, 1u));
}

void ServerStory::tellDeferred() {
  const std::string end =
      isAhead(server_.deferred_until) ? "ends in " + until(*server_.deferred_until) : "ends now";
  say("{} gets no requests: it answered 503 and asked for a pause (Retry-After), which {}.", who_,
      end);
}

void ServerStory::tellWarming() {
  const std::string whole =
      isAhead(server_.warm_at) ? "whole in " + until(*server_.warm_at) : "whole any moment";
  say("{} gets {} of its weight: slow start, {}.", who_, percentText(server_.share), whole);
}

void ServerStory::tellReady() {
  if (pool_.breaker == BreakerState::Open)
    say("{} is well, but gets no requests: the pool's circuit breaker is open.", who_);
  else if (server_.tier > summary_.tier)
    say("{} stands by: it is of tier {}, and tier {} has usable servers.", who_, server_.tier,
        summary_.tier);
  else if (isChecked())
    say("{} gets requests: it has been up{}.", who_, lasting(server_.active_since));
  else
    say("{} gets requests: it is taken for well, as it is not checked.", who_);
}

void ServerStory::tellLastChecks() {
  if (server_.results.empty()) return;
  const CheckResult& last = server_.results.front();
  const std::string how = last.passed && (last.words.empty() || last.words == "the check passed")
                              ? fmt::format("{} ago, passed", spanText(now_ - last.at))
                              : fmt::format("{} ago: {}", spanText(now_ - last.at), last.words);
  say("The last check, {} (after {}).", how, latencyText(last.took));
  const auto passed = static_cast<size_t>(
      std::ranges::count_if(server_.results, [](const auto& result) { return result.passed; }));
  if (passed > 0 && passed < server_.results.size())
    say("Of the last {} checks {} passed.", server_.results.size(), passed);
}

void ServerStory::tellWhatChecksWillDo() {
  std::string text;
  if (server_.active == ActiveHealth::Down)
    text = fmt::format("It is back after {} in a row (rise {}); {} so far.",
                       counted(server_.needed, "good check"), server_.needed, server_.against);
  else if (server_.active == ActiveHealth::Up && server_.against > 0)
    text = fmt::format("{} in a row failed; it goes down after {} (fall {}).",
                       counted(server_.against, "check"), server_.needed, server_.needed);
  if (server_.next_check) {
    if (!text.empty()) text += ' ';
    text += *server_.next_check - now_ < std::chrono::milliseconds(50)
                ? "The next check is due now."
                : fmt::format("The next check is in {}.", until(*server_.next_check));
  }
  if (!text.empty()) sentences_.push_back(std::move(text));
}

// What would keep requests away as well, and comes to light when the first reason is gone.
void ServerStory::tellOtherReasons() {
  const Standing standing = server_.standing;
  if (standing != Standing::Ejected && isAhead(server_.ejected_until))
    say("Passive checks took it out as well, for another {}: {}.", until(*server_.ejected_until),
        server_.ejected_because);
  if (standing != Standing::Deferred && isAhead(server_.deferred_until))
    say("It also asked for a pause (Retry-After), which ends in {}.",
        until(*server_.deferred_until));
  if (standing == Standing::Full && isAhead(server_.warm_at))
    say("It is in slow start: {} of its weight, whole in {}.", percentText(server_.share),
        until(*server_.warm_at));
}

void ServerStory::tellLoad() {
  if (server_.requests == 0 && server_.in_flight == 0)
    return say("It has had no request since the start.");
  std::string text = counted(server_.in_flight, "request");
  text += server_.in_flight == 1 ? " is" : " are";
  text += " in flight";
  if (server_.max_requests > 0) text += fmt::format(" (at most {})", server_.max_requests);
  if (server_.latency)
    text += fmt::format("; on average it answers in {}", latencyText(*server_.latency));
  text += fmt::format("; since the start it had {}", counted(server_.requests, "request"));
  if (server_.failures > 0 && server_.requests > 0)
    text += fmt::format(
        ", of which {} failed ({})", server_.failures,
        percentText(static_cast<double>(server_.failures) / static_cast<double>(server_.requests)));
  say("{}.", text);
}

}  // namespace

std::vector<std::string> sentencesOf(const PoolStatus& pool, const Summary& summary,
                                     const ServerStatus& server, TimePoint now) {
  return ServerStory(pool, summary, server, now).tell();
}

std::vector<std::string> sentencesOf(const PoolStatus& pool, const ServerStatus& server,
                                     TimePoint now) {
  return sentencesOf(pool, summaryOf(pool), server, now);
}

}  // namespace fairlead::admin
