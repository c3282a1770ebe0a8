// The sentences for malformed field lines.
#include "http/h1/field_line.h"

namespace fairlead::http::h1 {

std::string_view nameFault(std::string_view line, size_t name_end) {
  const bool blank = name_end < line.size() && (line[name_end] == ' ' || line[name_end] == '\t');
  if (name_end == 0 && blank)
    return "A field line begins with a space: line folding is not allowed";
  if (name_end == 0 && line[0] == ':') return "A field has no name";
  if (name_end >= line.size()) return "A field line has no colon";
  if (blank) return "A space stands between a field name and its colon";
  return "A field name holds a character that is not allowed";
}

std::string_view controlFault(char control) {
  switch (control) {
    case '\r':
      return "A carriage return in the head is not followed by a line feed";
    case '\n':
      return "A line of the head ends in a bare line feed";
    case '\0':
      return "The head holds a NUL byte";
    default:
      return "The head holds a control character";
  }
}

}  // namespace fairlead::http::h1
