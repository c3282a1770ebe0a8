// Search lists: what is asked for, and in which order.
#include "discovery/search_list.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace fairlead::discovery {
namespace {

struct Row {
  const char* name;
  SearchList list;
  const char* host;
  const char* candidates;
};

TEST(SearchList, SaysWhatToAskFor) {
  const std::vector<std::string> two = {"shop.test", "test"};
  const Row rows[] = {
      {"no domains", {{}, 1}, "api", "api"},
      {"a short name tries the domains first", {two, 1}, "api", "api.shop.test api.test api"},
      {"one with dots enough comes first itself", {two, 1}, "a.b", "a.b a.b.shop.test a.b.test"},
      {"dots below ndots", {two, 5}, "a.b.c", "a.b.c.shop.test a.b.c.test a.b.c"},
      {"dots as many as ndots", {two, 2}, "a.b.c", "a.b.c a.b.c.shop.test a.b.c.test"},
      {"ndots 0", {two, 0}, "api", "api api.shop.test api.test"},
      {"a complete name", {two, 5}, "api.", "api."},
      {"the root as domain", {{"."}, 1}, "api", "api api"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(fmt::format("{}", fmt::join(row.list.candidates(row.host), " ")), row.candidates);
  }
}

}  // namespace
}  // namespace fairlead::discovery
