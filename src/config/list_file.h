// `"@file"` in a list of addresses or paths: one entry a line, `#` comments.
#pragma once

#include "base/settings.h"

namespace fairlead::config {

class Files;

// Replaces each "@file" in the lists of `firewall_rules` (any level) and `trusted_proxies` by the
// lines of the file, each with its own mark.
void expandListFiles(Value& root, const Files& files, Diagnostics& out);

}  // namespace fairlead::config
