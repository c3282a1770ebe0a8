// International host names in the ASCII form that stands on the wire.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace fairlead::config {

// What is wrong with an international name, and the part of it that is at fault.
struct IdnFault {
  size_t offset = 0;  // in bytes
  size_t length = 0;
  std::string reason;  // "a label begins or ends with `-`"
};

// The lower-case ASCII form of a name in UTF-8, without wildcard or port: `Müller.DE` is
// `xn--mller-kva.de`. Non-transitional processing of UTS 46 with the STD3 rules, so that `ß` stays
// itself; the ideographic full stop separates labels as well. Names that are ASCII already need not
// come here: these rules are stricter than those for ordinary names.
std::expected<std::string, IdnFault> toAsciiName(std::string_view name);

bool isAscii(std::string_view text);

}  // namespace fairlead::config
