// Columns that line up, whatever is in them.
#include "app/text_table.h"

#include <gtest/gtest.h>

namespace fairlead::app {
namespace {

TEST(TextTable, LinesUp) {
  TextTable table({"who", "hits", "what"});
  table.add({"203.0.113.9", "1", "GET /"});
  table.add({"m\xc3\xbcller", "12345", ""});
  EXPECT_EQ(table.text("  "),
            "  who          hits   what\n"
            "  203.0.113.9  1      GET /\n"
            "  m\xc3\xbcller       12345\n");
}

TEST(TextTable, LetsNobodyWriteOnTheTerminal) {
  TextTable table({"what"});
  table.add({"\x1b[2J\r\n\x7f"});
  EXPECT_EQ(table.text(), "what\n?[2J???\n");
}

}  // namespace
}  // namespace fairlead::app
