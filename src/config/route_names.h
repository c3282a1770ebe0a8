// What the texts that requests are told apart by mean: hosts and paths, in their canonical form.
#pragma once

#include <optional>
#include <string>

#include "base/settings.h"

namespace fairlead::config {

// "www.example.com", "*.example.com" or "*": lower case, no trailing dot, no port (told with a
// warning). International names become their ASCII form, as they stand on the wire.
std::optional<std::string> readHostName(const Value& value, Diagnostics& out);

// A canonical path without trailing slash, unless it is "/". Anything else is an error that
// suggests the canonical spelling.
std::optional<std::string> readRoutePath(const Value& value, Diagnostics& out);

}  // namespace fairlead::config
