// error_pages: which page an answer gets, what stands in it, how levels merge, and faults.
#include "filter/error_pages.h"

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
               {"conf/down.html", "<h1>{status} {reason}</h1><style>p {color: red}</style>"},
               {"conf/bad.html", "<p>{hots}</p>"}};
  return out;
}

ErrorPages pagesOf(std::vector<std::string> levels) {
  Diagnostics out = withFiles();
  ErrorPages pages;
  for (const std::string& level : levels) pages.read(flow(level), out);
  EXPECT_EQ(firstFinding(out), "");
  return pages;
}

struct PageRow {
  const char* name;
  std::vector<std::string> levels;  // outer first
  uint16_t status;
  const char* body;  // "-": no page
  const char* content_type = kPlain;
};

TEST(ErrorPages, GiveAnswersTheirPages) {
  const PageRow rows[] = {
      {"exact", {"{ 503: down }"}, 503, "down"},
      {"another status", {"{ 503: down }"}, 502, "-"},
      {"class", {"{ 5xx: down }"}, 502, "down"},
      {"the other class", {"{ 5xx: down }"}, 404, "-"},
      {"exact beats class", {"{ 5xx: some, 503: this, 4xx: other }"}, 503, "this"},
      {"first and last of a class", {"{ 4xx: client }"}, 400, "client"},
      {"the last", {"{ 5xx: server }"}, 599, "server"},
      {"no error", {"{ 4xx: a, 5xx: b }"}, 200, "-"},
      {"nothing", {"{}"}, 503, "-"},
      {"a type by its text", {"{ 503: <p>down</p> }"}, 503, "<p>down</p>", kHtml},
      {"long form", {"{ 404: { body: gone, content_type: text/x } }"}, 404, "gone", "text/x"},
      {"a file",
       {"{ 503: \"@down.html\" }"},
       503,
       "<h1>503 Service Unavailable</h1><style>p {color: red}</style>",
       kHtml},
      {"a file in long",
       {"{ 4xx: { file: down.html } }"},
       404,
       "<h1>404 Not Found</h1><style>p {color: red}</style>",
       kHtml},
      {"status and reason", {"{ 4xx: \"{status}: {reason}\" }"}, 429, "429: Too Many Requests"},
      {"a status without reason", {"{ 5xx: \"{status}: {reason}\" }"}, 599, "599: "},
      {"placeholders",
       {"{ 404: \"{host}{path} {request_id} {server}\" }"},
       404,
       "shop.example.com/<a> 0123456789abcdef 10.0.0.1:8080"},
      {"escaped for HTML", {"{ 404: \"<p>{path}</p>\" }"}, 404, "<p>/&lt;a&gt;</p>", kHtml},
      {"an empty page", {"{ 404: \"\" }"}, 404, ""},
      // Levels.
      {"inner replaces outer", {"{ 503: outer }", "{ 503: inner }"}, 503, "inner"},
      {"outer stays for others", {"{ 503: outer, 502: b }", "{ 503: inner }"}, 502, "b"},
      {"outer exact beats inner class", {"{ 503: outer }", "{ 5xx: inner }"}, 503, "outer"},
      {"one off", {"{ 503: outer }", "{ 503: off }"}, 503, "-"},
      {"one off, others stay", {"{ 5xx: outer }", "{ 503: off }"}, 502, "outer"},
      {"one of a class off", {"{ 5xx: outer }", "{ 503: off }"}, 503, "-"},
      {"a class off", {"{ 5xx: outer }", "{ 5xx: off }"}, 503, "-"},
      {"all off", {"{ 5xx: outer, 404: a }", "off"}, 404, "-"},
      {"the word off", {"{ 503: \"off\" }"}, 503, "off"},
  };
  for (const PageRow& row : rows) {
    SCOPED_TRACE(row.name);
    const ErrorPages pages = pagesOf(row.levels);
    const bool has_page = std::string_view(row.body) != "-";
    EXPECT_EQ(pages.find(row.status) != nullptr, has_page);
    Request request("/<a>");
    const Answer before{.status = row.status,
                        .body = "sentence",
                        .content_type = "text/own",
                        .rule = "rule",
                        .origin = {0, 7, 1, 1}};
    const Answer after = pages.apply(before, request.scene());
    EXPECT_EQ(after.status, row.status);
    EXPECT_EQ(after.body, has_page ? row.body : "sentence");
    EXPECT_EQ(after.content_type, has_page ? row.content_type : "text/own");
    EXPECT_EQ(after.rule, "rule");
    EXPECT_EQ(after.origin.line, 7u);
  }
}

TEST(ErrorPages, EmptyMeansThatThereIsNothingToDo) {
  EXPECT_TRUE(ErrorPages().empty());
  EXPECT_TRUE(pagesOf({"{ 503: x }", "off"}).empty());
  EXPECT_FALSE(pagesOf({"{ 503: x }"}).empty());
}

TEST(ErrorPages, TellFaults) {
  const struct {
    const char* name;
    const char* pages;
    const char* finding;
  } rows[] = {
      {"a good status", "{ 200: ok }", "error: `200` is not the status of an error"},
      {"no such status", "{ 600: x }", "error: `600` is not the status of an error"},
      {"capitals", "{ 5XX: x }",
       "error: `5XX` is not the status of an error | did you mean `5xx`?"},
      {"another class", "{ 3xx: x }",
       "error: `3xx` is not the status of an error | did you mean `4xx`?"},
      {"part of a class", "{ 50x: x }",
       "error: `50x` is not the status of an error | did you mean `5xx`?"},
      {"a word", "{ default: x }", "error: `default` is not the status of an error"},
      {"a list", "[503]", "error: error_pages cannot be a list"},
      {"a file for all", "\"@down.html\"", "error: error_pages cannot be a single value"},
      {"a list as page", "{ 503: [a] }", "error: this cannot be a list"},
      {"no text", "{ 503: { content_type: text/x } }", "error: this page has no text"},
      {"text and file", "{ 503: { body: a, file: down.html } }", "error: there is a body already"},
      {"unknown key", "{ 503: { bdy: a } }",
       "error: unknown key `bdy` in an error page | did you mean `body`?"},
      {"unknown placeholder", "{ 503: \"{sttaus}\" }",
       "error: unknown placeholder `{sttaus}` | did you mean `{status}`?"},
      {"unknown placeholder in a file", "{ 503: \"@bad.html\" }",
       "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
      {"own capture", "{ 503: \"{capture.x}\" }",
       "error: `{capture.x}` is not the number of a group"},
  };
  for (const auto& row : rows) {
    Diagnostics out = withFiles();
    ErrorPages pages;
    pages.read(flow(row.pages), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(ErrorPages, AKeyWithoutValueIsAFault) {
  Value value = flow("{ 503: x }");
  value.entries[0].value = Value();
  Diagnostics out;
  ErrorPages pages;
  pages.read(value, out);
  EXPECT_EQ(firstFinding(out), "error: this cannot be empty");
}

TEST(ErrorPages, TellWhatTheyNeed) {
  EXPECT_FALSE(pagesOf({"{ 503: x }"}).needs().request);
  const ErrorPages pages = pagesOf({"{ 503: \"{server}\", 404: \"{capture.2}\" }"});
  EXPECT_TRUE(pages.needs().server);
  EXPECT_TRUE(pages.needs().captures);
  EXPECT_EQ(pages.highestCapture(), 2);
  EXPECT_EQ(ErrorPages().highestCapture(), -1);
}

TEST(ErrorPages, ShowThemselvesAsTheyWereWritten) {
  const struct {
    const char* name;
    std::vector<std::string> levels;
    const char* shown;
  } rows[] = {
      {"text and file",
       {"{ 503: \"@down.html\", 5xx: \"{status}\" }"},
       "{ 503: @down.html, 5xx: {status} }"},
      {"long form",
       {"{ 404: { body: x, content_type: text/x } }"},
       "{ 404: { body: x, content_type: text/x } }"},
      {"off", {"{ 404: x }", "{ 404: off, 4xx: y }"}, "{ 404: off, 4xx: y }"},
  };
  for (const auto& row : rows) {
    const ErrorPages pages = pagesOf(row.levels);
    EXPECT_EQ(shownText(pages.show()), row.shown) << row.name;
    Diagnostics out = withFiles();
    ErrorPages again;
    again.read(pages.show(), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(shownText(again.show()), row.shown) << row.name;
  }
  const Value shown = pagesOf({"{ 503: x }"}).show();
  EXPECT_EQ(shown.find("503")->mark.column, 8u);
}

}  // namespace
}  // namespace fairlead::filter
