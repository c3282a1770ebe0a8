// What the answer to a check must be like.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace fairlead::upstream {

extern const Section kHealthExpectKeys;

// Patterns are RE2, unanchored, and known to compile.
struct HealthExpect {
  struct Range {
    uint16_t low = 200;
    uint16_t high = 399;  // included

    friend bool operator==(const Range&, const Range&) = default;
  };
  Setting<std::vector<Range>> status{std::vector<Range>{{200, 399}}};
  Setting<std::string> body;                                         // a pattern; empty: any body
  std::vector<std::pair<std::string, Setting<std::string>>> fields;  // patterns by field name

  void read(const Value& value, Diagnostics& out);
  Value show() const;
};

}  // namespace fairlead::upstream
