// The text of a file as marks speak of it: which bytes may stand in it, and how far a scalar
// reaches.
#pragma once

#include <string_view>

#include "base/settings.h"

namespace fairlead::config {

// Reports the first byte that is no UTF-8 or a control character. False: there was one, and the
// text must not be parsed.
bool isUtf8Text(uint32_t file, Diagnostics& out);

// The same, and tabs that separate or indent.
bool isCleanYaml(uint32_t file, Diagnostics& out);

// The columns (bytes) that the scalar at `at` covers on its line. `value` is the text that it
// stands for.
size_t scalarLength(std::string_view text, size_t at, std::string_view value);

// Where the value itself begins, after `&anchor` and `!tag`.
size_t skipProperties(std::string_view text, size_t at);

// The line that contains `at`, without its end.
std::string_view lineAt(std::string_view text, size_t at);

// The mark of `length` bytes at `at`.
Mark markAt(uint32_t file, std::string_view text, size_t at, size_t length);

}  // namespace fairlead::config
