// Regular expressions of rules (RE2), and what their matches become.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string_view>

#include "filter/template.h"

namespace fairlead::filter {

using Pattern = std::shared_ptr<const re2::RE2>;

// Null: it is none, which is reported in RE2's own words.
Pattern readPattern(const Value& value, Diagnostics& out);

// What may stand in the `with` of this pattern.
Allowed allowedFor(const re2::RE2& pattern);

struct Substitution {
  const re2::RE2& pattern;
  const Template& with;
  size_t limit;                  // of the result, in bytes
  bool encodes_between = false;  // what did not match is percent-encoded, as a parameter's value
};

struct Substituted {
  enum class Outcome : uint8_t { NoMatch, Done, TooLong };
  Outcome outcome = Outcome::NoMatch;
  std::string_view text;  // Done only; memory of the scene's arena
};

// Every match in the text is replaced, from left to right; an empty match beside another is none.
Substituted substitute(std::string_view text, const Substitution& how, const Scene& scene);

}  // namespace fairlead::filter
