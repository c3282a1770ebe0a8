// redirect: its forms, the Location that each makes of a request, and its faults.
#include "filter/redirect.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"
#include "unit/filter/shown.h"

namespace fairlead::filter {
namespace {

Redirect redirectOf(std::string_view text) {
  Diagnostics out;
  Redirect redirect;
  redirect.read(flow(text), out);
  EXPECT_EQ(firstFinding(out), "") << text;
  return redirect;
}

// What a client asked for.
struct Asked {
  const char* target = "/api/x?q=1";
  const char* authority = "shop.example.com";
  const char* scheme = "http";
  const char* route_path = "/api";
};

// "status location", or "status sentence" where there is none.
std::string answered(const Redirect& redirect, const Asked& asked) {
  Request request(asked.target);
  request.facts.scheme = asked.scheme;
  request.asked.host = http::canonicalHost(asked.authority, request.arena);
  const Answer answer = redirect.answer(request.scene(), asked.authority, asked.route_path);
  EXPECT_EQ(answer.rule, "redirect");
  EXPECT_EQ(answer.origin.line, 1u);
  const std::string status = std::to_string(answer.status) + " ";
  if (answer.fields.empty()) return status + std::string(answer.body);
  EXPECT_EQ(answer.fields.size(), 1u);
  EXPECT_EQ(answer.fields[0].id(), http::FieldId::Location);
  EXPECT_EQ(answer.body, "") << "the standard sentence";
  return status + std::string(answer.fields[0].value());
}

struct Row {
  const char* name;
  const char* redirect;
  const char* answer;
  Asked asked = {};
};

const Row kParts[] = {
    // https
    {"https", "https", "308 https://shop.example.com/api/x?q=1"},
    {"https in quotes", "\"https\"", "308 https://shop.example.com/api/x?q=1"},
    {"scheme", "{ scheme: https }", "308 https://shop.example.com/api/x?q=1"},
    {"https drops the port",
     "https",
     "308 https://shop.example.com/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"https without a query", "https", "308 https://shop.example.com/api/x", {.target = "/api/x"}},
    {"https with an empty query",
     "https",
     "308 https://shop.example.com/api/x",
     {.target = "/api/x?"}},
    {"https, capitals and trailing dot",
     "https",
     "308 https://shop.example.com/api/x?q=1",
     {.authority = "SHOP.Example.com."}},
    {"https of an address", "https", "308 https://[::1]/api/x?q=1", {.authority = "[::1]:8080"}},
    {"https with another status", "{ scheme: https, status: 301 }",
     "301 https://shop.example.com/api/x?q=1"},
    {"https on a port", "{ scheme: https, port: 8443 }",
     "308 https://shop.example.com:8443/api/x?q=1"},
    {"https on its own port", "{ scheme: https, port: 443 }",
     "308 https://shop.example.com/api/x?q=1"},
    {"https, asked by https",
     "{ scheme: https }",
     "308 https://shop.example.com:8443/api/x?q=1",
     {.authority = "shop.example.com:8443", .scheme = "https"}},
    {"http",
     "{ scheme: http }",
     "302 http://shop.example.com/api/x?q=1",
     {.authority = "shop.example.com:8443", .scheme = "https"}},
    // host
    {"host", "{ host: www.example.com }", "302 http://www.example.com/api/x?q=1"},
    {"host, the port stays",
     "{ host: www.example.com }",
     "302 http://www.example.com:8080/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"host, an empty port goes",
     "{ host: www.example.com }",
     "302 http://www.example.com/api/x?q=1",
     {.authority = "shop.example.com:"}},
    {"host, the scheme is the client's",
     "{ host: www.example.com }",
     "302 https://www.example.com/api/x?q=1",
     {.scheme = "https"}},
    {"host of the host", "{ host: \"www.{host}\" }", "302 http://www.shop.example.com/api/x?q=1"},
    {"host of an address",
     "{ host: \"[::1]\" }",
     "302 http://[::1]:8080/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"scheme and host",
     "{ scheme: https, host: www.example.com }",
     "302 https://www.example.com/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"no Host was sent, but one is said",
     "{ host: www.example.com }",
     "302 http://www.example.com/api/x?q=1",
     {.authority = ""}},
    {"no Host was sent", "https", "400 The redirect leads to no valid host.", {.authority = ""}},
    // port
    {"port",
     "{ port: 8443 }",
     "302 http://shop.example.com:8443/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"the default port",
     "{ port: 80 }",
     "302 http://shop.example.com/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"port of an address",
     "{ port: 81 }",
     "302 http://[::1]:81/api/x?q=1",
     {.authority = "[::1]:8080"}},
    // path
    {"path", "{ path: /new }", "302 http://shop.example.com/new?q=1"},
    {"path, the port stays",
     "{ path: /new }",
     "302 http://shop.example.com:8080/new?q=1",
     {.authority = "shop.example.com:8080"}},
    {"path without a query",
     "{ path: /new }",
     "302 http://shop.example.com/new",
     {.target = "/api/x"}},
    {"path with a query of its own", "{ path: \"/new?a=b\" }",
     "302 http://shop.example.com/new?a=b"},
    {"path with an empty query of its own", "{ path: \"/new?\" }",
     "302 http://shop.example.com/new?"},
    {"path with both queries", "{ path: \"/new?a=b&{query}\" }",
     "302 http://shop.example.com/new?a=b&q=1"},
    {"path with a fragment", "{ path: \"/new#top\" }", "302 http://shop.example.com/new?q=1#top"},
    {"path of a capture", "{ path: \"/new/{capture.1}\" }",
     "302 http://shop.example.com/new/v2?q=1"},
    {"path of a capture without slash", "{ path: \"{capture.1}\" }",
     "302 http://shop.example.com/v2?q=1"},
    {"path of the path", "{ path: \"{path}\", port: 81 }",
     "302 http://shop.example.com:81/api/x?q=1"},
    {"path before the path", "{ path: \"/old{path}\" }",
     "302 http://shop.example.com/old/api/x?q=1"},
    {"two slashes become one", "{ path: \"/{path}\" }", "302 http://shop.example.com/api/x?q=1"},
    {"the query in the path", "{ path: \"/new{uri}\" }",
     "302 http://shop.example.com/new/api/x?q=1"},
    {"all parts", "{ scheme: https, host: h.example, port: 81, path: /p, status: 307 }",
     "307 https://h.example:81/p?q=1"},
    // replace_prefix
    {"prefix", "{ replace_prefix: /new }", "302 http://shop.example.com/new/x?q=1"},
    {"prefix alone",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new?q=1",
     {.target = "/api?q=1"}},
    {"prefix with a slash",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new/",
     {.target = "/api/"}},
    {"prefix that ends with a slash", "{ replace_prefix: /new/ }",
     "302 http://shop.example.com/new/x?q=1"},
    {"prefix is the root", "{ replace_prefix: / }", "302 http://shop.example.com/x?q=1"},
    {"prefix is the root, alone",
     "{ replace_prefix: / }",
     "302 http://shop.example.com/",
     {.target = "/api"}},
    {"prefix of the whole host",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new/api/x?q=1",
     {.route_path = "/"}},
    {"prefix of the whole host, at its root",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new",
     {.target = "/", .route_path = "/"}},
    {"prefix of a longer path",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new/c/d",
     {.target = "/a/b/c/d", .route_path = "/a/b"}},
    {"prefix with a placeholder", "{ replace_prefix: \"/new/{capture.1}\" }",
     "302 http://shop.example.com/new/v2/x?q=1"},
    {"prefix and host", "{ replace_prefix: /new, host: h.example }",
     "302 http://h.example/new/x?q=1"},
    {"prefix with the path in it", "{ replace_prefix: \"/of{path}\" }",
     "302 http://shop.example.com/of/api/x/x?q=1"},
    // OPTIONS *
    {"the star of OPTIONS", "https", "308 https://shop.example.com/", {.target = "*"}},
    {"the star, with a prefix",
     "{ replace_prefix: /new }",
     "302 http://shop.example.com/new",
     {.target = "*", .route_path = "/"}},
};

const Row kTo[] = {
    {"a URI", "https://www.example.com/new", "302 https://www.example.com/new?q=1"},
    {"a URI without a query",
     "https://www.example.com/new",
     "302 https://www.example.com/new",
     {.target = "/x"}},
    {"a host alone", "https://www.example.com", "302 https://www.example.com?q=1"},
    {"a host alone, without a query",
     "https://www.example.com",
     "302 https://www.example.com",
     {.target = "/x"}},
    {"a path", "/new", "302 /new?q=1"},
    {"a path with a query", "\"/new?a=b\"", "302 /new?a=b"},
    {"a path with a fragment", "\"/new#a\"", "302 /new?q=1#a"},
    {"long form", "{ to: /new, status: 303 }", "303 /new?q=1"},
    {"the form of all",
     "{ to: \"https://{host}{path}?{query}\", status: 308 }",
     "308 https://shop.example.com/api/x?q=1",
     {.authority = "shop.example.com:8080"}},
    {"the form of all, without a query",
     "{ to: \"https://{host}{path}?{query}\" }",
     "302 https://shop.example.com/api/x",
     {.target = "/api/x"}},
    {"uri", "\"https://{host}{uri}\"", "302 https://shop.example.com/api/x?q=1"},
    {"the path keeps the query", "\"https://{host}{path}\"",
     "302 https://shop.example.com/api/x?q=1"},
    {"the query among others", "\"https://a.example/?from={host}&{query}\"",
     "302 https://a.example/?from=shop.example.com&q=1"},
    {"a query before a fragment", "\"https://a.example#{path}\"",
     "302 https://a.example?q=1#/api/x"},
    {"a port", "\"https://a.example:8443/new\"", "302 https://a.example:8443/new?q=1"},
    {"the listener's port", "\"https://{host}:{port}{path}\"",
     "302 https://shop.example.com:8080/api/x?q=1"},
    {"the client's scheme",
     "\"{scheme}://a.example{path}\"",
     "302 https://a.example/api/x?q=1",
     {.scheme = "https"}},
    {"another scheme", "\"myapp://open{path}\"", "302 myapp://open/api/x?q=1"},
    {"capitals in the scheme", "HTTPS://a.example/", "302 https://a.example/?q=1"},
    {"a capture as path", "\"https://a.example/{capture.1}\"", "302 https://a.example/v2?q=1"},
    {"a capture as host", "\"https://{capture.1}.example.com/\"",
     "302 https://v2.example.com/?q=1"},
    {"a capture within a host", "\"https://app-{capture.1}.example.com/\"",
     "302 https://app-v2.example.com/?q=1"},
    {"a capture at the front of a label", "\"https://{capture.1}-preview.example.com/\"",
     "302 https://v2-preview.example.com/?q=1"},
    {"a capture that is no host", "\"https://{capture.0}.example.com/\"",
     "400 The redirect leads to no valid host."},
    {"a header that is missing", "\"https://{header.X-None}.example.com/\"",
     "400 The redirect leads to no valid host."},
    {"a parameter", "\"https://a.example/?next={param.q}\"", "302 https://a.example/?next=1"},
    {"a parameter is encoded",
     "\"https://a.example/?next={param.q}\"",
     "302 https://a.example/?next=%2F%2Fb%20%26%0D%0A",
     {.target = "/?q=//b+%26%0d%0a"}},
    {"a parameter as path", "\"/{param.q}\"", "302 /%2F%2Fb?q=//b", {.target = "/?q=//b"}},
    {"the path alone", "\"{path}\"", "302 /api/x?q=1"},
    {"the uri alone", "\"{uri}\"", "302 /api/x?q=1"},
    {"two slashes of a path", "\"/{path}\"", "302 /api/x?q=1"},
    {"two slashes behind a host", "\"https://a.example/{path}\"",
     "302 https://a.example/api/x?q=1"},
    {"two slashes further on", "https://a.example/x//y", "302 https://a.example/x//y?q=1"},
    {"escaped braces", "\"https://a.example/{{id}\"", "302 https://a.example/{id}?q=1"},
    {"no Host was sent",
     "\"https://{host}/\"",
     "400 The redirect leads to no valid host.",
     {.authority = ""}},
    {"no Host was sent, nor needed", "/new", "302 /new?q=1", {.authority = ""}},
    {"the star of OPTIONS",
     "\"https://a.example{path}\"",
     "302 https://a.example/",
     {.target = "*"}},
    {"bytes that no URI has",
     "\"https://a.example{path}\"",
     "302 https://a.example/%5C%5E%60%7B%7C%7D%22%3C%3E?%5C%22%3C",
     {.target = "/\\^`{|}\"<>?\\\"<"}},
};

TEST(Redirect, MakesLocationsOfParts) {
  for (const Row& row : kParts)
    EXPECT_EQ(answered(redirectOf(row.redirect), row.asked), row.answer) << row.name;
}

TEST(Redirect, MakesLocationsOfUris) {
  for (const Row& row : kTo)
    EXPECT_EQ(answered(redirectOf(row.redirect), row.asked), row.answer) << row.name;
}

TEST(Redirect, AClientMayBeLetSayTheHost) {
  Diagnostics out;
  Redirect redirect;
  redirect.read(flow("\"https://{param.to}/\""), out);
  EXPECT_EQ(firstFinding(out), "warning: this redirect leads to any host that a client says");
  EXPECT_EQ(answered(redirect, {.target = "/?to=b.example"}),
            "302 https://b.example/?to=b.example");
  EXPECT_EQ(answered(redirect, {.target = "/?to=b.example/x"}),
            "400 The redirect leads to no valid host.");
  EXPECT_EQ(answered(redirect, {.target = "/?to="}), "400 The redirect leads to no valid host.");
}

TEST(Redirect, ALocationThatIsTooLongIsRefused) {
  const Redirect redirect = redirectOf("{ path: \"/new?{query}&{query}&{query}\" }");
  const std::string target = "/?" + std::string(20'000, 'q');
  EXPECT_EQ(answered(redirect, {.target = target.c_str()}),
            "414 The request target is too long to be redirected.");
}

// Whatever a client says: no controls, and no way to another host.
TEST(Redirect, NoRequestLeadsElsewhere) {
  constexpr std::string_view kPaths[] = {"{ path: \"{capture.1}\" }",
                                         "{ path: \"/{capture.1}\" }",
                                         "/{capture.1}",
                                         "{ replace_prefix: / }",
                                         "{ path: \"{path}\" }",
                                         "{uri}",
                                         "{ path: \"/{header.X-A}\" }",
                                         "{ path: \"{param.q}\" }",
                                         "/{param.q}",
                                         "{ path: \"{cookie.c}\" }",
                                         "https",
                                         "/x{capture.1}?{query}"};
  constexpr std::string_view kPieces[] = {"/",  "//",     "\\",  "/\\", "evil.test", "@",
                                          ":",  "%0d%0a", "%2f", "?",   "#",         ".",
                                          "..", "\"",     "<",   "x"};
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = random.below(6); n > 0; --n)
      text += kPieces[random.below(std::size(kPieces))];
    const std::string_view form = kPaths[random.below(std::size(kPaths))];
    Value value =
        form.starts_with("{ ") ? flow(form) : Value::scalar(std::string(form), {0, 1, 1, 1});
    Diagnostics out;
    Redirect redirect;
    redirect.read(value, out);
    ASSERT_EQ(firstFinding(out), "");
    Request request("/", {{"X-A", text}, {"Cookie", "c=" + text}});
    request.captures[1] = text;
    request.asked.query = request.arena.join("q=", text);
    const std::string path = "/" + text.substr(0, text.find_first_of("?#"));
    if (const auto canonical = http::canonicalPath(path, request.arena))
      request.asked.path = *canonical;
    const auto uri = redirect.location(request.scene(), "shop.example.com", "/");
    ASSERT_TRUE(uri) << form << text;
    for (const char c : *uri) ASSERT_TRUE(c > 0x20 && c < 0x7F && c != '\\') << form << text;
    if (uri->starts_with('/'))
      ASSERT_FALSE(uri->starts_with("//")) << form << " " << text;
    else
      ASSERT_TRUE(uri->starts_with("http://shop.example.com/") ||
                  uri->starts_with("https://shop.example.com/"))
          << form << " " << text << " " << *uri;
  }
}

// --- faults

struct FaultRow {
  const char* name;
  const char* redirect;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"http", "http", "error: `http` is neither a URI nor a path | did you mean `https`?"},
    {"a host alone", "www.example.com/x",
     "error: `www.example.com/x` is neither a URI nor a path | did you mean "
     "`https://www.example.com/x`?"},
    {"a path without slash", "new",
     "error: `new` is neither a URI nor a path | did you mean `/new`?"},
    {"nothing", "\"\"", "error: this redirect leads nowhere"},
    {"no part", "{}", "error: this redirect leads nowhere"},
    {"a status alone", "{ status: 301 }", "error: this redirect leads nowhere"},
    {"a list", "[https]", "error: redirect cannot be a list"},
    {"two slashes", "\"//www.example.com/x\"",
     "error: a path that begins with two slashes is a host | did you mean "
     "`https://www.example.com/x`?"},
    {"a header alone", "\"{header.Referer}\"",
     "error: `{header.Referer}` is neither a URI nor a path"},
    {"a scheme that is none", "\"1http://a.example\"",
     "error: `1http://a.example` is neither a URI nor a path"},
    {"a placeholder as scheme", "\"{method}://a.example\"",
     "error: `{method}://a.example` is neither a URI nor a path"},
    {"no host", "\"https:///x\"", "error: `` is not a host"},
    {"a bad host", "\"https://a b/x\"", "error: a URI cannot hold ` ` | write it as `%20`"},
    {"a user", "\"https://u@a.example/x\"", "error: `u@a.example` is not a host"},
    {"a bad port", "\"https://a.example:x/\"", "error: `a.example:x` is not a host"},
    {"a blank", "\"/a b\"", "error: a URI cannot hold ` ` | write it as `%20`"},
    {"a backslash", "\"/a\\b\"", "error: a URI cannot hold `\\` | write it as `%5C`"},
    {"a line break", "\"/a\r\nX: y\"",
     "error: a URI holds visible ASCII characters only | write it as `%0D`"},
    {"not ASCII", "/ü", "error: a URI holds visible ASCII characters only | write it as `%C3`"},
    {"to beside a part", "{ to: /x, host: a.example }", "error: `to` says all of it already"},
    {"to beside the scheme", "{ to: /x, scheme: https }", "error: `to` says all of it already"},
    {"path and prefix", "{ path: /x, replace_prefix: /y }",
     "error: `path` is the whole path already"},
    {"status", "{ to: /x, status: 200 }", "error: `200` is not known here"},
    {"status nearby", "{ to: /x, status: 304 }",
     "error: `304` is not known here | did you mean `301`?"},
    {"scheme", "{ scheme: htps }", "error: `htps` is not known here | did you mean `https`?"},
    {"port", "{ port: 0 }", "error: 0 is too small"},
    {"large port", "{ port: 70000 }", "error: 70000 is too large"},
    {"host with a port", "{ host: \"a.example:81\" }",
     "error: a port stands beside the host | did you mean `host: a.example` and `port: 81`?"},
    {"address with a port", "{ host: \"[::1]:81\" }",
     "error: a port stands beside the host | did you mean `host: [::1]` and `port: 81`?"},
    {"host with a scheme", "{ host: \"https://a.example/x\" }",
     "error: `https://a.example/x` is a URI, not a host | did you mean `a.example`?"},
    {"host with a path", "{ host: a.example/x }", "error: `a.example/x` is not a host"},
    {"path without slash", "{ path: new }", "error: a path begins with `/` | did you mean `/new`?"},
    {"prefix without slash", "{ replace_prefix: new }",
     "error: a path begins with `/` | did you mean `/new`?"},
    {"prefix with a query", "{ replace_prefix: \"/new?a=b\" }",
     "error: a path ends before `?` and `#`"},
    {"prefix with the query", "{ replace_prefix: \"/new{query}\" }",
     "error: a path ends before `?` and `#`"},
    {"prefix with a fragment", "{ replace_prefix: \"/new#a\" }",
     "error: a path ends before `?` and `#`"},
    {"server", "\"https://{server}/\"",
     "error: `{server}` has no value here: no server has been chosen"},
    {"pool", "{ path: \"/{pool}\" }", "error: `{pool}` has no value here: no pool has been chosen"},
    {"unknown placeholder", "\"https://{hots}/\"",
     "error: unknown placeholder `{hots}` | did you mean `{host}`?"},
    {"unknown key", "{ target: /x }", "error: unknown key `target` in redirect"},
    // What a client says must not make another host.
    {"a capture behind the host", "\"https://a.example{capture.1}\"",
     "error: what a client says here can make another host of this one"},
    {"a capture behind the host, with a port", "\"https://a.example{capture.1}:81/\"",
     "error: what a client says here can make another host of this one"},
    {"a capture as last label", "\"https://a.{capture.1}/\"",
     "error: what a client says here can make another host of this one"},
    {"a capture within the domain", "\"https://{capture.1}example.com/\"",
     "error: what a client says here can make another host of this one"},
    {"a capture before a dot alone", "\"https://a{capture.1}./\"",
     "error: what a client says here can make another host of this one"},
    {"two captures", "\"https://{capture.1}{capture.0}/\"",
     "error: what a client says here can make another host of this one"},
    {"a query behind the host", "\"https://a.example{query}\"",
     "error: what a client says here can make another host of this one"},
    {"a parameter in a host", "{ host: \"a{param.x}\" }",
     "error: what a client says here can make another host of this one"},
};

TEST(Redirect, TellsFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    Redirect redirect;
    redirect.read(flow(row.redirect), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Redirect, FaultsPointAtBothPlaces) {
  Diagnostics out;
  Redirect redirect;
  redirect.read(flow("{ to: /x, host: a.example }"), out);
  ASSERT_EQ(out.all().size(), 1u);
  EXPECT_EQ(out.all()[0].mark.column, 17u);
  EXPECT_EQ(out.all()[0].also->column, 7u);
}

// --- what the reader of routes asks

TEST(Redirect, KnowsWhenItChangesTheSchemeOnly) {
  const struct {
    const char* redirect;
    bool only;
  } rows[] = {
      {"https", true},
      {"{ scheme: https }", true},
      {"{ scheme: https, status: 301 }", true},
      {"{ scheme: https, port: 8443 }", true},
      {"\"https://{host}{path}?{query}\"", true},
      {"\"https://{host}{path}\"", true},
      {"\"https://{host}{uri}\"", true},
      {"\"https://{host}:8443{uri}\"", true},
      {"{ scheme: http }", false},
      {"{ scheme: https, host: www.example.com }", false},
      {"{ scheme: https, path: /x }", false},
      {"{ scheme: https, replace_prefix: /x }", false},
      {"{ host: www.example.com }", false},
      {"\"https://www.{host}{uri}\"", false},
      {"\"https://{host}/x\"", false},
      {"\"{scheme}://{host}{uri}\"", false},
      {"/x", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(redirectOf(row.redirect).changesSchemeOnly(), row.only) << row.redirect;
}

TEST(Redirect, TellsWhatItNeeds) {
  const struct {
    const char* redirect;
    bool request;
    bool captures;
    int highest;
    bool prefix;
  } rows[] = {
      {"https", true, false, -1, false},
      {"\"/x?a=b\"", false, false, -1, false},
      {"/x", true, false, -1, false},
      {"\"https://{capture.1}.example.com/{capture.3}\"", true, true, 3, false},
      {"\"https://{capture.4}.example.com/{capture.3}\"", true, true, 4, false},
      {"{ replace_prefix: \"/{capture.2}\" }", true, true, 2, true},
      {"{ path: \"/{capture.1}\" }", true, true, 1, false},
  };
  for (const auto& row : rows) {
    const Redirect redirect = redirectOf(row.redirect);
    EXPECT_EQ(redirect.needs().request, row.request) << row.redirect;
    EXPECT_EQ(redirect.needs().captures, row.captures) << row.redirect;
    EXPECT_FALSE(redirect.needs().server) << row.redirect;
    EXPECT_EQ(redirect.highestCapture(), row.highest) << row.redirect;
    EXPECT_EQ(redirect.needsPrefix().has_value(), row.prefix) << row.redirect;
  }
}

TEST(Redirect, ShowsItselfAsItWasWritten) {
  const struct {
    const char* redirect;
    const char* shown;
  } rows[] = {
      {"https", "{ scheme: https, status: 308 }"},
      {"/new", "{ to: /new, status: 302 }"},
      {"{ to: \"https://{host}{path}#{{x}\", status: 301 }",
       "{ to: https://{host}{path}#{{x}, status: 301 }"},
      {"{ scheme: http, host: \"www.{host}\", port: 81, path: \"/x{path}\", status: 307 }",
       "{ scheme: http, host: www.{host}, port: 81, path: /x{path}, status: 307 }"},
      {"{ replace_prefix: /new/ }", "{ replace_prefix: /new/, status: 302 }"},
  };
  for (const auto& row : rows) {
    const Redirect redirect = redirectOf(row.redirect);
    EXPECT_EQ(shownText(redirect.show()), row.shown);
    Diagnostics out;
    Redirect again;
    again.read(redirect.show(), out);
    EXPECT_EQ(firstFinding(out), "") << row.redirect;
    EXPECT_EQ(shownText(again.show()), row.shown);
  }
  const Value shown = redirectOf("{ port: 81 }").show();
  EXPECT_EQ(shown.find("port")->mark.column, 9u);
  EXPECT_TRUE(shown.find("status")->mark.isBuiltIn());
}

}  // namespace
}  // namespace fairlead::filter
