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

// How an own answer ends the exchange.
struct OwnAnswer {
  filter::Answer answer;
  bool close = false;             // adds `Connection: close`
  bool keep_alive_field = false;  // an HTTP/1.0 client must be told that the connection stays
  uint32_t retry_after = 0;       // seconds; 0: no Retry-After
  std::string_view date;          // IMF-fixdate
};

// Does the client prefer JSON to text (Accept, RFC 9110 section 12.5.1; roughly: JSON is named, and
// neither text nor */* comes before it)?
bool prefersJson(const http::Fields& fields);

// The whole answer, head and body, ready to be sent. `request` may be of a refused head: whatever
// could be parsed of it. A HEAD request gets the head alone. Memory of the arena.
std::string_view makeAnswer(const OwnAnswer& own, const http::RequestHead& request, Arena& arena);

}  // namespace fairlead::proxy
