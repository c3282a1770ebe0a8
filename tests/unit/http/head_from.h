// Heads for tests, parsed from the text that is on the wire.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "http/h1/parser.h"

namespace fairlead::http::test {

// A parsed head and the memory that it views.
template <typename Head>
struct Parsed {
  std::string text;
  Arena arena;
  Head head;
};

// `lines` are field lines, each with its CRLF.
inline std::unique_ptr<Parsed<RequestHead>> request(std::string_view lines,
                                                    std::string_view version = "HTTP/1.1") {
  auto parsed = std::make_unique<Parsed<RequestHead>>();
  parsed->text =
      "POST /a " + std::string(version) + "\r\nHost: h\r\n" + std::string(lines) + "\r\n";
  h1::RequestParser parser;
  EXPECT_EQ(parser.parse(parsed->text, parsed->head, parsed->arena), h1::ParseStatus::Complete)
      << parser.fault().sentence;
  return parsed;
}

inline std::unique_ptr<Parsed<ResponseHead>> response(std::string_view lines,
                                                      std::string_view start = "HTTP/1.1 200 OK") {
  auto parsed = std::make_unique<Parsed<ResponseHead>>();
  parsed->text = std::string(start) + "\r\n" + std::string(lines) + "\r\n";
  h1::ResponseParser parser;
  EXPECT_EQ(parser.parse(parsed->text, parsed->head), h1::ParseStatus::Complete)
      << parser.fault().sentence;
  return parsed;
}

// "name=value name=value ", for comparison.
inline std::string listOf(const Fields& fields) {
  std::string result;
  for (const Field& field : fields) {
    if (!result.empty()) result += ' ';
    result.append(field.name()).append("=").append(field.value());
  }
  return result;
}

}  // namespace fairlead::http::test
