// What a server says of its own places, in the words of the client.
#include "filter/location.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

constexpr PathMapping kStripped{"/api", "", true, false};
constexpr PathMapping kReplaced{"/api", "/v2", true, false};
constexpr PathMapping kAdded{"", "/app", true, false};
constexpr PathMapping kNone{};

constexpr LocationFacts kFacts{.client_scheme = "https",
                               .client_authority = "shop.example.com",
                               .sent_authority = "app.internal",
                               .server_address = "10.0.0.1:8080"};

struct ReferenceRow {
  const char* name;
  const PathMapping& mapping;
  const char* sent;
  const char* expected;
};

const ReferenceRow kReferences[] = {
    {"below", kReplaced, "/v2/x", "/api/x"},
    {"itself", kReplaced, "/v2", "/api"},
    {"slash at the end", kReplaced, "/v2/", "/api/"},
    {"query and fragment stay", kReplaced, "/v2/x?a=/v2/b&%zz#/v2", "/api/x?a=/v2/b&%zz#/v2"},
    {"query alone behind it", kReplaced, "/v2?a", "/api?a"},
    {"fragment alone behind it", kReplaced, "/v2#a", "/api#a"},
    {"elsewhere", kReplaced, "/v3/x", "/v3/x"},
    {"whole segments", kReplaced, "/v20/x", "/v20/x"},
    {"root", kReplaced, "/", "/"},
    {"escapes stay", kReplaced, "/v2/%2F%C3%BC", "/api/%2F%C3%BC"},
    {"bytes beyond ASCII are escaped", kReplaced, "/v2/ü", "/api/%C3%BC"},
    {"escaped prefix", kReplaced, "/%762/x", "/api/x"},
    {"dots within", kReplaced, "/v2/a/../b", "/api/b"},
    {"dots that leave", kReplaced, "/v2/../x", "/v2/../x"},
    {"dots that come back", kReplaced, "/x/../v2/y", "/api/y"},
    {"dots above the root", kReplaced, "/../v2/x", "/../v2/x"},
    {"a control", kReplaced, "/v2/\tx", "/v2/\tx"},

    {"stripped", kStripped, "/x?y", "/api/x?y"},
    {"stripped root", kStripped, "/", "/api/"},
    {"stripped twice", kStripped, "/api/x", "/api/api/x"},
    {"added", kAdded, "/app/x", "/x"},
    {"added itself", kAdded, "/app", "/"},
    {"added itself with a query", kAdded, "/app?x", "/?x"},
    {"added elsewhere", kAdded, "/x", "/x"},
    {"no host comes to the front", kAdded, "/app//evil.example/", "/evil.example/"},
    {"no host comes to the front by a backslash", kAdded, "/app/\\evil.example/",
     "/app/\\evil.example/"},

    {"relative path", kStripped, "x/y", "x/y"},
    {"relative path upwards", kStripped, "../x", "../x"},
    {"query only", kStripped, "?a=/x", "?a=/x"},
    {"fragment only", kStripped, "#a", "#a"},
    {"nothing", kStripped, "", ""},
    {"network path", kStripped, "//app.internal/x", "//app.internal/x"},
    {"another scheme", kStripped, "ftp://app.internal/x", "ftp://app.internal/x"},
    {"no hierarchy", kStripped, "mailto:/x@app.internal", "mailto:/x@app.internal"},
    {"scheme without authority", kStripped, "http:/x", "http:/x"},

    {"the Host that was sent", kReplaced, "http://app.internal/v2/x?y#z",
     "https://shop.example.com/api/x?y#z"},
    {"the Host in capitals", kReplaced, "HTTP://App.Internal/v2/x",
     "https://shop.example.com/api/x"},
    {"the Host with its scheme's port", kReplaced, "http://app.internal:80/v2",
     "https://shop.example.com/api"},
    {"the Host behind another scheme", kReplaced, "https://app.internal/v2",
     "https://shop.example.com/api"},
    {"the Host behind another port", kReplaced, "http://app.internal:81/v2",
     "http://app.internal:81/v2"},
    {"the Host and another path", kReplaced, "http://app.internal/v3?y",
     "https://shop.example.com/v3?y"},
    {"the Host without path", kStripped, "http://app.internal", "https://shop.example.com/api/"},
    {"the Host without path, not mapped", kReplaced, "http://app.internal?y",
     "https://shop.example.com?y"},
    {"the Host, no prefix", kNone, "http://app.internal/x", "https://shop.example.com/x"},
    {"the server's address", kReplaced, "http://10.0.0.1:8080/v2/x",
     "https://shop.example.com/api/x"},
    {"the server's host behind another port", kReplaced, "http://10.0.0.1/v2/x",
     "http://10.0.0.1/v2/x"},
    {"the client's authority", kReplaced, "http://shop.example.com/v2/x",
     "http://shop.example.com/api/x"},
    {"the client's authority with its port", kReplaced, "https://shop.example.com:443/v2/x",
     "https://shop.example.com:443/api/x"},
    {"the client's authority and another path", kReplaced, "http://SHOP.example.com/v3",
     "http://SHOP.example.com/v3"},
    {"the client's authority, no prefix", kNone, "http://shop.example.com/x",
     "http://shop.example.com/x"},
    {"somebody else's", kReplaced, "http://other.example/v2/x", "http://other.example/v2/x"},
    {"an authority that only begins alike", kReplaced, "http://app.internal.evil.example/v2",
     "http://app.internal.evil.example/v2"},
    {"user information", kReplaced, "http://app.internal@evil.example/v2",
     "http://app.internal@evil.example/v2"},
    {"user information before the Host", kReplaced, "http://me@app.internal/v2",
     "http://me@app.internal/v2"},
    {"no authority", kReplaced, "http:///v2", "http:///v2"},
};

std::string fieldsOf(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text += field.line();
    text.replace(text.size() - 2, 2, "|");
  }
  return text;
}

TEST(Location, MapsReferences) {
  for (const ReferenceRow& row : kReferences) {
    Arena arena;
    http::Fields fields;
    fields.add(http::Field::make(arena, "X-First", row.sent));
    fields.add(http::Field::make(arena, "location", row.sent));
    fields.add(http::Field::make(arena, "Content-Location", row.sent));
    const std::string_view line = fields[1].line();
    mapLocations(fields, row.mapping, kFacts, arena);
    const std::string sent(row.sent);
    const std::string expected(row.expected);
    EXPECT_EQ(fieldsOf(fields), "X-First: " + sent + "|location: " + expected +
                                    "|Content-Location: " + expected + "|")
        << row.name;
    EXPECT_EQ(fields[1].line().data() == line.data(), sent == expected) << row.name;
  }
}

TEST(Location, LeavesUrlsAloneWithoutAClientsAuthority) {
  LocationFacts facts = kFacts;
  facts.client_authority = {};
  Arena arena;
  http::Fields fields;
  fields.add(http::Field::make(arena, "Location", "http://app.internal/v2"));
  fields.add(http::Field::make(arena, "Location", "/v2"));
  mapLocations(fields, kReplaced, facts, arena);
  EXPECT_EQ(fieldsOf(fields), "Location: http://app.internal/v2|Location: /api|");
}

TEST(Location, KnowsNoServerWithoutAName) {
  LocationFacts facts = kFacts;
  facts.sent_authority = facts.server_address = {};
  Arena arena;
  http::Fields fields;
  fields.add(http::Field::make(arena, "Location", "http:///v2"));
  fields.add(http::Field::make(arena, "Location", "http://:80/v2"));
  mapLocations(fields, kReplaced, facts, arena);
  EXPECT_EQ(fieldsOf(fields), "Location: http:///v2|Location: http://:80/v2|");
}

TEST(Location, MapsOnlyThePathWhenTheHostIsPassedOn) {
  LocationFacts facts = kFacts;
  facts.client_authority = facts.sent_authority = "shop.example.com:8080";
  Arena arena;
  http::Fields fields;
  fields.add(http::Field::make(arena, "Location", "http://shop.example.com:8080/v2"));
  fields.add(http::Field::make(arena, "Location", "http://shop.example.com/v2"));
  mapLocations(fields, kReplaced, facts, arena);
  EXPECT_EQ(fieldsOf(fields),
            "Location: http://shop.example.com:8080/api|Location: http://shop.example.com/v2|");
}

struct CookieRow {
  const char* name;
  const PathMapping& mapping;
  const char* sent;
  const char* expected;
};

const CookieRow kCookies[] = {
    {"path", kReplaced, "a=1; Path=/v2; Secure", "a=1; Path=/api; Secure"},
    {"path below", kReplaced, "a=1;path=/v2/x", "a=1;path=/api/x"},
    {"blanks stay", kReplaced, "a=1 ;  PATH = /v2 ; HttpOnly", "a=1 ;  PATH = /api ; HttpOnly"},
    {"elsewhere", kReplaced, "a=1; Path=/", "a=1; Path=/"},
    {"whole segments", kReplaced, "a=1; Path=/v20", "a=1; Path=/v20"},
    {"no path", kReplaced, "a=/v2; Domain=/v2", "a=/v2; Domain=/v2"},
    {"path without value", kReplaced, "a=1; Path; Path=", "a=1; Path; Path="},
    {"path in quotes", kReplaced, "a=1; Path=\"/v2\"", "a=1; Path=\"/v2\""},
    {"relative path", kStripped, "a=1; Path=x", "a=1; Path=x"},
    {"a name like an attribute", kReplaced, "Path=/v2; Secure", "Path=/v2; Secure"},
    {"several paths", kReplaced, "a=1; Path=/v2; Path=/x; Path=/v2/y; Secure",
     "a=1; Path=/api; Path=/x; Path=/api/y; Secure"},
    {"stripped root", kStripped, "a=1; Path=/", "a=1; Path=/api"},
    {"stripped", kStripped, "a=1; Path=/x/", "a=1; Path=/api/x/"},
    {"added", kAdded, "a=1; Path=/app", "a=1; Path=/"},
    {"added below", kAdded, "a=1; Path=/app/x", "a=1; Path=/x"},
    {"nothing changed", kNone, "a=1; Path=/x", "a=1; Path=/x"},
    {"fairlead's own", kStripped, "fairlead_split=1; Path=/", "fairlead_split=1; Path=/"},
    {"no attributes", kStripped, "a=1", "a=1"},
    {"empty", kStripped, "", ""},
    {"semicolon at the end", kStripped, "a=1; Path=/x;", "a=1; Path=/api/x;"},
};

TEST(Location, MapsCookiePaths) {
  for (const CookieRow& row : kCookies) {
    Arena arena;
    http::Fields fields;
    fields.add(http::Field::make(arena, "Set-Cookie", "b=2; Path=/other-than-v2"));
    fields.add(http::Field::make(arena, "Set-Cookie", row.sent));
    const std::string_view line = fields[1].line();
    mapLocations(fields, row.mapping, kFacts, arena);
    EXPECT_EQ(fields[1].value(), row.expected) << row.name;
    EXPECT_EQ(fields[1].line().data() == line.data(), std::string_view(row.sent) == row.expected)
        << row.name;
  }
}

TEST(Location, LeavesLinesThatWouldBecomeTooLong) {
  Arena arena;
  http::Fields fields;
  const std::string path = "/" + std::string(40'000, 'x');
  const std::string outer = "/" + std::string(30'000, 'y');
  fields.add(http::Field::make(arena, "Location", path));
  mapLocations(fields, {outer, "", true, false}, kFacts, arena);
  EXPECT_EQ(fields[0].value(), path);
}

// A path below the inner prefix comes back below the outer one, and never as another host's.
TEST(Location, NeverLeavesTheClientsHost) {
  static constexpr std::string_view kParts[] = {"/",   "\\",  "..", ".", "v2", "a",
                                                "%2F", "%2e", "?",  "#", ";"};
  Random random(14);
  int mapped = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string path = "/app";
    for (uint64_t n = random.below(6); n > 0; --n) path += kParts[random.below(std::size(kParts))];
    Arena arena;
    http::Fields fields;
    fields.add(http::Field::make(arena, "Location", path));
    mapLocations(fields, kAdded, kFacts, arena);
    const std::string_view value = fields[0].value();
    mapped += value != path;
    ASSERT_TRUE(value.starts_with('/')) << path;
    ASSERT_FALSE(value.starts_with("//") || value.starts_with("/\\")) << path;
  }
  EXPECT_GT(mapped, 10000);
}

}  // namespace
}  // namespace fairlead::filter
