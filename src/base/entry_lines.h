// Files with one entry a line: `#` begins a comment where a line or a blank precedes it, and blank
// lines, blanks around an entry and CRLF do not matter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace fairlead {

// The first byte of a text that may not stand in it.
struct TextFault {
  size_t at = 0;
  std::string sentence;
};

// Is there a byte that is not UTF-8, or a control character other than tab and the end of a line?
std::optional<TextFault> faultOfText(std::string_view text);

inline std::string_view withoutComment(std::string_view line) {
  for (size_t hash = line.find('#'); hash != std::string_view::npos;
       hash = line.find('#', hash + 1))
    if (hash == 0 || line[hash - 1] == ' ' || line[hash - 1] == '\t') return line.substr(0, hash);
  return line;
}

// Calls `visit(entry, line, column)` for each, both from 1; the column is that of its first byte.
template <typename Visit>
void forEachEntry(std::string_view text, Visit visit) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (uint32_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view entry = ascii::trim(withoutComment(line));
    if (!entry.empty()) visit(entry, number, static_cast<uint32_t>(entry.data() - line.data()) + 1);
  }
}

}  // namespace fairlead
