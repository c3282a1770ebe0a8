// Canonical paths, request targets and authorities.
#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace fairlead::http {
namespace {

constexpr std::string_view kBadEscape =
    "A percent sign in the path is not followed by two hexadecimal digits";
constexpr std::string_view kControl = "The path holds a control character";
constexpr std::string_view kAboveRoot = "The path climbs above its root";
constexpr std::string_view kDotSemicolon = "A dot segment of the path is followed by a semicolon";

struct PathRow {
  const char* name;
  std::string_view path;
  std::string_view canonical;  // empty: refused
  std::string_view fault = {};
};

const PathRow kPathRows[] = {
    {"root", "/", "/"},
    {"plain", "/a/b.c/d", "/a/b.c/d"},
    {"trailing slash stays", "/a/", "/a/"},
    {"reserved characters stay", "/a;x=1,b!$&'()*+:@", "/a;x=1,b!$&'()*+:@"},
    {"odd visible bytes stay", "/a\"<>\\^`{|}", "/a\"<>\\^`{|}"},
    {"letter case stays", "/ADMIN", "/ADMIN"},
    {"double slash", "//a//b///c//", "/a/b/c/"},
    {"slashes only", "////", "/"},
    {"unreserved decoded", "/%61%2D%2e%5F%7E%41%39", "/a-._~A9"},
    {"hexadecimal in upper case", "/%c3%a4%2f%5c", "/%C3%A4%2F%5C"},
    {"already upper case", "/%C3%A4%20b", "/%C3%A4%20b"},
    {"encoded slash does not separate", "/a%2F..%2Fb", "/a%2F..%2Fb"},
    {"encoded backslash does not separate", "/a%5C..%5Cb", "/a%5C..%5Cb"},
    {"encoded percent stays", "/%2525/%2561", "/%2525/%2561"},
    {"encoded question mark and hash stay", "/%3F%23", "/%3F%23"},
    {"encoded semicolon stays", "/a%3Bb", "/a%3Bb"},
    {"dot", "/a/./b", "/a/b"},
    {"dot at the end", "/a/.", "/a/"},
    {"dot alone", "/.", "/"},
    {"dot dot", "/a/../b", "/b"},
    {"dot dot at the end", "/a/b/..", "/a/"},
    {"dot dot to the root", "/a/..", "/"},
    {"encoded dot dot", "/a/%2e%2E/b", "/b"},
    {"half encoded dot dot", "/a/.%2e/b", "/b"},
    {"encoded dot", "/a/%2e/b", "/a/b"},
    {"merge before dot segments", "/a//../b", "/b"},
    {"several levels", "/a/b/c/../../d", "/a/d"},
    {"three dots are a name", "/.../a", "/.../a"},
    {"hidden file", "/.well-known/x", "/.well-known/x"},
    {"two dots and a name", "/..a/b", "/..a/b"},
    {"name before dots and semicolon", "/a..;/b", "/a..;/b"},
    {"name and semicolon", "/admin;x", "/admin;x"},
    {"dots and encoded semicolon", "/..%3B/b", "/..%3B/b"},
    {"space and bytes beyond ASCII are encoded", "/a b\xC3\xA4", "/a%20b%C3%A4"},
    {"dot dot and semicolon", "/a/..;/b", "", kDotSemicolon},
    {"dot and semicolon", "/a/.;x", "", kDotSemicolon},
    {"encoded dots and semicolon", "/a/%2e%2e;/b", "", kDotSemicolon},
    {"above the root", "/..", "", kAboveRoot},
    {"above the root later", "/a/../../b", "", kAboveRoot},
    {"above the root, encoded", "/%2e%2e/", "", kAboveRoot},
    {"above the root behind slashes", "//../a", "", kAboveRoot},
    {"NUL", "/a%00", "", kControl},
    {"line feed", "/a%0Ab", "", kControl},
    {"tabulator", "/a%09b", "", kControl},
    {"delete", "/a%7F", "", kControl},
    {"raw control", "/a\x01", "", kControl},
    {"percent at the end", "/a%", "", kBadEscape},
    {"percent and one digit", "/a%2", "", kBadEscape},
    {"percent and no digits", "/a%zz", "", kBadEscape},
    {"percent and a sign", "/a%+1", "", kBadEscape},
    {"escape across a slash", "/a%2/1", "", kBadEscape},
    {"no slash", "a", "", "The path does not begin with a slash"},
    {"empty", "", "", "The path does not begin with a slash"},
    {"query", "/a?b", "", "The path holds a '?' or a '#'"},
    {"fragment", "/a#b", "", "The path holds a '?' or a '#'"},
};

TEST(CanonicalPath, Table) {
  for (const PathRow& row : kPathRows) {
    SCOPED_TRACE(row.name);
    Arena arena;
    const auto path = canonicalPath(row.path, arena);
    EXPECT_EQ(path ? *path : "", row.canonical);
    EXPECT_EQ(path ? "" : path.error().sentence, row.fault);
  }
}

TEST(CanonicalPath, CanonicalOnesAreNotCopied) {
  for (const PathRow& row : kPathRows) {
    if (row.canonical != row.path || row.canonical.empty()) continue;
    Arena arena;
    EXPECT_EQ(canonicalPath(row.path, arena)->data(), row.path.data()) << row.name;
  }
}

TEST(CanonicalPath, IsIdempotentAndFreeOfOddities) {
  static constexpr std::string_view kPieces[] = {"/",   "/",   ".",   "..",   ";",  "a",    "%2e",
                                                 "%2F", "%25", "%61", "%c3",  "%",  "\x7f", "B",
                                                 "~",   "%5c", "//",  "/../", "%3b"};
  Random random(7);
  int accepted = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string path = "/";
    for (uint64_t i = random.below(12); i > 0; --i)
      path += kPieces[random.below(std::size(kPieces))];
    Arena arena;
    const auto once = canonicalPath(path, arena);
    if (!once) continue;
    ++accepted;
    const auto twice = canonicalPath(*once, arena);
    ASSERT_TRUE(twice.has_value()) << path;
    ASSERT_EQ(twice->data(), once->data()) << path << ": its canonical form was copied again";
    ASSERT_EQ(*twice, *once) << path;
    const std::string closed = std::string(*once) + "/";
    ASSERT_EQ(once->find("//"), std::string_view::npos) << path;
    ASSERT_EQ(closed.find("/./"), std::string::npos) << path;
    ASSERT_EQ(closed.find("/../"), std::string::npos) << path;
  }
  EXPECT_GT(accepted, 5000);
}

struct TargetRow {
  const char* name;
  std::string_view raw;
  enum { Plain, Connect, Options } method;
  TargetForm form;
  std::string_view scheme, authority, path, raw_path, query;
  bool has_query;
};

TEST(Target, Accepted) {
  const TargetRow rows[] = {
      {"path", "/a", TargetRow::Plain, TargetForm::Origin, "", "", "/a", "/a", "", false},
      {"path and query", "/a?b=c&d", TargetRow::Plain, TargetForm::Origin, "", "", "/a", "/a",
       "b=c&d", true},
      {"empty query", "/a?", TargetRow::Plain, TargetForm::Origin, "", "", "/a", "/a", "", true},
      {"query is not judged", "/?/../%zz?a?//", TargetRow::Plain, TargetForm::Origin, "", "", "/",
       "/", "/../%zz?a?//", true},
      {"odd path", "/a/../%62?x", TargetRow::Plain, TargetForm::Origin, "", "", "/b", "/a/../%62",
       "x", true},
      {"path that looks like an authority", "//a/b", TargetRow::Plain, TargetForm::Origin, "", "",
       "/a/b", "//a/b", "", false},
      {"absolute", "http://a.b:80/c?d", TargetRow::Plain, TargetForm::Absolute, "http", "a.b:80",
       "/c", "/c", "d", true},
      {"absolute, scheme in capitals", "HTTPS://a/", TargetRow::Plain, TargetForm::Absolute,
       "HTTPS", "a", "/", "/", "", false},
      {"absolute without path", "http://a", TargetRow::Plain, TargetForm::Absolute, "http", "a",
       "/", "/", "", false},
      {"absolute with only a query", "http://a?b", TargetRow::Plain, TargetForm::Absolute, "http",
       "a", "/", "/", "b", true},
      {"absolute, odd path", "http://a//b", TargetRow::Plain, TargetForm::Absolute, "http", "a",
       "/b", "//b", "", false},
      {"absolute, IPv6", "http://[::1]:8080/", TargetRow::Plain, TargetForm::Absolute, "http",
       "[::1]:8080", "/", "/", "", false},
      {"asterisk", "*", TargetRow::Options, TargetForm::Asterisk, "", "", "*", "*", "", false},
      {"OPTIONS of a whole server", "http://a", TargetRow::Options, TargetForm::Absolute, "http",
       "a", "*", "*", "", false},
      {"OPTIONS of a path", "/a", TargetRow::Options, TargetForm::Origin, "", "", "/a", "/a", "",
       false},
      {"authority", "a.b:443", TargetRow::Connect, TargetForm::Authority, "", "a.b:443", "/", "/",
       "", false},
      {"authority, IPv6", "[::1]:443", TargetRow::Connect, TargetForm::Authority, "", "[::1]:443",
       "/", "/", "", false},
  };
  for (const TargetRow& row : rows) {
    SCOPED_TRACE(row.name);
    Arena arena;
    const auto target = parseTarget(row.raw, row.method == TargetRow::Connect,
                                    row.method == TargetRow::Options, arena);
    ASSERT_TRUE(target.has_value()) << target.error().sentence;
    EXPECT_EQ(target->form, row.form);
    EXPECT_EQ(target->scheme, row.scheme);
    EXPECT_EQ(target->authority, row.authority);
    EXPECT_EQ(target->path, row.path);
    EXPECT_EQ(target->raw_path, row.raw_path);
    EXPECT_EQ(target->query, row.query);
    EXPECT_EQ(target->has_query, row.has_query);
  }
}

struct TargetFaultRow {
  const char* name;
  std::string_view raw;
  bool is_connect;
  std::string_view fault;
};

TEST(Target, Refused) {
  constexpr std::string_view kForm = "The request target is neither a path nor a URI";
  constexpr std::string_view kScheme = "The scheme of the request target is neither http nor https";
  constexpr std::string_view kFragment = "The request target holds a fragment";
  constexpr std::string_view kHost = "The host of the request target is not valid";
  constexpr std::string_view kConnect = "The target of CONNECT is not a host and a port";
  const TargetFaultRow rows[] = {
      {"fragment", "/a#b", false, kFragment},
      {"fragment after the query", "/a?b#c", false, kFragment},
      {"fragment of an odd path", "//a#c", false, kFragment},
      {"fragment of a URI", "http://a#b", false, kFragment},
      {"fragment of a URI with query", "http://a?x#b", false, kFragment},
      {"asterisk without OPTIONS", "*", false, "The request target '*' is for OPTIONS only"},
      {"asterisk and more", "*a", false, kForm},
      {"authority without CONNECT", "a:80", false, kForm},
      {"relative", "a/b", false, kForm},
      {"other scheme", "ftp://a/", false, kScheme},
      {"no scheme", "://a/", false, kScheme},
      {"user information", "http://u:p@a/", false, "The request target holds user information"},
      {"no host", "http:///a", false, kHost},
      {"only a port", "http://:80/", false, kHost},
      {"bad port", "http://a:x/", false, kHost},
      {"open bracket", "http://[::1/", false, kHost},
      {"above the root", "/..", false, kAboveRoot},
      {"above the root of a URI", "http://a/..", false, kAboveRoot},
      {"CONNECT of a path", "/a", true, kConnect},
      {"CONNECT without port", "a", true, kConnect},
      {"CONNECT with empty port", "a:", true, kConnect},
      {"CONNECT of a URI", "http://a:80", true, kConnect},
      {"CONNECT of IPv6 without port", "[::1]", true, kConnect},
  };
  for (const TargetFaultRow& row : rows) {
    SCOPED_TRACE(row.name);
    Arena arena;
    const auto target = parseTarget(row.raw, row.is_connect, false, arena);
    ASSERT_FALSE(target.has_value());
    EXPECT_EQ(target.error().sentence, row.fault);
  }
}

struct AuthorityRow {
  std::string_view authority;
  bool valid;
  std::string_view host = {};
};

TEST(Authority, ValidAndCanonical) {
  const AuthorityRow rows[] = {
      {"www.mango.com", true, "www.mango.com"},
      {"www.mango.com:8080", true, "www.mango.com"},
      {"www.mango.com.", true, "www.mango.com"},
      {"WWW.Mango.COM.:80", true, "www.mango.com"},
      {"localhost", true, "localhost"},
      {"10.0.0.1:80", true, "10.0.0.1"},
      {"[::1]", true, "[::1]"},
      {"[2001:DB8::1]:443", true, "[2001:db8::1]"},
      {"[2001:0db8:0:0::0:1]", true, "[2001:db8::1]"},
      {"[0:0:0:0:0:0:0:1]:80", true, "[::1]"},
      {"[::FFFF:1.2.3.4]", true, "[::ffff:1.2.3.4]"},
      {"a:", true, "a"},
      {"a:0", true, "a"},
      {"a:65535", true, "a"},
      {"a_b", true, "a_b"},
      {"xn--bcher-kva.example", true, "xn--bcher-kva.example"},
      {"abcdefghijklmnopqrs.example.com", true, "abcdefghijklmnopqrs.example.com"},
      {"abcdefghijklmnopqrs.example.com:80", true, "abcdefghijklmnopqrs.example.com"},
      {"abcdefghijklmnopqrs.example.com.", true, "abcdefghijklmnopqrs.example.com"},
      {"abcdefghijklmnopqrs.example.coM", true, "abcdefghijklmnopqrs.example.com"},
      {"abcdefghijklmnopqrs.example.com..", false},
      {"abcdefghijklmnopqrs.example.com:x", false},
      {"abcdefghijklmnopqrs.example.com,", false},
      {"xabcdefghijklmnopqrs.example.com", true, "xabcdefghijklmnopqrs.example.com"},
      {"xabcdefghijklmnopqrs.example.com:80", true, "xabcdefghijklmnopqrs.example.com"},
      {"xabcdefghijklmnopqrs.example.com.", true, "xabcdefghijklmnopqrs.example.com"},
      {"xabcdefghijklmnopqrs.example.coM", true, "xabcdefghijklmnopqrs.example.com"},
      {"xabcdefghijklmnopqrs.example.com..", false},
      {"xabcdefghijklmnopqrs.example.com:x", false},
      {"xabcdefghijklmnopqrs.example.com,", false},
      {"xxabcdefghijklmnopqrs.example.com", true, "xxabcdefghijklmnopqrs.example.com"},
      {"xxabcdefghijklmnopqrs.example.com:80", true, "xxabcdefghijklmnopqrs.example.com"},
      {"xxabcdefghijklmnopqrs.example.com.", true, "xxabcdefghijklmnopqrs.example.com"},
      {"xxabcdefghijklmnopqrs.example.coM", true, "xxabcdefghijklmnopqrs.example.com"},
      {"xxabcdefghijklmnopqrs.example.com..", false},
      {"xxabcdefghijklmnopqrs.example.com:x", false},
      {"xxabcdefghijklmnopqrs.example.com,", false},
      {"", false},
      {".", false},
      {"..", false},
      {"a..", false},
      {".a", false},
      {"a..b", false},
      {":80", false},
      {"a:65536", false},
      {"a:999999", false},
      {"a:-1", false},
      {"a:8a", false},
      {"a:80:80", false},
      {"a b", false},
      {"a,b", false},
      {"a, b", false},
      {"u@a", false},
      {"a/b", false},
      {"a?b", false},
      {"a#b", false},
      {"a\\b", false},
      {"a\tb", false},
      {"a\x7f", false},
      {"\xC3\xA4", false},
      {"a%20b", false},
      {"%61", false},
      {"a%2", false},
      {"a%zz", false},
      {"<script>", false},
      {"\"a\"", false},
      {"::1", false},
      {"[::1", false},
      {"::1]", false},
      {"[]", false},
      {"[::1]a", false},
      {"[::1]80", false},
      {"[1.2.3.4]", false},
      {"[::g]", false},
      {"[fe80::1%25eth0]", false},
  };
  for (const AuthorityRow& row : rows) {
    SCOPED_TRACE(row.authority);
    EXPECT_EQ(isValidAuthority(row.authority), row.valid);
    Arena arena;
    EXPECT_EQ(hostOf(row.authority, arena).has_value(), row.valid);
    if (!row.valid) continue;
    EXPECT_EQ(*hostOf(row.authority, arena), row.host);
    EXPECT_EQ(canonicalHost(row.authority, arena), row.host);
  }
}

TEST(Authority, CanonicalHostIsNotCopied) {
  Arena arena;
  const std::string_view authority = "www.mango.com.:80";
  EXPECT_EQ(canonicalHost(authority, arena).data(), authority.data());
}

}  // namespace
}  // namespace fairlead::http
