// `admin`: where the admin API listens, and what it asks of its clients.
#pragma once

#include <optional>
#include <span>

#include "config/config.h"

namespace fairlead::config {

extern const Section kAdminKeys;

// An address as `listen` has it, but a port alone is one of the loopback: `9900` is 127.0.0.1:9900.
std::optional<Listen> readAdminAddress(const Value& value, Diagnostics& out);

// `value` may be nothing. What clients connect to (`listens`) cannot be the API's as well: that is
// an error, or switches off what is only built in.
void readAdmin(const Value* value, std::span<const Listen> listens, AdminSettings& admin,
               Diagnostics& out);

}  // namespace fairlead::config
