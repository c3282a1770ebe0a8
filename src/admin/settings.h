// What the admin listener needs to know, in finished form.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "session/server_session.h"

namespace fairlead::admin {

struct AdminSettings {
  std::string token;               // what requests must show; empty: nothing
  std::vector<std::string> names;  // hosts that it may be asked as, beside addresses and localhost
  session::ServerLimits limits;
  size_t max_connections = 64;
};

}  // namespace fairlead::admin
