// Heads from text and back to it, with the memory that they view.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "http/h1/parser.h"
#include "http/h1/serializer.h"

namespace fairlead::proxy {

template <typename Head>
struct Parsed {
  std::string text;
  Arena arena;
  Head head;
};

// `lines` end in CRLF; the empty line is added.
inline std::unique_ptr<Parsed<http::RequestHead>> requestOf(std::string_view lines) {
  auto parsed = std::make_unique<Parsed<http::RequestHead>>();
  parsed->text = std::string(lines) + "\r\n";
  http::h1::RequestParser parser;
  EXPECT_EQ(parser.parse(parsed->text, parsed->head, parsed->arena),
            http::h1::ParseStatus::Complete)
      << parser.fault().sentence;
  return parsed;
}

inline std::unique_ptr<Parsed<http::ResponseHead>> responseOf(std::string_view lines) {
  auto parsed = std::make_unique<Parsed<http::ResponseHead>>();
  parsed->text = std::string(lines) + "\r\n";
  http::h1::ResponseParser parser;
  EXPECT_EQ(parser.parse(parsed->text, parsed->head), http::h1::ParseStatus::Complete)
      << parser.fault().sentence;
  return parsed;
}

// As it would be sent, line ends written as "|".
inline std::string barred(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    if (c == '\r') {
      text += '|';
    } else if (c != '\n') {
      text += c;
    }
  return text;
}
inline std::string wireOf(const http::RequestHead& head) {
  std::string out(64 * 1024, '\0');
  out.resize(http::h1::writeRequestHead(head, http::h1::PathBytes::Canonical, out));
  return barred(out);
}
inline std::string wireOf(const http::ResponseHead& head) {
  std::string out(64 * 1024, '\0');
  out.resize(http::h1::writeResponseHead(head, out));
  return barred(out);
}

}  // namespace fairlead::proxy
