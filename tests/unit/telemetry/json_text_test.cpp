// Every byte sequence becomes valid JSON in valid UTF-8.
#include "telemetry/json_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view name;
  std::string_view given;
  std::string_view expected;  // without the quotes
};

class JsonText : public testing::TestWithParam<Row> {};

TEST_P(JsonText, IsEscaped) {
  std::string out;
  appendJsonString(out, GetParam().given);
  EXPECT_EQ(out, '"' + std::string(GetParam().expected) + '"');
}

constexpr Row kRows[] = {
    {"empty", "", ""},
    {"plain", "/a/b?c=d&e=%20", "/a/b?c=d&e=%20"},
    {"quote", R"(a"b)", R"(a\"b)"},
    {"backslash", R"(a\b)", R"(a\\b)"},
    {"slash_stays", "</script>", "</script>"},
    {"newline_return_tab", "\n\r\t", R"(\n\r\t)"},
    {"control", "\x01\x1f\x7f", R"(\u0001\u001f\u007f)"},
    {"nul_in_the_middle", "a\0b"sv, R"(a\u0000b)"},
    {"two_bytes", "\xc3\xa9", "\xc3\xa9"},
    {"three_bytes", "\xe2\x82\xac", "\xe2\x82\xac"},
    {"four_bytes", "\xf0\x9f\x9a\xa2", "\xf0\x9f\x9a\xa2"},
    {"largest", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"beyond_unicode", "\xf4\x90\x80\x80", R"(\ufffd\ufffd\ufffd\ufffd)"},
    {"overlong_slash", "\xc0\xaf", R"(\ufffd\ufffd)"},
    {"overlong_three", "\xe0\x80\xaf", R"(\ufffd\ufffd\ufffd)"},
    {"overlong_four", "\xf0\x80\x80\xaf", R"(\ufffd\ufffd\ufffd\ufffd)"},
    {"surrogate", "\xed\xa0\x80", R"(\ufffd\ufffd\ufffd)"},
    {"lone_continuation", "a\x80z", R"(a\ufffdz)"},
    {"cut_at_the_end", "a\xe2\x82", R"(a\ufffd\ufffd)"},
    {"cut_then_text", "\xe2\x82z", R"(\ufffd\ufffdz)"},
    {"latin1", "caf\xe9 au", R"(caf\ufffd au)"},
    {"never_a_lead", "\xff\xfe", R"(\ufffd\ufffd)"},
};

INSTANTIATE_TEST_SUITE_P(Table, JsonText, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace fairlead
