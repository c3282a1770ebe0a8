// What rules compare: paths without escapes that hide something.
#include "firewall/plain_path.h"

#include <gtest/gtest.h>

namespace fairlead::firewall {
namespace {

struct Row {
  const char* name;
  std::string_view path;  // canonical
  std::string_view plain;
};

constexpr Row kRows[] = {
    {"nothing encoded", "/admin/x", "/admin/x"},
    {"at", "/%40fs/x", "/@fs/x"},
    {"colon", "/a%3Ab", "/a:b"},
    {"sub-delimiters", "/%21%24%26%27%28%29%2A%2B%2C%3B%3D", "/!$&'()*+,;="},
    {"what a URL may not hold", "/%22%3C%3E%5B%5D%5E%60%7B%7C%7D", "/\"<>[]^`{|}"},
    {"ends of query and path", "/a%3Fb%23c", "/a?b#c"},
    {"backslash", "/a%5Cb", "/a\\b"},
    {"slash stays", "/a%2Fb", "/a%2Fb"},
    {"percent stays", "/%2540fs", "/%2540fs"},
    {"blank stays", "/my%20docs", "/my%20docs"},
    {"beyond ASCII stays", "/m%C3%BC", "/m%C3%BC"},
    {"some of them", "/%2F%40%20%3B", "/%2F@%20;"},
    {"asterisk", "*", "*"},
};

TEST(PlainPath, DecodesWhatIsHidden) {
  PlainPathRoom room;
  for (const Row& row : kRows) EXPECT_EQ(plainPath(row.path, room), row.plain) << row.name;
}

TEST(PlainPath, CopiesNothingThatIsPlain) {
  PlainPathRoom room;
  constexpr std::string_view kPath = "/a%2Fb";
  EXPECT_EQ(plainPath(kPath, room).data(), kPath.data());
}

TEST(PlainPath, MayBeLong) {
  std::string path;
  std::string plain;
  for (int i = 0; i < 2000; ++i) {
    path += "/%40";
    plain += "/@";
  }
  EXPECT_EQ(plainPath(path), plain);
}

}  // namespace
}  // namespace fairlead::firewall
