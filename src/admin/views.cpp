// Status to JSON, member by member.
#include "admin/views.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/moments.h"
#include "admin/summary.h"
#include "admin/why.h"
#include "admin/words.h"

namespace fairlead::admin {
namespace {

using upstream::CheckResult;
using upstream::LimitMode;
using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Standing;
using upstream::Status;

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

// Times of one view.
class Times {
 public:
  Times(TimePoint now, const Moment& moment) : now_(now), moment_(moment) {}

  TimePoint now() const { return now_; }
  Json at(TimePoint time) const {
    return time == TimePoint{} ? Json() : Json(timeText(time, moment_));
  }
  Json at(const std::optional<TimePoint>& time) const { return time ? at(*time) : nullptr; }
  Json secondsSince(TimePoint time) const {
    return time == TimePoint{} ? Json() : Json(secondsOf(now_ - time));
  }
  Json secondsUntil(const std::optional<TimePoint>& time) const {
    return time ? Json(secondsOf(std::max(Duration{}, *time - now_))) : Json();
  }

 private:
  TimePoint now_;
  const Moment& moment_;
};

Json viewOfResult(const CheckResult& result, const Times& times) {
  return {{"at", times.at(result.at)},
          {"ago_seconds", times.secondsSince(result.at)},
          {"took_seconds", exactSecondsOf(result.took)},
          {"passed", result.passed},
          {"words", result.words}};
}

Json countsOf(const Summary& summary) {
  Json counts{{"total", summary.total}};
  for (size_t i = 0; i < Summary::kStandings; ++i)
    counts[std::string(nameOf(static_cast<Standing>(i)))] = summary.by_standing[i];
  return counts;
}

void putChecks(Json& view, const ServerStatus& server, const Times& times) {
  view["active"] = nameOf(server.active);
  view["active_since"] = times.at(server.active_since);
  view["active_for_seconds"] = times.secondsSince(server.active_since);
  view["against"] = server.against;
  view["needed"] = server.needed;
  view["next_check"] = times.at(server.next_check);
  view["next_check_in_seconds"] = times.secondsUntil(server.next_check);
  Json results = Json::array();
  for (const CheckResult& result : server.results) results.push_back(viewOfResult(result, times));
  view["results"] = std::move(results);
}

void putPassive(Json& view, const ServerStatus& server, const Times& times) {
  view["ejected_because"] = server.ejected_because;
  view["ejected_until"] = times.at(server.ejected_until);
  view["ejected_until_in_seconds"] = times.secondsUntil(server.ejected_until);
  view["ejections"] = server.ejections;
  view["deferred_until"] = times.at(server.deferred_until);
  view["deferred_until_in_seconds"] = times.secondsUntil(server.deferred_until);
}

void putLoad(Json& view, const ServerStatus& server, const Times& times) {
  view["share"] = rounded(server.share, 1e4);
  view["warm_at"] = times.at(server.warm_at);
  view["warm_at_in_seconds"] = times.secondsUntil(server.warm_at);
  view["in_flight"] = server.in_flight;
  view["max_requests"] = server.max_requests;
  view["latency_seconds"] = server.latency ? Json(exactSecondsOf(*server.latency)) : Json();
  view["requests"] = server.requests;
  view["failures"] = server.failures;
}

void putProtection(Json& view, const PoolStatus& pool, const Times& times) {
  view["breaker"] = nameOf(pool.breaker);
  view["breaker_until"] = times.at(pool.breaker_until);
  view["breaker_until_in_seconds"] = times.secondsUntil(pool.breaker_until);
  view["breaker_because"] = pool.breaker_because;
  view["limit_mode"] = nameOf(pool.limit_mode);
  view["limit"] = pool.limit_mode == LimitMode::Off ? Json() : Json(pool.limit);
  view["limit_learning"] = pool.limit_learning;
}

Json viewOfServer(const PoolStatus& pool, const Summary& summary, const ServerStatus& server,
                  const Times& times) {
  Json view{{"name", server.name},
            {"address", server.address},
            {"ip", server.ip},
            {"weight", server.weight},
            {"tier", server.tier},
            {"zone", server.zone},
            {"standing", nameOf(server.standing)},
            {"since", times.at(server.since)},
            {"for_seconds", times.secondsSince(server.since)},
            {"well", isWell(server)}};
  putChecks(view, server, times);
  putPassive(view, server, times);
  putLoad(view, server, times);
  view["why"] = sentencesOf(pool, summary, server, times.now());
  return view;
}

}  // namespace

Moment currentMoment() {
  return {.steady = std::chrono::steady_clock::now(),
          .wall = std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())};
}

Json viewOf(const PoolStatus& pool, TimePoint now, const Moment& moment) {
  const Times times(now, moment);
  const Summary summary = summaryOf(pool);
  Json view{{"name", pool.name},
            {"state", nameOf(summary.state)},
            {"balance", pool.balance},
            {"check", pool.check},
            {"fall", pool.fall},
            {"rise", pool.rise},
            {"servers", countsOf(summary)},
            {"in_flight", pool.in_flight},
            {"max_requests", pool.max_requests},
            {"waiting", pool.waiting},
            {"queue_limit", pool.queue_limit},
            {"retrying", pool.retrying},
            {"retry_budget", rounded(pool.retry_budget, 1e4)}};
  putProtection(view, pool, times);
  view["suspect_network"] = pool.suspect_network;
  const TimePoint suspect_since = pool.suspect_network ? pool.suspect_since : TimePoint{};
  view["suspect_since"] = times.at(suspect_since);
  view["suspect_for_seconds"] = times.secondsSince(suspect_since);
  view["why"] = sentencesOf(pool, now);
  return view;
}

Json viewOf(const PoolStatus& pool, const ServerStatus& server, TimePoint now,
            const Moment& moment) {
  return viewOfServer(pool, summaryOf(pool), server, Times(now, moment));
}

Json viewOfPools(const Status& status, const Moment& moment) {
  Json pools = Json::array();
  for (const PoolStatus& pool : status.pools) pools.push_back(viewOf(pool, status.at, moment));
  return {{"at", Times(status.at, moment).at(status.at)}, {"pools", std::move(pools)}};
}

Json viewOfServers(const PoolStatus& pool, TimePoint now, const Moment& moment) {
  const Times times(now, moment);
  const Summary summary = summaryOf(pool);
  Json servers = Json::array();
  for (const ServerStatus& server : pool.servers)
    servers.push_back(viewOfServer(pool, summary, server, times));
  return {{"at", times.at(now)}, {"pool", pool.name}, {"servers", std::move(servers)}};
}

}  // namespace fairlead::admin
