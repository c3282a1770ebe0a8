// What an operator reads, whole: a row for each standing and for what may come together.
#include "admin/why.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

using upstream::ActiveHealth;
using upstream::BreakerState;
using upstream::LimitMode;
using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Standing;

std::string lines(const std::vector<std::string>& sentences) {
  return fmt::format("{}", fmt::join(sentences, "\n"));
}

constexpr const char* kGoodLoad =
    "2 requests are in flight; on average it answers in 12 ms; since the start it had 1000 "
    "requests.";
constexpr const char* kLastPassed = "The last check, 0.4s ago, passed (after 3 ms).";
constexpr const char* kNextCheck = "The next check is in 1.6s.";

struct ServerRow {
  const char* name;
  std::function<void(PoolStatus&, ServerStatus&)> spoil;  // the pool's second server
  std::vector<std::string> sentences;
};

void ejected(PoolStatus&, ServerStatus& server) {
  server.standing = Standing::Ejected;
  server.since = kNow - 2s;
  server.ejected_because = "5 consecutive failures";
  server.ejected_until = kNow + 8s;
  server.ejections = 1;
  server.share = 0;
  server.failures = 5;
}

const ServerRow kServerRows[] = {
    {"ready",
     [](PoolStatus&, ServerStatus&) {},
     {"10.0.0.2:8080 gets requests: it has been up for 30m.", kLastPassed, kNextCheck, kGoodLoad}},
    {"ready, with a name and a limit",
     [](PoolStatus&, ServerStatus& server) {
       server.name = "shop-2";
       server.max_requests = 200;
       server.in_flight = 1;
       server.failures = 3;
     },
     {"shop-2 (10.0.0.2:8080) gets requests: it has been up for 30m.", kLastPassed, kNextCheck,
      "1 request is in flight (at most 200); on average it answers in 12 ms; since the start it "
      "had 1000 requests, of which 3 failed (0.3 %)."}},
    {"ready, and in doubt",
     [](PoolStatus&, ServerStatus& server) {
       server.results.insert(server.results.begin(), failedAt(kNow - 100ms));
       server.against = 1;
     },
     {"10.0.0.2:8080 gets requests: it has been up for 30m.",
      "The last check, 0.1s ago: GET /healthz answered 500 (after 3 ms).",
      "Of the last 3 checks 2 passed.",
      "1 check in a row failed; it goes down after 3 (fall 3). The next check is in 1.6s.",
      kGoodLoad}},
    {"ready, not checked",
     [](PoolStatus& pool, ServerStatus& server) {
       pool.check = "not checked";
       server.active = ActiveHealth::Unchecked;
       server.results.clear();
       server.next_check.reset();
     },
     {"10.0.0.2:8080 gets requests: it is taken for well, as it is not checked.", kGoodLoad}},
    {"ready, never asked",
     [](PoolStatus&, ServerStatus& server) {
       server.requests = 0;
       server.in_flight = 0;
     },
     {"10.0.0.2:8080 gets requests: it has been up for 30m.", kLastPassed, kNextCheck,
      "It has had no request since the start."}},
    {"ready, standing by",
     [](PoolStatus&, ServerStatus& server) { server.tier = 1; },
     {"10.0.0.2:8080 stands by: it is of tier 1, and tier 0 has usable servers.", kLastPassed,
      kNextCheck, kGoodLoad}},
    {"ready, of a tier that took over",
     [](PoolStatus& pool, ServerStatus& server) {
       for (ServerStatus& other : pool.servers) other.standing = Standing::Down;
       server.standing = Standing::Ready;
       server.tier = 1;
     },
     {"10.0.0.2:8080 gets requests: it has been up for 30m.", kLastPassed, kNextCheck, kGoodLoad}},
    {"ready, behind an open breaker",
     [](PoolStatus& pool, ServerStatus&) { pool.breaker = BreakerState::Open; },
     {"10.0.0.2:8080 is well, but gets no requests: the pool's circuit breaker is open.",
      kLastPassed, kNextCheck, kGoodLoad}},
    {"not checked yet",
     [](PoolStatus&, ServerStatus& server) {
       server = ServerStatus();
       server.name = server.address = server.ip = "10.0.0.2:8080";
       server.next_check = kNow;
     },
     {"10.0.0.2:8080 gets no requests yet: it was not checked so far, and the first check decides.",
      "The next check is due now.", "It has had no request since the start."}},
    {"without an address",
     [](PoolStatus&, ServerStatus& server) {
       server = ServerStatus();
       server.name = server.address = "shop.internal:8080";
       server.standing = Standing::Unresolved;
       server.active = ActiveHealth::Unresolved;
       server.since = kNow - 40s;
     },
     {"shop.internal:8080 gets no requests: its name has had no address for 40s.",
      "It is checked as soon as its name has one.", "It has had no request since the start."}},
    {"down",
     [](PoolStatus&, ServerStatus& server) { server = downServer("10.0.0.2:8080"); },
     {"10.0.0.2:8080 gets no requests: it went down 12s ago, after 3 checks in a row failed "
      "(fall 3).",
      "The last check, 0.4s ago: GET /healthz answered 500 (after 3 ms).",
      "Of the last 10 checks 1 passed.",
      "It is back after 2 good checks in a row (rise 2); 0 so far. The next check is in 1.6s.",
      "0 requests are in flight; on average it answers in 12 ms; since the start it had 1000 "
      "requests, of which 4 failed (0.4 %)."}},
    {"down, and on its way back",
     [](PoolStatus&, ServerStatus& server) {
       server = downServer("10.0.0.2:8080");
       server.results.insert(server.results.begin(), passedAt(kNow - 100ms));
       server.results.pop_back();
       server.against = 1;
     },
     {"10.0.0.2:8080 gets no requests: it went down 12s ago, after 3 checks in a row failed "
      "(fall 3).",
      "The last check, 0.1s ago, passed (after 3 ms).", "Of the last 10 checks 1 passed.",
      "It is back after 2 good checks in a row (rise 2); 1 so far. The next check is in 1.6s.",
      "0 requests are in flight; on average it answers in 12 ms; since the start it had 1000 "
      "requests, of which 4 failed (0.4 %)."}},
    {"down since its first check",
     [](PoolStatus&, ServerStatus& server) {
       server = downServer("10.0.0.2:8080");
       server.results = {failedAt(kNow - 1s)};
       server.active_since = kNow - 1s;
       server.requests = 0;
     },
     {"10.0.0.2:8080 gets no requests: it went down 1s ago, when its first check failed.",
      "The last check, 1s ago: GET /healthz answered 500 (after 3 ms).",
      "It is back after 2 good checks in a row (rise 2); 0 so far. The next check is in 1.6s.",
      "It has had no request since the start."}},
    {"down for longer than results are kept",
     [](PoolStatus&, ServerStatus& server) {
       server = downServer("10.0.0.2:8080");
       server.results.back() = failedAt(kNow - 18400ms);
       server.active_since = kNow - 26h;
       server.requests = 0;
     },
     {"10.0.0.2:8080 gets no requests: it went down 1d 2h ago, after 3 checks in a row failed "
      "(fall 3).",
      "The last check, 0.4s ago: GET /healthz answered 500 (after 3 ms).",
      "It is back after 2 good checks in a row (rise 2); 0 so far. The next check is in 1.6s.",
      "It has had no request since the start."}},
    {"down after one check, as fall says",
     [](PoolStatus& pool, ServerStatus& server) {
       server = downServer("10.0.0.2:8080");
       pool.fall = 1;
       server.results = {failedAt(kNow - 1s), passedAt(kNow - 3s)};
       server.active_since = kNow - 1s;
       server.needed = 1;
       server.next_check = kNow - 10ms;
       server.requests = 0;
     },
     {"10.0.0.2:8080 gets no requests: it went down 1s ago, after a check failed (fall 1).",
      "The last check, 1s ago: GET /healthz answered 500 (after 3 ms).",
      "Of the last 2 checks 1 passed.",
      "It is back after 1 good check in a row (rise 1); 0 so far. The next check is due now.",
      "It has had no request since the start."}},
    {"down, and ejected before",
     [](PoolStatus&, ServerStatus& server) {
       server = downServer("10.0.0.2:8080");
       server.ejected_because = "5 consecutive failures";
       server.ejected_until = kNow + 8s;
       server.results.clear();
       server.requests = 0;
     },
     {"10.0.0.2:8080 gets no requests: it went down 12s ago, after 3 checks in a row failed "
      "(fall 3).",
      "It is back after 2 good checks in a row (rise 2); 0 so far. The next check is in 1.6s.",
      "Passive checks took it out as well, for another 8s: 5 consecutive failures.",
      "It has had no request since the start."}},
    {"drained by its weight",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Drained;
       server.weight = 0;
     },
     {"10.0.0.2:8080 gets no new requests: its weight is 0.", kLastPassed, kNextCheck, kGoodLoad}},
    {"drained as asked",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Drained;
       server.since = kNow - 90s;
     },
     {"10.0.0.2:8080 gets no new requests: it has been draining for 1m 30s.", kLastPassed,
      kNextCheck, kGoodLoad}},
    {"ejected",
     ejected,
     {"10.0.0.2:8080 gets no requests.",
      "Passive checks took it out 2s ago: 5 consecutive failures.",
      "It is let back after another 8s, or after 2 good checks in a row. This is ejection 1 in a "
      "row.",
      kLastPassed, kNextCheck,
      "2 requests are in flight; on average it answers in 12 ms; since the start it had 1000 "
      "requests, of which 5 failed (0.5 %)."}},
    {"ejected for the third time, without active checks",
     [](PoolStatus& pool, ServerStatus& server) {
       ejected(pool, server);
       server.active = ActiveHealth::Unchecked;
       server.results.clear();
       server.next_check.reset();
       server.ejected_because = "62 % of 40 requests failed in 10s";
       server.ejected_until = kNow;
       server.ejections = 3;
       server.failures = 0;
     },
     {"10.0.0.2:8080 gets no requests.",
      "Passive checks took it out 2s ago: 62 % of 40 requests failed in 10s.",
      "It is let back any moment. This is ejection 3 in a row.", kGoodLoad}},
    {"ejected, and nobody else is left",
     [](PoolStatus& pool, ServerStatus& server) {
       for (ServerStatus& other : pool.servers) other.standing = Standing::Down;
       ejected(pool, server);
       server.failures = 0;
     },
     {"10.0.0.2:8080 gets requests only because no other server is left.",
      "Passive checks took it out 2s ago: 5 consecutive failures.",
      "It is let back after another 8s, or after 2 good checks in a row. This is ejection 1 in a "
      "row.",
      kLastPassed, kNextCheck, kGoodLoad}},
    {"ejected, and asked for a pause",
     [](PoolStatus& pool, ServerStatus& server) {
       ejected(pool, server);
       server.failures = 0;
       server.deferred_until = kNow + 30s;
     },
     {"10.0.0.2:8080 gets no requests.",
      "Passive checks took it out 2s ago: 5 consecutive failures.",
      "It is let back after another 8s, or after 2 good checks in a row. This is ejection 1 in a "
      "row.",
      kLastPassed, kNextCheck, "It also asked for a pause (Retry-After), which ends in 30s.",
      kGoodLoad}},
    {"deferred",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Deferred;
       server.deferred_until = kNow + 4s;
     },
     {"10.0.0.2:8080 gets no requests: it answered 503 and asked for a pause (Retry-After), which "
      "ends in 4s.",
      kLastPassed, kNextCheck, kGoodLoad}},
    {"full",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Full;
       server.in_flight = server.max_requests = 200;
     },
     {"10.0.0.2:8080 gets no more requests for now: as many are in flight as it may have (200).",
      kLastPassed, kNextCheck,
      "200 requests are in flight (at most 200); on average it answers in 12 ms; since the start "
      "it had 1000 requests."}},
    {"full in its slow start",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Full;
       server.in_flight = server.max_requests = 2;
       server.share = 0.37;
       server.warm_at = kNow + 6300ms;
     },
     {"10.0.0.2:8080 gets no more requests for now: as many are in flight as it may have (2).",
      kLastPassed, kNextCheck, "It is in slow start: 37 % of its weight, whole in 6.3s.",
      "2 requests are in flight (at most 2); on average it answers in 12 ms; since the start it "
      "had 1000 requests."}},
    {"warming",
     [](PoolStatus&, ServerStatus& server) {
       server.standing = Standing::Warming;
       server.share = 0.37;
       server.warm_at = kNow + 6300ms;
     },
     {"10.0.0.2:8080 gets 37 % of its weight: slow start, whole in 6.3s.", kLastPassed, kNextCheck,
      kGoodLoad}},
};

TEST(Why, OfAServer) {
  for (const ServerRow& row : kServerRows) {
    PoolStatus pool = goodPool();
    row.spoil(pool, pool.servers[1]);
    EXPECT_EQ(lines(sentencesOf(pool, pool.servers[1], kNow)), lines(row.sentences)) << row.name;
  }
}

struct PoolRow {
  const char* name;
  std::function<void(PoolStatus&)> spoil;
  std::vector<std::string> sentences;
};

constexpr const char* kAll = "Requests go to all 4 servers (p2c).";
constexpr const char* kInFlight = "8 requests are in flight.";
constexpr const char* kChecks = "Checks: GET /healthz every 2s; fall 3, rise 2.";

void stand(PoolStatus& pool, std::initializer_list<Standing> standings) {
  size_t i = 0;
  for (const Standing standing : standings) pool.servers[i++].standing = standing;
}

const PoolRow kPoolRows[] = {
    {"well", [](PoolStatus&) {}, {kAll, kInFlight, kChecks}},
    {"one server, not checked",
     [](PoolStatus& pool) {
       pool.servers.resize(1);
       pool.check = "not checked";
       pool.in_flight = 1;
     },
     {"Requests go to its one server.", "1 request is in flight.", "Its servers are not checked."}},
    {"no server",
     [](PoolStatus& pool) { pool.servers.clear(); },
     {"Every request is answered 503: the pool has no server.", kInFlight, kChecks}},
    {"some are missing",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Down, Standing::Ejected, Standing::Unresolved, Standing::Warming});
     },
     {"Requests go to 1 of 4 servers (p2c); 1 is without an address, 1 is down and 1 is ejected.",
      kInFlight, kChecks}},
    {"some pause, are full, are not checked yet",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Deferred, Standing::Full, Standing::Unknown, Standing::Ready});
     },
     {"Requests go to 1 of 4 servers (p2c); 1 is not checked yet, 1 is pausing as asked and 1 is "
      "full.",
      kInFlight, kChecks}},
    {"two stand by",
     [](PoolStatus& pool) { pool.servers[2].tier = pool.servers[3].tier = 1; },
     {"Requests go to 2 of 4 servers (p2c); 2 stand by.", kInFlight, kChecks}},
    {"a later tier took over",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Down, Standing::Down, Standing::Ready, Standing::Ready});
       pool.servers[2].tier = 1;
       pool.servers[3].tier = 2;
     },
     {"Requests go to 1 of 4 servers (p2c); 2 are down and 1 stands by.", kInFlight, kChecks}},
    {"none is left",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Down, Standing::Down, Standing::Drained, Standing::Down});
     },
     {"Every request is answered 503, as no server can be used: of 4 servers, 3 are down and 1 is "
      "drained.",
      kInFlight, kChecks}},
    {"only ejected ones are left",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Down, Standing::Ejected, Standing::Ejected, Standing::Down});
     },
     {"No server is left but those that passive checks took out, so that they get requests all the "
      "same: 2 are down and 2 are ejected.",
      kInFlight, kChecks}},
    {"all full, with a queue",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Full, Standing::Full, Standing::Full, Standing::Full});
       pool.queue_limit = 100;
       pool.waiting = 12;
     },
     {"Every server that is well is full, and new requests wait in the queue: 4 are full.",
      kInFlight, "12 requests wait in the queue, which holds 100.", kChecks}},
    {"all full, without a queue",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Full, Standing::Down, Standing::Full, Standing::Full});
     },
     {"Every server that is well is full, and new requests are answered 503: 1 is down and 3 are "
      "full.",
      kInFlight, kChecks}},
    {"suspect network",
     [](PoolStatus& pool) {
       stand(pool, {Standing::Down, Standing::Down, Standing::Down, Standing::Down});
       pool.suspect_network = true;
       pool.suspect_since = kNow - 20s;
     },
     {"Every request is answered 503, as no server can be used: of 4 servers, 4 are down.",
      "All servers failed their checks within one interval 20s ago, and all were fine before: "
      "suspect this host's network.",
      kInFlight, kChecks}},
    {"breaker closed",
     [](PoolStatus& pool) { pool.breaker = BreakerState::Closed; },
     {kAll, "The circuit breaker is closed.", kInFlight, kChecks}},
    {"breaker open",
     [](PoolStatus& pool) {
       pool.breaker = BreakerState::Open;
       pool.breaker_because = "54 % of 120 requests failed in 10s";
       pool.breaker_until = kNow + 3200ms;
     },
     {"Every request is answered 503: the circuit breaker is open.",
      "It opened because 54 % of 120 requests failed in 10s.",
      "It lets a few requests through again in 3.2s.", kInFlight, kChecks}},
    {"breaker half-open",
     [](PoolStatus& pool) { pool.breaker = BreakerState::HalfOpen; },
     {kAll,
      "The circuit breaker is half-open: a few requests try whether the servers are well, and the "
      "others are answered 503.",
      kInFlight, kChecks}},
    {"room left",
     [](PoolStatus& pool) { pool.max_requests = 200; },
     {kAll, "8 requests are in flight (at most 200).", kChecks}},
    {"no room left, with a queue",
     [](PoolStatus& pool) {
       pool.in_flight = pool.max_requests = 200;
       pool.queue_limit = 100;
       pool.waiting = 1;
     },
     {kAll, "All the 200 requests that the pool may have are in flight: more wait in the queue.",
      "1 request waits in the queue, which holds 100.", kChecks}},
    {"no room left, without a queue",
     [](PoolStatus& pool) { pool.in_flight = pool.max_requests = 200; },
     {kAll, "All the 200 requests that the pool may have are in flight: more are answered 503.",
      kChecks}},
    {"limit observed",
     [](PoolStatus& pool) {
       pool.limit_mode = LimitMode::Observe;
       pool.limit = 48;
     },
     {kAll, kInFlight,
      "An adaptive limit would be 48 requests in flight at once; it is only observed.", kChecks}},
    {"limit fixed",
     [](PoolStatus& pool) {
       pool.limit_mode = LimitMode::Fixed;
       pool.limit = 100;
     },
     {kAll, kInFlight, "The limit is 100 requests in flight at once.", kChecks}},
    {"limit learning",
     [](PoolStatus& pool) {
       pool.limit_mode = LimitMode::Adaptive;
       pool.limit = 20;
       pool.limit_learning = true;
     },
     {kAll, kInFlight,
      "The adaptive limit is learning and not enforced yet; it would be 20 requests in flight at "
      "once.",
      kChecks}},
    {"limit adaptive",
     [](PoolStatus& pool) {
       pool.limit_mode = LimitMode::Adaptive;
       pool.limit = 8;
     },
     {kAll, kInFlight, "The adaptive limit is 8 requests in flight at once.", kChecks}},
    {"retries",
     [](PoolStatus& pool) { pool.retrying = 2; },
     {kAll, kInFlight, "2 requests are being tried again; the budget is 20 % of those in flight.",
      kChecks}},
};

TEST(Why, OfAPool) {
  for (const PoolRow& row : kPoolRows) {
    PoolStatus pool = goodPool();
    row.spoil(pool);
    EXPECT_EQ(lines(sentencesOf(pool, kNow)), lines(row.sentences)) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::admin
