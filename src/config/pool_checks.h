// What is wrong with pools that only the finished ones show, with all their levels merged.
#pragma once

#include "config/config.h"

namespace fairlead::config {

// What health checks are told, though nothing makes HTTP checks of them.
void refuseKeysWithoutPath(const Config& config, Diagnostics& out);

// What has no effect, or not the one that one would expect. Only for files without errors.
void warnOfPools(const Config& config, Diagnostics& out);

}  // namespace fairlead::config
