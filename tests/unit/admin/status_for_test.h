// A pool of four servers that is well, for tests to spoil.
#pragma once

#include <string>

#include "upstream/status.h"

namespace fairlead::admin {

using namespace std::chrono_literals;

inline constexpr TimePoint kNow = TimePoint{} + 1h;

inline upstream::CheckResult passedAt(TimePoint at) {
  return {.at = at, .took = 3ms, .passed = true, .words = "the check passed"};
}
inline upstream::CheckResult failedAt(TimePoint at) {
  return {.at = at, .took = 3ms, .passed = false, .words = "GET /healthz answered 500"};
}

inline upstream::ServerStatus goodServer(const std::string& address) {
  upstream::ServerStatus server;
  server.name = server.address = server.ip = address;
  server.standing = upstream::Standing::Ready;
  server.since = kNow - 30min;
  server.active = upstream::ActiveHealth::Up;
  server.active_since = kNow - 30min;
  server.results = {passedAt(kNow - 400ms), passedAt(kNow - 2400ms)};
  server.needed = 3;
  server.next_check = kNow + 1600ms;
  server.in_flight = 2;
  server.latency = 12ms;
  server.requests = 1000;
  return server;
}

// As `goodServer`, after three failed checks 12 s ago.
inline upstream::ServerStatus downServer(const std::string& address) {
  upstream::ServerStatus server = goodServer(address);
  server.standing = upstream::Standing::Down;
  server.active = upstream::ActiveHealth::Down;
  server.since = server.active_since = kNow - 12s;
  server.results.clear();
  for (int i = 0; i < 9; ++i) server.results.push_back(failedAt(kNow - 400ms - i * 2s));
  server.results.push_back(passedAt(kNow - 18400ms));
  server.needed = 2;
  server.share = 0;
  server.in_flight = 0;
  server.failures = 4;
  return server;
}

inline upstream::PoolStatus goodPool() {
  upstream::PoolStatus pool;
  pool.name = "shop";
  pool.balance = "p2c";
  pool.check = "GET /healthz every 2s";
  pool.fall = 3;
  pool.rise = 2;
  for (const char* address : {"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.4:8080"})
    pool.servers.push_back(goodServer(address));
  pool.in_flight = 8;
  pool.retry_budget = 0.2;
  return pool;
}

}  // namespace fairlead::admin
