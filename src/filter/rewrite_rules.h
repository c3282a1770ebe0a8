// rewrite_rules: how path, host and method are changed on the way to the server.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filter/path_mapping.h"
#include "filter/path_text.h"
#include "filter/substitution.h"
#include "filter/template.h"

namespace fairlead::filter {

extern const Section kRewriteRuleKeys;
extern const Section kRegexRuleKeys;

// Order: strip_prefix, replace_prefix, add_prefix, replace_path, replace, regex, host, method. Each
// works on what the ones before it left. Prefixes are whole segments.
class RewriteRules {
 public:
  // Reads over what is there: a key replaces the outer one, `off` switches it off, entries of
  // `replace` replace those of the same text. Warns when `replace` could hit inside a segment.
  void read(const Value& value, Diagnostics& out);

  // The canonical path of the route that these rules belong to: what `strip_prefix: true` and
  // `replace_prefix` work on. Without it they change nothing.
  void bindTo(std::string route_path);
  // The rule that has nothing to work on when the route has a path_regex.
  std::optional<Mark> needsPrefix() const;

  // Is there nothing that changes a request?
  bool empty() const;
  // Are the places that the server names mapped back to what the client knows?
  const Setting<bool>& rewritesLocation() const { return rewrite_location_; }

  // The path stays canonical and absolute; the `*` of OPTIONS is left alone, and so is the method
  // of a HEAD request. False: the result is no path, no host or no method any more (400).
  // `mapping`, which comes as it was made, tells what became of the path's front.
  bool onRequest(http::RequestHead& head, const Scene& scene, PathMapping& mapping) const;

  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same rules.
  Value show() const;

 private:
  struct PathRule {
    PathTemplate path;
    Mark mark;
  };
  struct Prefix {
    PathTemplate path;
    std::string constant;   // canonical, no slash at the end; of a path without placeholders
    bool is_route = false;  // the route's own path
    Mark mark;
  };
  struct Replace {
    PathTemplate from;  // a constant
    PathTemplate to;
    Mark mark;
  };
  struct Regex {
    std::string source;
    Pattern pattern;
    PathTemplate with;
    bool is_over_uri = false;
    Mark mark;
  };
  struct Token {
    Template text;
    Mark mark;
  };
  class Run;

  static std::optional<Prefix> readPrefix(const Value& value, Diagnostics& out);
  static std::optional<Prefix> readStrip(const Value& value, Diagnostics& out);
  void readReplace(const Value& value, Diagnostics& out);
  void readRegexes(const Value& value, Diagnostics& out);
  void readRegex(const Value& value, Diagnostics& out);
  template <typename Visit>
  void forEachTemplate(Visit visit) const;

  std::optional<Prefix> strip_;
  std::optional<Prefix> replace_prefix_;
  std::optional<Prefix> add_prefix_;
  std::optional<PathRule> replace_path_;
  std::vector<Replace> replace_;
  std::vector<Regex> regexes_;
  std::optional<Token> host_;
  std::optional<Token> method_;
  Setting<bool> rewrite_location_{true};
  std::optional<std::string> route_path_;  // no slash at the end
};

}  // namespace fairlead::filter
