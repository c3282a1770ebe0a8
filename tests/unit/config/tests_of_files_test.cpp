// `tests`: every way to write a request and what is expected of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_reader.h"
#include "unit/config/good.h"
#include "unit/filter/shown.h"

namespace fairlead::config {
namespace {

struct Row {
  const char* name;
  const char* test;
  const char* shown;
};

constexpr Row kRows[] = {
    {"get", "{ get: http://a/, status: 200 }",
     "{ request: { method: GET, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"head", "{ head: http://a/, status: 200 }",
     "{ request: { method: HEAD, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"post", "{ post: http://a/, status: 200 }",
     "{ request: { method: POST, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"put", "{ put: http://a/, status: 200 }",
     "{ request: { method: PUT, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"patch", "{ patch: http://a/, status: 200 }",
     "{ request: { method: PATCH, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"delete", "{ delete: http://a/, status: 200 }",
     "{ request: { method: DELETE, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"options", "{ options: http://a/, status: 200 }",
     "{ request: { method: OPTIONS, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"https and a port", "{ get: \"https://a.example:8443/b?c=d\", status: 200 }",
     "{ request: { method: GET, url: https://a.example:8443/b?c=d, from: 127.0.0.1 }, status: 200 "
     "}"},
    {"a path alone", "{ get: \"/b?c\", status: 404 }",
     "{ request: { method: GET, url: /b?c, from: 127.0.0.1 }, status: 404 }"},
    {"from an address", "{ get: http://a/, from: 203.0.113.7, status: 403 }",
     "{ request: { method: GET, url: http://a/, from: 203.0.113.7 }, status: 403 }"},
    {"from an IPv6 address", "{ get: http://a/, from: \"2001:db8::1\", status: 403 }",
     "{ request: { method: GET, url: http://a/, from: 2001:db8::1 }, status: 403 }"},
    {"at length",
     "{ request: { method: PURGE, url: http://a/, from: 10.0.0.1, headers: { X-A: 1, Cookie: "
     "\"b=c; d=e\" } }, status: 200 }",
     "{ request: { method: PURGE, url: http://a/, from: 10.0.0.1, headers: { X-A: 1, Cookie: b=c; "
     "d=e } }, status: 200 }"},
    {"at length, by default", "{ request: { url: http://a/ }, status: 200 }",
     "{ request: { method: GET, url: http://a/, from: 127.0.0.1 }, status: 200 }"},
    {"from beside the request", "{ request: { url: http://a/ }, from: 10.0.0.1, status: 200 }",
     "{ request: { method: GET, url: http://a/, from: 10.0.0.1 }, status: 200 }"},
    {"each expectation",
     "{ get: http://a/, pool: p, server: \"a:1\", upstream: \"/b?c\", headers: { X-A: 1, X-B: off, "
     "X-C: \"off\", X-D: \"\" }, response_headers: { X-E: e, Server: off }, redirect: "
     "\"https://a/\" }",
     "{ request: { method: GET, url: http://a/, from: 127.0.0.1 }, pool: p, server: a:1, upstream: "
     "/b?c, redirect: https://a/, headers: { X-A: 1, X-B: off, X-C: off, X-D:  }, "
     "response_headers: { X-E: e, Server: off } }"},
};

TEST(TestsOfFiles, InAllForms) {
  for (const Row& row : kRows) {
    const Config config = good(std::string(kRoute) + "tests: [" + row.test + "]\n");
    ASSERT_EQ(config.tests.size(), 1u) << row.name;
    EXPECT_EQ(filter::shownText(shownTest(config.tests[0])), row.shown) << row.name;
  }
}

TEST(TestsOfFiles, TellAbsentFieldsFromTheWord) {
  const Config config =
      good(std::string(kRoute) + "tests: [{ get: /, headers: { A: off, B: \"off\", C: \"\" } }]\n");
  const auto& fields = config.tests.at(0).headers;
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].value, std::nullopt);
  EXPECT_EQ(fields[1].value, "off");
  EXPECT_EQ(fields[2].value, "");
  EXPECT_EQ(fields[0].mark.line, 2u);
}

TEST(TestsOfFiles, AreReadInTheirOrder) {
  const Config config = good(std::string(kRoute) +
                             "tests:\n  - { get: /a, status: 200 }\n  - { get: /b, pool: p }\n");
  ASSERT_EQ(config.tests.size(), 2u);
  EXPECT_EQ(config.tests[0].url, "/a");
  EXPECT_EQ(config.tests[0].mark.line, 3u);
  EXPECT_EQ(config.tests[1].url, "/b");
  EXPECT_EQ(config.tests[1].pool->origin.line, 4u);
  EXPECT_TRUE(good(std::string(kRoute) + "tests: []\n").tests.empty());
}

}  // namespace
}  // namespace fairlead::config
