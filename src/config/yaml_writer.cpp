// Indentation, quoting and comments.
#include "config/yaml_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ascii.h"
#include "config/diagnostic.h"

namespace fairlead::config {
namespace {

constexpr size_t kCommentColumn = 56;

bool isPlainText(std::string_view text) {
  constexpr std::string_view kMarks = "_-./:%+=~";
  constexpr std::array<std::string_view, 6> kWords{"true", "false", "off", "null", "Null", "NULL"};
  if (text.empty() || text.ends_with(':')) return false;
  if (!ascii::isAlpha(text[0]) && !ascii::isDigit(text[0]) && text[0] != '/') return false;
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string yamlText(std::string_view text) {
  if (isPlainText(text)) return std::string(text);
  std::string result = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (static_cast<uint8_t>(c) < ' ' || c == '\x7f')
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<uint8_t>(c));
    else if (c == '$' && i + 1 < text.size() && text[i + 1] == '{')
      result += "$$";  // no variable
    else
      result += c;
  }
  return result + '"';
}

void YamlWriter::line(std::string_view text, std::string_view comment) {
  std::string whole(depth_, ' ');
  if (begins_item_) whole.replace(depth_ - 2, 2, "- ");
  begins_item_ = false;
  whole += text;
  if (!comment.empty())
    whole = fmt::format("{:<{}} # {}", whole, std::max(kCommentColumn, whole.size()), comment);
  text_ += whole;
  text_ += '\n';
}

void YamlWriter::entry(std::string_view key, std::string_view value, const Mark& origin) {
  line(fmt::format("{}: {}", yamlText(key), value), placeText(origin, files_));
}

void YamlWriter::entry(std::string_view key, std::string_view value) {
  line(fmt::format("{}: {}", yamlText(key), value), {});
}

void YamlWriter::item(std::string_view value, const Mark& origin) {
  line(fmt::format("- {}", value), placeText(origin, files_));
}

void YamlWriter::open(std::string_view key) {
  line(fmt::format("{}:", yamlText(key)), {});
  depth_ += 2;
}

void YamlWriter::openItem() {
  depth_ += 2;
  begins_item_ = true;
}

}  // namespace fairlead::config
