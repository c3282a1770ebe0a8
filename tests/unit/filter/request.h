// A request head to work on, with everything that its views point into.
#pragma once

#include <array>
#include <chrono>
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
    received = head.fields;
    asked = {.method = "GET",
             .host = "shop.example.com",
             .path = head.target.path,
             .query = head.target.query,
             .fields = &received,
             .request_id = "0123456789abcdef",
             .route = "shop /api",
             .pool = "shop",
             .server = "10.0.0.1:8080",
             .captures = captures,
             .time = std::chrono::microseconds(1'767'323'045'678'000)};
    facts.client = *IpAddress::parse("203.0.113.7");
    facts.peer_port = 40123;
    facts.listener_port = 8080;
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Scene scene(Trace* trace = nullptr) { return {facts, arena, trace, asked}; }
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
  http::Fields received;  // as they came, whatever becomes of the head
  RequestFacts asked;     // what placeholders speak of
  std::array<std::string_view, 2> captures{"/api/v2", "v2"};
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
