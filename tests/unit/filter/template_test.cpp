// Placeholders: what they stand for, how each place writes them, and what is no placeholder.
#include "filter/template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "http/byte_class.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

using namespace std::string_view_literals;

constexpr const char* kTarget = "/a%2Fb/c?id=1%20%3C&x=y&id=2";

Template parsed(std::string_view text, Place place, Allowed allowed = {}) {
  Diagnostics out;
  auto result = Template::parse(text, {}, place, out, allowed);
  EXPECT_EQ(firstFinding(out), "") << text;
  return result ? std::move(*result) : Template();
}

struct RenderRow {
  const char* name;
  Place place;
  const char* text;
  const char* expected;
};

const RenderRow kValues[] = {
    {"constant", Place::Field, "v1", "v1"},
    {"empty", Place::Field, "", ""},
    {"client_ip", Place::Field, "{client_ip}", "203.0.113.7"},
    {"client_port", Place::Field, "{client_port}", "40123"},
    {"scheme", Place::Field, "{scheme}", "http"},
    {"host", Place::Field, "{host}", "shop.example.com"},
    {"port is the listener's", Place::Field, "{port}", "8080"},
    {"method", Place::Field, "{method}", "GET"},
    {"path", Place::Field, "{path}", "/a%2Fb/c"},
    {"query", Place::Field, "{query}", "id=1%20%3C&x=y&id=2"},
    {"uri", Place::Field, "{uri}", "/a%2Fb/c?id=1%20%3C&x=y&id=2"},
    {"request_id", Place::Field, "{request_id}", "0123456789abcdef"},
    {"route", Place::Field, "{route}", "shop /api"},
    {"pool", Place::Field, "{pool}", "shop"},
    {"server", Place::Field, "{server}", "10.0.0.1:8080"},
    {"header", Place::Field, "{header.user-agent}", "curl/8"},
    {"lines of one header", Place::Field, "{header.X-Many}", "one, two"},
    {"lines of Cookie", Place::Field, "{header.Cookie}", "a=1; b=\"2 3\"; a=4"},
    {"header that is missing", Place::Field, "[{header.X-None}]", "[]"},
    {"first cookie", Place::Field, "{cookie.a}", "1"},
    {"cookie unquoted", Place::Field, "{cookie.b}", "2 3"},
    {"cookie that is missing", Place::Field, "{cookie.A}", ""},
    {"first param decoded", Place::Field, "{param.id}", "1 <"},
    {"param that is missing", Place::Field, "{param.none}", ""},
    {"whole match of the route", Place::Field, "{capture.0}", "/api/v2"},
    {"capture of the route", Place::Field, "{capture.1}", "v2"},
    {"capture that is missing", Place::Field, "[{capture.7}]", "[]"},
    {"time", Place::Field, "{time}", "2026-01-02T03:04:05.678Z"},
    {"text around", Place::Field, "a {client_ip}:{port} b", "a 203.0.113.7:8080 b"},
};

const RenderRow kBraces[] = {
    {"brace", Place::Text, "{{", "{"},
    {"escaped placeholder", Place::Text, "{{client_ip}", "{client_ip}"},
    {"closing braces stay", Place::Text, "}}", "}}"},
    {"escaped, then a placeholder", Place::Text, "{{{port}}", "{8080}"},
    {"JSON", Place::Json, R"({"ip": "{client_ip}", "a": {"b": {}}})",
     R"({"ip": "203.0.113.7", "a": {"b": {}}})"},
    {"no name", Place::Text, "{}", "{}"},
    {"blank", Place::Text, "{ port }", "{ port }"},
    {"digits", Place::Text, "a{2}", "a{2}"},
    {"colon", Place::Text, "p {color: red}", "p {color: red}"},
    {"never closed", Place::Text, "{port", "{port"},
    {"name never closed", Place::Text, "{header.A", "{header.A"},
    {"brace in the name", Place::Text, "{header.A{port}", "{header.A8080"},
    {"at the end", Place::Text, "a{", "a{"},
    {"encoded in a parameter", Place::Param, "{{a b}", "%7Ba%20b%7D"},
};

const RenderRow kPlaces[] = {
    {"field keeps what is printable", Place::Field, "{header.X-Odd}", "\"<\xc3\xbc>\" %0d; &%09'"},
    {"cookie", Place::Cookie, "{header.X-Odd}", "%22<%C3%BC>%22%20%0d%3B%20&%09'"},
    {"token", Place::Token, "{header.X-Odd}", "\"<\xc3\xbc>\" %0d; &%09'"},
    {"text", Place::Text, "{header.X-Odd}", "\"<\xc3\xbc>\" %0d; &\t'"},
    {"html", Place::Html, "<b>{header.X-Odd}</b>",
     "<b>&quot;&lt;\xc3\xbc&gt;&quot; %0d; &amp;\t&#39;</b>"},
    {"json", Place::Json, "\"{header.X-Odd}\"", "\"\\\"<\xc3\xbc>\\\" %0d; &\\u0009'\""},
    {"path encodes what is no path", Place::Path, "/{header.X-Odd}",
     "/%22%3C%C3%BC%3E%22%20%250d%3B%20%26%09%27"},
    {"path stays in a path", Place::Path, "/x{path}", "/x/a%2Fb/c"},
    {"query in a path is a text", Place::Path, "/{query}", "/id%3D1%2520%253C%26x%3Dy%26id%3D2"},
    {"uri in a path", Place::Path, "{uri}", "/a%2Fb/c%3Fid%3D1%2520%253C%26x%3Dy%26id%3D2"},
    {"capture in a path", Place::Path, "/{capture.0}", "//api/v2"},
    {"route's name in a path", Place::Path, "/{route}", "/shop%20%2Fapi"},
    {"query stays in a URI", Place::Uri, "/x?{query}", "/x?id=1%20%3C&x=y&id=2"},
    {"uri stays in a URI", Place::Uri, "/x{uri}", "/x/a%2Fb/c?id=1%20%3C&x=y&id=2"},
    {"param in a URI", Place::Uri, "/x?p={param.id}", "/x?p=1%20%3C"},
    {"param encodes all", Place::Param, "a&b={path}", "a%26b%3D%2Fa%252Fb%2Fc"},
    {"location", Place::Location, "https://{host}{path}?{query}",
     "https://shop.example.com/a%2Fb/c?id=1%20%3C&x=y&id=2"},
    {"location encodes the rest", Place::Location, "/login?to={param.id}&by={header.X-Many}",
     "/login?to=1%20%3C&by=one%2C%20two"},
};

const std::vector<std::pair<std::string, std::string>> kFields = {
    {"User-Agent", "curl/8"}, {"X-Many", "one"}, {"Cookie", "a=1; b=\"2 3\""},
    {"x-many", "two"},        {"Cookie", "a=4"}, {"X-Odd", "\"<\xc3\xbc>\" %0d; &\t'"}};

void expectRendered(std::span<const RenderRow> rows) {
  for (const RenderRow& row : rows) {
    Request request(kTarget, kFields);
    EXPECT_EQ(parsed(row.text, row.place).render(request.scene()), row.expected) << row.name;
  }
}

TEST(Template, StandsForTheRequest) { expectRendered(kValues); }
TEST(Template, KnowsBracesThatBeginNothing) { expectRendered(kBraces); }
TEST(Template, WritesValuesToFitThePlace) { expectRendered(kPlaces); }

struct SafeRow {
  const char* name;
  Place place;
  const char* path;
  const char* expected;
};

const SafeRow kSafe[] = {
    {"path", Place::Path, "/a\"<>\\^`{|} \x7f\xff?#%41",
     "/a%22%3C%3E%5C%5E%60%7B%7C%7D%20%7F%FF%3F%23%41"},
    {"URI", Place::Uri, "/a\r\n?b#", "/a%0D%0A?b%23"},
    {"location", Place::Location, "/\\evil\t", "/%5Cevil%09"},
};

TEST(Template, KeepsRawValuesSafe) {
  for (const SafeRow& row : kSafe) {
    Request request("/");
    request.asked.path = row.path;
    EXPECT_EQ(parsed("{path}", row.place).render(request.scene()), row.expected) << row.name;
  }
}

struct QueryRow {
  const char* name;
  Place place;
  const char* text;
  const char* without;  // rendered for /p
  const char* with;     // rendered for /p?q=1
};

const QueryRow kQueries[] = {
    {"location", Place::Location, "/x?{query}", "/x", "/x?q=1"},
    {"behind a placeholder", Place::Location, "{path}?{query}", "/p", "/p?q=1"},
    {"with a fragment", Place::Location, "/x?{query}#f", "/x#f", "/x?q=1#f"},
    {"with more behind", Place::Location, "/x?{query}&a=1", "/x?a=1", "/x?q=1&a=1"},
    {"behind another parameter", Place::Location, "/x?a=1&{query}", "/x?a=1&", "/x?a=1&q=1"},
    {"uri", Place::Location, "{uri}", "/p", "/p?q=1"},
    {"no other place", Place::Uri, "/x?{query}", "/x?", "/x?q=1"},
};

TEST(Template, AnEmptyQueryTakesItsMarkAlong) {
  for (const QueryRow& row : kQueries) {
    const Template text = parsed(row.text, row.place);
    Request without("/p");
    Request with("/p?q=1");
    EXPECT_EQ(text.render(without.scene()), row.without) << row.name;
    EXPECT_EQ(text.render(with.scene()), row.with) << row.name;
  }
}

TEST(Template, OwnCapturesGoBeforeTheRoutes) {
  const Template text = parsed("{capture.0}:{capture.2}", Place::Field, {.own_captures = 2});
  EXPECT_EQ(text.highestCapture(), -1);
  EXPECT_FALSE(text.needs().captures);
  Request request("/");
  const std::string_view own[] = {"all", "first", "second"};
  EXPECT_EQ(text.render(request.scene(), own), "all:second");
}

struct FaultRow {
  const char* name;
  const char* text;
  Allowed allowed;
  const char* finding;
};

const FaultRow kFaults[] = {
    {"slip",
     "{clent_ip}",
     {},
     "error: unknown placeholder `{clent_ip}` | did you mean `{client_ip}`?"},
    {"no slip", "{nonsense}", {}, "error: unknown placeholder `{nonsense}`"},
    {"capitals", "{Port}", {}, "error: unknown placeholder `{Port}` | did you mean `{port}`?"},
    {"slip for uri", "{url}", {}, "error: unknown placeholder `{url}` | did you mean `{uri}`?"},
    {"slip in a group",
     "{headers.A}",
     {},
     "error: unknown placeholder `{headers.A}` | did you mean `{header.A}`?"},
    {"unknown group", "{tls.sni}", {}, "error: unknown placeholder `{tls.sni}`"},
    {"word with a name", "{path.a}", {}, "error: unknown placeholder `{path.a}`"},
    {"group without a name", "{header}", {}, "error: `{header}` needs a name"},
    {"group with an empty name", "{header.}", {}, "error: `{header.}` needs a name"},
    {"param with an empty name", "{param.}", {}, "error: `{param.}` needs a name"},
    {"bad header name", "{header.a b}", {}, "error: `a b` is not the name of a header field"},
    {"bad cookie name", "{cookie.a=b}", {}, "error: `a=b` is not the name of a cookie"},
    {"capture without number",
     "{capture.x}",
     {},
     "error: `{capture.x}` is not the number of a group"},
    {"negative capture", "{capture.-1}", {}, "error: `{capture.-1}` is not the number of a group"},
    {"huge capture",
     "{capture.99999999999999999999}",
     {},
     "error: `{capture.99999999999999999999}` is not the number of a group"},
    {"no such own capture",
     "{capture.2}",
     {.own_captures = 1},
     "error: `{capture.2}`: the regex has one group only"},
    {"no own capture at all",
     "{capture.1}",
     {.own_captures = 0},
     "error: `{capture.1}`: the regex has no group"},
    {"server where none is chosen",
     "{server}",
     {.server = false},
     "error: `{server}` has no value here: no server has been chosen"},
    {"pool where none is chosen",
     "{pool}",
     {.pool = false},
     "error: `{pool}` has no value here: no pool has been chosen"},
};

TEST(Template, TellsFaults) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out;
    EXPECT_FALSE(Template::parse(row.text, {}, Place::Field, out, row.allowed)) << row.name;
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
  }
}

TEST(Template, TellsAllFaultsOfAText) {
  Diagnostics out;
  EXPECT_FALSE(Template::parse("{a} {path} {b.c}", {}, Place::Field, out));
  EXPECT_EQ(out.all().size(), 2u);
}

TEST(Template, ListsWhatThereIsWhenNothingIsNear) {
  Diagnostics out;
  Template::parse("{nonsense}", {}, Place::Field, out);
  EXPECT_EQ(out.all().front().expected,
            "one of {client_ip} "
            "{client_port} {scheme} {host} {port} {method} {path} {query} {request_id} {route} "
            "{pool} {server} {time} {uri} {header.User-Agent} {cookie.session} {param.id} "
            "{capture.1}, or `{{` where a brace is meant");
}

TEST(Template, ReadsScalarsOnly) {
  Diagnostics out;
  EXPECT_FALSE(Template::read(flow("[a]"), Place::Field, out));
  EXPECT_EQ(firstFinding(out), "error: this cannot be a list");
}

struct NeedRow {
  const char* name;
  const char* text;
  bool request;
  bool captures;
  bool server;
  int highest;
};

const NeedRow kNeeds[] = {
    {"constant", "a", false, false, false, -1},
    {"of the connection", "{client_ip} {client_port} {scheme} {port}", false, false, false, -1},
    {"of the request", "{path}", true, false, false, -1},
    {"query by uri", "{uri}", true, false, false, -1},
    {"header", "{header.A}", true, false, false, -1},
    {"time", "{time}", true, false, false, -1},
    {"captures", "{capture.3}{capture.1}", true, true, false, 3},
    {"server", "{server}", true, false, true, -1},
};

TEST(Template, KnowsWhatItNeeds) {
  for (const NeedRow& row : kNeeds) {
    const Template text = parsed(row.text, Place::Field);
    EXPECT_EQ(text.needs().request, row.request) << row.name;
    EXPECT_EQ(text.needs().captures, row.captures) << row.name;
    EXPECT_EQ(text.needs().server, row.server) << row.name;
    EXPECT_EQ(text.highestCapture(), row.highest) << row.name;
  }
}

TEST(Template, ConstantsAreRenderedWithoutACopy) {
  const Template text = parsed("{{a}", Place::Field);
  Request request("/");
  ASSERT_TRUE(text.isConstant());
  EXPECT_EQ(text.constant(), "{a}");
  EXPECT_EQ(text.render(request.scene()).data(), text.constant().data());
}

TEST(Template, SourceReadAgainIsTheSame) {
  for (const char* text : {"{{a", "{x:1}", "{path}?", "{"}) {
    const Template first = parsed(text, Place::Text);
    EXPECT_EQ(first.source(), text);
    Request request("/p");
    EXPECT_EQ(parsed(first.source(), Place::Text).render(request.scene()),
              first.render(request.scene()));
  }
  const Template made(std::string("{path} {{"));
  EXPECT_EQ(parsed(made.source(), Place::Text).constant(), "{path} {{");
}

TEST(Template, RendersWithoutARequest) {
  Request request("/");
  const Scene bare{request.facts, request.arena};
  EXPECT_EQ(parsed("[{header.A}{cookie.a}{param.a}{uri}{capture.1}]", Place::Field).render(bare),
            "[]");
}

TEST(Template, RendersBetweenTwoTexts) {
  Request request("/");
  const auto between = [&](std::string_view text) {
    return parsed(text, Place::Field).renderBetween("X: ", "\r\n", request.scene());
  };
  EXPECT_EQ(between("{client_ip}"), "X: 203.0.113.7\r\n");
  EXPECT_EQ(between("<{method} {host}>"), "X: <GET shop.example.com>\r\n");
  EXPECT_EQ(between("{header.None}"), "X: \r\n");
}

// Values that try to leave their place.
constexpr std::string_view kHostile[] = {"\r\nX-Evil: 1\r\n\r\n"sv,
                                         "\0\x01\x7f\t\n"sv,
                                         "\"', <script>&amp;</script>"sv,
                                         "\\\"\\u0022\\"sv,
                                         "\xff\xfe\xc3\xc3\xbc"sv,
                                         "{path}%0d%0a{{"sv,
                                         ""sv,
                                         "//evil.example/../?#"sv};
constexpr std::string_view kHostileParams[] = {"%0d%0aX-Evil:%201"sv, "%00%22%3C%5c%27%26"sv,
                                               "+%ff%c3%bc"sv, "plain"sv};
constexpr std::string_view kParts[] = {
    "{client_ip}",  "{scheme}", "{host}",     "{path}",     "{query}",   "{uri}",       "{route}",
    "{pool}",       "{server}", "{header.A}", "{cookie.c}", "{param.p}", "{capture.1}", "{method}",
    "{request_id}", "text",     " ",          "?",          "{time}",    "{header.B}",  "{port}"};

template <size_t N>
std::string_view oneOf(Random& random, const std::string_view (&from)[N]) {
  return from[random.below(N)];
}

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// No character that ends a text or an attribute, and no `&` but of a reference.
bool isHtmlText(std::string_view text) {
  static constexpr std::string_view kReferences[] = {"&amp;", "&lt;",  "&gt;",  "&quot;",
                                                     "&#39;", "&#13;", "&#10;", "&#65533;"};
  for (size_t i = 0; i < text.size(); ++i) {
    if (std::string_view("<>\"'").find(text[i]) != std::string_view::npos) return false;
    if (text[i] == '&' && std::ranges::none_of(kReferences, [&](std::string_view reference) {
          return text.substr(i).starts_with(reference);
        }))
      return false;
  }
  return true;
}

bool isJsonText(std::string_view text) {
  const auto value = nlohmann::json::parse("[\"" + std::string(text) + "\"]", nullptr, false);
  return value.is_array() && value.size() == 1 && value[0].is_string();
}

// A request whose every value may be hostile, whatever a parser would have said to it.
struct HostileRequest {
  explicit HostileRequest(Random& random) : request("/") {
    RequestFacts& asked = request.asked;
    for (std::string_view* value : {&asked.method, &asked.host, &asked.path, &asked.request_id,
                                    &asked.route, &asked.pool, &asked.server, &capture})
      *value = oneOf(random, kHostile);
    asked.query = request.arena.join("p=", oneOf(random, kHostileParams));
    asked.captures = {&capture, 1};
    request.facts.scheme = oneOf(random, kHostile);
    for (const std::string_view name : {"A", "A", "B", "Cookie"})
      request.received.add(http::Field::make(request.arena, name,
                                             request.arena.join("c=", oneOf(random, kHostile))));
  }
  std::string_view capture;
  Request request;
};

void expectSafe(Place place, std::string_view rendered) {
  EXPECT_EQ(rendered.find_first_of("\r\n\0"sv), std::string_view::npos);
  switch (place) {
    case Place::Html:
      EXPECT_TRUE(isHtmlText(rendered));
      break;
    case Place::Json:
      EXPECT_TRUE(isJsonText(rendered));
      break;
    case Place::Text:
      break;
    default:
      EXPECT_TRUE(std::ranges::none_of(rendered, isControl));
  }
  const bool is_uri = place == Place::Path || place == Place::Uri || place == Place::Location;
  if (is_uri || place == Place::Param)
    EXPECT_TRUE(std::ranges::all_of(rendered, [&](char c) { return c >= 0x20 && c < 0x7f; }));
}

TEST(Template, NoValueLeavesItsPlace) {
  constexpr Place kAll[] = {Place::Field, Place::Cookie,   Place::Path, Place::Uri,  Place::Param,
                            Place::Text,  Place::Location, Place::Html, Place::Json, Place::Token};
  Random random(4711);
  for (int round = 0; round < 4'000; ++round) {
    std::string text;
    for (uint64_t left = 1 + random.below(5); left > 0; --left) text += oneOf(random, kParts);
    const Place place = kAll[random.below(std::size(kAll))];
    HostileRequest hostile(random);
    SCOPED_TRACE(text);
    const Template made = parsed(text, place);
    expectSafe(place, made.render(hostile.request.scene()));
    if (HasFailure()) return;
  }
}

TEST(Template, CookiesHoldCookieOctetsOnly) {
  Random random(11);
  for (int round = 0; round < 500; ++round) {
    HostileRequest hostile(random);
    const Template made = parsed("{header.A}{param.p}{path}", Place::Cookie);
    const std::string_view rendered = made.render(hostile.request.scene());
    ASSERT_TRUE(std::ranges::all_of(rendered, http::isCookieByte));
  }
}

}  // namespace
}  // namespace fairlead::filter
