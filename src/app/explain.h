// What became of a rehearsed request, in words.
#pragma once

#include <string>

#include "config/config.h"
#include "worker/rehearsal.h"

namespace fairlead::app {

// Some lines of text. `files` names the places.
std::string explanationOf(const worker::Rehearsal& rehearsal, const config::Config& config,
                          const Diagnostics& files);

}  // namespace fairlead::app
