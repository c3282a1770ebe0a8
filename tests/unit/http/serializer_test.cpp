// Heads written as they go out.
#include "http/h1/serializer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "unit/http/head_from.h"

namespace fairlead::http::h1 {
namespace {

std::string written(const RequestHead& head, PathBytes path = PathBytes::Canonical) {
  std::array<char, 4096> out;
  return {out.data(), writeRequestHead(head, path, out)};
}

struct RequestRow {
  const char* name;
  std::string_view received;
  PathBytes path;
  std::string_view sent;
};

TEST(Serializer, RequestTargets) {
  const RequestRow rows[] = {
      {"unchanged", "GET /a?b HTTP/1.1\r\nHost: a\r\nX:1\r\n\r\n", PathBytes::Canonical,
       "GET /a?b HTTP/1.1\r\nHost: a\r\nX:1\r\n\r\n"},
      {"1.0 becomes 1.1", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", PathBytes::Canonical,
       "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no fields", "GET / HTTP/1.0\r\n\r\n", PathBytes::Canonical, "GET / HTTP/1.1\r\n\r\n"},
      {"canonical path", "GET //a/%62?c HTTP/1.1\r\nHost: a\r\n\r\n", PathBytes::Canonical,
       "GET /a/b?c HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"raw path", "GET //a/%62?c HTTP/1.1\r\nHost: a\r\n\r\n", PathBytes::Raw,
       "GET //a/%62?c HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"empty query", "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", PathBytes::Canonical,
       "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"absolute becomes origin form", "GET http://b/x HTTP/1.1\r\nHost: a\r\nY: 1\r\n\r\n",
       PathBytes::Canonical, "GET /x HTTP/1.1\r\nHost: b\r\nY: 1\r\n\r\n"},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", PathBytes::Canonical,
       "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"authority", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", PathBytes::Canonical,
       "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"dropped field", "GET / HTTP/1.1\r\nHost: a\r\nA_B: 1\r\nC: 2\r\n\r\n", PathBytes::Canonical,
       "GET / HTTP/1.1\r\nHost: a\r\nC: 2\r\n\r\n"},
  };
  for (const RequestRow& row : rows) {
    SCOPED_TRACE(row.name);
    Arena arena;
    RequestHead head;
    RequestParser parser;
    ASSERT_EQ(parser.parse(row.received, head, arena), ParseStatus::Complete);
    EXPECT_EQ(written(head, row.path), row.sent);
  }
}

TEST(Serializer, EditedFields) {
  const auto parsed = test::request("A: 1\r\nB: 2\r\nC: 3\r\n");
  Fields& fields = parsed->head.fields;
  fields.erase("B");
  fields.set(Field::make(parsed->arena, "A", "new"));
  fields.add(Field::make(parsed->arena, "D", "4"));
  fields.add(Field::make(parsed->arena, "E", "5"));
  EXPECT_EQ(written(parsed->head),
            "POST /a HTTP/1.1\r\nHost: h\r\nA: new\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n");
}

TEST(Serializer, Responses) {
  std::array<char, 4096> out;
  for (const char* start : {"HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 503 "}) {
    const auto parsed = test::response("A: 1\r\nB:2\r\n", start);
    EXPECT_EQ(std::string(out.data(), writeResponseHead(parsed->head, out)), parsed->text);
  }
  const auto old = test::response("", "HTTP/1.0 204 No Content");
  EXPECT_EQ(std::string(out.data(), writeResponseHead(old->head, out)),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(Serializer, ResponsesOfAnySizeInAnArena) {
  const std::string large = "Large: " + std::string(20'000, 'l') + "\r\n";
  for (const std::string& lines : {std::string(), std::string("A: 1\r\nB:2\r\n"), large}) {
    for (const char* start : {"HTTP/1.1 200 OK", "HTTP/1.1 503 "}) {
      const auto parsed = test::response(lines, start);
      Arena arena;
      EXPECT_EQ(writeResponseHead(parsed->head, arena), parsed->text);
    }
  }
}

TEST(Serializer, WritesNothingWhereItDoesNotFit) {
  const auto request = test::request("A: 1\r\n");
  const auto response = test::response("A: 1\r\n");
  const size_t request_size = written(request->head).size();
  for (size_t room = 0; room <= request_size; ++room) {
    std::string out(room, '#');
    EXPECT_EQ(writeRequestHead(request->head, PathBytes::Canonical, out),
              room < request_size ? 0 : room);
  }
  for (size_t room = 0; room <= response->text.size(); ++room) {
    std::string out(room, '#');
    EXPECT_EQ(writeResponseHead(response->head, out), room < response->text.size() ? 0 : room);
  }
}

}  // namespace
}  // namespace fairlead::http::h1
