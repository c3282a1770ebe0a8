// Several changes of a path's front, put together as one.
#include "filter/path_mapping.h"

namespace fairlead::filter {

void PathMapping::replacePrefix(std::string_view from, std::string_view to, Arena& arena) {
  // Both `from` and `inner` are prefixes of the same path: one of them is a prefix of the other.
  if (from.size() >= inner.size()) {
    const std::string_view deeper = from.substr(inner.size());
    if (!deeper.empty()) outer = arena.join(outer, deeper);
    inner = to;
  } else {
    inner = arena.join(to, inner.substr(from.size()));
  }
  prefix_changed = outer != inner;
}

void PathMapping::forgetPrefix() {
  outer = inner = {};
  prefix_changed = false;
}

}  // namespace fairlead::filter
