// Reading what is kept in files of its own: lists, pages and databases.
#include "config/named_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/entry_lines.h"
#include "config/load.h"
#include "config/source_text.h"

namespace fairlead::config {
namespace {

// One tree at a time; a file that several values name is read once.
class Expander {
 public:
  Expander(const Files& files, Diagnostics& out) : files_(files), out_(out) {}

  void visit(Value& value) {
    const bool is_route = value.find("path") != nullptr || value.find("path_regex") != nullptr;
    for (Value& item : value.items) visit(item);
    for (Value::Entry& entry : value.entries) {
      if (hasNamesOfUsers(entry.key.text)) continue;
      if (entry.key.text == "trusted_proxies" || (is_route && entry.key.text == "from"))
        expand(entry.value);
      else if (entry.key.text == "firewall_rules")
        visitRules(entry.value);
      else if (entry.key.text == "proxy_protocol")
        visitProxyProtocol(entry.value);
      else if (entry.key.text == "respond")
        readPage(entry.value);
      else if (entry.key.text == "geo")
        readDatabase(entry.value);
      else if (entry.key.text == "error_pages")
        readErrorPages(entry.value);
      else
        visit(entry.value);
    }
  }

 private:
  static bool isFileName(const Value& value) {
    return value.isScalar() && value.text.starts_with('@');
  }

  // Mappings whose keys are no words of the language: a parameter may be called `respond`.
  static bool hasNamesOfUsers(std::string_view key) {
    constexpr std::array<std::string_view, 7> kKeys{
        "headers", "params", "cookies", "header_rules", "param_rules", "cookie_rules", "tests"};
    return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
  }

  void visitRules(Value& rules) {
    for (Value::Entry& entry : rules.entries) {
      if (entry.key.text == "path_reject") expand(entry.value);
      if (entry.key.text == "ip_reject" || entry.key.text == "ip_allow") openLists(entry.value);
    }
  }

  // The rules read the lines themselves: there may be a million.
  void openLists(const Value& list) {
    if (isFileName(list)) open(list, Use::List);
    for (const Value& item : list.items)
      if (isFileName(item)) open(item, Use::List);
  }

  void visitProxyProtocol(Value& terms) {
    for (Value::Entry& entry : terms.entries)
      if (entry.key.text == "from") expand(entry.value);
  }

  void expand(Value& list) {
    if (isFileName(list)) {
      Value alone = list;
      list.kind = Value::Kind::List;
      list.items = {std::move(alone)};
    }
    if (std::none_of(list.items.begin(), list.items.end(), isFileName)) return;
    std::vector<Value> expanded;
    for (Value& item : list.items) {
      if (isFileName(item))
        addLines(item, expanded);
      else
        expanded.push_back(std::move(item));
    }
    list.items = std::move(expanded);
  }

  void readErrorPages(const Value& pages) {
    for (const Value::Entry& page : pages.entries) {
      if (isFileName(page.value))
        open(page.value, Use::Page);
      else
        readPage(page.value);
    }
  }

  void readPage(const Value& page) {
    const Value* file = page.find("file");
    if (file != nullptr && file->isScalar()) open(*file, Use::Page);
  }

  void readDatabase(const Value& geo) {
    const Value* database = geo.find("database");
    if (database != nullptr && database->isScalar()) open(*database, Use::Database);
  }

  // What a file is read for.
  enum class Use : uint8_t { List, Page, Database };

  // The file's index, reading it at most once.
  std::optional<uint32_t> open(const Value& named, Use use) {
    if (const Diagnostics::File* known = namedFile(named, out_))
      return static_cast<uint32_t>(known - out_.files.data());
    const size_t at = named.text.starts_with('@') ? 1 : 0;
    std::string name = besideFile(out_.files[named.mark.file].name, named.text.substr(at));
    auto text = files_.read(name);
    if (!text) {
      Diagnostic& finding =
          out_.error(named.mark, fmt::format("cannot read `{}`: {}", name, text.error()));
      if (use == Use::List) finding.expected = "a file with one entry a line";
      out_.mute(named.mark);
      return std::nullopt;
    }
    if (use == Use::Page && text->size() > kLargestPage) {
      out_.error(named.mark, fmt::format("`{}` is larger than 1 MiB", name)).expected =
          "a small page; larger files are the work of a server";
      return std::nullopt;
    }
    out_.files.push_back({std::move(name), *std::move(text)});
    return static_cast<uint32_t>(out_.files.size() - 1);
  }

  void addLines(const Value& item, std::vector<Value>& into) {
    const auto file = open(item, Use::List);
    if (!file || !isUtf8Text(*file, out_)) return;
    forEachEntry(out_.files[*file].text,
                 [&](std::string_view entry, uint32_t line, uint32_t column) {
                   Value& value = into.emplace_back();
                   value.kind = Value::Kind::Scalar;
                   value.mark = {*file, line, column, static_cast<uint32_t>(entry.size())};
                   value.text = entry;
                 });
  }

  const Files& files_;
  Diagnostics& out_;
};

}  // namespace

void readNamedFiles(Value& root, const Files& files, Diagnostics& out) {
  Expander(files, out).visit(root);
}

}  // namespace fairlead::config
