// A descent through the notation, one function a level.
#include "config/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace fairlead::config {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::expected<Form, std::string> parse() {
    Form form = either();
    if (fault_.empty() && at_ != text_.size())
      fail(fmt::format("`{}` cannot stand here", text_[at_]));
    if (!fault_.empty()) return std::unexpected(fmt::format("`{}`: {}", text_, fault_));
    return form;
  }

 private:
  // x | y | z
  Form either() {
    Form first = repeated();
    const bool is_later = first.is(Form::Kind::Later);
    if (!is_later && !sees('|')) return first;
    Form form;
    form.kind = is_later ? Form::Kind::Later : Form::Kind::Either;
    if (!is_later) form.parts.push_back(std::move(first));
    while (accept('|')) {
      form.parts.push_back(repeated());
      if (is_later && !form.parts.back().is(Form::Kind::Word))
        fail("only words can stand beside `later`");
    }
    return form;
  }

  // x or x...
  Form repeated() {
    Form form = single();
    while (accept("...")) form = around(Form::Kind::OneOrList, std::move(form));
    return form;
  }

  Form single() {
    skipBlanks();
    if (accept('(')) return closed(either(), ')');
    if (accept('[')) return around(Form::Kind::List, closed(either(), ']'));
    if (accept('{')) return around(Form::Kind::Map, closed(either(), '}'));
    Form form;
    if (accept('\'')) {
      form.kind = Form::Kind::Word;
      form.name = take([](char c) { return c != '\''; });
      if (form.name.empty()) fail("a word is missing");
      return closed(std::move(form), '\'');
    }
    if (accept('<')) {
      form.kind = Form::Kind::Section;
      form.name = name();
      return closed(std::move(form), '>');
    }
    if (at_ < text_.size() && ascii::isDigit(text_[at_])) return range();
    form.name = name();
    if (form.name == "later") form.kind = Form::Kind::Later;
    return form;
  }

  // 0..100
  Form range() {
    Form form;
    form.kind = Form::Kind::Range;
    form.low = number();
    if (!accept("..")) fail("a range is two numbers with `..` between them");
    form.high = number();
    if (form.low > form.high) fail("a range begins with the smaller number");
    return form;
  }

  uint64_t number() {
    const std::string_view digits = take(ascii::isDigit);
    uint64_t value = 0;
    const auto end = digits.data() + digits.size();
    if (digits.empty() || std::from_chars(digits.data(), end, value).ec != std::errc())
      fail("a number is missing");
    return value;
  }

  std::string_view name() {
    const std::string_view word = take([](char c) { return ascii::isAlpha(c) || c == '_'; });
    if (word.empty()) fail("a name is missing");
    return word;
  }

  Form closed(Form form, char close) {
    if (!accept(close)) fail(fmt::format("a `{}` is missing", close));
    return form;
  }

  static Form around(Form::Kind kind, Form inner) {
    Form form;
    form.kind = kind;
    form.parts.push_back(std::move(inner));
    return form;
  }

  void skipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool sees(char c) {
    skipBlanks();
    return at_ < text_.size() && text_[at_] == c;
  }

  bool accept(char c) {
    if (c != '\'') skipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  template <typename Belongs>
  std::string_view take(Belongs belongs) {
    const size_t start = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  // The first fault is told; what follows from it is not.
  void fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
    at_ = text_.size();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string fault_;
};

}  // namespace

std::expected<Form, std::string> parseForm(std::string_view text) { return Parser(text).parse(); }

}  // namespace fairlead::config
