// Looking at bytes before and beside the YAML parser.
#include "config/source_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/entry_lines.h"

namespace fairlead::config {
namespace {

// Where the first tab stands that is neither quoted nor in a comment, or npos.
size_t findTab(std::string_view line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '\t') return i;
    const bool begins = i == 0 || line[i - 1] == ' ';
    if (c == '#' && begins) return std::string_view::npos;
    if ((c == '"' || c == '\'') && (begins || line[i - 1] == '[' || line[i - 1] == '{')) quote = c;
  }
  return std::string_view::npos;
}

bool hasNoTabs(uint32_t file, std::string_view text, Diagnostics& out) {
  constexpr size_t kMostReported = 10;
  size_t found = 0;
  for (size_t at = 0; at < text.size() && found < kMostReported;) {
    const std::string_view line = lineAt(text, at);
    const size_t tab = findTab(line);
    if (tab != std::string_view::npos) {
      ++found;
      out.error(markAt(file, text, at + tab, 1), "there is a tab here").expected =
          "spaces; within a text in double quotes, \\t";
    }
    at += line.size() + 1;
  }
  return found == 0;
}

}  // namespace

bool isUtf8Text(uint32_t file, Diagnostics& out) {
  const std::string_view text = out.files[file].text;
  const auto fault = faultOfText(text);
  if (fault) out.error(markAt(file, text, fault->at, 1), fault->sentence);
  return !fault;
}

bool isCleanYaml(uint32_t file, Diagnostics& out) {
  return isUtf8Text(file, out) && hasNoTabs(file, out.files[file].text, out);
}

std::string_view lineAt(std::string_view text, size_t at) {
  at = std::min(at, text.size());
  const size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t start = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(start, text.find('\n', at) - start);
}

Mark markAt(uint32_t file, std::string_view text, size_t at, size_t length) {
  at = std::min(at, text.size());
  const auto line = std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n') + 1;
  const auto column = static_cast<size_t>(text.data() + at - lineAt(text, at).data()) + 1;
  return {file, static_cast<uint32_t>(line), static_cast<uint32_t>(column),
          static_cast<uint32_t>(length)};
}

size_t skipProperties(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    const size_t end = text.find_first_of(" \n", at);
    if (end == std::string_view::npos || text[end] == '\n') return at;
    at = std::min(text.find_first_not_of(' ', end), text.size());
  }
  return at;
}

size_t scalarLength(std::string_view text, size_t at, std::string_view value) {
  if (at >= text.size()) return 1;
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  if (line.empty() || line[0] == '|' || line[0] == '>') return 1;
  if (line[0] == '"' || line[0] == '\'') {
    for (size_t i = 1; i < line.size(); ++i) {
      if (line[i] == '\\' && line[0] == '"')
        ++i;
      else if (line[i] == line[0])
        return i + 1;
    }
    return line.size();
  }
  if (!value.empty() && line.starts_with(value)) return value.size();
  return std::max<size_t>(ascii::trim(line.substr(0, line.find(" #"))).size(), 1);
}

}  // namespace fairlead::config
