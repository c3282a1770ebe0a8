// A text as words between blanks.
#pragma once

#include <string_view>

#include "base/ascii.h"

namespace fairlead {

// Takes the next word off the front of the text; empty at its end.
inline std::string_view takeWord(std::string_view& text) {
  text = ascii::trim(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace fairlead
