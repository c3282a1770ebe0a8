// Clients that stay with their server: by a cookie of fairlead's, or by one of the server's own.
#pragma once

#include <string>

#include "base/settings.h"

namespace fairlead::upstream {

extern const Section kStickyKeys;

// At most one of `cookie` and `learn` is set. Not merged: an inner level replaces the whole.
struct StickySettings {
  static constexpr size_t kShortestSecret = 16;  // characters

  Setting<std::string> cookie;  // the name of the cookie that fairlead sets; empty: none
  Setting<std::string> secret;  // what signs it; empty: one is kept in the state folder, or made up
  Setting<std::string> learn;   // the name of the server's cookie; empty: none

  bool on() const { return !cookie.value.empty() || !learn.value.empty(); }
  // Where it was said, be it `off`.
  Mark origin() const { return learn.value.empty() ? cookie.origin : learn.origin; }

  void read(const Value& value, Diagnostics& out);  // `off`
};

}  // namespace fairlead::upstream
