// The chunked coding, byte by byte around the data and in one move for the data itself.
#include "http/h1/chunked.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "http/byte_class.h"
#include "http/h1/field_line.h"
#include "http/semantics.h"

namespace fairlead::http::h1 {

namespace {

constexpr uint8_t kMostDigits = 16;
constexpr uint32_t kMostExtensionBytes = 1024;
constexpr uint32_t kMostTrailerBytes = 8 * 1024;
constexpr uint8_t kMostTrailers = 100;

constexpr std::string_view kBadExtension = "A chunk extension is malformed";
constexpr std::string_view kBadSize = "A chunk size is not a hexadecimal number";

constexpr bool isBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void ChunkedDecoder::reset() {
  remaining_ = 0;
  line_bytes_ = 0;
  state_ = State::Size;
  digits_ = trailer_count_ = 0;
  word_begun_ = false;
  trailer_.clear();
  trailer_lines_.clear();
  fault_ = {};
}

ChunkedDecoder::Step ChunkedDecoder::decode(char* bytes, size_t length) {
  Step step;
  while (step.consumed < length && state_ < State::Done) {
    if (state_ == State::Data)
      takeData(bytes, length, step);
    else
      takeByte(bytes[step.consumed++]);
  }
  if (state_ == State::Done) step.status = Status::Done;
  if (state_ == State::Fault) step.status = Status::Fault;
  return step;
}

void ChunkedDecoder::takeData(char* bytes, size_t length, Step& step) {
  const size_t piece = std::min<uint64_t>(remaining_, length - step.consumed);
  if (step.produced != step.consumed)
    std::memmove(bytes + step.produced, bytes + step.consumed, piece);
  step.produced += piece;
  step.consumed += piece;
  remaining_ -= piece;
  if (remaining_ == 0) state_ = State::DataReturn;
}

void ChunkedDecoder::takeByte(char c) {
  switch (state_) {
    case State::Size:
      return takeSize(c);
    case State::HeadLineFeed:
      return expect('\n', c, remaining_ != 0 ? State::Data : State::Trailer);
    case State::DataReturn:
      return expect('\r', c, State::DataLineFeed);
    case State::DataLineFeed:
      digits_ = 0;
      return expect('\n', c, State::Size);
    case State::Trailer:
    case State::TrailerLineFeed:
      return takeTrailer(c);
    default:
      return takeExtension(c);
  }
}

void ChunkedDecoder::takeSize(char c) {
  const int digit = ascii::hexValue(c);
  if (digit >= 0) {
    if (++digits_ > kMostDigits) return refuse("A chunk size is too large");
    remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
    return;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) return refuse(kBadSize);
  line_bytes_ = 0;
  endChunkHead(c);
}

// After a size, or after a whole extension: the end of the line, or one more extension.
void ChunkedDecoder::endChunkHead(char c) {
  word_begun_ = false;
  if (c == '\r')
    state_ = State::HeadLineFeed;
  else if (c == ';')
    state_ = State::ExtensionName;
  else
    refuse(kBadExtension);
}

// chunk-ext of RFC 9112 section 7.1.1, with the blanks that it lets a recipient forgive.
void ChunkedDecoder::takeExtension(char c) {
  if (++line_bytes_ > kMostExtensionBytes) return refuse("Chunk extensions are too long");
  switch (state_) {
    case State::ExtensionName:
      return takeExtensionWord(c, State::ExtensionNameEnd);
    case State::ExtensionNameEnd:
      if (isBlank(c)) return;
      if (c == '\r') return refuse(kBadExtension);
      return takeExtensionWord(c, State::ExtensionNameEnd);
    case State::ExtensionValue:
      if (c == '"' && !word_begun_) return go(State::ExtensionQuoted);
      return takeExtensionWord(c, State::ExtensionBlank);
    case State::ExtensionQuoted:
      if (isControlByte(c)) return refuse(kBadExtension);
      if (c == '"') state_ = State::ExtensionValueEnd;
      if (c == '\\') state_ = State::ExtensionEscape;
      return;
    case State::ExtensionEscape:
      return isControlByte(c) ? refuse(kBadExtension) : go(State::ExtensionQuoted);
    case State::ExtensionValueEnd:
      return isBlank(c) ? go(State::ExtensionBlank) : endChunkHead(c);
    default:  // ExtensionBlank
      if (isBlank(c)) return;
      return c == ';' ? endChunkHead(c) : refuse(kBadExtension);
  }
}

// A name or a value that is a token, and what may follow it.
void ChunkedDecoder::takeExtensionWord(char c, State blank_state) {
  if (isTokenByte(c) && state_ != State::ExtensionNameEnd) {
    word_begun_ = true;
    return;
  }
  if (!word_begun_) return isBlank(c) ? void() : refuse(kBadExtension);
  if (isBlank(c)) return void(state_ = blank_state);
  if (c != '=' || state_ == State::ExtensionValue) return endChunkHead(c);
  state_ = State::ExtensionValue;
  word_begun_ = false;
}

void ChunkedDecoder::takeTrailer(char c) {
  if (++line_bytes_ > kMostTrailerBytes) return refuse("The trailer section is too large");
  if (state_ == State::TrailerLineFeed) {
    if (c != '\n') return refuse(controlFault('\r'));
    return trailer_.empty() ? go(State::Done) : endTrailerLine();
  }
  if (c == '\r') return go(State::TrailerLineFeed);
  if (isControlByte(c)) return refuse(controlFault(c));
  trailer_.push_back(c);
}

void ChunkedDecoder::endTrailerLine() {
  if (++trailer_count_ > kMostTrailers) return refuse("The trailer section has too many fields");
  const auto name_end =
      static_cast<size_t>(std::ranges::find_if_not(trailer_, isTokenByte) - trailer_.begin());
  if (!hasFieldName(trailer_, name_end)) return refuse(nameFault(trailer_, name_end));
  const Field field = fieldOfLine(trailer_, name_end);
  if (allowedInTrailers(field))
    trailer_lines_.append(field.name()).append(": ").append(field.value()).append("\r\n");
  trailer_.clear();
  state_ = State::Trailer;
}

void ChunkedDecoder::expect(char wanted, char c, State next) {
  if (c != wanted) return refuse("A line of the chunked coding does not end in CRLF");
  line_bytes_ = 0;
  state_ = next;
}

void ChunkedDecoder::refuse(std::string_view sentence) {
  state_ = State::Fault;
  fault_ = sentence;
}

size_t writeChunkHead(char* out, uint64_t size) {
  constexpr char kHex[] = "0123456789abcdef";
  size_t digits = 1;
  for (uint64_t rest = size >> 4; rest != 0; rest >>= 4) ++digits;
  for (size_t i = digits; i-- > 0; size >>= 4) out[i] = kHex[size & 15];
  out[digits] = '\r';
  out[digits + 1] = '\n';
  return digits + 2;
}

}  // namespace fairlead::http::h1
