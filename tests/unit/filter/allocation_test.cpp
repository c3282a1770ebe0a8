// Rules that change a request take their memory from the exchange's arena and from nowhere else.
#include <gtest/gtest.h>

#include "filter/location.h"
#include "filter/param_rules.h"
#include "filter/rewrite_rules.h"
#include "support/allocation_counter.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

struct Row {
  const char* name;
  const char* params;
  const char* rewrite;
};

const Row kRows[] = {
    {"nothing to do", "{ remove: [none, utm_*] }", "{ strip_prefix: /none }"},
    {"constants", "{ remove: [a], add: { b: 1 }, append: { c: 2 }, set_if_missing: { d: 3 } }",
     "{ replace_prefix: /v2, add_prefix: /app, replace: { x/: y/ } }"},
    {"names", "{ rename: { a: b, b: a }, remove: [\"*%\"] }", "{ replace_path: /fixed }"},
    {"placeholders", "{ add: { b: \"{client_ip} {param.a} {header.Host}\" } }",
     "{ strip_prefix: true, add_prefix: \"/{host}/{param.a}\", host: \"{param.h}.internal\", "
     "method: POST }"},
    {"regexes", "{ replace: { a: { regex: \"[0-9]+\", with: \"<{host}>\" } } }",
     "{ regex: [{ match: x/, with: y/ }, { match: \"[?].*$\", with: \"\", over: uri }] }"},
    {"groups of regexes",
     "{ replace: { a: { regex: \"^([0-9])(.*)$\", with: \"{capture.2}{capture.1}\" } } }",
     "{ regex: { match: \"^/api/([^/]*)/(.*)$\", with: \"/{capture.2}/{capture.1}\" } }"},
};

TEST(Rules, AllocateNothing) {
  if (!test::kAllocationsAreCounted) GTEST_SKIP() << test::kWhyNotCounted;
  const uint64_t at_first = test::allocationsOfThread();
  for (const Row& row : kRows) {
    Diagnostics out;
    ParamRules params;
    RewriteRules rewrite;
    params.read(flow(row.params), out);
    rewrite.read(flow(row.rewrite), out);
    rewrite.bindTo("/api");
    ASSERT_FALSE(out.hasErrors()) << row.name << ": " << firstFinding(out);
    Request request("/api/x/y%2Fz?a=12%20&b=+&h=x", {{"Host", "shop.example.com"}});
    const http::RequestHead received = request.head;
    const auto exchange = [&] {
      request.head = received;
      Arena arena;
      const Scene scene{request.facts, arena, nullptr, request.asked};
      PathMapping mapping;
      const bool is_good =
          params.onRequest(request.head, scene) && rewrite.onRequest(request.head, scene, mapping);
      http::Fields fields;
      fields.add(http::Field::make(arena, http::FieldId::Location, request.head.target.path));
      fields.add(http::Field::make(arena, http::FieldId::SetCookie, "a=1; Path=/v2"));
      mapLocations(fields, mapping, {}, arena);
      return is_good;
    };
    for (int i = 0; i < 100; ++i)  // RE2 builds its automata as they are needed
      ASSERT_TRUE(exchange()) << row.name;
    const uint64_t before = test::allocationsOfThread();
    for (int i = 0; i < 1000; ++i) (void)exchange();
    EXPECT_EQ(test::allocationsOfThread() - before, 0u) << row.name;
  }
  EXPECT_GT(test::allocationsOfThread(), at_first) << "nothing is counted";
}

}  // namespace
}  // namespace fairlead::filter
