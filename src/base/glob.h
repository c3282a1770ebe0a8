// Patterns in which `*` stands for any text, the empty one included; all else is itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.h"

namespace fairlead {

namespace glob_detail {

// When the text stops fitting, the last `*` takes one byte more and all behind it is tried again:
// an earlier `*` never needs to, so the time is at most the length of the pattern for each byte.
template <typename Same>
constexpr bool matches(std::string_view pattern, std::string_view text, Same same) {
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0;
  size_t t = 0;
  size_t star = kNone;  // behind the last `*`
  size_t taken = 0;     // where the text behind it begins
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      taken = t;
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace glob_detail

constexpr bool isGlob(std::string_view pattern) {
  return pattern.find('*') != std::string_view::npos;
}

// Does the whole text match? No memory is needed.
constexpr bool matchesGlob(std::string_view pattern, std::string_view text) {
  return glob_detail::matches(pattern, text, [](char a, char b) { return a == b; });
}

// The same, with ASCII letters in any case.
constexpr bool matchesGlobIgnoreCase(std::string_view pattern, std::string_view text) {
  return glob_detail::matches(pattern, text,
                              [](char a, char b) { return ascii::lower(a) == ascii::lower(b); });
}

}  // namespace fairlead
