// The PROXY header that a connection to a server begins with.
#pragma once

#include <span>
#include <string_view>

#include "io/proxy_protocol.h"
#include "upstream/settings.h"

namespace fairlead::upstream {

// `version` is not Off. Without a source the connection is fairlead's own, or of a client that has
// no address: LOCAL, or UNKNOWN. A view of the room.
std::string_view greetingFor(SendProxyProtocol version, const io::ConnectionEnds& client,
                             std::span<char, io::kProxyHeaderRoom> room);

}  // namespace fairlead::upstream
