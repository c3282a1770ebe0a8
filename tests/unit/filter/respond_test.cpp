// respond: its two forms and its faults.
#include "filter/respond.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"

namespace fairlead::filter {
namespace {

struct ReadRow {
  const char* name;
  const char* text;
  int status;
  const char* body;
  const char* content_type;
  const char* finding;
};

const ReadRow kRows[] = {
    {"status and body", "{ status: 200, body: ok }", 200, "ok", "", ""},
    {"body alone", "{ body: ok }", 200, "ok", "", ""},
    {"short form", "404", 404, "", "", ""},
    {"content type", "{ body: \"[]\", content_type: application/json }", 200, "[]",
     "application/json", ""},
    {"no body allowed", "{ status: 204, body: x }", 204, "x", "",
     "error: an answer 204 has no body"},
    {"status too small", "{ status: 100 }", 200, "", "", "error: 100 is too small"},
    {"no media type", "{ content_type: json }", 200, "", "", "error: `json` is not a media type"},
    {"placeholder", "{ body: \"{client_ip}\" }", 200, "", "",
     "error: `{client_ip}`: placeholders are not supported by this version"},
    {"later key", "{ headers: { A: b } }", 200, "", "",
     "error: `headers` is not supported by this version"},
};

TEST(Respond, Reads) {
  for (const ReadRow& row : kRows) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    Respond respond;
    respond.read(flow(row.text), out);
    EXPECT_EQ(firstFinding(out), row.finding);
    const Answer answer = respond.answer();
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(answer.body, row.body);
    EXPECT_EQ(answer.content_type, row.content_type);
    EXPECT_EQ(answer.rule, "respond");
    EXPECT_EQ(answer.origin.line, 1u);
  }
}

}  // namespace
}  // namespace fairlead::filter
