// Where a path ends in a target, and whether it is canonical as it stands.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

#include "base/arena.h"
#include "http/target.h"

namespace fairlead::http {

struct PathExtent {
  size_t end = 0;          // at '?', '#' or the end of the text
  bool canonical = false;  // nothing to change; false may also mean that something is wrong
};

// `text` begins with '/'.
PathExtent scanPath(std::string_view text);

// The canonical form of what scanPath did not find canonical; `path` begins with '/'.
std::expected<std::string_view, TargetFault> rewritePath(std::string_view path, Arena& arena);

}  // namespace fairlead::http
