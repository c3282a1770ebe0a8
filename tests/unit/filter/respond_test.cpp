// respond: its two forms, what it answers, and its faults.
#include "filter/respond.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"
#include "unit/filter/request.h"
#include "unit/filter/shown.h"

namespace fairlead::filter {
namespace {

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kPlain = "text/plain; charset=utf-8";

Diagnostics withFiles() {
  Diagnostics out;
  out.files = {{"conf/fairlead.yaml", ""},
               {"conf/page.html", "<p>{path}</p>"},
               {"conf/robots.txt", "User-agent: *"}};
  return out;
}

std::string linesOf(std::span<const http::Field> fields) {
  std::string text;
  for (const http::Field& field : fields) text += std::string(field.line());
  for (size_t at; (at = text.find("\r\n")) != std::string::npos;) text.replace(at, 2, "|");
  return text;
}

struct AnswerRow {
  const char* name;
  const char* text;
  int status;
  const char* body;
  const char* content_type;
  const char* fields = "";
};

// The request is GET /a?q=1%0d%0aX:%20y of the client 203.0.113.7.
const AnswerRow kAnswers[] = {
    {"status and body", "{ status: 200, body: ok }", 200, "ok", kPlain},
    {"body alone", "{ body: ok }", 200, "ok", kPlain},
    {"short form", "404", 404, "", ""},
    {"status alone", "{ status: 503 }", 503, "", ""},
    {"nothing", "{}", 200, "", ""},
    {"content type", "{ body: \"[]\", content_type: application/vnd.own }", 200, "[]",
     "application/vnd.own"},
    {"html", "{ body: <h1>Hello</h1> }", 200, "<h1>Hello</h1>", kHtml},
    {"empty body with a type", "{ body: \"\", content_type: text/css }", 200, "", "text/css"},
    {"no body allowed, and none there", "204", 204, "", ""},
    {"placeholder", "{ body: \"{client_ip} asks for {uri}\" }", 200,
     "203.0.113.7 asks for /a?q=1%0d%0aX:%20y", kPlain},
    {"file", "{ file: page.html }", 200, "<p>{path}</p>", kHtml},
    {"file with a type", "{ file: robots.txt, content_type: text/plain }", 200, "User-agent: *",
     "text/plain"},
    {"headers", "{ status: 503, headers: { Retry-After: 120, X-A: b } }", 503, "", "",
     "Retry-After: 120|X-A: b|"},
    {"headers with placeholders", "{ headers: { X-Q: \"{param.q}\", X-Host: \"[{host}]\" } }", 200,
     "", "", "X-Q: 1%0D%0AX: y|X-Host: [shop.example.com]|"},
    {"headers are trimmed", "{ headers: { X-A: \"  b \", X-B: \" {header.None} \" } }", 200, "", "",
     "X-A: b|X-B: |"},
    {"headers beside a status without body", "{ status: 204, headers: { X-A: b } }", 204, "", "",
     "X-A: b|"},
    {"a cookie", "{ headers: { Set-Cookie: a=b } }", 200, "", "", "Set-Cookie: a=b|"},
};

TEST(Respond, Answers) {
  for (const AnswerRow& row : kAnswers) {
    SCOPED_TRACE(row.name);
    Diagnostics out = withFiles();
    Respond respond;
    respond.read(flow(row.text), out);
    EXPECT_EQ(firstFinding(out), "");
    Request request("/a?q=1%0d%0aX:%20y");
    const Answer answer = respond.answer(request.scene());
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(respond.status(), row.status);
    EXPECT_EQ(answer.body, row.body);
    EXPECT_EQ(answer.content_type, row.content_type);
    EXPECT_EQ(linesOf(answer.fields), row.fields);
    EXPECT_EQ(answer.rule, "respond");
    EXPECT_EQ(answer.origin.line, 1u);
  }
}

struct FaultRow {
  const char* name;
  const char* text;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"status too small", "{ status: 100 }", "error: 100 is too small"},
    {"status too large", "600", "error: 600 is too large"},
    {"no status", "ok", "error: `ok` is not a whole number"},
    {"a list", "[200]", "error: respond cannot be a list"},
    {"204 with a body", "{ status: 204, body: x }", "error: an answer 204 has no body"},
    {"205 with a body", "{ body: x, status: 205 }", "error: an answer 205 has no body"},
    {"304 with a file", "{ status: 304, file: page.html }", "error: an answer 304 has no body"},
    {"204 with an empty body", "{ status: 204, body: \"\" }", "error: an answer 204 has no body"},
    {"body and file", "{ body: x, file: page.html }", "error: there is a body already"},
    {"no media type", "{ content_type: json }", "error: `json` is not a media type"},
    {"server", "{ body: \"{server}\" }",
     "error: `{server}` has no value here: no server has been chosen"},
    {"pool", "{ body: \"{pool}\" }", "error: `{pool}` has no value here: no pool has been chosen"},
    {"server in a header", "{ headers: { X-A: \"{server}\" } }",
     "error: `{server}` has no value here: no server has been chosen"},
    {"status of an answer", "{ body: \"{status}\" }",
     "error: `{status}` has no value here: there is no answer yet"},
    {"unknown placeholder in a header", "{ headers: { X-A: \"{paht}\" } }",
     "error: unknown placeholder `{paht}` | did you mean `{path}`?"},
    {"framing", "{ headers: { Content-Length: 1 } }",
     "error: `Content-Length` cannot be changed by rules: fairlead sets it to fit the body"},
    {"hop-by-hop", "{ headers: { connection: close } }",
     "error: `connection` cannot be changed by rules: it belongs to one connection, not to the "
     "message"},
    {"content type", "{ headers: { content-type: text/html } }",
     "error: `content-type` stands beside `headers` | did you mean `content_type`?"},
    {"date", "{ headers: { Date: now } }", "error: `Date` is the time at which fairlead answers"},
    {"no field name", "{ headers: { \"X A\": 1 } }",
     "error: `X A` is not the name of a header field"},
    {"line break", "{ headers: { X-A: \"a\r\nB: c\" } }",
     "error: a header value cannot hold line breaks or control characters"},
    {"headers in a list", "{ headers: [X-A] }", "error: this is not a mapping"},
    {"header in a list", "{ headers: { X-A: [1] } }", "error: this cannot be a list"},
    {"unknown key", "{ header: { A: b } }",
     "error: unknown key `header` in respond | did you mean `headers`?"},
};

TEST(Respond, TellsFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out = withFiles();
    Respond respond;
    respond.read(flow(row.text), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Respond, TooMuchIsTold) {
  std::string headers;
  for (int i = 0; i <= 100; ++i) headers += "X-" + std::to_string(i) + ": 1, ";
  Diagnostics many;
  Respond().read(flow("{ headers: { " + headers + " } }"), many);
  EXPECT_EQ(firstFinding(many), "error: there are more than 100 header fields");
  Diagnostics longest;
  Respond().read(flow("{ headers: { X-A: " + std::string(9000, 'a') + " } }"), longest);
  EXPECT_EQ(firstFinding(longest), "error: this header field is longer than 8 KiB");
}

// Fields count their bytes in 16 bits.
TEST(Respond, AFieldThatClientsMakeTooLongIsLeftOut) {
  Diagnostics out;
  Respond respond;
  respond.read(flow("{ headers: { X-A: \"{query}{query}{query}\", X-B: \"{query}{query}\" } }"),
               out);
  Request request("/?" + std::string(30'000, 'q'));
  const Answer answer = respond.answer(request.scene());
  ASSERT_EQ(answer.fields.size(), 1u);
  EXPECT_EQ(answer.fields[0].name(), "X-B");
  EXPECT_EQ(answer.fields[0].value().size(), 60'000u);
}

TEST(Respond, TellsWhatItNeeds) {
  const struct {
    const char* name;
    const char* text;
    bool request;
    bool captures;
    int highest;
  } rows[] = {
      {"constant", "{ body: ok, headers: { X-A: b } }", false, false, -1},
      {"request in the body", "{ body: \"{path}\" }", true, false, -1},
      {"request in a header", "{ headers: { X-A: \"{path}\" } }", true, false, -1},
      {"captures", "{ body: \"{capture.1}\", headers: { X-A: \"{capture.3}\" } }", true, true, 3},
      {"captures in the body", "{ body: \"{capture.4}\", headers: { X-A: \"{capture.3}\" } }", true,
       true, 4},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    Respond respond;
    respond.read(flow(row.text), out);
    EXPECT_EQ(respond.needs().request, row.request) << row.name;
    EXPECT_EQ(respond.needs().captures, row.captures) << row.name;
    EXPECT_FALSE(respond.needs().server) << row.name;
    EXPECT_EQ(respond.highestCapture(), row.highest) << row.name;
  }
}

TEST(Respond, ShowsItselfAsItWasWritten) {
  const struct {
    const char* name;
    const char* text;
    const char* shown;
  } rows[] = {
      {"short form", "404", "{ status: 404 }"},
      {"body", "{ body: \"{path} {{x}\" }", "{ status: 200, body: {path} {{x} }"},
      {"file", "{ file: page.html, status: 503 }", "{ status: 503, file: page.html }"},
      {"all", "{ body: x, content_type: text/x, headers: { X-A: \"{path}\", X-B: \" b \" } }",
       "{ status: 200, body: x, content_type: text/x, headers: { X-A: {path}, X-B: b } }"},
  };
  for (const auto& row : rows) {
    Diagnostics out = withFiles();
    Respond respond;
    respond.read(flow(row.text), out);
    EXPECT_EQ(shownText(respond.show()), row.shown) << row.name;
    Respond again;
    again.read(respond.show(), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(shownText(again.show()), row.shown) << row.name;
  }
}

TEST(Respond, ShowsWhereThingsStand) {
  Diagnostics out;
  Respond respond;
  respond.read(flow("{ body: x, headers: { X-A: b } }"), out);
  const Value shown = respond.show();
  EXPECT_TRUE(shown.find("status")->mark.isBuiltIn());
  EXPECT_EQ(shown.find("body")->mark.column, 9u);
  EXPECT_EQ(shown.find("headers")->find("X-A")->mark.column, 28u);
}

}  // namespace
}  // namespace fairlead::filter
