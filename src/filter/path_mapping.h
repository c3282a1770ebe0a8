// How rules changed the front of a path, so that what the server says of its paths can be told to
// the client in the client's words.
#pragma once

#include <string_view>

#include "base/arena.h"

namespace fairlead::filter {

// Paths at or below `inner` on the server are those at or below `outer` for the client. Views live
// as long as the exchange.
struct PathMapping {
  std::string_view outer;  // what the client says; the root is ""
  std::string_view inner;  // what the server sees; the root is ""
  bool prefix_changed = false;
  bool host_changed = false;

  // The path that the server will see begins with `from`, by whole segments, and begins with `to`
  // from now on. Neither ends with a slash; the root is "".
  void replacePrefix(std::string_view from, std::string_view to, Arena& arena);

  // The path was changed otherwise than at its front: there is no way back.
  void forgetPrefix();
};

}  // namespace fairlead::filter
