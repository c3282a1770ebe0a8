// Comparing parameters without decoding them into memory of their own.
#include "http/query.h"

#include "http/percent.h"

namespace fairlead::http {
namespace {

// Takes the decoded text off the front of the encoded one, as far as both are the same. What is
// left of each tells how they differ.
void takeCommon(std::string_view& encoded, std::string_view& decoded) {
  while (!encoded.empty() && !decoded.empty()) {
    std::string_view rest = encoded;
    if (takeQueryDecoded(rest) != decoded.front()) return;
    encoded = rest;
    decoded.remove_prefix(1);
  }
}

}  // namespace

bool equalsDecoded(std::string_view encoded, std::string_view decoded) {
  takeCommon(encoded, decoded);
  return encoded.empty() && decoded.empty();
}

bool beginsDecoded(std::string_view encoded, std::string_view decoded) {
  takeCommon(encoded, decoded);
  return decoded.empty();
}

bool findParam(std::string_view query, std::string_view decoded_name, Param& found) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const Param param{query.substr(0, end)};
    if (!param.text.empty() && equalsDecoded(param.name(), decoded_name)) {
      found = param;
      return true;
    }
    if (end == std::string_view::npos) return false;
    query.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace fairlead::http
