// What the texts of listeners and servers mean.
#pragma once

#include <optional>
#include <string_view>

#include "config/config.h"

namespace fairlead::config {

// `8080`, `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`. A relative Unix path is left as it is.
std::optional<Listen> readListenAddress(const Value& value, Diagnostics& out);

// Could not both be listened on.
bool clash(const Listen& a, const Listen& b);

// `host`, `host:port`, `http://host:port`, `[::1]:8080`; the port is 80 when there is none.
std::optional<Server> readServerAddress(const Value& value, Diagnostics& out);

// `127.0.0.1`, `127.0.0.1:8600`, `[::1]:53`: a DNS server; the port is 53 when there is none.
std::optional<SocketAddress> readDnsServer(const Value& value, Diagnostics& out);

// The part of a scalar's mark that covers `length` bytes at `offset` of its text, if the text
// stands in the file as it is; else the whole mark.
Mark partOf(const Value& value, size_t offset, size_t length);

// Letters, digits, `-` and `_` in labels of 1 to 63 characters, at most 253 in all.
bool isDomainName(std::string_view name);

}  // namespace fairlead::config
