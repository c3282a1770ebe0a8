// Files that values name: `"@file"` in a list of addresses or paths (one entry a line, `#`
// comments), the pages of `respond` and `error_pages`, and the database of `geo`.
#pragma once

#include "base/settings.h"

namespace fairlead::config {

class Files;

inline constexpr size_t kLargestPage = 1 << 20;

// Replaces each "@file" in `path_reject` (any level), `trusted_proxies` and the condition `from` by
// the lines of the file, each with its own mark. Reads the lists that `ip_reject` and `ip_allow`
// name, each page of `respond` or `error_pages`, and the database of `geo` into `out.files`, where
// namedFile finds them.
// What cannot be read is an error at the value's place.
void readNamedFiles(Value& root, const Files& files, Diagnostics& out);

}  // namespace fairlead::config
