// docs/configuration.md says what the tables of keys say. To write its tables anew, run with
// FAIRLEAD_UPDATE_DOCS=1 and read the difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "balance/balancer.h"
#include "base/ascii.h"
#include "config/schema.h"
#include "unit/config/key_tables.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

const std::string kFile = FAIRLEAD_SOURCE_DIR "/docs/configuration.md";

std::string documentation() {
  std::ifstream stream(kFile);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    found.push_back((*at)[1]);
  return found;
}

// From the first line that differs on, as far as one can take in.
std::string differenceOf(const std::string& text, const std::string& wanted) {
  const auto [ours, theirs] = std::ranges::mismatch(text, wanted);
  const auto excerpt = [](const std::string& whole, std::ptrdiff_t at) {
    const size_t begin = whole.rfind('\n', static_cast<size_t>(at)) + 1;
    return whole.substr(begin, 400);
  };
  return "it says:\n" + excerpt(text, ours - text.begin()) + "\n\nit should say:\n" +
         excerpt(wanted, theirs - wanted.begin()) + "\n\nFAIRLEAD_UPDATE_DOCS=1 writes it anew";
}

TEST(Documentation, HasTheTablesOfTheLanguage) {
  const std::string wanted = withTables(documentation());
  if (std::getenv("FAIRLEAD_UPDATE_DOCS") != nullptr) std::ofstream(kFile) << wanted;
  const std::string text = documentation();
  EXPECT_TRUE(text == wanted) << differenceOf(text, wanted);
}

TEST(Documentation, HasEachSectionOnceAndNoOther) {
  std::multiset<std::string> wanted;
  for (const Section* section : allSections())
    if (isCurrent(*section)) wanted.emplace(section->name);
  const auto found = matches(documentation(), std::regex("<!-- keys: (.*) -->"));
  EXPECT_EQ(std::multiset<std::string>(found.begin(), found.end()), wanted);
  EXPECT_GT(found.size(), 15u);
}

// As the pages of GitHub name headings.
std::string anchorOf(const std::string& heading) {
  std::string anchor;
  for (const char c : ascii::lowered(heading)) {
    if (c == ' ') anchor += '-';
    if (ascii::isAlpha(c) || ascii::isDigit(c) || c == '-' || c == '_') anchor += c;
  }
  return anchor;
}

TEST(Documentation, HasAHeadingForEachLink) {
  const std::string text = documentation();
  std::set<std::string> anchors;
  for (const std::string& heading : matches(text, std::regex("\n#+ ([^\n]*)")))
    EXPECT_TRUE(anchors.insert(anchorOf(heading)).second) << heading << " stands twice";
  const auto links = matches(text, std::regex("\\]\\(#([^)]*)\\)"));
  EXPECT_GT(links.size(), 20u);
  for (const std::string& link : links) EXPECT_TRUE(anchors.contains(link)) << link;
}

TEST(Documentation, NamesEveryPolicy) {
  for (const balance::Policy& policy : balance::policies())
    EXPECT_THAT(documentation(), testing::HasSubstr("`" + std::string(policy.name) + "`"));
}

TEST(Documentation, ItsExamplesLoad) {
  const std::string text = documentation();
  constexpr std::string_view kPools =
      "pools: { api: { servers: [a:1] }, shop: { servers: [b:1] } }\n";
  const auto examples = matches(text, std::regex("```yaml\n([^`]*)```"));
  const std::map<std::string, std::string> files{{"pages/gone.html", "<h1>gone</h1>"},
                                                 {"pages/maintenance.html", "<h1>later</h1>"}};
  EXPECT_EQ(examples.size(), 23u);
  for (std::string example : examples) {
    if (example.find("pools:") == std::string::npos) example += kPools;
    const Loaded loaded = loadWith(example, files);
    EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics) << example;
    EXPECT_FALSE(loaded.diagnostics.hasErrors()) << renderText(loaded.diagnostics);
  }
}

TEST(KeyTables, TellFormsInWords) {
  const struct {
    const char* form;
    const char* words;
  } rows[] = {
      {"duration", "duration"},
      {"listen_address", "listen address"},
      {"any", "anything"},
      {"duration | 'off'", "duration or `off`"},
      {"'a' | 'b' | 'c'", "`a`, `b` or `c`"},
      {"0..100", "0 to 100"},
      {"'auto' | 1..1024", "`auto` or 1 to 1024"},
      {"path | 'off' | <health>", "path, `off` or [health](#health)"},
      {"[<host>]", "list of [host](#host)"},
      {"{<pool>}", "mapping of names to [pool](#pool)"},
      {"host...", "host or a list"},
      {"(address | <server>)...", "address or [server](#server), or a list"},
      {"text... | {any}", "text or a list; or mapping of names to anything"},
      {"(path | list_file | <path_pattern>)...",
       "path, list file or [path_pattern](#path_pattern), or a list"},
      {"later", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(formInWords(row.form), row.words) << row.form;
}

TEST(KeyTables, ReplaceWhatStandsBetweenTheMarks) {
  const std::string once = withTables("a\n<!-- keys: retry -->\noutdated\n<!-- end -->\nb\n");
  EXPECT_TRUE(once.starts_with(
      "a\n<!-- keys: retry -->\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
      "| `attempts` | 0 to 10 | `1` | beyond the first, each on another server |\n"))
      << once;
  EXPECT_THAT(once, testing::HasSubstr("\n\n<!-- end -->\nb\n"));
  EXPECT_THAT(once, testing::Not(testing::HasSubstr("outdated")));
  EXPECT_THAT(once, testing::HasSubstr("\n### health\n\n<!-- keys: health -->\n\n| key |"));
  EXPECT_EQ(withTables(once), once);
  EXPECT_THROW(withTables("<!-- keys: retry -->\n"), std::runtime_error);
}

}  // namespace
}  // namespace fairlead::config
