// rewrite_rules: how the path is changed on the way to the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "filter/filter.h"

namespace fairlead::filter {

extern const Section kRewriteRuleKeys;

class RewriteRules {
 public:
  // `replace: { from: to }`, the course's: every occurrence of the text in the path. Reads over
  // what is there. Warns when `from` could hit inside a segment.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return replace_.empty(); }
  // The path stays canonical and absolute after rewriting. False: the result is no path any more
  // (400).
  bool onRequest(http::RequestHead& head, const Scene& scene) const;
  std::vector<std::pair<std::string, Mark>> describe() const;

 private:
  struct Replace {
    std::string from;  // both in the form of canonical paths
    std::string to;
    Mark mark;
  };

  void readReplace(const Value& value, Diagnostics& out);

  std::vector<Replace> replace_;
};

}  // namespace fairlead::filter
