// A trace that looks at the request line with each note, as whoever explains a request does.
#pragma once

#include <string>
#include <string_view>

#include "unit/filter/request.h"

namespace fairlead::filter {

// Notes as "line -> METHOD target|", the method only where the request has one.
class Watcher final : public Trace {
 public:
  explicit Watcher(const Request& request) : request_(request) {}

  void note(std::string line, Mark) override {
    const std::string_view method = request_.head.method_text;
    seen += line + " -> ";
    if (!method.empty()) seen.append(method).append(" ");
    seen += request_.target() + "|";
  }

  std::string seen;

 private:
  const Request& request_;
};

}  // namespace fairlead::filter
