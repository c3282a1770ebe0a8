// Which paths a level refuses: whole segments and all below them, exact paths, globs and regexes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/settings.h"
#include "route/regex_set.h"

namespace fairlead::firewall {

extern const Section kPathPatternKeys;

class PathRules {
 public:
  struct Rule {
    enum class Kind : uint8_t { Prefix, Exact, Glob, Regex };
    Kind kind = Kind::Prefix;
    std::string text;   // canonical, or the pattern
    std::string plain;  // of a prefix or an exact path: as rules compare it
    Mark mark;
    std::string name;  // "firewall path_reject /admin"
  };

  // The entries of `path_reject`; lists add up.
  void read(const Value& list, Diagnostics& out);

  bool empty() const { return rules_.empty(); }
  const Rule& first() const { return rules_.front(); }
  // The rule that refuses this canonical path, or nullptr: prefixes and exact paths first. Cost
  // does not grow with the number of rules that are neither glob nor regex. Encoded delimiters hide
  // nothing: a pattern is asked about the path as it is and about the plain one.
  const Rule* find(std::string_view path) const;
  Value show() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void readEntry(const Value& entry, Diagnostics& out);
  void readPattern(const Value& entry, Diagnostics& out);
  void readGlob(const Value& value, Diagnostics& out);
  void add(Rule::Kind kind, std::string text, Mark mark);
  void index();
  const Rule* findPrefix(std::string_view plain) const;
  const Rule* findPattern(std::string_view path) const;

  std::vector<Rule> rules_;      // as written
  std::vector<uint32_t> order_;  // prefixes in the order of segments, without those below others
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> exact_;
  std::vector<route::Regex> patterns_;
  std::vector<uint32_t> pattern_rules_;  // as `patterns_`
  std::shared_ptr<const route::RegexSet> set_;
};

// The regex that a glob means: `*` is any text within a segment, `**` any text, and `**/` any
// number of whole segments, none included.
std::string regexOfGlob(std::string_view glob);

}  // namespace fairlead::firewall
