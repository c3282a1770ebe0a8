// Which host entry claims a host name: exact names, then the longest wildcard suffix, then "*".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "route/router.h"

namespace fairlead::route {

class HostTable {
 public:
  explicit HostTable(std::span<const HostSpec> hosts);

  // The entry that claims `host`, or kNone. One lookup by hash; with wildcards one more for each
  // label of the host that could begin a suffix.
  HostId find(std::string_view host) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Names = std::unordered_map<std::string, HostId, Hash, std::equal_to<>>;

  HostId findWildcard(std::string_view host) const;

  Names exact_;
  Names suffixes_;  // "example.com" for "*.example.com"
  size_t longest_suffix_ = 0;
  HostId any_ = kNone;
};

// Does a name of the configuration cover this host? The plain meaning, for explanations and tests.
bool coversHost(std::string_view name, std::string_view host);

}  // namespace fairlead::route
