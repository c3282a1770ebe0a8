// Files that values name: `"@file"` in a list of addresses or paths (one entry a line, `#`
// comments), and the pages of `respond` and `error_pages`.
#pragma once

#include "base/settings.h"

namespace fairlead::config {

class Files;

inline constexpr size_t kLargestPage = 1 << 20;

// Replaces each "@file" in the lists of `firewall_rules` (any level) and `trusted_proxies` by the
// lines of the file, each with its own mark. Reads each page that `respond` or `error_pages` names
// into `out.files`, where namedFile finds it. What cannot be read is an error at the value's place.
void readNamedFiles(Value& root, const Files& files, Diagnostics& out);

}  // namespace fairlead::config
