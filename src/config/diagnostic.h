// Findings as people and editors read them.
#pragma once

#include <string>

#include "base/settings.h"

namespace fairlead::config {

enum class Colour : uint8_t { Off, On };

// Every finding with its line and a caret under the fault, then "3 errors, 1 warning"; "" for none.
// Whatever the file holds, no control character of it reaches the terminal.
std::string renderText(const Diagnostics& diagnostics, Colour colour = Colour::Off);

// One JSON list of findings: file, line, column, end_line, end_column (1-based, in characters, the
// end exclusive), severity, message, and if there are such expected, suggestion, also.
std::string renderJson(const Diagnostics& diagnostics);

// "fairlead.yaml:7", or "built-in".
std::string placeText(const Mark& mark, const Diagnostics& diagnostics);

}  // namespace fairlead::config
