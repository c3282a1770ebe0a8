// What the heads of requests and responses share: lines that may still be arriving, limits, fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/h1/byte_index.h"
#include "http/semantics.h"

namespace fairlead::http::h1 {

struct HeadLimits {
  uint32_t head_bytes = 32 * 1024;  // whole head with its last CRLF; more is 431
  uint32_t line_bytes = 8 * 1024;   // request line with its CRLF; more is 414 (status line: 502)
  uint16_t fields = 100;            // more is 431
};

enum class ParseStatus : uint8_t { NeedMore, Complete, Fault };

// Takes a head apart line by line and goes on where it stopped when more bytes have come. What it
// answers does not depend on how the bytes were cut.
class HeadReader {
 public:
  struct Line {
    std::string_view text;  // without CRLF
    size_t name_end = 0;    // the index of its first byte that is not of a token
  };
  // What a name with '_' leads to: CGI turns '-' into '_', so that one may pass for the other.
  enum class Underscores : uint8_t { Keep, Drop };

  explicit HeadReader(const HeadLimits& limits) : limits_(limits) {}

  // The next line as a whole. A fault as soon as it cannot end within its limit.
  ParseStatus nextStartLine(ByteIndex& index, Line& line);
  // Adds all fields up to the empty line.
  ParseStatus readFields(ByteIndex& index, Fields& fields, Underscores underscores,
                         uint16_t& dropped);

  ParseStatus refuse(uint16_t status, std::string_view sentence);
  // Bytes consumed: always the begin of a line.
  size_t position() const { return position_; }
  const MessageFault& fault() const { return fault_; }
  // A refused head stays refused until reset.
  bool isRefused() const { return !fault_.sentence.empty(); }
  void reset();

 private:
  // What a line must end within, and what is wrong when it does not.
  struct Bound {
    size_t last_return;  // the last index at which its CR may stand
    const MessageFault& fault;
  };

  ParseStatus nextLine(ByteIndex& index, const Bound& bound, Line& line);
  ParseStatus nextFieldLine(ByteIndex& index, Line& line);
  ParseStatus stopAt(size_t control, std::span<const char> bytes, const Bound& bound);
  ParseStatus takeField(const Line& line, Fields& fields, Underscores underscores,
                        uint16_t& dropped);

  HeadLimits limits_;
  MessageFault fault_;
  size_t position_ = 0;
  size_t scanned_ = 0;  // no control stands between position_ and here
  uint16_t field_count_ = 0;
};

}  // namespace fairlead::http::h1
