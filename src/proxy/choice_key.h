// What a request is known by to policies that send the same to the same server.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "filter/filter.h"
#include "http/message.h"
#include "http/request_key.h"

namespace fairlead::proxy {

// Where the key of `balance: { hash: ... }` is found.
using KeyPlan = http::RequestKey;

// The hash of the request's key, of the request as the client sent it. A request that does not have
// the field, cookie or parameter goes anywhere: its key is drawn.
uint64_t choiceKey(const KeyPlan& plan, const http::RequestHead& head,
                   const filter::ClientFacts& client, Random& random);

// Of a session's name, as a server's cookie says it.
uint64_t sessionKey(std::string_view value);

}  // namespace fairlead::proxy
