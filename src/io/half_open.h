// Connections that the kernel has and that no listener was told of: their handshake is under way,
// or they have said nothing yet and are held back for that.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fairlead::io {

// Is there one to any of these ports? Reads the kernel's table of all connections, which takes
// milliseconds when there are thousands, and much longer on a busy machine. True where it cannot be
// read: there may be one.
bool anyHalfOpen(std::span<const uint16_t> ports);

// Is this line of that table (/proc/self/net/tcp, tcp6) one?
bool isHalfOpen(std::string_view line, std::span<const uint16_t> ports);

}  // namespace fairlead::io
