// What a server says of its own places (Location, Content-Location, the Path of a cookie) in the
// words of the client.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "filter/path_mapping.h"
#include "http/fields.h"

namespace fairlead::filter {

// Both sides of an exchange, as the references of a response may name them.
struct LocationFacts {
  std::string_view client_scheme;     // "http" or "https"
  std::string_view client_authority;  // as received; empty: the client named none
  std::string_view sent_authority;    // the Host that the server got
  std::string_view server_address;    // "10.0.0.1:8080"
};

// Absolute paths at or below the mapping's inner prefix become paths below the outer one. In
// absolute URLs this holds for those of the client's own authority and for those that name the
// server (as Host or by its address), which get the client's scheme and authority. Query, fragment
// and all other references stay as they are, and so do fairlead's own cookies. Fields are replaced
// in place.
void mapLocations(http::Fields& fields, const PathMapping& mapping, const LocationFacts& facts,
                  Arena& arena);

}  // namespace fairlead::filter
