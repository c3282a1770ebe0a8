// Which names are asked for when somebody writes a short one; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::discovery {

// `search` and `options ndots` of resolv.conf(5). Without domains every name is asked for as it is.
struct SearchList {
  std::vector<std::string> domains;
  int dots_to_be_absolute = 1;

  // What to ask for, in this order, until one has an address. A name that ends with a dot is
  // complete.
  std::vector<std::string> candidates(std::string_view host) const;
};

}  // namespace fairlead::discovery
