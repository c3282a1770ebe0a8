// Writes YAML line by line, with the origin of each value as a comment.
#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"

namespace fairlead::config {

// A text as a YAML scalar that reads back to it: plain where that is safe, else in double quotes.
std::string yamlText(std::string_view text);
// A leaf as it must be written: `true`, `false` and `off` are words unless the value is quoted.
std::string yamlScalar(const Value& value);

class YamlWriter {
 public:
  explicit YamlWriter(const Diagnostics& files) : files_(files) {}

  // `key: value`; the value must be YAML already.
  void entry(std::string_view key, std::string_view value, const Mark& origin);
  void entry(std::string_view key, std::string_view value);
  // `# text`: what a reader should know, and the loader need not.
  void comment(std::string_view text, const Mark& origin);
  // `- value`.
  void item(std::string_view value, const Mark& origin);
  // `key:` with all that is below it, each leaf with its own origin.
  void tree(std::string_view key, const Value& value);
  // `key:`, and what follows belongs to it until `close`.
  void open(std::string_view key);
  void close() { depth_ -= 2; }
  // The next line begins a list item; the lines after it belong to it until `closeItem`.
  void openItem();
  void closeItem() { depth_ -= 2; }

  std::string take() { return std::move(text_); }

 private:
  void treeItem(const Value& value);
  void line(std::string_view text, std::string_view comment);

  const Diagnostics& files_;
  std::string text_;
  size_t depth_ = 0;
  size_t new_items_ = 0;  // whose dashes the next line writes
};

}  // namespace fairlead::config
