// Lookup of host entries by hash.
#include "route/host_table.h"

#include <algorithm>

namespace fairlead::route {

HostTable::HostTable(std::span<const HostSpec> hosts) {
  for (size_t i = 0; i < hosts.size(); ++i) {
    const auto id = static_cast<HostId>(i);
    for (const std::string& name : hosts[i].names) {
      if (name == "*") {
        if (any_ == kNone) any_ = id;
      } else if (name.starts_with("*.")) {
        suffixes_.emplace(name.substr(2), id);
        longest_suffix_ = std::max(longest_suffix_, name.size() - 2);
      } else {
        exact_.emplace(name, id);
      }
    }
  }
}

HostId HostTable::find(std::string_view host) const {
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  if (!suffixes_.empty())
    if (const HostId id = findWildcard(host); id != kNone) return id;
  return any_;
}

// From the longest suffix to the shortest; those that no wildcard is long enough for are skipped,
// so a host of a thousand labels costs no more lookups than the configuration has reason for.
HostId HostTable::findWildcard(std::string_view host) const {
  for (size_t dot = host.find('.', 1); dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    const std::string_view suffix = host.substr(dot + 1);
    if (suffix.size() > longest_suffix_) continue;
    if (const auto found = suffixes_.find(suffix); found != suffixes_.end()) return found->second;
  }
  return kNone;
}

bool coversHost(std::string_view name, std::string_view host) {
  if (name == "*") return true;
  if (!name.starts_with("*.")) return name == host;
  const std::string_view suffix = name.substr(1);  // ".example.com"
  return host.size() > suffix.size() && host.ends_with(suffix);
}

}  // namespace fairlead::route
