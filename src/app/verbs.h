// What the verbs share.
#pragma once

#include <optional>
#include <string>

#include "app/cli.h"
#include "config/load.h"

namespace fairlead::app {

// Loads a file. With an error in it, prints all findings to standard error and returns nothing;
// without one, prints warnings only if they are asked for.
enum class Warnings : uint8_t { Silent, Shown };
std::optional<config::Config> loadOrComplain(const std::string& file, Warnings warnings,
                                             Diagnostics& diagnostics);

// Prints all findings to standard error.
void complain(const Diagnostics& diagnostics);

// Serves until a signal.
Exit serve(const config::Config& config);

}  // namespace fairlead::app
