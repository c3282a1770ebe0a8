// One field line (RFC 9112 section 5), strict: shared by requests, responses and trailers.
#pragma once

#include <string_view>

#include "base/ascii.h"
#include "http/fields.h"

namespace fairlead::http::h1 {

// Why the line has no "name:" at its front; `name_end` is its first byte that is not of a token.
std::string_view nameFault(std::string_view line, size_t name_end);

// Does the line have "name:" at its front?
inline bool hasFieldName(std::string_view line, size_t name_end) {
  return name_end != 0 && name_end < line.size() && line[name_end] == ':';
}

// The field that a line is which has a name, stands before a CRLF, is shorter than
// Field::kLongestLine with it, and holds no controls. The field views it.
inline Field fieldOfLine(std::string_view line, size_t name_end) {
  const std::string_view value =
      ascii::trim({line.data() + name_end + 1, line.size() - name_end - 1});
  const auto value_begin = static_cast<uint16_t>(value.data() - line.data());
  return Field(line.data(), static_cast<uint16_t>(name_end), value_begin,
               static_cast<uint16_t>(value.size()), static_cast<uint16_t>(line.size() + 2),
               fieldIdOf({line.data(), name_end}));
}

// Which rule a control byte inside a head breaks: one sentence.
std::string_view controlFault(char control);

}  // namespace fairlead::http::h1
