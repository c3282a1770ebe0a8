// The notation of forms: what each text means, and what is no form.
#include "config/form.h"

#include <gtest/gtest.h>

#include "base/vocabulary.h"

namespace fairlead::config {
namespace {

std::string written(const Form& form) {
  const auto parts = [&](std::string_view name) {
    std::string text = "(" + std::string(name);
    for (const Form& part : form.parts) text += " " + written(part);
    return text + ")";
  };
  switch (form.kind) {
    case Form::Kind::Scalar:
      return std::string(form.name);
    case Form::Kind::Word:
      return "'" + std::string(form.name) + "'";
    case Form::Kind::Range:
      return std::to_string(form.low) + "-" + std::to_string(form.high);
    case Form::Kind::Section:
      return "<" + std::string(form.name) + ">";
    case Form::Kind::List:
      return parts("list");
    case Form::Kind::OneOrList:
      return parts("one-or-list");
    case Form::Kind::Map:
      return parts("map");
    case Form::Kind::Either:
      return parts("either");
    case Form::Kind::Later:
      return parts("later");
  }
  return "";
}

TEST(Form, IsReadAsWritten) {
  const struct {
    const char* text;
    const char* tree;
  } rows[] = {
      {"duration", "duration"},
      {"  listen_address ", "listen_address"},
      {"'off'", "'off'"},
      {"'a b|c'", "'a b|c'"},
      {"0..100", "0-100"},
      {"7..7", "7-7"},
      {"<health>", "<health>"},
      {"text | 'off'", "(either text 'off')"},
      {"a|b|c", "(either a b c)"},
      {"[text]", "(list text)"},
      {"[a | b]", "(list (either a b))"},
      {"{<pool>}", "(map <pool>)"},
      {"{ [text] }", "(map (list text))"},
      {"host...", "(one-or-list host)"},
      {"text... | {any}", "(either (one-or-list text) (map any))"},
      {"(path | <pattern>)...", "(one-or-list (either path <pattern>))"},
      {"('a' | 'b')", "(either 'a' 'b')"},
      {"(a | (b | c))... | 1..2", "(either (one-or-list (either a (either b c))) 1-2)"},
      {"later", "(later)"},
      {"later | 'off' | 'false'", "(later 'off' 'false')"},
      {"laterally", "laterally"},
  };
  for (const auto& row : rows) {
    const auto form = parseForm(row.text);
    ASSERT_TRUE(form) << row.text << ": " << form.error();
    EXPECT_EQ(written(*form), row.tree) << row.text;
    EXPECT_EQ((Key{.name = {}, .form = row.text, .initial = {}, .meaning = {}}.isLater()),
              std::string_view(row.text).starts_with("later"))
        << row.text;
  }
}

TEST(Form, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* fault;
  } rows[] = {
      {"", "a name is missing"},
      {"|", "a name is missing"},
      {"a |", "a name is missing"},
      {"a b", "`b` cannot stand here"},
      {"a)", "`)` cannot stand here"},
      {"(a", "a `)` is missing"},
      {"[a", "a `]` is missing"},
      {"{a]", "a `}` is missing"},
      {"<a", "a `>` is missing"},
      {"<>", "a name is missing"},
      {"'a", "a `'` is missing"},
      {"''", "a word is missing"},
      {"5", "a range is two numbers with `..` between them"},
      {"5..", "a number is missing"},
      {"5..x", "a number is missing"},
      {"5..3", "a range begins with the smaller number"},
      {"0..99999999999999999999", "a number is missing"},
      {"a..b", "`.` cannot stand here"},
      {"later | text", "only words can stand beside `later`"},
  };
  for (const auto& row : rows) {
    const auto form = parseForm(row.text);
    ASSERT_FALSE(form) << row.text << ": " << written(*form);
    EXPECT_EQ(form.error(), "`" + std::string(row.text) + "`: " + row.fault);
  }
}

}  // namespace
}  // namespace fairlead::config
