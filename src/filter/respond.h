// respond: a route that answers by itself, without a server.
#pragma once

#include <string>

#include "filter/filter.h"

namespace fairlead::filter {

extern const Section kRespondKeys;

// The settings of `respond: { status: 200, body: ok }`; a status alone is the short form.
struct Respond {
  uint16_t status = 200;
  std::string body;          // empty: the standard sentence of the status
  std::string content_type;  // empty: text/plain
  Mark mark;

  void read(const Value& value, Diagnostics& out);
  // Views of these settings.
  Answer answer() const;
};

}  // namespace fairlead::filter
