// May a failed attempt be tried again, and how? Pure (RFC 9110 section 9.2.2 and the defaults
// table).
#pragma once

#include <cstdint>

#include "base/result.h"
#include "http/message.h"
#include "upstream/settings.h"

namespace fairlead::upstream {

// What is known of a request after an attempt failed.
struct AttemptFacts {
  http::Method method = http::Method::Get;
  bool connected = false;       // there was a connection to send on
  bool reused = false;          // ... which had carried an earlier exchange
  bool answered = false;        // a byte of a response came
  bool body_begun = false;      // a byte of the request's body was sent
  bool body_replayable = true;  // the whole body can be sent again
  uint32_t retries = 0;         // counted retries so far
};

enum class RetryDecision : uint8_t {
  No,
  FreshConnection,  // the same server over a new connection; does not count as an attempt
  AnotherServer,    // counts
};

RetryDecision judgeRetry(const Failure& failure, const AttemptFacts& facts,
                         const RetrySettings& settings);
// For a complete response head with a status that `retry.when` lists.
RetryDecision judgeRetryOfStatus(uint16_t status, const AttemptFacts& facts,
                                 const RetrySettings& settings);

// The server, or what stands behind it, did not do its part.
inline bool isBadGateway(uint16_t status) { return status >= 502 && status <= 504; }

// The connection had lain idle, and died under the request before any answer: that says nothing of
// the server.
bool isStale(const AttemptFacts& facts);

}  // namespace fairlead::upstream
