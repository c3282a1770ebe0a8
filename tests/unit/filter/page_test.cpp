// Pages: what says their media type, how placeholders are written into them, and their faults.
#include "filter/page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/filter/flow.h"
#include "unit/filter/request.h"
#include "unit/filter/shown.h"

namespace fairlead::filter {
namespace {

// A page, read from its short form or its mapping.
Page pageOf(const Value& value, Diagnostics& out, const PageTerms& terms = {}) {
  Page page;
  if (!value.isMap()) {
    page.readShort(value, terms, out);
    return page;
  }
  Settings settings(value, kPageKeys, out);
  page.read(settings, terms);
  settings.finish();
  return page;
}

Value textValue(std::string text) {
  Value value = Value::scalar(std::move(text), {0, 1, 1, 1});
  value.quoted = true;
  return value;
}

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";

struct TypeRow {
  const char* name;
  const char* text;
  const char* type;
};

TEST(Page, TellsTheTypeOfATextByItsBeginning) {
  const TypeRow rows[] = {
      {"a word", "ok", kPlain},
      {"nothing", "", kPlain},
      {"an element", "<h1>Down</h1>", kHtml},
      {"a doctype behind blanks", "\n  <!doctype html>", kHtml},
      {"an object", R"({"a": 1})", kJson},
      {"an object on several lines", "{\n  \"a\": 1\n}", kJson},
      {"an empty object", "{ }", kJson},
      {"an object behind an escaped brace", R"({{"a": 1})", kJson},
      {"an empty list", "[]", kJson},
      {"a list of texts", R"([ "a" ])", kJson},
      {"a list of objects", R"([{"a": 1}])", kJson},
      {"a list of lists", "[[1]]", kJson},
      {"a placeholder", "{host} is down", kPlain},
      {"a word in brackets", "[maintenance] back soon", kPlain},
      {"a number in brackets", "[1]", kPlain},
      {"braces that are no object", "{ not json }", kPlain},
      {"a brace alone", "{", kPlain},
      {"an element in a text", "see <this>", kPlain},
  };
  for (const TypeRow& row : rows) {
    Diagnostics out;
    EXPECT_EQ(pageOf(textValue(row.text), out).contentType(), row.type) << row.name;
    EXPECT_EQ(firstFinding(out), "") << row.name;
  }
}

TEST(Page, TellsTheTypeOfAFileByItsName) {
  const TypeRow rows[] = {
      {"html", "down.html", kHtml},
      {"htm", "down.htm", kHtml},
      {"capitals", "DOWN.HTML", kHtml},
      {"text", "pages/robots.txt", kPlain},
      {"json", "a.json", kJson},
      {"xml", "a.xml", "application/xml"},
      {"css", "a.css", "text/css; charset=utf-8"},
      {"script", "a.js", "text/javascript; charset=utf-8"},
      {"picture", "a.b.png", "image/png"},
      {"drawing", "logo.svg", "image/svg+xml"},
      {"icon", "favicon.ico", "image/x-icon"},
      {"unknown ending", "a.xyz", "application/octet-stream"},
      {"no ending", "README", "application/octet-stream"},
      {"a folder with an ending", "v1.html/README", "application/octet-stream"},
  };
  for (const TypeRow& row : rows) {
    Diagnostics out;
    out.files = {{"", ""}, {row.text, "content"}};
    const Page page = pageOf(textValue("@" + std::string(row.text)), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(page.contentType(), row.type) << row.name;
    Request request("/");
    EXPECT_EQ(page.render(request.scene()), "content") << row.name;
  }
}

TEST(Page, ATypeThatIsGivenWins) {
  Diagnostics out;
  out.files = {{"", ""}, {"a.html", "x"}};
  for (const char* text :
       {"{ body: <p>, content_type: text/x-own }", "{ file: a.html, content_type: text/x-own }"})
    EXPECT_EQ(pageOf(flow(text), out).contentType(), "text/x-own") << text;
  EXPECT_EQ(pageOf(flow("{ content_type: text/x-own }"), out).contentType(), "text/x-own");
  EXPECT_EQ(pageOf(flow("{}"), out).contentType(), "");
  EXPECT_EQ(firstFinding(out), "");
}

struct RenderRow {
  const char* name;
  const char* page;
  const char* expected;
};

// The request asks for /<a>"'&, with the parameter q=1 %22.
const RenderRow kRendered[] = {
    {"plain", R"({ body: {path} })", R"(/<a>"'&)"},
    {"plain parameter", "{ body: {param.q} }", "1 \""},
    {"html", "{ body: <p>{path}</p> }", "<p>/&lt;a&gt;&quot;&#39;&amp;</p>"},
    {"html by its type", "{ body: {path}, content_type: text/html }", "/&lt;a&gt;&quot;&#39;&amp;"},
    {"html in capitals, with a parameter",
     "{ body: {path}, content_type: TEXT/HTML ;charset=latin1 }", "/&lt;a&gt;&quot;&#39;&amp;"},
    {"xhtml", "{ body: {path}, content_type: application/xhtml+xml }",
     "/&lt;a&gt;&quot;&#39;&amp;"},
    {"xml", "{ body: {path}, content_type: application/xml }", "/&lt;a&gt;&quot;&#39;&amp;"},
    {"a picture", "{ body: {path}, content_type: image/svg+xml }", "/&lt;a&gt;&quot;&#39;&amp;"},
    {"json by its type", "{ body: {param.q}, content_type: application/json }", "1 \\\""},
    {"a kind of json", "{ body: {param.q}, content_type: application/problem+json }", "1 \\\""},
    {"a script", "{ body: {param.q}, content_type: text/javascript }", "1 \\\""},
    {"another type", "{ body: {param.q}, content_type: text/css }", "1 \""},
    {"json in the name of a type", "{ body: {param.q}, content_type: text/json-seq }", "1 \""},
};

TEST(Page, WritesPlaceholdersForItsType) {
  for (const RenderRow& row : kRendered) {
    Diagnostics out;
    Value value = Value::map({0, 1, 1, 1});
    const std::string_view text(row.page);
    const size_t type = text.find(", content_type: ");
    const size_t end = std::min(type, text.size() - 2);
    value.put("body", textValue(std::string(text.substr(8, end - 8))));
    if (type != text.npos)
      value.put("content_type",
                textValue(std::string(text.substr(type + 16, text.size() - type - 18))));
    const Page page = pageOf(value, out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    Request request("/<a>\"'&?q=1+%22");
    EXPECT_EQ(page.render(request.scene()), row.expected) << row.name;
  }
}

TEST(Page, JsonStaysJsonWhateverIsAskedFor) {
  Diagnostics out;
  const Page page = pageOf(textValue(R"({"path": "{path}", "q": "{param.q}"})"), out);
  for (const char* target : {"/a\"b?q=%00%0d%0a%22%5c", "/\\\\?q=%ff%fe", "/?q=%e2%80%a8"}) {
    Request request(target);
    const auto json = nlohmann::json::parse(page.render(request.scene()));
    EXPECT_EQ(json["path"], std::string(request.head.target.path)) << target;
  }
}

TEST(Page, FilesAreFilledOnlyWhereThatIsSaid) {
  Diagnostics out;
  out.files = {{"", ""}, {"a.html", "<p>{path}</p>{{"}};
  Request request("/x");
  EXPECT_EQ(pageOf(textValue("@a.html"), out).render(request.scene()), "<p>{path}</p>{{");
  EXPECT_EQ(pageOf(textValue("@a.html"), out, {.allowed = {}, .fills_files = true})
                .render(request.scene()),
            "<p>/x</p>{");
  EXPECT_EQ(firstFinding(out), "");
}

TEST(Page, CopiesShareTheText) {
  Diagnostics out;
  out.files = {{"", ""}, {"a.html", std::string(100'000, 'x')}};
  const Page page = pageOf(textValue("@a.html"), out);
  const Page copy = page;
  Request request("/");
  EXPECT_EQ(copy.render(request.scene()).data(), page.render(request.scene()).data());
}

TEST(Page, TellsWhatItNeeds) {
  Diagnostics out;
  const Page plain = pageOf(textValue("ok"), out);
  EXPECT_FALSE(plain.needs().request);
  EXPECT_EQ(plain.highestCapture(), -1);
  const Page capture = pageOf(textValue("{capture.3}"), out);
  EXPECT_TRUE(capture.needs().captures);
  EXPECT_EQ(capture.highestCapture(), 3);
  EXPECT_EQ(pageOf(flow("{}"), out).highestCapture(), -1);
}

TEST(Page, TellsFaults) {
  const struct {
    const char* name;
    const char* page;
    const char* finding;
  } rows[] = {
      {"a body and a file", "{ body: x, file: a.html }", "error: there is a body already"},
      {"an unknown placeholder", "{ body: \"{clinet_ip}\" }",
       "error: unknown placeholder `{clinet_ip}` | did you mean `{client_ip}`?"},
      {"an unknown placeholder in a file", "{ file: bad.html }",
       "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
      {"a file that was not read", "{ file: none.html }", "error: cannot read `none.html`"},
      {"no media type", "{ content_type: json }", "error: `json` is not a media type"},
      {"two slashes", "{ content_type: a/b/c }", "error: `a/b/c` is not a media type"},
      {"no subtype", "{ content_type: text/ }", "error: `text/` is not a media type"},
      {"a placeholder as type", "{ content_type: \"{header.Accept}\" }",
       "error: `{header.Accept}` is not a media type"},
      {"line break in a type", "{ content_type: \"text/html; a=\nX: y\" }",
       "error: `text/html; a=\nX: y` is not a media type"},
      {"a list as body", "{ body: [a] }", "error: this cannot be a list"},
      {"a list as file", "{ file: [a] }", "error: this cannot be a list"},
      {"an unknown key", "{ bodi: a }",
       "error: unknown key `bodi` in a page | did you mean `body`?"},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    out.files = {{"", ""}, {"a.html", "a"}, {"bad.html", "{hots}"}};
    pageOf(flow(row.page), out, {.allowed = {}, .fills_files = true});
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Page, ShowsItselfAsItWasWritten) {
  const struct {
    const char* name;
    const char* page;
    const char* shown;
    const char* mapping;
  } rows[] = {
      {"a text", "text", "text", "{ body: text }"},
      {"placeholders", "\"{{a} {path}\"", "{{a} {path}", "{ body: {{a} {path} }"},
      {"a file", "\"@a.html\"", "@a.html", "{ file: a.html }"},
      {"a file in long", "{ file: a.html }", "@a.html", "{ file: a.html }"},
      {"a file in long, with @", "{ file: \"@a.html\" }", "@a.html", "{ file: a.html }"},
      {"a text like a file", "{ body: \"@a.html\" }", "{ body: @a.html }", "{ body: @a.html }"},
      {"with a type", "{ body: x, content_type: text/x }", "{ body: x, content_type: text/x }",
       "{ body: x, content_type: text/x }"},
      {"a file with a type", "{ file: a.html, content_type: text/x }",
       "{ file: a.html, content_type: text/x }", "{ file: a.html, content_type: text/x }"},
      {"off, in quotes", "\"off\"", "off", "{ body: off }"},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    out.files = {{"", ""}, {"a.html", "a"}};
    const Page page = pageOf(flow(row.page), out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(shownText(page.show()), row.shown) << row.name;
    Value mapping = Value::map();
    page.showInto(mapping);
    EXPECT_EQ(shownText(mapping), row.mapping) << row.name;
    EXPECT_EQ(shownText(pageOf(page.show(), out).show()), row.shown) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::filter
