// The chunked coding, strict, however its bytes are cut.
#include "http/h1/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace fairlead::http::h1 {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string data;
  std::string trailers;
  std::string fault;
  size_t consumed = 0;
  bool done = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Feeds the bytes in pieces whose lengths `next` gives.
template <typename Next>
Decoded decode(const std::string& bytes, Next next) {
  ChunkedDecoder decoder;
  Decoded result;
  for (size_t at = 0; at < bytes.size();) {
    std::string piece = bytes.substr(at, next());
    const ChunkedDecoder::Step step = decoder.decode(piece.data(), piece.size());
    result.data.append(piece.data(), step.produced);
    result.consumed += step.consumed;
    at += piece.size();
    if (step.status == ChunkedDecoder::Status::More) {
      EXPECT_EQ(step.consumed, piece.size());
      continue;
    }
    result.done = step.status == ChunkedDecoder::Status::Done;
    if (!result.done) result.consumed = 0;
    break;
  }
  result.trailers = decoder.trailerLines();
  result.fault = decoder.faultSentence();
  return result;
}

Decoded decodeWhole(const std::string& bytes) {
  return decode(bytes, [&] { return bytes.size(); });
}

struct AcceptedRow {
  const char* name;
  std::string bytes;
  std::string_view data;
  std::string_view trailers = {};
};

const std::vector<AcceptedRow>& acceptedRows() {
  static const std::vector<AcceptedRow> rows = {
      {"empty", "0\r\n\r\n", ""},
      {"one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {"hexadecimal", "A\r\n0123456789\r\nb\r\n0123456789A\r\n0\r\n\r\n", "01234567890123456789A"},
      {"data that looks like a head", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
      {"zeros", "00005\r\nhello\r\n000\r\n\r\n", "hello"},
      {"extension", "5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"},
      {"extensions", "5;a=b;c=\"d;\\\" e\";f\r\nhello\r\n0\r\n\r\n", "hello"},
      {"extension with blanks", "5; a = b ;c\r\nhello\r\n0\r\n\r\n", "hello"},
      {"extension of 1 KiB", "5;" + std::string(1023, 'a') + "\r\nhello\r\n0\r\n\r\n", "hello"},
      {"trailers", "0\r\nX-Sum: 1\r\nB:2 \r\n\r\n", "", "X-Sum: 1\r\nB: 2\r\n"},
      {"trailers that may not pass", "0\r\nContent-Length: 1\r\nHost: a\r\nA_B: 1\r\nC: 2\r\n\r\n",
       "", "C: 2\r\n"},
  };
  return rows;
}

TEST(Chunked, Accepts) {
  for (const AcceptedRow& row : acceptedRows()) {
    SCOPED_TRACE(row.name);
    const Decoded whole = decodeWhole(row.bytes + "next");
    EXPECT_TRUE(whole.done) << whole.fault;
    EXPECT_EQ(whole.data, row.data);
    EXPECT_EQ(whole.trailers, row.trailers);
    EXPECT_EQ(whole.consumed, row.bytes.size());
  }
}

struct RefusedRow {
  const char* name;
  std::string bytes;
  std::string_view fault;
};

const std::vector<RefusedRow>& refusedRows() {
  constexpr std::string_view kSize = "A chunk size is not a hexadecimal number";
  constexpr std::string_view kLarge = "A chunk size is too large";
  constexpr std::string_view kLine = "A line of the chunked coding does not end in CRLF";
  constexpr std::string_view kExtension = "A chunk extension is malformed";
  static const std::vector<RefusedRow> rows = {
      {"no size", "\r\n", kSize},
      {"extension without size", ";a\r\n", kSize},
      {"letters", "xyz\r\n", kSize},
      {"plus", "+5\r\nhello\r\n", kSize},
      {"minus", "-5\r\nhello\r\n", kSize},
      {"0x", "0x5\r\nhello\r\n", kSize},
      {"space before", " 5\r\nhello\r\n", kSize},
      {"space after", "5 \r\nhello\r\n", kSize},
      {"space before an extension", "5 ;a\r\nhello\r\n", kSize},
      {"tabulator after", "5\t\r\nhello\r\n", kSize},
      {"underscore", "5_0\r\n", kSize},
      {"comma", "5,5\r\n", kSize},
      {"17 digits", "00000000000000005\r\nhello\r\n", kLarge},
      {"more than 64 bits", "fffffffffffffffff\r\n", kLarge},
      {"bare line feed after the size", "5\nhello\r\n0\r\n\r\n", kSize},
      {"bare carriage return after the size", "5\rhello\r\n0\r\n\r\n", kLine},
      {"bare line feed after the data", "5\r\nhello\n0\r\n\r\n", kLine},
      {"bare carriage return after the data", "5\r\nhello\r0\r\n\r\n", kLine},
      {"more data than its size", "5\r\nhello!\r\n", kLine},
      {"less data than its size", "5\r\nhell\r\n0\r\n\r\n", kLine},
      {"NUL after the size", "5\0\r\n"s, kSize},
      {"empty extension", "5;\r\nhello\r\n", kExtension},
      {"extension without value", "5;a=\r\nhello\r\n", kExtension},
      {"extension without name", "5;=b\r\nhello\r\n", kExtension},
      {"line feed in an extension", "5;a\nhello\r\n", kExtension},
      {"line feed in quotes", "5;a=\"\n\"\r\n", kExtension},
      {"escaped line feed in quotes", "5;a=\"\\\n\"\r\n", kExtension},
      {"carriage return in quotes", "5;a=\"\r\n", kExtension},
      {"word after quotes", "5;a=\"b\"c\r\n", kExtension},
      {"blank at the end of an extension", "5;a \r\n", kExtension},
      {"blank at the end of a value", "5;a=b \r\n", kExtension},
      {"two values", "5;a=b=c\r\n", kExtension},
      {"two words", "5;a b\r\n", kExtension},
      {"NUL in an extension", "5;a\0\r\n"s, kExtension},
      {"extension too long", "5;" + std::string(1024, 'a') + "\r\n",
       "Chunk extensions are too long"},
      {"bare line feed for the end", "0\r\n\n", "A line of the head ends in a bare line feed"},
      {"bare line feed after a trailer", "0\r\nA: b\n\r\n",
       "A line of the head ends in a bare line feed"},
      {"bare carriage return in a trailer", "0\r\nA: \rb\r\n\r\n",
       "A carriage return in the head is not followed by a line feed"},
      {"control in a trailer", "0\r\nA: \x01\r\n\r\n", "The head holds a control character"},
      {"trailer without colon", "0\r\nA\r\n\r\n", "A field line has no colon"},
      {"trailer without name", "0\r\n: b\r\n\r\n", "A field has no name"},
      {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n",
       "A field line begins with a space: line folding is not allowed"},
      {"space before the colon of a trailer", "0\r\nA : b\r\n\r\n",
       "A space stands between a field name and its colon"},
      {"trailers too large", "0\r\nA: " + std::string(8200, 'x') + "\r\n\r\n",
       "The trailer section is too large"},
      {"too many trailers",
       [] {
         std::string bytes = "0\r\n";
         for (int i = 0; i < 101; ++i) bytes += "A: b\r\n";
         return bytes + "\r\n";
       }(),
       "The trailer section has too many fields"},
  };
  return rows;
}

TEST(Chunked, Refuses) {
  for (const RefusedRow& row : refusedRows()) {
    SCOPED_TRACE(row.name);
    const Decoded whole = decodeWhole(row.bytes);
    EXPECT_FALSE(whole.done);
    EXPECT_EQ(whole.fault, row.fault);
  }
}

TEST(Chunked, StaysRefused) {
  ChunkedDecoder decoder;
  std::string bad = "x", good = "0\r\n\r\n";
  EXPECT_EQ(decoder.decode(bad.data(), bad.size()).status, ChunkedDecoder::Status::Fault);
  const ChunkedDecoder::Step step = decoder.decode(good.data(), good.size());
  EXPECT_EQ(step.status, ChunkedDecoder::Status::Fault);
  EXPECT_EQ(step.consumed, 0U);
  decoder.reset();
  EXPECT_EQ(decoder.decode(good.data(), good.size()).status, ChunkedDecoder::Status::Done);
}

TEST(Chunked, TrailersOfExactlyTheLimit) {
  const std::string front = "0\r\n", name = "A: ";
  const std::string at_limit = front + name + std::string(8192 - name.size() - 4, 'x') + "\r\n\r\n";
  EXPECT_TRUE(decodeWhole(at_limit).done);
  EXPECT_FALSE(
      decodeWhole(front + name + std::string(8192 - name.size() - 3, 'x') + "\r\n\r\n").done);
}

TEST(Chunked, AnyCuttingGivesTheSame) {
  std::vector<std::string> all;
  for (const AcceptedRow& row : acceptedRows()) all.push_back(row.bytes + "next");
  for (const RefusedRow& row : refusedRows()) all.push_back(row.bytes);
  Random random(5);
  for (const std::string& bytes : all) {
    SCOPED_TRACE(bytes.substr(0, 100));
    const Decoded whole = decodeWhole(bytes);
    ASSERT_EQ(decode(bytes, [] { return size_t{1}; }), whole);
    for (int round = 0; round < 20; ++round)
      ASSERT_EQ(decode(bytes, [&] { return 1 + random.below(9); }), whole);
  }
}

TEST(Chunked, RandomBodiesComeBack) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    std::string body, wire;
    for (uint64_t chunks = random.below(6); chunks > 0; --chunks) {
      std::string data(1 + random.below(400), '\0');
      for (char& c : data) c = static_cast<char>(random.below(256));
      char head[kMaxChunkHead];
      wire.append(head, writeChunkHead(head, data.size())).append(data).append("\r\n");
      body += data;
    }
    wire += kLastChunk;
    const Decoded decoded = decode(wire, [&] { return 1 + random.below(200); });
    ASSERT_TRUE(decoded.done) << decoded.fault;
    ASSERT_EQ(decoded.data, body);
    ASSERT_EQ(decoded.consumed, wire.size());
  }
}

struct HeadRow {
  uint64_t size;
  std::string_view text;
};

TEST(Chunked, WritesHeads) {
  const HeadRow rows[] = {{0, "0\r\n"},
                          {1, "1\r\n"},
                          {15, "f\r\n"},
                          {16, "10\r\n"},
                          {4096, "1000\r\n"},
                          {0xABCDEF, "abcdef\r\n"},
                          {UINT64_MAX, "ffffffffffffffff\r\n"}};
  for (const HeadRow& row : rows) {
    char out[kMaxChunkHead];
    EXPECT_EQ(std::string_view(out, writeChunkHead(out, row.size)), row.text);
  }
}

}  // namespace
}  // namespace fairlead::http::h1
