// The effective configuration as YAML that loads again, each value with its origin.
#pragma once

#include <string>

#include "config/config.h"

namespace fairlead::config {

// `files` names the files that origins point to: the Diagnostics of the load. Routes and pools show
// what differs from `defaults`; inline pools appear under `pools` by their names.
std::string renderShow(const Config& config, const Diagnostics& files);

}  // namespace fairlead::config
