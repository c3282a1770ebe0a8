// The form in which rules compare paths.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace fairlead::firewall {

// Longer paths than this are copied to the heap.
using PlainPathRoom = fmt::basic_memory_buffer<char, 2048>;

// A canonical path with every escape decoded that hides a visible character: `%40` becomes `@`, and
// `%5C` becomes `\`. HTTP does not call `/@fs` and `/%40fs` the same path (RFC 3986 section 2.2),
// so that they are routed and forwarded as they are, but nearly all servers do, and a rule about
// one must refuse the other. `%2F` and `%25` stay: decoded, they would be another path. A view of
// `path`, or of `room`.
std::string_view plainPath(std::string_view path, PlainPathRoom& room);
std::string plainPath(std::string_view path);

}  // namespace fairlead::firewall
