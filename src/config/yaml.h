// YAML text to a tree of values with exact marks; the only door to the YAML library.
#pragma once

#include <cstdint>
#include <optional>

#include "base/settings.h"
#include "config/environment.h"

namespace fairlead::config {

// Reads the text of `out.files[file]` as YAML 1.2 without its traps: no tabs, no duplicate keys, no
// tags, one document. Nothing: the text is no YAML, and the findings say why. Hostile text is safe:
// depth and size are limited, aliases count by what they expand to, no exception leaves.
std::optional<Value> readYaml(uint32_t file, const Environment& environment, Diagnostics& out);

}  // namespace fairlead::config
