// Request heads: what is accepted, what is refused with which sentence, limits, and any cutting.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "http/h1/parser.h"
#include "unit/http/head_from.h"

namespace fairlead::http::h1 {
namespace {

using namespace std::string_literals;

// Everything that a parse leaves, as one text that can be compared.
std::string describe(const RequestHead& head, const RequestParser& parser) {
  const Target& t = head.target;
  const auto text = [](std::string_view view) { return "[" + std::string(view) + "]"; };
  return text(head.method_text) + std::to_string(static_cast<int>(head.method)) +
         std::to_string(static_cast<int>(head.version)) + text(head.raw_target) +
         std::to_string(static_cast<int>(t.form)) + text(t.scheme) + text(t.authority) +
         text(t.path) + text(t.raw_path) + text(t.query) + std::to_string(t.has_query) +
         text(head.authority) + text(head.host) + std::to_string(head.dropped_fields) +
         test::listOf(head.fields) + std::to_string(parser.headBytes());
}

// The end of a parse of which `first` bytes come before the rest, or all one by one.
std::string outcome(std::string_view bytes, size_t first, size_t step,
                    const HeadLimits& limits = {}) {
  const std::string buffer(bytes);
  Arena arena;
  RequestHead head;
  RequestParser parser(limits);
  for (size_t length = first;; length = std::min(length + step, buffer.size())) {
    // A copy would move the bytes: the span grows at one address.
    const ParseStatus status = parser.parse({buffer.data(), length}, head, arena);
    if (status == ParseStatus::Complete) return describe(head, parser);
    if (status == ParseStatus::Fault)
      return std::to_string(parser.fault().status) + " " + std::string(parser.fault().sentence);
    if (length == buffer.size()) return "more";
  }
}

std::string inOnePiece(std::string_view bytes, const HeadLimits& limits = {}) {
  return outcome(bytes, bytes.size(), 1, limits);
}

TEST(RequestParser, FillsEveryMember) {
  const std::string text =
      "GET /a/../b%7ec?q=1 HTTP/1.1\r\nHost: WWW.Mango.com:8080\r\nX_Spoof: 1\r\nAccept:text/html "
      "\t \r\n"
      "Empty:\r\n\r\nrest";
  Arena arena;
  RequestHead head;
  RequestParser parser;
  ASSERT_EQ(parser.parse(text, head, arena), ParseStatus::Complete);
  EXPECT_EQ(parser.headBytes(), text.size() - 4);
  EXPECT_EQ(head.method, Method::Get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.version, Version::Http11);
  EXPECT_EQ(head.raw_target, "/a/../b%7ec?q=1");
  EXPECT_EQ(head.target.path, "/b~c");
  EXPECT_EQ(head.target.raw_path, "/a/../b%7ec");
  EXPECT_EQ(head.target.query, "q=1");
  EXPECT_EQ(head.authority, "WWW.Mango.com:8080");
  EXPECT_EQ(head.host, "www.mango.com");
  EXPECT_EQ(head.dropped_fields, 1);
  EXPECT_EQ(test::listOf(head.fields), "Host=WWW.Mango.com:8080 Accept=text/html Empty=");
  EXPECT_EQ(head.fields[1].line(), "Accept:text/html \t \r\n");
  EXPECT_EQ(head.fields[1].id(), FieldId::Accept);
}

struct AcceptedRow {
  const char* name;
  std::string head;
  Method method;
  Version version;
  std::string_view path, authority, host, fields;
};

const std::vector<AcceptedRow>& acceptedRows() {
  static const std::vector<AcceptedRow> rows = {
      {"smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get, Version::Http11, "/", "a", "a",
       "Host=a"},
      {"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", Method::Get, Version::Http10, "/", "", "", ""},
      {"1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", Method::Get, Version::Http10, "/", "a",
       "a", "Host=a"},
      {"1.2 is taken as 1.1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Method::Get, Version::Http11,
       "/", "a", "a", "Host=a"},
      {"method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", Method::Other,
       Version::Http11, "/", "a", "a", "Host=a"},
      {"method of token characters", "M-SEARCH!~ / HTTP/1.1\r\nHost: a\r\n\r\n", Method::Other,
       Version::Http11, "/", "a", "a", "Host=a"},
      {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Method::Get,
       Version::Http11, "/", "a", "a", "Host=a"},
      {"absolute target replaces Host", "GET http://B.com:81/x HTTP/1.1\r\nHost: a\r\nZ: 1\r\n\r\n",
       Method::Get, Version::Http11, "/x", "B.com:81", "b.com", "Host=B.com:81 Z=1"},
      {"absolute target with the same Host", "GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n",
       Method::Get, Version::Http11, "/x", "a", "a", "host=a"},
      {"absolute target in 1.0 makes a Host", "GET http://a/x HTTP/1.0\r\n\r\n", Method::Get,
       Version::Http10, "/x", "a", "a", "Host=a"},
      {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Method::Options, Version::Http11, "*",
       "a", "a", "Host=a"},
      {"CONNECT", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", Method::Connect, Version::Http11,
       "/", "b:443", "b", "Host=b:443"},
      {"tabulators in a value", "GET / HTTP/1.1\r\nHost:\ta\t\r\nX: a\tb\r\n\r\n", Method::Get,
       Version::Http11, "/", "a", "a", "Host=a X=a\tb"},
      {"obs-text in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xFF\r\n\r\n", Method::Get,
       Version::Http11, "/", "a", "a", "Host=a X=\x80\xFF"},
      {"value of blanks", "GET / HTTP/1.1\r\nHost: a\r\nX: \t \r\n\r\n", Method::Get,
       Version::Http11, "/", "a", "a", "Host=a X="},
      {"colons in a value", "GET / HTTP/1.1\r\nHost: a\r\nX::b:\r\n\r\n", Method::Get,
       Version::Http11, "/", "a", "a", "Host=a X=:b:"},
      {"names with underscore are dropped",
       "GET / HTTP/1.1\r\nHost: a\r\nX_A: 1\r\nX-Forwarded-Fo_r: 1\r\n_: 1\r\nB: 2\r\n\r\n",
       Method::Get, Version::Http11, "/", "a", "a", "Host=a B=2"},
      {"long values",
       "GET / HTTP/1.1\r\nHost: a\r\nX: "s + std::string(3000, 'x') + "\r\nY: 1\r\n\r\n",
       Method::Get,
       Version::Http11,
       "/",
       "a",
       "a",
       {}},
  };
  return rows;
}

TEST(RequestParser, Accepts) {
  for (const AcceptedRow& row : acceptedRows()) {
    SCOPED_TRACE(row.name);
    Arena arena;
    RequestHead head;
    RequestParser parser;
    ASSERT_EQ(parser.parse(row.head, head, arena), ParseStatus::Complete)
        << parser.fault().sentence;
    EXPECT_EQ(parser.headBytes(), row.head.size());
    EXPECT_EQ(head.method, row.method);
    EXPECT_EQ(head.version, row.version);
    EXPECT_EQ(head.target.path, row.path);
    EXPECT_EQ(head.authority, row.authority);
    EXPECT_EQ(head.host, row.host);
    if (row.fields.data() != nullptr) EXPECT_EQ(test::listOf(head.fields), row.fields);
  }
}

struct RefusedRow {
  const char* name;
  std::string head;
  std::string_view fault;  // status and sentence
};

// A valid head but for these field lines.
std::string withLines(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n";
}
std::string withHosts(const std::string& lines) { return "GET / HTTP/1.1\r\n" + lines + "\r\n"; }
std::string withRequestLine(const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; }

const std::vector<RefusedRow>& refusedRows() {
  constexpr std::string_view kLine =
      "400 The request line is not a method, a space, a target, a space and a version";
  constexpr std::string_view kVersion =
      "505 The request speaks another version of HTTP than 1.0 or 1.1";
  constexpr std::string_view kTarget =
      "400 The request target holds a byte outside of visible ASCII";
  constexpr std::string_view kReturn =
      "400 A carriage return in the head is not followed by a line feed";
  constexpr std::string_view kFeed = "400 A line of the head ends in a bare line feed";
  constexpr std::string_view kNul = "400 The head holds a NUL byte";
  constexpr std::string_view kControl = "400 The head holds a control character";
  constexpr std::string_view kFold =
      "400 A field line begins with a space: line folding is not allowed";
  constexpr std::string_view kBlankName = "400 A space stands between a field name and its colon";
  constexpr std::string_view kName = "400 A field name holds a character that is not allowed";
  constexpr std::string_view kHost = "400 The Host field is not one host with an optional port";
  static const std::vector<RefusedRow> rows = {
      {"two spaces after the method", withRequestLine("GET  / HTTP/1.1"), kLine},
      {"two spaces before the version", withRequestLine("GET /  HTTP/1.1"), kLine},
      {"space in the target", withRequestLine("GET /a b HTTP/1.1"), kLine},
      {"space at the end", withRequestLine("GET / HTTP/1.1 "), kLine},
      {"space at the front", withRequestLine(" GET / HTTP/1.1"), kLine},
      {"tabulator for a space", withRequestLine("GET\t/ HTTP/1.1"), kLine},
      {"tabulator before the version", withRequestLine("GET /\tHTTP/1.1"), kLine},
      {"no version", withRequestLine("GET /"), kLine},
      {"no target", withRequestLine("GET HTTP/1.1"), kLine},
      {"empty target", withRequestLine("GET  HTTP/1.1"), kLine},
      {"no method", withRequestLine("/ HTTP/1.1"), kLine},
      {"method that is no token", withRequestLine("G@T / HTTP/1.1"), kLine},
      {"version in small letters", withRequestLine("GET / http/1.1"), kLine},
      {"other protocol", withRequestLine("GET / HTCP/1.1"), kLine},
      {"version without minor", withRequestLine("GET / HTTP/1"), kLine},
      {"version with letters", withRequestLine("GET / HTTP/1.x"), kLine},
      {"version with more digits", withRequestLine("GET / HTTP/1.10"), kLine},
      {"version 2.0", withRequestLine("GET / HTTP/2.0"), kVersion},
      {"version 0.9", withRequestLine("GET / HTTP/0.9"), kVersion},
      {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kVersion},
      {"target beyond ASCII", withRequestLine("GET /\xC3\xA4 HTTP/1.1"), kTarget},
      {"tabulator in the target", withRequestLine("GET /a\tb HTTP/1.1"), kTarget},
      {"beyond ASCII in the query", withRequestLine("GET /?\xC3\xA4 HTTP/1.1"), kTarget},
      {"NUL in the target", withRequestLine("GET /a\0b HTTP/1.1"s), kNul},
      {"control in the target", withRequestLine("GET /a\x01 HTTP/1.1"), kControl},
      {"delete in the target", withRequestLine("GET /a\x7f HTTP/1.1"), kControl},
      {"fragment", withRequestLine("GET /a#b HTTP/1.1"), "400 The request target holds a fragment"},
      {"above the root", withRequestLine("GET /../a HTTP/1.1"),
       "400 The path climbs above its root"},
      {"asterisk without OPTIONS", withRequestLine("GET * HTTP/1.1"),
       "400 The request target '*' is for OPTIONS only"},
      {"user information", withRequestLine("GET http://u@a/ HTTP/1.1"),
       "400 The request target holds user information"},
      {"bare line feed after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", kFeed},
      {"bare line feed after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", kFeed},
      {"bare line feed as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", kFeed},
      {"bare line feed before all", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kFeed},
      {"bare carriage return in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", kReturn},
      {"bare carriage return in a value", withLines("X: a\rb"), kReturn},
      {"bare carriage return at the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", kReturn},
      {"two carriage returns", withLines("X: a\r"), kReturn},
      {"three empty lines before", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
       "400 Too many empty lines before the request line"},
      {"NUL in a value", withLines("X: a\0b"s), kNul},
      {"control in a value", withLines("X: a\x1f"), kControl},
      {"delete in a value", withLines("X: a\x7f"), kControl},
      {"NUL in a name", withLines("X\0: a"s), kNul},
      {"folded line", withLines("X: a\r\n b"), kFold},
      {"line folded by a tabulator", withLines("X: a\r\n\tb"), kFold},
      {"folded first line", withHosts(" Host: a\r\n"), kFold},
      {"line of blanks", withLines("  "), kFold},
      {"space before the colon", withLines("X : a"), kBlankName},
      {"tabulator before the colon", withLines("X\t: a"), kBlankName},
      {"space in a name", withLines("X Y: a"), kBlankName},
      {"empty name", withLines(": a"), "400 A field has no name"},
      {"no colon", withLines("X"), "400 A field line has no colon"},
      {"slash in a name", withLines("X/Y: a"), kName},
      {"name beyond ASCII", withLines("\xC3\xA4: a"), kName},
      {"bracket in a name", withLines("(X): a"), kName},
      {"no Host", withHosts("Accept: a\r\n"), "400 No Host field in an HTTP/1.1 request"},
      {"no fields", withHosts(""), "400 No Host field in an HTTP/1.1 request"},
      {"two Hosts", withHosts("Host: a\r\nhost: b\r\n"), "400 More than one Host field"},
      {"two Hosts that agree", withHosts("Host: a\r\nHost: a\r\n"), "400 More than one Host field"},
      {"two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
       "400 More than one Host field"},
      {"empty Host", withHosts("Host:\r\n"), kHost},
      {"list as Host", withHosts("Host: a, b\r\n"), kHost},
      {"Host with user information", withHosts("Host: u@a\r\n"), kHost},
      {"Host with a path", withHosts("Host: a/b\r\n"), kHost},
      {"Host with a bad port", withHosts("Host: a:b\r\n"), kHost},
      {"invalid Host in 1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", kHost},
      {"invalid Host beside an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n",
       kHost},
      {"absolute target without Host", "GET http://a/ HTTP/1.1\r\n\r\n",
       "400 No Host field in an HTTP/1.1 request"},
      {"TLS", "\x16\x03\x01\x02\x00\x01"s, kControl},
  };
  return rows;
}

TEST(RequestParser, Refuses) {
  for (const RefusedRow& row : refusedRows())
    EXPECT_EQ(inOnePiece(row.head), row.fault) << row.name;
}

TEST(RequestParser, AnyCuttingGivesTheSame) {
  std::vector<std::string> heads;
  for (const AcceptedRow& row : acceptedRows()) heads.push_back(row.head + "GET");
  for (const RefusedRow& row : refusedRows()) heads.push_back(row.head);
  for (const std::string& head : heads) {
    SCOPED_TRACE(head.substr(0, 200));
    const std::string whole = inOnePiece(head);
    ASSERT_EQ(outcome(head, 0, 1), whole) << "byte by byte";
    for (size_t cut = 0; cut < std::min<size_t>(head.size(), 1200); ++cut)
      ASSERT_EQ(outcome(head, cut, head.size()), whole) << "cut at " << cut;
  }
}

TEST(RequestParser, AnyCuttingOfRandomHeadsGivesTheSame) {
  static const std::vector<std::string> kPieces = {"\r\n",
                                                   "\r\n",
                                                   ": ",
                                                   "Host: a\r\n",
                                                   "X",
                                                   " ",
                                                   "\n",
                                                   "\r",
                                                   "_",
                                                   "\t",
                                                   "GET / HTTP/1.1\r\n",
                                                   std::string(70, 'y'),
                                                   std::string(600, 'z'),
                                                   "\0"s,
                                                   "\xFF",
                                                   "Content-Length: 1\r\n",
                                                   "a:b\r\n"};
  Random random(99);
  const HeadLimits limits{.head_bytes = 1500, .line_bytes = 100, .fields = 5};
  for (int round = 0; round < 3000; ++round) {
    std::string head = random.below(4) == 0 ? "" : "GET /x HTTP/1.1\r\nHost: a\r\n";
    for (uint64_t i = random.below(12); i > 0; --i) head += kPieces[random.below(kPieces.size())];
    const std::string whole = inOnePiece(head, limits);
    ASSERT_EQ(outcome(head, 0, 1, limits), whole) << head;
    ASSERT_EQ(outcome(head, random.below(head.size() + 1), 1 + random.below(50), limits), whole)
        << head;
  }
}

// Wherever names and ends of lines fall in the blocks that are looked at, and whatever comes after
// the head.
TEST(RequestParser, NothingDependsOnWhereBlocksBegin) {
  for (size_t pad = 0; pad <= 130; ++pad) {
    const std::string path = "/" + std::string(pad, 'p');
    const std::string bytes = "GET " + path +
                              " HTTP/1.1\r\nHost: Mango.com:80\r\nX-Request-Id:abc\r\n" +
                              "X-Other: \t some value \r\nContent-Length:\r\n\r\n";
    for (const size_t after : {0, 1, 31, 32, 33, 63, 64, 65, 200}) {
      SCOPED_TRACE(std::to_string(pad) + " bytes of path, " + std::to_string(after) + " behind");
      const std::string received = bytes + std::string(after, '\r');
      Arena arena;
      RequestHead head;
      RequestParser parser;
      ASSERT_EQ(parser.parse(received, head, arena), ParseStatus::Complete);
      ASSERT_EQ(parser.headBytes(), bytes.size());
      ASSERT_EQ(head.target.path, path);
      ASSERT_EQ(head.host, "mango.com");
      ASSERT_EQ(test::listOf(head.fields),
                "Host=Mango.com:80 X-Request-Id=abc X-Other=some value Content-Length=");
      ASSERT_TRUE(head.fields.find(FieldId::XRequestId));
    }
  }
}

TEST(RequestParser, AControlIsRefusedWhereverItStands) {
  const std::string head =
      "GET /some/path?and=query HTTP/1.1\r\nHost: mango.com\r\nUser-Agent: one two\r\n"
      "Accept: */*\r\nX-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n\r\n";
  for (size_t place = 0; place < head.size(); ++place)
    for (const char control : {'\0', '\x01', '\r', '\n', '\x1F', '\x7F'}) {
      if (head[place] == control) continue;
      std::string broken = head;
      broken[place] = control;
      broken += std::string(64, ' ');
      Arena arena;
      RequestHead parsed;
      RequestParser parser;
      ASSERT_EQ(parser.parse(broken, parsed, arena), ParseStatus::Fault)
          << static_cast<int>(control) << " at " << place;
    }
}

// A head of exactly `size` bytes.
std::string headOf(size_t size) {
  const std::string front = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  return front + std::string(size - front.size() - 4, 'x') + "\r\n\r\n";
}

// A request line of exactly `size` bytes with its CRLF, and the rest of a head.
std::string lineOf(size_t size) {
  const std::string front = "GET /", back = " HTTP/1.1\r\n";
  return front + std::string(size - front.size() - back.size(), 'x') + back + "Host: a\r\n\r\n";
}

std::string fieldsOf(size_t count) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (size_t i = 1; i < count; ++i) head += "X: 1\r\n";
  return head + "\r\n";
}

struct LimitRow {
  const char* name;
  std::string head;
  int status;  // 0: accepted
};

TEST(RequestParser, LimitsHoldExactly) {
  const LimitRow rows[] = {
      {"head at its limit", headOf(32768), 0},
      {"head one byte over", headOf(32769), 431},
      {"line at its limit", lineOf(8192), 0},
      {"line one byte over", lineOf(8193), 414},
      {"line without end", "GET /" + std::string(20000, 'x'), 414},
      {"field without end", "GET / HTTP/1.1\r\nX: " + std::string(40000, 'x'), 431},
      {"name without end", "GET / HTTP/1.1\r\n" + std::string(40000, 'x'), 431},
      {"fields at their limit", fieldsOf(100), 0},
      {"one field over", fieldsOf(101), 431},
  };
  for (const LimitRow& row : rows) {
    SCOPED_TRACE(row.name);
    for (const std::string& result : {inOnePiece(row.head), outcome(row.head, 0, 1)}) {
      if (row.status == 0)
        EXPECT_EQ(result.substr(0, 5), "[GET]");
      else
        EXPECT_EQ(result.substr(0, 3), std::to_string(row.status));
    }
  }
}

// The number of bytes that have to come until the parser refuses.
size_t refusedAfter(const std::string& bytes, const HeadLimits& limits) {
  Arena arena;
  RequestHead head;
  RequestParser parser(limits);
  size_t length = 0;
  while (length < bytes.size() &&
         parser.parse({bytes.data(), length}, head, arena) == ParseStatus::NeedMore)
    ++length;
  return length;
}

TEST(RequestParser, LimitsHoldAsEarlyAsPossible) {
  const HeadLimits limits{.head_bytes = 300, .line_bytes = 100, .fields = 3};
  EXPECT_EQ(refusedAfter("GET /" + std::string(500, 'x'), limits), 99U)
      << "a line of 100 bytes has its CR at index 98";
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(refusedAfter(line + "X: " + std::string(500, 'x'), limits), 299U);
  EXPECT_EQ(refusedAfter(line + "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n", limits),
            line.size() + 4 * 6);
}

TEST(RequestParser, FieldLinesLongerThanAFieldCanViewAreRefused) {
  const HeadLimits limits{.head_bytes = 1 << 20, .line_bytes = 8192, .fields = 100};
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(inOnePiece(line + "X:" + std::string(65531, 'x') + "\r\n\r\n", limits).substr(0, 5),
            "[GET]");
  EXPECT_EQ(inOnePiece(line + "X:" + std::string(65532, 'x') + "\r\n\r\n", limits).substr(0, 3),
            "431");
}

TEST(RequestParser, BegunTellsEmptyLinesFromARequest) {
  Arena arena;
  RequestHead head;
  RequestParser parser;
  const std::string text = "\r\n\r\nG";
  for (size_t length = 0; length <= 4; ++length) {
    EXPECT_EQ(parser.parse({text.data(), length}, head, arena), ParseStatus::NeedMore);
    EXPECT_FALSE(parser.begun()) << length;
  }
  EXPECT_EQ(parser.parse(text, head, arena), ParseStatus::NeedMore);
  EXPECT_TRUE(parser.begun());
  parser.reset();
  EXPECT_FALSE(parser.begun());
}

TEST(RequestParser, ResetMakesItReadyForTheNext) {
  Arena arena;
  RequestHead head;
  RequestParser parser;
  const std::string pipelined =
      "GET /1 HTTP/1.1\r\nHost: a\r\nA_B: 1\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
  ASSERT_EQ(parser.parse(pipelined, head, arena), ParseStatus::Complete);
  const size_t first = parser.headBytes();
  parser.reset();
  ASSERT_EQ(parser.parse(std::span(pipelined).subspan(first), head, arena), ParseStatus::Complete);
  EXPECT_EQ(head.target.path, "/2");
  EXPECT_EQ(head.fields.size(), 0U);
  EXPECT_EQ(head.dropped_fields, 0);
  EXPECT_EQ(first + parser.headBytes(), pipelined.size());
}

}  // namespace
}  // namespace fairlead::http::h1
