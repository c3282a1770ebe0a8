// A routing decision takes nothing from the heap: counted, request by request.
#include <gtest/gtest.h>

#include "routes.h"
#include "support/allocation_counter.h"

namespace fairlead::route {
namespace {

struct Row {
  const char* name;
  Ask ask;
  RouteId route;
};

TEST(Allocation, NoneWhereNoRegexMatches) {
  const Router router(
      {{{"shop.example.com"}}, {{"*.wild.example.com"}}, {{"regex.example.com"}}},
      {
          /* 0 */ prefix(0, "/"),
          /* 1 */ {.host = 0, .path = "/api/v2/items", .methods = {"GET", "PURGE"}},
          /* 2 */
          {.host = 0,
           .path = "/api/v2",
           .headers = {is("X-Canary", "a value of more than fifteen bytes"), absent("X-No")},
           .params = {is("full name", "somebody with a long name"), begins("v", "2.")},
           .cookies = {is("group", "beta"), present("session")},
           .from = networks({"10.0.0.0/8", "2001:db8::/32"}),
           .scheme = "https"},
          /* 3 */ prefix(1, "/"),
          /* 4 */ regex(2, "^/users/[0-9]+$"),
          /* 5 */ regex(2, "/(edit|delete)$"),
          /* 6 */ prefix(2, "/"),
      });
  const Ask full{
      .host = "shop.example.com",
      .path = "/api/v2/items/17",
      .query = "v=1&full+name=somebody%20with+a+long+name&v=2.1",
      .method = "PROPFIND",
      .scheme = "https",
      .client = "2001:db8::7",
      .headers = {{"Accept", "*/*"},
                  {"X-Canary", "a value of more than fifteen bytes"},
                  {"Cookie", "a=b; session=\"0123456789abcdef0123456789\"; group=beta"}}};
  Ask other = full;
  other.client = "192.0.2.1";
  const Row rows[] = {
      {"catch-all", {.host = "shop.example.com", .path = "/about/us/and/more"}, 0},
      {"method", {.host = "shop.example.com", .path = "/api/v2/items/17"}, 1},
      {"all conditions", full, 2},
      {"conditions that fail", other, 0},
      {"wildcard", {.host = "a.b.wild.example.com", .path = "/x"}, 3},
      {"no regex matches", {.host = "regex.example.com", .path = "/users/x/view"}, 6},
      {"no host", {.host = "other.example.com", .path = "/x"}, kNone},
  };
  for (const Row& row : rows) {
    const Asked asked(row.ask);
    const RouteQuery query = asked.query();
    EXPECT_EQ(router.match(query).route, row.route) << row.name;  // RE2 makes its states now
    const uint64_t before = test::allocationsOfThread();
    for (int i = 0; i < 100; ++i) router.match(query);
    EXPECT_EQ(test::allocationsOfThread() - before, 0u) << row.name;
  }
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  EXPECT_GT(test::allocationsOfThread(), 0u) << "nothing is counted";
}

}  // namespace
}  // namespace fairlead::route
