// Configuration values out of YAML's flow style, for tables: `{ add: { X: 1 }, remove: [a, "b, c"]
// }`.
#pragma once

#include <string>
#include <string_view>

#include "base/settings.h"

namespace fairlead::filter {

// Trusts its input: tests only. Marks count columns on line 1.
class Flow {
 public:
  explicit Flow(std::string_view text) : text_(text) {}

  Value read() {
    skipBlanks();
    Value value;
    const size_t begin = at_;
    if (take('{')) {
      value.kind = Value::Kind::Map;
      while (!take('}')) {
        Value key = read();
        take(':');
        value.entries.push_back({std::move(key), read()});
        take(',');
      }
    } else if (take('[')) {
      value.kind = Value::Kind::List;
      while (!take(']')) {
        value.items.push_back(read());
        take(',');
      }
    } else {
      readScalar(value);
    }
    value.mark = {0, 1, static_cast<uint32_t>(begin + 1), static_cast<uint32_t>(at_ - begin)};
    return value;
  }

 private:
  void skipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skipBlanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void readScalar(Value& value) {
    value.kind = Value::Kind::Scalar;
    if (text_[at_] == '"') {
      const size_t end = text_.find('"', at_ + 1);
      value.quoted = true;
      value.text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return;
    }
    const size_t begin = at_;
    while (at_ < text_.size() && !isEnd()) ++at_;
    value.text = text_.substr(begin, at_ - begin);
    while (value.text.ends_with(' ')) value.text.pop_back();
  }
  bool isEnd() const {
    const char c = text_[at_];
    if (c == ':') return at_ + 1 == text_.size() || text_[at_ + 1] == ' ';
    return c == ',' || c == '}' || c == ']';
  }

  std::string_view text_;
  size_t at_ = 0;
};

inline Value flow(std::string_view text) { return Flow(text).read(); }

// The first finding as "severity: message | suggestion", or "".
inline std::string firstFinding(const Diagnostics& out) {
  if (out.all().empty()) return {};
  const Diagnostic& finding = out.all().front();
  std::string text = finding.severity == Diagnostic::Severity::Error ? "error: " : "warning: ";
  text += finding.message;
  if (!finding.suggestion.empty()) text += " | " + finding.suggestion;
  return text;
}

}  // namespace fairlead::filter
