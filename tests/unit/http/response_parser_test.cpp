// Response heads: the same strictness toward servers, every fault a 502.
#include <gtest/gtest.h>

#include <string>

#include "http/h1/parser.h"
#include "unit/http/head_from.h"

namespace fairlead::http::h1 {
namespace {

using namespace std::string_literals;

struct AcceptedRow {
  const char* name;
  std::string head;
  Version version;
  uint16_t status;
  std::string_view reason, fields;
};

const AcceptedRow kAccepted[] = {
    {"usual", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", Version::Http11, 200, "OK", "Server=x"},
    {"1.0", "HTTP/1.0 404 Not Found\r\n\r\n", Version::Http10, 404, "Not Found", ""},
    {"1.2 is taken as 1.1", "HTTP/1.2 200 OK\r\n\r\n", Version::Http11, 200, "OK", ""},
    {"empty reason", "HTTP/1.1 200 \r\n\r\n", Version::Http11, 200, "", ""},
    {"missing space before an empty reason", "HTTP/1.1 200\r\n\r\n", Version::Http11, 200, "", ""},
    {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", Version::Http11, 101,
     "Switching Protocols", ""},
    {"reason beyond ASCII", "HTTP/1.1 200 \xC3\xA4 b\r\n\r\n", Version::Http11, 200, "\xC3\xA4 b",
     ""},
    {"names with underscore stay", "HTTP/1.1 200 OK\r\nX_A: 1\r\n\r\n", Version::Http11, 200, "OK",
     "X_A=1"},
    {"lowest status", "HTTP/1.1 100 \r\n\r\n", Version::Http11, 100, "", ""},
    {"highest status", "HTTP/1.1 599 \r\n\r\n", Version::Http11, 599, "", ""},
};

TEST(ResponseParser, Accepts) {
  for (const AcceptedRow& row : kAccepted) {
    SCOPED_TRACE(row.name);
    const std::string bytes = row.head + "body";
    ResponseHead head;
    ResponseParser parser;
    for (size_t length = 0; length < row.head.size(); ++length)
      ASSERT_EQ(parser.parse({bytes.data(), length}, head), ParseStatus::NeedMore) << length;
    ASSERT_EQ(parser.parse(bytes, head), ParseStatus::Complete) << parser.fault().sentence;
    EXPECT_EQ(parser.headBytes(), row.head.size());
    EXPECT_EQ(head.version, row.version);
    EXPECT_EQ(head.status, row.status);
    EXPECT_EQ(head.reason, row.reason);
    EXPECT_EQ(test::listOf(head.fields), row.fields);
  }
}

struct RefusedRow {
  const char* name;
  std::string head;
  std::string_view fault;
};

TEST(ResponseParser, Refuses) {
  constexpr std::string_view kLine =
      "The status line is not a version, a space, three digits, a space and a reason";
  constexpr std::string_view kStatus = "The status is not between 100 and 599";
  const RefusedRow rows[] = {
      {"two spaces", "HTTP/1.1  200 OK\r\n\r\n", kLine},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n", kLine},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", kLine},
      {"letters", "HTTP/1.1 2xx OK\r\n\r\n", kLine},
      {"no status", "HTTP/1.1\r\n\r\n", kLine},
      {"no version", "200 OK\r\n\r\n", kLine},
      {"other protocol", "ICY 200 OK and more\r\n\r\n", kLine},
      {"empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", kLine},
      {"tabulator", "HTTP/1.1 200\tOK\r\n\r\n", kLine},
      {"version in small letters", "http/1.1 200 OK\r\n\r\n", kLine},
      {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "The response speaks another version of HTTP than 1.x"},
      {"status below 100", "HTTP/1.1 099 x\r\n\r\n", kStatus},
      {"status above 599", "HTTP/1.1 600 x\r\n\r\n", kStatus},
      {"control in the reason", "HTTP/1.1 200 O\x01\r\n\r\n", "The head holds a control character"},
      {"NUL in a value", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"s, "The head holds a NUL byte"},
      {"bare line feed", "HTTP/1.1 200 OK\nA: b\r\n\r\n",
       "A line of the head ends in a bare line feed"},
      {"folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
       "A field line begins with a space: line folding is not allowed"},
      {"space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
       "A space stands between a field name and its colon"},
      {"line too long", "HTTP/1.1 200 " + std::string(9000, 'x'), "The first line is too long"},
      {"head too large", "HTTP/1.1 200 OK\r\nA: " + std::string(33000, 'x'),
       "The head is too large"},
  };
  for (const RefusedRow& row : rows) {
    SCOPED_TRACE(row.name);
    ResponseHead head;
    ResponseParser parser;
    ASSERT_EQ(parser.parse(row.head, head), ParseStatus::Fault);
    EXPECT_EQ(parser.fault().sentence, row.fault);
    EXPECT_EQ(parser.fault().status, 502);
    ResponseParser slow;
    size_t length = 0;
    while (length < row.head.size() &&
           slow.parse({row.head.data(), length}, head) == ParseStatus::NeedMore)
      ++length;
    EXPECT_EQ(slow.parse({row.head.data(), length}, head), ParseStatus::Fault)
        << "and stays refused";
    EXPECT_EQ(slow.fault().sentence, row.fault) << "byte by byte";
  }
}

}  // namespace
}  // namespace fairlead::http::h1
