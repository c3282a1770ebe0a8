// How an exchange ended: what becomes the log line, and what becomes of the client's connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "firewall/judgement.h"

namespace fairlead::proxy {

struct HostPlan;
struct RoutePlan;

// What the client's connection is good for after an exchange.
enum class After : uint8_t {
  Next,    // another request
  Close,   // nothing; everything was sent and read
  Linger,  // nothing; the client may still be sending
  Reset,   // nothing; the client must learn that the answer is incomplete
  Tarpit,  // nothing; the client gets its answer after a while
};

// Facts that lower rooms return and `record` turns into words. Views live as long as the exchange.
struct Outcome {
  uint16_t status = 0;  // what the client got; 499: it was gone
  uint16_t attempts = 0;
  bool failed = false;
  bool reused_connection = false;
  Failure failure;
  const HostPlan* host = nullptr;
  const RoutePlan* route = nullptr;
  std::string_view pool;
  std::string_view server;
  std::string_view mirror;                        // the pool that a copy was sent to
  const firewall::Judgement* firewall = nullptr;  // of the request's decision
  std::string_view why;                           // set: says it better than `failure` would
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  TimePoint queued{};      // the server was chosen ...
  TimePoint connected{};   // ... and there was a connection to it
  TimePoint first_byte{};  // the response head was complete
};

}  // namespace fairlead::proxy
