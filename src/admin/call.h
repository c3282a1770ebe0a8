// A request that found its line in the table of the API, and the functions that stand there beyond
// those of pools and servers.
#pragma once

#include <cstdint>
#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "admin/api.h"

namespace fairlead::admin {

struct Fault {
  uint16_t status = 404;
  std::string sentence;
};
using Found = std::expected<Json, Fault>;

struct Call {
  const Api& api;
  std::span<const std::string> names;  // what stood in the place of each `{}`, decoded
  std::string_view query;              // as it came
};

Found firewallFacts(const Call& call);
Found listBans(const Call& call);
Found putBan(const Call& call);
Found deleteBan(const Call& call);

}  // namespace fairlead::admin
