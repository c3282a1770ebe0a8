// Laying out findings around the source lines that they speak of.
#include "config/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace fairlead::config {
namespace {

using Severity = Diagnostic::Severity;

constexpr size_t kWidest = 120;  // characters of a source line that are shown

std::string_view nameOf(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames{"error", "warning", "note"};
  return kNames[static_cast<size_t>(severity)];
}

bool isContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !isContinuation(c); }));
}

// Control characters made visible: nothing in a file may speak to the terminal.
std::string printable(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const bool is_c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xA0;
    if (text[i] == '\t')
      result += ' ';
    else if (byte < ' ' || byte == 0x7f)
      result += '?';
    else if (is_c1)
      ++i, result += '?';
    else
      result += text[i];
  }
  return result;
}

// The line of a mark, and where on it the mark lies, in characters.
struct Excerpt {
  std::string line;
  size_t column = 0;  // of the caret, from 0, within `line`
  size_t length = 1;
  size_t full_column = 0;  // the same in the whole line
};

std::string_view sourceLine(std::string_view text, uint32_t number) {
  for (uint32_t line = 1; line < number; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Moves `at` to the beginning of the character that it lies in.
size_t characterStart(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && isContinuation(text[at])) --at;
  return at;
}

Excerpt excerptOf(const Mark& mark, const Diagnostics& diagnostics) {
  const std::string_view line = sourceLine(diagnostics.files[mark.file].text, mark.line);
  const size_t start = std::min<size_t>(mark.column == 0 ? 0 : mark.column - 1, line.size());
  const size_t end = std::min<size_t>(start + std::max<uint32_t>(mark.length, 1), line.size());
  Excerpt excerpt;
  excerpt.full_column = characters(line.substr(0, start));
  excerpt.length = std::max<size_t>(characters(line.substr(start, end - start)), 1);
  size_t from = 0;
  if (line.size() > kWidest && start > kWidest / 2)
    from = characterStart(line, start - kWidest / 2);
  const size_t to = characterStart(line, std::min(line.size(), from + kWidest));
  const std::string_view lead = from > 0 ? "..." : "";
  excerpt.line = fmt::format("{}{}{}", lead, printable(line.substr(from, to - from)),
                             to < line.size() ? "..." : "");
  excerpt.column = lead.size() + characters(line.substr(from, start - from));
  excerpt.length = std::min(excerpt.length, kWidest);
  return excerpt;
}

bool hasFile(const Mark& mark, const Diagnostics& diagnostics) {
  return mark.file < diagnostics.files.size();
}

// --- text

class TextRenderer {
 public:
  TextRenderer(const Diagnostics& diagnostics, Colour colour)
      : diagnostics_(diagnostics), is_coloured_(colour == Colour::On) {}

  std::string render() {
    for (const Diagnostic& finding : diagnostics_.all()) renderOne(finding);
    renderSummary();
    return std::move(text_);
  }

 private:
  std::string_view paint(std::string_view code) const { return is_coloured_ ? code : ""; }
  std::string_view bold() const { return paint("\x1b[1m"); }
  std::string_view plain() const { return paint("\x1b[0m"); }
  std::string_view paintOf(Severity severity) const {
    constexpr std::array<std::string_view, 3> kCodes{"\x1b[1;31m", "\x1b[1;35m", "\x1b[1;36m"};
    return paint(kCodes[static_cast<size_t>(severity)]);
  }
  template <typename... Parts>
  void write(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Parts>(parts)...);
  }

  void renderOne(const Diagnostic& finding) {
    if (!text_.empty()) text_ += '\n';
    renderPlace(finding.mark, finding.severity, finding.message);
    if (!finding.expected.empty()) write("     = expected {}\n", printable(finding.expected));
    if (!finding.suggestion.empty()) write("     = {}\n", printable(finding.suggestion));
    if (finding.also) renderPlace(*finding.also, Severity::Note, finding.also_message);
  }

  void renderPlace(const Mark& mark, Severity severity, std::string_view message) {
    write("{}", bold());
    const bool has_line = hasFile(mark, diagnostics_) && !mark.isBuiltIn();
    const Excerpt excerpt = has_line ? excerptOf(mark, diagnostics_) : Excerpt();
    if (hasFile(mark, diagnostics_)) write("{}:", printable(diagnostics_.files[mark.file].name));
    if (has_line) write("{}:{}:", mark.line, excerpt.full_column + 1);
    if (hasFile(mark, diagnostics_)) text_ += ' ';
    write("{}{}:{}{} {}{}\n", paintOf(severity), nameOf(severity), plain(), bold(),
          printable(message), plain());
    if (!has_line) return;
    write("{:>4} | {}\n", mark.line, excerpt.line);
    write("     | {:{}}{}{:^>{}}{}\n", "", excerpt.column, paintOf(severity), "^", excerpt.length,
          plain());
  }

  void renderSummary() {
    std::string summary;
    for (const Severity severity : {Severity::Error, Severity::Warning}) {
      const auto count =
          std::count_if(diagnostics_.all().begin(), diagnostics_.all().end(),
                        [&](const Diagnostic& finding) { return finding.severity == severity; });
      if (count == 0) continue;
      summary += fmt::format("{}{} {}{}", summary.empty() ? "" : ", ", count, nameOf(severity),
                             count == 1 ? "" : "s");
    }
    if (!summary.empty()) write("\n{}\n", summary);
  }

  const Diagnostics& diagnostics_;
  bool is_coloured_;
  std::string text_;
};

// --- JSON

void appendJson(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<uint8_t>(c) < ' ' || c == '\x7f')
      out += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    else
      out += c;
  }
  out += '"';
}

void appendMember(std::string& out, std::string_view key, std::string_view text) {
  out += out.ends_with('{') ? "" : ",";
  appendJson(out, key);
  out += ':';
  appendJson(out, text);
}

void appendPlace(std::string& out, const Mark& mark, const Diagnostics& diagnostics) {
  if (!hasFile(mark, diagnostics)) return;
  appendMember(out, "file", diagnostics.files[mark.file].name);
  if (mark.isBuiltIn()) return;
  const Excerpt excerpt = excerptOf(mark, diagnostics);
  out += fmt::format(R"(,"line":{},"column":{},"end_line":{},"end_column":{})", mark.line,
                     excerpt.full_column + 1, mark.line, excerpt.full_column + 1 + excerpt.length);
}

}  // namespace

std::string renderText(const Diagnostics& diagnostics, Colour colour) {
  return TextRenderer(diagnostics, colour).render();
}

std::string renderJson(const Diagnostics& diagnostics) {
  std::string out = "[";
  for (const Diagnostic& finding : diagnostics.all()) {
    out += out.size() == 1 ? "\n  {" : ",\n  {";
    appendPlace(out, finding.mark, diagnostics);
    appendMember(out, "severity", nameOf(finding.severity));
    appendMember(out, "message", finding.message);
    if (!finding.expected.empty()) appendMember(out, "expected", finding.expected);
    if (!finding.suggestion.empty()) appendMember(out, "suggestion", finding.suggestion);
    if (finding.also) {
      out += ",\"also\":{";
      appendPlace(out, *finding.also, diagnostics);
      appendMember(out, "message", finding.also_message);
      out += '}';
    }
    out += '}';
  }
  out += out.size() == 1 ? "]\n" : "\n]\n";
  return out;
}

std::string placeText(const Mark& mark, const Diagnostics& diagnostics) {
  if (mark.isBuiltIn() || !hasFile(mark, diagnostics)) return "built-in";
  return fmt::format("{}:{}", diagnostics.files[mark.file].name, mark.line);
}

}  // namespace fairlead::config
