// respond: a route that answers by itself, without a server.
#pragma once

#include <string>
#include <vector>

#include "filter/page.h"
#include "filter/ready_line.h"

namespace fairlead::filter {

extern const Section kRespondKeys;

// `respond: { status: 200, body: ok }`; a status alone is the short form. Placeholders have values
// in `body` and `headers`; a `file` is sent as it is.
class Respond {
 public:
  void read(const Value& value, Diagnostics& out);

  uint16_t status() const { return status_; }
  // Views of these settings and of the scene's arena.
  Answer answer(const Scene& scene) const;
  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same.
  Value show() const;

 private:
  struct Header {
    std::string name;
    Template value;
    ReadyLine line;  // of a constant value
    Mark mark;
  };

  void readStatus(const Value& value, Diagnostics& out);
  void readHeaders(const Value& value, Diagnostics& out);
  void readHeader(const Value::Entry& entry, Diagnostics& out);

  uint16_t status_ = 200;
  Mark status_mark_;
  Page page_;
  std::vector<Header> headers_;
  Mark mark_;
};

}  // namespace fairlead::filter
