// The parameters of a query: parts between `&`, each `name`, `name=` or `name=value`.
#pragma once

#include <string_view>

namespace fairlead::http {

// One parameter as received; names and values are compared decoded.
struct Param {
  std::string_view text;  // the whole part
  std::string_view name() const { return text.substr(0, text.find('=')); }
  // Without the `=`; empty when there is none.
  std::string_view value() const {
    const size_t equals = text.find('=');
    return equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  }
};

// Calls `visit(Param)` for each part in order, empty ones included; not at all for an empty query.
template <typename Visit>
void forEachParam(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    visit(Param{query.substr(0, end)});
    if (end == std::string_view::npos) return;
    query.remove_prefix(end + 1);
    if (query.empty()) visit(Param{});
  }
}

// Is the encoded text, once decoded, the same as the decoded one, or does it begin with it?
bool equalsDecoded(std::string_view encoded, std::string_view decoded);
bool beginsDecoded(std::string_view encoded, std::string_view decoded);

// The first parameter of that decoded name. False: there is none.
bool findParam(std::string_view query, std::string_view decoded_name, Param& found);

}  // namespace fairlead::http
