// Which bytes may stand in a text.
#include "base/entry_lines.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace fairlead {
namespace {

bool isForbidden(std::string_view text, size_t at) {
  const char c = text[at];
  if (c == '\r') return at + 1 == text.size() || text[at + 1] != '\n';
  return (static_cast<uint8_t>(c) < ' ' && c != '\n' && c != '\t') || c == '\x7f';
}

}  // namespace

std::optional<TextFault> faultOfText(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t length = 1;
    if (static_cast<uint8_t>(text[at]) >= 0x80) {
      length = utf8::multiByteLength(text, at);
      if (length == 0) return TextFault{at, "this byte is not UTF-8"};
    } else if (isForbidden(text, at)) {
      return TextFault{at, fmt::format("the control character 0x{:02x} stands here", text[at])};
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace fairlead
