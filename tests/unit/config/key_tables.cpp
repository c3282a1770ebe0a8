// Forms in words, keys as rows, and the places of a document where they belong.
#include "unit/config/key_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include "config/scalar_kind.h"
#include "config/schema.h"

namespace fairlead::config {
namespace {

using Kind = Form::Kind;

constexpr std::string_view kValuesMark = "<!-- values -->";
constexpr std::string_view kEnd = "<!-- end -->";

std::string linkTo(std::string_view section) { return fmt::format("[{0}](#{0})", section); }

std::string listed(const std::vector<std::string>& texts, std::string_view last) {
  std::string result;
  for (size_t i = 0; i < texts.size(); ++i)
    result += (i == 0 ? "" : i + 1 < texts.size() ? ", " : std::string(last)) + texts[i];
  return result;
}

std::string nameOf(const Form& scalar) {
  std::string name(scalar.name == "any" ? "anything" : scalar.name);
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

bool isLong(const Form& form) { return form.is(Kind::OneOrList) || form.is(Kind::Map); }

std::string wordsOf(const Form& form) {
  switch (form.kind) {
    case Kind::Scalar:
      return nameOf(form);
    case Kind::Word:
      return fmt::format("`{}`", form.name);
    case Kind::Range:
      return fmt::format("{} to {}", form.low, form.high);
    case Kind::Section:
      return linkTo(form.name);
    case Kind::List:
      return "list of " + wordsOf(form.parts[0]);
    case Kind::OneOrList:
      return wordsOf(form.parts[0]) +
             (form.parts[0].is(Kind::Either) ? ", or a list" : " or a list");
    case Kind::Map:
      return "mapping of names to " + wordsOf(form.parts[0]);
    case Kind::Either:
    case Kind::Later:
      break;
  }
  std::vector<std::string> parts;
  for (const Form& part : form.parts) parts.push_back(wordsOf(part));
  const bool has_long = std::any_of(form.parts.begin(), form.parts.end(), isLong);
  return has_long ? fmt::format("{}", fmt::join(parts, "; or ")) : listed(parts, " or ");
}

std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
  return result;
}

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

std::string keyTable(const Section& section) {
  std::string table = "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const Key& key : section.keys)
    if (!key.isLater())
      table += fmt::format("| {} | {} | {} | {} |\n", code(key.name), cell(formInWords(key.form)),
                           cell(code(key.initial)), cell(key.meaning));
  if (!section.names.empty())
    table +=
        fmt::format("| {} | {} |  |  |\n", section.keys.empty() ? "any name" : "any other name",
                    cell(formInWords(section.names)));
  std::vector<std::string> lenders;
  for (const Section* lender : section.also) lenders.push_back(linkTo(lender->name));
  if (!lenders.empty())
    table += fmt::format("\nBeside these: the keys of {}.\n", listed(lenders, " and "));
  return table;
}

void addKinds(const Form& form, std::set<std::string_view>& kinds) {
  if (form.is(Kind::Scalar)) kinds.insert(form.name);
  for (const Form& part : form.parts) addKinds(part, kinds);
}

// The kinds of values that any key has in this version.
std::string valueTable() {
  std::set<std::string_view> kinds;
  for (const Section* section : allSections()) {
    for (const Key& key : section->keys)
      if (!key.isLater()) addKinds(*currentForm(key.form), kinds);
    if (!section->names.empty()) addKinds(*currentForm(section->names), kinds);
  }
  std::string table = "| value | what it is |\n|---|---|\n";
  for (const ScalarKind& kind : scalarKinds()) {
    Form form;
    form.name = kind.name;
    if (kinds.contains(kind.name) && kind.name != "any")
      table += fmt::format("| {} | {} |\n", nameOf(form), cell(kind.meaning));
  }
  return table;
}

// A mark without its end would take the prose after it along.
void replaceTable(std::string& document, std::string_view mark, const std::string& table) {
  const size_t begin = document.find(mark) + mark.size();
  const size_t end = document.find("<!-- ", begin);
  if (end == std::string::npos || document.compare(end, kEnd.size(), kEnd) != 0)
    throw std::runtime_error(fmt::format("no {} after {}", kEnd, mark));
  document.replace(begin, end - begin, "\n\n" + table + "\n");
}

}  // namespace

std::string formInWords(std::string_view form) {
  const auto current = currentForm(form);
  return current ? wordsOf(*current) : "";
}

std::string tableMark(const Section& section) {
  return fmt::format("<!-- keys: {} -->", section.name);
}

std::string withTables(std::string document) {
  for (const Section* section : allSections()) {
    if (!isCurrent(*section)) continue;
    const std::string mark = tableMark(*section);
    if (document.find(mark) == std::string::npos)
      document += fmt::format("\n### {}\n\n{}\n{}\n", section->name, mark, kEnd);
    replaceTable(document, mark, keyTable(*section));
  }
  if (document.find(kValuesMark) != std::string::npos)
    replaceTable(document, kValuesMark, valueTable());
  return document;
}

}  // namespace fairlead::config
