// fairlead's own answers: small, correct, a sentence; the only place where failures become status
// codes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "filter/filter.h"
#include "http/message.h"

namespace fairlead::proxy {

// The status for a failure that the client can still be told of; 499 (never sent) when it is gone.
uint16_t statusOf(const Failure& failure);

// One sentence for a status, for example "No backend servers available." for 503.
std::string_view sentenceOf(uint16_t status);

// An own answer and what it says beside its rule's words.
struct OwnAnswer {
  filter::Answer answer;
  uint32_t retry_after = 0;  // seconds; 0: no Retry-After
  std::string_view date;     // IMF-fixdate
};

// Does the client prefer JSON to text (Accept, RFC 9110 section 12.5.1; roughly: JSON is named, and
// neither text nor */* comes before it)?
bool prefersJson(const http::Fields& fields);

// Makes the head: Date, Content-Type, Content-Length, Retry-After and the answer's own fields. What
// speaks of the connection is added when nothing changes the head any more (addPersistence).
// Returns the body that follows the head; a HEAD request gets the head alone. `request` may be of a
// refused head: whatever could be parsed of it. Memory of the arena, or the answer's own.
std::string_view composeAnswer(const OwnAnswer& own, const http::RequestHead& request,
                               http::ResponseHead& head, Arena& arena);

}  // namespace fairlead::proxy
