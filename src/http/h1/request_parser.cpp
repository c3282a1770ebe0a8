// The request head: request line, fields, Host (RFC 9112 sections 2, 3 and 5).
#include <cstring>

#include "base/ascii.h"
#include "http/h1/parser.h"
#include "http/scan.h"

namespace fairlead::http::h1 {

namespace {

constexpr uint8_t kMostEmptyLines = 2;
constexpr size_t kVersionLength = 8;  // "HTTP/1.1"

constexpr MessageFault kNotARequestLine = {
    400, "The request line is not a method, a space, a target, a space and a version"};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  Version version = Version::Http11;
};

std::unexpected<MessageFault> fault(uint16_t status, std::string_view sentence) {
  return std::unexpected(MessageFault{status, sentence});
}

// Any 1.x is taken as 1.1 but 1.0 (RFC 9110 section 2.5). `text` has the length of "HTTP/1.1".
std::expected<Version, MessageFault> parseVersion(std::string_view text) {
  if (std::memcmp(text.data(), "HTTP/1.1", kVersionLength) == 0) return Version::Http11;
  if (std::memcmp(text.data(), "HTTP/1.0", kVersionLength) == 0) return Version::Http10;
  const bool is_version = text.starts_with("HTTP/") && ascii::isDigit(text[5]) && text[6] == '.' &&
                          ascii::isDigit(text[7]);
  if (!is_version) return std::unexpected(kNotARequestLine);
  if (text[5] != '1')
    return fault(505, "The request speaks another version of HTTP than 1.0 or 1.1");
  return Version::Http11;
}

// `received_end` is the end of all bytes, of which the line is some.
std::expected<RequestLine, MessageFault> splitRequestLine(const HeadReader::Line& line,
                                                          const char* received_end) {
  const std::string_view text = line.text;
  const size_t method_end = line.name_end;
  // At least the method, SP, one byte of target, SP, and the version.
  if (method_end == 0 || text.size() < method_end + 3 + kVersionLength || text[method_end] != ' ')
    return std::unexpected(kNotARequestLine);
  const size_t target_end = text.size() - kVersionLength - 1;
  if (text[target_end] != ' ') return std::unexpected(kNotARequestLine);
  const auto version = parseVersion(text.substr(target_end + 1));
  if (!version) return std::unexpected(version.error());
  const std::string_view target = text.substr(method_end + 1, target_end - method_end - 1);
  // At the space before the version at the latest.
  const size_t odd =
      scan().findNonVisible(target.data(), static_cast<size_t>(received_end - target.data()));
  if (odd == target.size()) return RequestLine{text.substr(0, method_end), target, *version};
  if (target[odd] == ' ') return std::unexpected(kNotARequestLine);
  return fault(400, "The request target holds a byte outside of visible ASCII");
}

bool hasOnlyReturn(std::span<const char> bytes, size_t from) {
  return bytes.size() <= from || (bytes.size() == from + 1 && bytes[from] == '\r');
}

}  // namespace

void RequestParser::reset() {
  reader_.reset();
  empty_lines_ = 0;
  begun_ = false;
  has_request_line_ = false;
}

ParseStatus RequestParser::parse(std::span<const char> received, RequestHead& head, Arena& arena) {
  if (reader_.isRefused()) return ParseStatus::Fault;
  ByteIndex index(received);
  if (!has_request_line_) {
    const ParseStatus status = readRequestLine(index, head, arena);
    if (status != ParseStatus::Complete) return status;
  }
  const ParseStatus status =
      reader_.readFields(index, head.fields, HeadReader::Underscores::Drop, head.dropped_fields);
  return status == ParseStatus::Complete ? takeAuthority(head, arena) : status;
}

ParseStatus RequestParser::readRequestLine(ByteIndex& index, RequestHead& head, Arena& arena) {
  for (;;) {
    begun_ = !hasOnlyReturn(index.bytes(), reader_.position());
    HeadReader::Line line;
    const ParseStatus status = reader_.nextStartLine(index, line);
    if (status != ParseStatus::Complete) return status;
    if (!line.text.empty()) return takeRequestLine(line, index, head, arena);
    if (++empty_lines_ > kMostEmptyLines)
      return reader_.refuse(400, "Too many empty lines before the request line");
  }
}

ParseStatus RequestParser::takeRequestLine(const HeadReader::Line& text, const ByteIndex& index,
                                           RequestHead& head, Arena& arena) {
  const auto line = splitRequestLine(text, index.bytes().data() + index.bytes().size());
  if (!line) return reader_.refuse(line.error().status, line.error().sentence);
  head.clear();
  head.method_text = line->method;
  head.method = methodOf(line->method);
  head.version = line->version;
  head.raw_target = line->target;
  const auto target = parseTarget(line->target, head.method == Method::Connect,
                                  head.method == Method::Options, arena);
  if (!target) return reader_.refuse(400, target.error().sentence);
  head.target = *target;
  begun_ = has_request_line_ = true;
  return ParseStatus::Complete;
}

// RFC 9112 section 3.2, and 3.2.2 for the absolute form.
ParseStatus RequestParser::takeAuthority(RequestHead& head, Arena& arena) {
  const auto [field, several] = head.fields.findOnly(FieldId::Host);
  if (several) return reader_.refuse(400, "More than one Host field");
  if (field == nullptr && head.version == Version::Http11)
    return reader_.refuse(400, "No Host field in an HTTP/1.1 request");
  if (field != nullptr) {
    head.authority = field->value();
    const auto host = hostOf(head.authority, arena);
    if (!host) return reader_.refuse(400, "The Host field is not one host with an optional port");
    head.host = *host;
  }
  return head.target.authority.empty() ? ParseStatus::Complete : preferTarget(head, arena);
}

// What the target says counts, and the server is told that.
ParseStatus RequestParser::preferTarget(RequestHead& head, Arena& arena) {
  const bool differs = head.authority != head.target.authority;
  head.authority = head.target.authority;
  head.host = canonicalHost(head.authority, arena);
  if (head.target.form == TargetForm::Absolute && differs &&
      !head.fields.set(Field::make(arena, FieldId::Host, head.authority)))
    return reader_.refuse(431, "The head has too many fields");
  return ParseStatus::Complete;
}

}  // namespace fairlead::http::h1
