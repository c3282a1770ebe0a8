// The kinds of single values that forms name: what they are to people, and what to a schema.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::config {

struct ScalarKind {
  std::string_view name;     // as forms name it: "listen_address"
  std::string_view meaning;  // for the documentation

  // What it may be; nothing of all these: anything.
  bool is_text = false;         // any string, number or boolean, as YAML has them
  bool is_boolean = false;      // true or false
  uint64_t low = 0;             // a whole number from `low` to `high`
  uint64_t high = 0;            // 0: none
  bool has_fractions = false;   // ... or a number between them
  std::string_view unit = {};   // a string of a number and this, a regular expression
  std::string_view shape = {};  // a string with this regular expression in it
  bool has_choices = false;     // one of `choicesOf` it
};

std::span<const ScalarKind> scalarKinds();
const ScalarKind* findScalarKind(std::string_view name);

// The expression that its strings must match, or "": of the syntax that ECMA 262 and others share.
std::string patternOf(const ScalarKind& kind);
std::vector<std::string_view> choicesOf(const ScalarKind& kind);

}  // namespace fairlead::config
