// Heads to bytes: runs of untouched lines are copied in one piece.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "http/message.h"

namespace fairlead::http::h1 {

// Each writes the start line, the fields and the empty line, and returns the bytes written, or 0
// when they do not fit. The version written is always HTTP/1.1 (RFC 9112 section 2.3: fairlead's
// own). Lines that lie one behind the other in memory are copied in one piece.

// The target written is that of `head.target`: path and query, "*", or the authority for CONNECT;
// with PathBytes::Raw the path as received.
enum class PathBytes : uint8_t { Canonical, Raw };
size_t writeRequestHead(const RequestHead& head, PathBytes path, std::span<char> out);

size_t writeResponseHead(const ResponseHead& head, std::span<char> out);
// The same in memory of the arena, where it always fits.
std::string_view writeResponseHead(const ResponseHead& head, Arena& arena);

}  // namespace fairlead::http::h1
