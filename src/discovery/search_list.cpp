// The search list, as the system's own resolver walks it.
#include "discovery/search_list.h"

#include <algorithm>

namespace fairlead::discovery {

std::vector<std::string> SearchList::candidates(std::string_view host) const {
  if (host.ends_with('.')) return {std::string(host)};
  std::vector<std::string> names;
  names.reserve(domains.size() + 1);
  for (const std::string& domain : domains) {
    std::string name(host);
    // A search list may hold the root alone.
    if (domain != ".") name.append(".").append(domain);
    names.push_back(std::move(name));
  }
  const bool absolute_first = std::count(host.begin(), host.end(), '.') >= dots_to_be_absolute;
  names.emplace(absolute_first ? names.begin() : names.end(), host);
  return names;
}

}  // namespace fairlead::discovery
