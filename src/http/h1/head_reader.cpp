// Lines and fields of a head, with every limit held as early as the bytes allow.
#include "http/h1/head_reader.h"

#include <algorithm>
#include <cstring>

#include "http/h1/field_line.h"

namespace fairlead::http::h1 {

namespace {

constexpr MessageFault kLineTooLong = {414, "The first line is too long"};
constexpr MessageFault kHeadTooLarge = {431, "The head is too large"};
constexpr MessageFault kTooManyFields = {431, "The head has too many fields"};

// The last index at which the CR of a line may stand that must end before `end`.
constexpr size_t lastReturn(size_t end) { return end < 2 ? 0 : end - 2; }

// No known name has one.
bool hasUnderscore(const Field& field) {
  return isFamily(field.id()) && field.name().find('_') != std::string_view::npos;
}

bool isLineEnd(std::span<const char> bytes, size_t at) {
  return at + 1 < bytes.size() && std::memcmp(bytes.data() + at, "\r\n", 2) == 0;
}

}  // namespace

void HeadReader::reset() {
  fault_ = {};
  position_ = scanned_ = 0;
  field_count_ = 0;
}

ParseStatus HeadReader::refuse(uint16_t status, std::string_view sentence) {
  fault_ = {status, sentence};
  return ParseStatus::Fault;
}

// Always a part of the loop over lines, where it needs no calls and no memory of its own.
[[gnu::always_inline]] inline ParseStatus HeadReader::nextLine(ByteIndex& index, const Bound& bound,
                                                               Line& line) {
  // The end of the name first: the search for the control goes on from there, always forward.
  const size_t begin = position_;
  size_t name_end = index.nextNonToken(std::max(begin, scanned_));
  const size_t control = index.nextControl(name_end);
  const std::span<const char> bytes = index.bytes();
  if (control > bound.last_return || !isLineEnd(bytes, control)) [[unlikely]]
    return stopAt(control, bytes, bound);
  if (scanned_ > begin) [[unlikely]]  // the name may have ended before what came now
    name_end = index.nextNonToken(begin);
  line.text = {bytes.data() + begin, control - begin};
  line.name_end = name_end - begin;
  position_ = control + 2;
  return ParseStatus::Complete;
}

ParseStatus HeadReader::nextStartLine(ByteIndex& index, Line& line) {
  const size_t line_end = position_ + limits_.line_bytes;
  if (line_end <= limits_.head_bytes)
    return nextLine(index, {lastReturn(line_end), kLineTooLong}, line);
  return nextLine(index, {lastReturn(limits_.head_bytes), kHeadTooLarge}, line);
}

[[gnu::always_inline]] inline ParseStatus HeadReader::nextFieldLine(ByteIndex& index, Line& line) {
  const size_t end = std::min<size_t>(limits_.head_bytes, position_ + Field::kLongestLine);
  return nextLine(index, {lastReturn(end), kHeadTooLarge}, line);
}

// No line ends here: it is too long, or still arriving, or broken by the control.
ParseStatus HeadReader::stopAt(size_t control, std::span<const char> bytes, const Bound& bound) {
  if (std::min(control, bytes.size()) > bound.last_return)
    return refuse(bound.fault.status, bound.fault.sentence);
  const bool may_end =
      control == ByteIndex::kNone || (bytes[control] == '\r' && control + 1 == bytes.size());
  if (!may_end) return refuse(400, controlFault(bytes[control]));
  scanned_ = std::min(control, bytes.size());
  return ParseStatus::NeedMore;
}

[[gnu::always_inline]] inline ParseStatus HeadReader::takeField(const Line& line, Fields& fields,
                                                                Underscores underscores,
                                                                uint16_t& dropped) {
  if (!hasFieldName(line.text, line.name_end)) [[unlikely]]
    return refuse(400, nameFault(line.text, line.name_end));
  const Field field = fieldOfLine(line.text, line.name_end);
  if (++field_count_ > limits_.fields) [[unlikely]]
    return refuse(kTooManyFields.status, kTooManyFields.sentence);
  if (underscores == Underscores::Drop && hasUnderscore(field)) {
    ++dropped;
    return ParseStatus::Complete;
  }
  if (!fields.add(field)) [[unlikely]]
    return refuse(kTooManyFields.status, kTooManyFields.sentence);
  return ParseStatus::Complete;
}

ParseStatus HeadReader::readFields(ByteIndex& index, Fields& fields, Underscores underscores,
                                   uint16_t& dropped) {
  for (;;) {
    Line line;
    ParseStatus status = nextFieldLine(index, line);
    if (status != ParseStatus::Complete || line.text.empty()) return status;
    status = takeField(line, fields, underscores, dropped);
    if (status != ParseStatus::Complete) return status;
  }
}

}  // namespace fairlead::http::h1
