// From failures to status codes, and fairlead's own answers byte by byte.
#include "proxy/error_page.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "head_text.h"
#include "proxy/heads.h"

namespace fairlead::proxy {
namespace {

struct StatusRow {
  FailureKind kind;
  uint16_t client;
  uint16_t upstream;
  uint16_t fairlead;
};

TEST(ErrorPage, EveryFailureHasAStatus) {
  using enum FailureKind;
  const StatusRow rows[] = {
      {ConnectRefused, 400, 502, 503}, {ConnectTimeout, 400, 504, 503},
      {ConnectFailed, 400, 502, 503},  {NoDescriptors, 400, 502, 503},
      {Closed, 499, 502, 503},         {FailureKind::Reset, 499, 502, 503},
      {Timeout, 408, 504, 503},        {TooSlow, 408, 504, 503},
      {Malformed, 400, 502, 503},      {TooLarge, 413, 502, 431},
      {NoServer, 400, 503, 503},       {ClientGone, 499, 499, 499},
      {Deadline, 504, 504, 504},       {Draining, 400, 502, 503},
      {Unsupported, 400, 502, 503},    {Internal, 400, 502, 500},
  };
  for (const StatusRow& row : rows) {
    SCOPED_TRACE(nameOf(row.kind));
    const auto status = [&](Side side) {
      return statusOf({row.kind, Step::ResponseHead, side, Retry::Never});
    };
    EXPECT_EQ(status(Side::Client), row.client);
    EXPECT_EQ(status(Side::Upstream), row.upstream);
    EXPECT_EQ(status(Side::Fairlead), row.fairlead);
  }
}

TEST(ErrorPage, EveryStatusHasASentence) {
  for (const uint16_t status : {400, 403, 404, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504}) {
    SCOPED_TRACE(status);
    EXPECT_FALSE(sentenceOf(status).empty());
  }
  EXPECT_EQ(sentenceOf(403), "Forbidden");
  EXPECT_EQ(sentenceOf(404), "Not Found");
  EXPECT_EQ(sentenceOf(503), "No backend servers available.");
}

struct JsonRow {
  const char* name;
  std::string_view accept;
  bool json;
};

TEST(ErrorPage, ClientsMayPreferJson) {
  const JsonRow rows[] = {
      {"nothing said", "", false},
      {"json", "Accept: application/json\r\n", true},
      {"with parameters", "Accept: application/json; charset=utf-8\r\n", true},
      {"a json dialect", "Accept: application/problem+json\r\n", true},
      {"a browser", "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n", false},
      {"curl", "Accept: */*\r\n", false},
      {"json before anything", "Accept: application/json, text/plain, */*\r\n", true},
      {"text before json", "Accept: text/plain, application/json\r\n", false},
      {"anything before json", "Accept: */*, application/json\r\n", false},
      {"an image first, then json", "Accept: image/png, application/json\r\n", true},
      {"images only", "Accept: image/png\r\n", false},
  };
  for (const JsonRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto request = requestOf("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(row.accept));
    EXPECT_EQ(prefersJson(request->head.fields), row.json);
  }
}

struct AnswerRow {
  const char* name;
  OwnAnswer own;
  std::string_view lines;
  std::string_view bytes;  // line ends as "|"
  bool stays = true;
};

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n";
constexpr std::string_view kGetJson = "GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n";
constexpr bool kCloses = false;

OwnAnswer answerOf(uint16_t status, std::string_view body = {}, std::string_view type = {}) {
  OwnAnswer own;
  own.answer = {.status = status, .body = body, .content_type = type, .rule = {}, .origin = {}};
  own.date = kDate;
  return own;
}
OwnAnswer later(OwnAnswer own, uint32_t seconds) {
  own.retry_after = seconds;
  return own;
}
OwnAnswer with(OwnAnswer own, std::span<const http::Field> fields) {
  own.answer.fields = fields;
  return own;
}

std::string sent(const OwnAnswer& own, const http::RequestHead& request, bool stays, Arena& arena) {
  http::ResponseHead head;
  const std::string_view body = composeAnswer(own, request, head, arena);
  EXPECT_TRUE(addPersistence(head.fields, stays, request.version));
  return barred(http::h1::writeResponseHead(head, arena)) + barred(body);
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT|"
#define TEXT "Content-Type: text/plain; charset=utf-8|"
#define JSON "Content-Type: application/json|"

TEST(ErrorPage, AnswersByteByByte) {
  Arena lines;
  const std::array fields{http::Field::make(lines, "Location", "/new"),
                          http::Field::make(lines, "Set-Cookie", "a=b"),
                          http::Field::make(lines, "Set-Cookie", "c=d")};
  const AnswerRow rows[] = {
      {"404", answerOf(404), kGet,
       "HTTP/1.1 404 Not Found|" DATE TEXT "Content-Length: 9||Not Found"},
      {"403, closing", answerOf(403), kGet,
       "HTTP/1.1 403 Forbidden|" DATE TEXT "Content-Length: 9|Connection: close||Forbidden",
       kCloses},
      {"503 with Retry-After", later(answerOf(503), 2), kGet,
       "HTTP/1.1 503 Service Unavailable|" DATE TEXT
       "Content-Length: 29|Retry-After: 2||No backend servers available."},
      {"a sentence of its own", answerOf(400, "Two Hosts."), kGet,
       "HTTP/1.1 400 Bad Request|" DATE TEXT "Content-Length: 10||Two Hosts."},
      {"HTTP/1.0 that stays", answerOf(404), "GET / HTTP/1.0\r\n",
       "HTTP/1.1 404 Not Found|" DATE TEXT "Content-Length: 9|Connection: keep-alive||Not Found"},
      {"HTTP/1.0 that closes", answerOf(404), "GET / HTTP/1.0\r\n",
       "HTTP/1.1 404 Not Found|" DATE TEXT "Content-Length: 9|Connection: close||Not Found",
       kCloses},
      {"HEAD gets the head alone", answerOf(404), "HEAD / HTTP/1.1\r\nHost: h\r\n",
       "HTTP/1.1 404 Not Found|" DATE TEXT "Content-Length: 9||"},
      {"an answer by rule", answerOf(200, "ok"), kGet,
       "HTTP/1.1 200 OK|" DATE TEXT "Content-Length: 2||ok"},
      {"with its own type", answerOf(200, "<p>", "text/html"), kGet,
       "HTTP/1.1 200 OK|" DATE "Content-Type: text/html|Content-Length: 3||<p>"},
      {"empty, with its own type", answerOf(200, "", "text/html"), kGet,
       "HTTP/1.1 200 OK|" DATE "Content-Type: text/html|Content-Length: 0||"},
      {"with fields of its own", with(answerOf(302), fields), kGet,
       "HTTP/1.1 302 Found|" DATE TEXT
       "Content-Length: 5|Location: /new|Set-Cookie: a=b|Set-Cookie: c=d||Found"},
      {"with fields, to HEAD", with(answerOf(302), fields), "HEAD / HTTP/1.1\r\nHost: h\r\n",
       "HTTP/1.1 302 Found|" DATE TEXT
       "Content-Length: 5|Location: /new|Set-Cookie: a=b|Set-Cookie: c=d||"},
      {"204 has no content", answerOf(204), kGet, "HTTP/1.1 204 No Content|" DATE "|"},
      {"205 has an empty one", answerOf(205), kGet,
       "HTTP/1.1 205 Reset Content|" DATE "Content-Length: 0||"},
      {"304 has no content", answerOf(304), kGet, "HTTP/1.1 304 Not Modified|" DATE "|"},
      {"json", answerOf(404), kGetJson,
       "HTTP/1.1 404 Not Found|" DATE JSON "Content-Length: 35||{\"status\":404,\"error\":\"Not "
       "Found\"}"},
      {"json escapes", answerOf(400, "a \"b\" \\ \x01"), kGetJson,
       "HTTP/1.1 400 Bad Request|" DATE JSON
       "Content-Length: 43||{\"status\":400,\"error\":\"a \\\"b\\\" \\\\ \\u0001\"}"},
      {"json is for errors only", answerOf(200, "ok"), kGetJson,
       "HTTP/1.1 200 OK|" DATE TEXT "Content-Length: 2||ok"},
      {"its own type beats json", answerOf(404, "gone", "text/html"), kGetJson,
       "HTTP/1.1 404 Not Found|" DATE "Content-Type: text/html|Content-Length: 4||gone"},
  };
  for (const AnswerRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto request = requestOf(row.lines);
    EXPECT_EQ(sent(row.own, request->head, row.stays, request->arena), row.bytes);
  }
}

TEST(ErrorPage, AnswersAHeadOfWhichNothingWasUnderstood) {
  const http::RequestHead nothing;
  Arena arena;
  EXPECT_EQ(sent(answerOf(431), nothing, kCloses, arena),
            "HTTP/1.1 431 Request Header Fields Too Large|" DATE TEXT
            "Content-Length: 30|Connection: close||The request head is too large.");
}

// What a page of the configuration says is sent from where it lies.
TEST(ErrorPage, DoesNotCopyTheBody) {
  const std::string page(100'000, 'p');
  const auto request = requestOf(kGet);
  http::ResponseHead head;
  const std::string_view body =
      composeAnswer(answerOf(503, page, "text/html"), request->head, head, request->arena);
  EXPECT_EQ(body.data(), page.data());
  EXPECT_EQ(body.size(), page.size());
  EXPECT_EQ(head.fields.valueOf(http::FieldId::ContentLength), "100000");
}

}  // namespace
}  // namespace fairlead::proxy
