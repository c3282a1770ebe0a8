// What the verbs share.
#pragma once

#include <optional>
#include <string>

#include "app/cli.h"
#include "config/load.h"

namespace fairlead::app {

// Loads a file and prints its findings to standard error; nothing when there is an error among
// them.
std::optional<config::Config> loadOrComplain(const std::string& file, Diagnostics& diagnostics);

// Serves until a signal.
Exit serve(const config::Config& config);

}  // namespace fairlead::app
