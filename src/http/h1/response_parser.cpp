// The response head: status line and fields (RFC 9112 sections 4 and 5). Every fault is the
// server's.
#include <cstring>

#include "base/ascii.h"
#include "http/h1/parser.h"

namespace fairlead::http::h1 {

namespace {

constexpr std::string_view kNotAStatusLine =
    "The status line is not a version, a space, three digits, a space and a reason";

struct StatusLine {
  Version version = Version::Http11;
  uint16_t status = 0;
  std::string_view reason;
};

// HTTP/1.x SP 3DIGIT [ SP reason ]: a space that is missing before an empty reason is forgiven.
std::expected<StatusLine, std::string_view> splitStatusLine(std::string_view line) {
  constexpr size_t kShortest = 12;  // "HTTP/1.1 200"
  if (line.size() < kShortest || std::memcmp(line.data(), "HTTP/", 5) != 0 ||
      !ascii::isDigit(line[5]) || line[6] != '.' || !ascii::isDigit(line[7]) || line[8] != ' ')
    return std::unexpected(kNotAStatusLine);
  if (line[5] != '1')
    return std::unexpected("The response speaks another version of HTTP than 1.x");
  unsigned status = 0;
  for (const char c : line.substr(9, 3)) {
    if (!ascii::isDigit(c)) return std::unexpected(kNotAStatusLine);
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (line.size() > kShortest && line[kShortest] != ' ') return std::unexpected(kNotAStatusLine);
  if (status < 100 || status > 599) return std::unexpected("The status is not between 100 and 599");
  return StatusLine{line[7] == '0' ? Version::Http10 : Version::Http11,
                    static_cast<uint16_t>(status),
                    line.size() > kShortest ? line.substr(kShortest + 1) : std::string_view()};
}

}  // namespace

void ResponseParser::reset() {
  reader_.reset();
  has_status_line_ = false;
}

ParseStatus ResponseParser::parse(std::span<const char> received, ResponseHead& head) {
  if (reader_.isRefused()) return ParseStatus::Fault;
  ByteIndex index(received);
  const ParseStatus status = readHead(index, head);
  return status == ParseStatus::Fault ? reader_.refuse(502, reader_.fault().sentence) : status;
}

ParseStatus ResponseParser::readHead(ByteIndex& index, ResponseHead& head) {
  if (!has_status_line_) {
    HeadReader::Line text;
    const ParseStatus status = reader_.nextStartLine(index, text);
    if (status != ParseStatus::Complete) return status;
    const auto line = splitStatusLine(text.text);
    if (!line) return reader_.refuse(502, line.error());
    head.clear();
    head.version = line->version;
    head.status = line->status;
    head.reason = line->reason;
    has_status_line_ = true;
  }
  uint16_t dropped = 0;
  return reader_.readFields(index, head.fields, HeadReader::Underscores::Keep, dropped);
}

}  // namespace fairlead::http::h1
