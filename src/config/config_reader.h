// From the trees of all files to one Config.
#pragma once

#include <span>

#include "config/config.h"
#include "config/environment.h"

namespace fairlead::config {

extern const Section kFileKeys;
extern const Section kListenKeys;
extern const Section kDefaultKeys;

// `roots`: the main file first, then those that it includes. The result is finished only if `out`
// has no errors; all of them are reported.
Config readConfig(std::span<const Value> roots, const Environment& environment, Diagnostics& out);

}  // namespace fairlead::config
