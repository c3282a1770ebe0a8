// The chunked transfer coding (RFC 9112 section 7.1): a strict decoder in place, and the encoder's
// few bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace fairlead::http::h1 {

// Decodes a chunked body as its bytes arrive. Data octets are moved to the front of the given
// bytes, so that each call yields one contiguous piece. Strict: CRLF only, hexadecimal size of at
// most 16 digits without sign or spaces, extensions of valid syntax and at most 1 KiB (ignored),
// trailers of at most 8 KiB and 100 lines.
class ChunkedDecoder {
 public:
  enum class Status : uint8_t { More, Done, Fault };
  struct Step {
    Status status = Status::More;
    size_t consumed = 0;  // bytes used up; after Done the rest belongs to the next message
    size_t produced = 0;  // data octets, at the front of the bytes given
  };

  Step decode(char* bytes, size_t length);
  void reset();

  // After Done: the trailer fields that may be passed on (views into the decoder; names with '_',
  // framing and routing fields are left out). Valid until reset.
  const std::string& trailerLines() const { return trailer_lines_; }
  std::string_view faultSentence() const { return fault_; }

 private:
  enum class State : uint8_t {
    Size,
    ExtensionName,      // before or in a name
    ExtensionNameEnd,   // blanks after a name
    ExtensionValue,     // before or in a value
    ExtensionQuoted,    // between quotes
    ExtensionEscape,    // after a backslash between quotes
    ExtensionValueEnd,  // after a quoted value
    ExtensionBlank,     // blanks after a value: only another extension may follow
    HeadLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    Trailer,
    TrailerLineFeed,
    Done,
    Fault
  };

  void takeData(char* bytes, size_t length, Step& step);
  void takeByte(char c);
  void takeSize(char c);
  void takeExtension(char c);
  void takeExtensionWord(char c, State blank_state);
  void takeTrailer(char c);
  void endChunkHead(char c);
  void endTrailerLine();
  void expect(char wanted, char c, State next);
  void go(State next) { state_ = next; }
  void refuse(std::string_view sentence);

  uint64_t remaining_ = 0;   // of this chunk's size or data
  uint32_t line_bytes_ = 0;  // of this chunk's extensions, or of the trailer section
  State state_ = State::Size;
  uint8_t digits_ = 0;  // of this chunk's size
  uint8_t trailer_count_ = 0;
  bool word_begun_ = false;    // of this extension's name or value
  std::string trailer_;        // the trailer line so far; unallocated without trailers
  std::string trailer_lines_;  // "name: value\r\n"...
  std::string_view fault_;
};

inline constexpr size_t kMaxChunkHead = 18;  // 16 digits and CRLF
// Writes "<hex>\r\n" and returns its length.
size_t writeChunkHead(char* out, uint64_t size);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace fairlead::http::h1
