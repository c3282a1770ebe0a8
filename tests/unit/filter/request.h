// A request head to work on, with everything that its views point into.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filter/filter.h"
#include "http/target.h"

namespace fairlead::filter {

class Request {
 public:
  explicit Request(std::string_view target,
                   const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    head.clear();
    head.raw_target = arena.copy(target);
    head.target = *http::parseTarget(head.raw_target, false, target == "*", arena);
    for (const auto& [name, value] : fields) head.fields.add(http::Field::make(arena, name, value));
  }

  Scene scene(Trace* trace = nullptr) { return {facts, arena, trace}; }
  // The path and query that would be sent.
  std::string target() const {
    std::string text(head.target.path);
    if (head.target.has_query) text += "?" + std::string(head.target.query);
    return text;
  }
  // All lines as they would be sent, line ends written as "|".
  std::string fields() const {
    std::string text;
    for (const http::Field& field : head.fields) {
      text += field.line();
      text.replace(text.size() - 2, 2, "|");
    }
    return text;
  }

  Arena arena;
  http::RequestHead head;
  ClientFacts facts;
};

class Notes final : public Trace {
 public:
  void note(std::string line, Mark where) override {
    lines.push_back(std::move(line));
    marks.push_back(where);
  }
  std::vector<std::string> lines;
  std::vector<Mark> marks;
};

}  // namespace fairlead::filter
