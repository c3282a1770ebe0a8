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

template <size_t N>
bool isOneOf(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 3> kWords{"true", "false", "off"};
constexpr std::array<std::string_view, 3> kNulls{"null", "Null", "NULL"};

bool isPlainText(std::string_view text) {
  constexpr std::string_view kMarks = "_-./:%+=~";
  if (text.empty() || text.ends_with(':')) return false;
  if (!ascii::isAlpha(text[0]) && !ascii::isDigit(text[0]) && text[0] != '/') return false;
  if (isOneOf(kWords, text) || isOneOf(kNulls, text)) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

// What `${` becomes: keys hold no variables, so that there it is nothing special.
enum class Variables : uint8_t { Escaped, Ordinary };

std::string quotedText(std::string_view text, Variables variables) {
  std::string result = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (static_cast<uint8_t>(c) < ' ' || c == '\x7f')
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<uint8_t>(c));
    else if (c == '$' && text.substr(i).starts_with("${") && variables == Variables::Escaped)
      result += "$$";
    else
      result += c;
  }
  return result + '"';
}

// A scalar, or a collection with nothing in it.
std::string leafText(const Value& value) {
  return value.isMap() ? "{}" : value.isList() ? "[]" : yamlScalar(value);
}

std::string yamlKey(std::string_view key) {
  return isPlainText(key) ? std::string(key) : quotedText(key, Variables::Ordinary);
}

}  // namespace

std::string yamlText(std::string_view text) {
  return isPlainText(text) ? std::string(text) : quotedText(text, Variables::Escaped);
}

std::string yamlScalar(const Value& value) {
  return !value.quoted && isOneOf(kWords, value.text) ? value.text : yamlText(value.text);
}

void YamlWriter::line(std::string_view text, std::string_view comment) {
  std::string whole(depth_, ' ');
  for (; new_items_ > 0; --new_items_) whole[depth_ - 2 * new_items_] = '-';
  whole += text;
  if (!comment.empty())
    whole = fmt::format("{:<{}} # {}", whole, std::max(kCommentColumn, whole.size()), comment);
  text_ += whole;
  text_ += '\n';
}

void YamlWriter::entry(std::string_view key, std::string_view value, const Mark& origin) {
  line(fmt::format("{}: {}", yamlKey(key), value), placeText(origin, files_));
}

void YamlWriter::entry(std::string_view key, std::string_view value) {
  line(fmt::format("{}: {}", yamlKey(key), value), {});
}

void YamlWriter::comment(std::string_view text, const Mark& origin) {
  line(fmt::format("# {}", text), placeText(origin, files_));
}

void YamlWriter::item(std::string_view value, const Mark& origin) {
  line(fmt::format("- {}", value), placeText(origin, files_));
}

void YamlWriter::open(std::string_view key) {
  line(fmt::format("{}:", yamlKey(key)), {});
  depth_ += 2;
}

void YamlWriter::openItem() {
  depth_ += 2;
  ++new_items_;
}

void YamlWriter::tree(std::string_view key, const Value& value) {
  if (value.entries.empty() && value.items.empty()) return entry(key, leafText(value), value.mark);
  open(key);
  for (const Value::Entry& below : value.entries) tree(below.key.text, below.value);
  for (const Value& below : value.items) treeItem(below);
  close();
}

void YamlWriter::treeItem(const Value& value) {
  if (value.entries.empty() && value.items.empty()) return item(leafText(value), value.mark);
  openItem();
  for (const Value::Entry& below : value.entries) tree(below.key.text, below.value);
  for (const Value& below : value.items) treeItem(below);
  closeItem();
}

}  // namespace fairlead::config
