// Rendering: carets, colours, JSON, and texts that would like to speak to the terminal.
#include "config/diagnostic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::config {
namespace {

using testing::HasSubstr;
using testing::Not;

Diagnostics withFile(std::string text) {
  Diagnostics out;
  out.files.push_back({"f.yaml", std::move(text)});
  return out;
}

TEST(RenderText, IsEmptyWithoutFindings) { EXPECT_EQ(renderText(withFile("a: 1\n")), ""); }

TEST(RenderText, ShowsEveryPart) {
  Diagnostics out = withFile("one: 1\ntwo: 2\n");
  Diagnostic& finding = out.error({0, 2, 6, 1}, "this is two");
  finding.expected = "three";
  finding.suggestion = "did you mean `3`?";
  finding.also = Mark{0, 1, 1, 3};
  finding.also_message = "here is one";
  out.warning({0, 1, 1, 3}, "a warning");
  out.warning({0, 0, 0, 1}, "of the file");
  out.note({7, 0, 0, 1}, "of nothing");
  EXPECT_EQ(renderText(out), R"(f.yaml:2:6: error: this is two
   2 | two: 2
     |      ^
     = expected three
     = did you mean `3`?
f.yaml:1:1: note: here is one
   1 | one: 1
     | ^^^

f.yaml:1:1: warning: a warning
   1 | one: 1
     | ^^^

f.yaml: warning: of the file

note: of nothing

1 error, 2 warnings
)");
}

TEST(RenderText, CountsColumnsInCharacters) {
  Diagnostics out = withFile("ü: 'ключ' x\n");
  out.error({0, 1, 16, 1}, "x");
  EXPECT_THAT(renderText(out), HasSubstr("f.yaml:1:11: error: x"));
  EXPECT_THAT(renderText(out), HasSubstr("\n     |           ^\n"));
}

TEST(RenderText, SurvivesMarksBeyondTheText) {
  Diagnostics out = withFile("short");
  out.error({0, 9, 70, 9}, "line");
  out.error({0, 1, 70, 9}, "column");
  EXPECT_THAT(renderText(out), HasSubstr("2 errors"));
}

TEST(RenderText, ColoursOnlyWhenAsked) {
  Diagnostics out = withFile("a: 1\n");
  out.error({0, 1, 1, 1}, "red");
  EXPECT_THAT(renderText(out, Colour::Off), Not(HasSubstr("\x1b")));
  EXPECT_THAT(renderText(out, Colour::On), HasSubstr("\x1b[1;31merror:\x1b[0m"));
}

TEST(RenderText, ShowsNoControlCharacters) {
  Diagnostics out = withFile("a: \x1b[31m\tred\xc2\x9b\n");
  out.error({0, 1, 4, 1}, "message \x1b[2J");
  EXPECT_THAT(renderText(out), Not(HasSubstr("\x1b")));
  EXPECT_THAT(renderText(out), HasSubstr("a: ?[31m red?"));
}

TEST(RenderJson, IsOneList) {
  Diagnostics out = withFile("one: \"1\"\n");
  EXPECT_EQ(renderJson(out), "[]\n");
  Diagnostic& finding = out.error({0, 1, 6, 3}, "say \"no\"\n");
  finding.expected = "e";
  finding.suggestion = "s";
  finding.also = Mark{0, 1, 1, 3};
  finding.also_message = "there";
  out.note({0, 0, 0, 1}, "whole");
  EXPECT_EQ(renderJson(out), R"([
  {"file":"f.yaml","line":1,"column":6,"end_line":1,"end_column":9,"severity":"error","message":"say \"no\"\u000a","expected":"e","suggestion":"s","also":{"file":"f.yaml","line":1,"column":1,"end_line":1,"end_column":4,"message":"there"}},
  {"file":"f.yaml","severity":"note","message":"whole"}
]
)");
}

TEST(PlaceText, NamesFileAndLine) {
  const Diagnostics out = withFile("a: 1\n");
  EXPECT_EQ(placeText({0, 7, 1, 1}, out), "f.yaml:7");
  EXPECT_EQ(placeText({}, out), "built-in");
}

}  // namespace
}  // namespace fairlead::config
