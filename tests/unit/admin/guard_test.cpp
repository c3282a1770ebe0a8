// Who may ask, by Host, Origin and token.
#include "admin/guard.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1/parser.h"

namespace fairlead::admin {
namespace {

struct Row {
  const char* name;
  const char* host;    // the field's value
  const char* fields;  // further lines
  uint16_t status;     // 0: it may pass
};

// The status of the refusal, or 0.
uint16_t judged(const Row& row, Transport transport, const AdminSettings& settings) {
  const std::string text =
      "GET /api HTTP/1.1\r\nHost: " + std::string(row.host) + "\r\n" + row.fields + "\r\n";
  http::h1::RequestParser parser;
  http::RequestHead head;
  Arena arena;
  EXPECT_EQ(parser.parse(text, head, arena), http::h1::ParseStatus::Complete) << row.name;
  const auto refusal = refusalOf(head, transport, settings);
  if (refusal) EXPECT_FALSE(refusal->sentence.empty()) << row.name;
  return refusal ? refusal->status : 0;
}

TEST(Guard, KnowsItsHosts) {
  const AdminSettings settings{.token = {}, .names = {"Admin.example.com"}, .limits = {}};
  const Row rows[] = {
      {"IPv4", "127.0.0.1:9900", "", 0},
      {"IPv4 of another network", "10.0.0.5", "", 0},
      {"IPv6", "[::1]:9900", "", 0},
      {"localhost", "localhost:9900", "", 0},
      {"localhost in other letters, with the root's dot", "LocalHost.:9900", "", 0},
      {"a name below localhost", "fairlead.localhost", "", 0},
      {"a name that was given", "admin.example.com:9900", "", 0},
      {"a rebound name", "evil.example:9900", "", 403},
      {"below a name that was given", "x.admin.example.com", "", 403},
      {"not below localhost", "evillocalhost", "", 403},
      {"localhost in the middle", "localhost.evil.example", "", 403},
      {"an address in a name", "127.0.0.1.evil.example", "", 403},
      {"a number that resolvers take for an address", "2130706433", "", 403},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judged(row, Transport::Tcp, settings), row.status) << row.name;
    EXPECT_EQ(judged(row, Transport::Unix, settings), 0) << row.name;
  }
}

TEST(Guard, RefusesWhoNamesNoHost) {
  http::h1::RequestParser parser;
  http::RequestHead head;
  Arena arena;
  constexpr std::string_view kText = "GET /api HTTP/1.0\r\n\r\n";
  ASSERT_EQ(parser.parse(kText, head, arena), http::h1::ParseStatus::Complete);
  EXPECT_EQ(refusalOf(head, Transport::Tcp, AdminSettings())->status, 403);
  EXPECT_FALSE(refusalOf(head, Transport::Unix, AdminSettings()));
}

TEST(Guard, KnowsItsOrigin) {
  const Row rows[] = {
      {"none", "127.0.0.1:9900", "", 0},
      {"its own", "127.0.0.1:9900", "Origin: http://127.0.0.1:9900\r\n", 0},
      {"its own by name", "LOCALHOST:9900", "Origin: http://localhost:9900\r\n", 0},
      {"another host", "127.0.0.1:9900", "Origin: http://evil.example\r\n", 403},
      {"another port", "127.0.0.1:9900", "Origin: http://127.0.0.1:3000\r\n", 403},
      {"another name of the same host", "127.0.0.1:9900", "Origin: http://localhost:9900\r\n", 403},
      {"another scheme", "127.0.0.1:9900", "Origin: https://127.0.0.1:9900\r\n", 403},
      {"null", "127.0.0.1:9900", "Origin: null\r\n", 403},
      {"empty", "127.0.0.1:9900", "Origin:\r\n", 403},
      {"its own and another", "127.0.0.1:9900",
       "Origin: http://127.0.0.1:9900\r\nOrigin: http://evil.example\r\n", 403},
  };
  for (const Row& row : rows)
    EXPECT_EQ(judged(row, Transport::Tcp, AdminSettings()), row.status) << row.name;
}

TEST(Guard, AsksForTheToken) {
  const AdminSettings settings{.token = "s3cret", .names = {}, .limits = {}};
  const Row rows[] = {
      {"right", "127.0.0.1", "Authorization: Bearer s3cret\r\n", 0},
      {"scheme in other letters", "127.0.0.1", "Authorization: bEARER  s3cret \r\n", 0},
      {"none", "127.0.0.1", "", 401},
      {"empty", "127.0.0.1", "Authorization: Bearer\r\n", 401},
      {"empty, with a blank", "127.0.0.1", "Authorization: Bearer \r\n", 401},
      {"wrong", "127.0.0.1", "Authorization: Bearer s3creT\r\n", 401},
      {"its beginning", "127.0.0.1", "Authorization: Bearer s3cre\r\n", 401},
      {"more than it", "127.0.0.1", "Authorization: Bearer s3crets\r\n", 401},
      {"twice it", "127.0.0.1", "Authorization: Bearer s3crets3cret\r\n", 401},
      {"another scheme", "127.0.0.1", "Authorization: Basic s3cret\r\n", 401},
      {"two fields", "127.0.0.1",
       "Authorization: Bearer s3cret\r\nAuthorization: Bearer s3cret\r\n", 401},
      {"right, of a rebound name", "evil.example", "Authorization: Bearer s3cret\r\n", 403},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(judged(row, Transport::Tcp, settings), row.status) << row.name;
    if (row.status != 403)
      EXPECT_EQ(judged(row, Transport::Unix, settings), row.status) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::admin
