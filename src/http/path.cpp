// The canonical path: judged in place by the scan, rewritten segment by segment only when it must
// be.
#include "http/path.h"

#include "http/byte_class.h"
#include "http/percent.h"
#include "http/scan.h"

namespace fairlead::http {

namespace {

constexpr std::string_view kBadEscape =
    "A percent sign in the path is not followed by two hexadecimal digits";
constexpr std::string_view kControl = "The path holds a control character";
constexpr std::string_view kAboveRoot = "The path climbs above its root";
constexpr std::string_view kDotSemicolon = "A dot segment of the path is followed by a semicolon";

std::unexpected<TargetFault> fault(std::string_view sentence) {
  return std::unexpected(TargetFault{sentence});
}

constexpr bool isSmallHex(char c) { return c >= 'a'; }

// Is the escape at the front of `text` well-formed, in upper case, and needed?
bool isCanonicalEscape(std::string_view text) {
  const int octet = escapedOctet(text);
  if (octet < 0 || isSmallHex(text[1]) || isSmallHex(text[2])) return false;
  const char c = static_cast<char>(octet);
  return octet >= 0x20 && octet != 0x7F && !isUnreservedByte(c);
}

// `text` begins with '.': is this "." or "..", alone or before one of `ends`?
bool isDotSegment(std::string_view text, std::string_view ends) {
  const size_t dots = text.starts_with("..") ? 2 : 1;
  return text.size() == dots || ends.find(text[dots]) != std::string_view::npos;
}

bool isEmptyOrDotSegment(std::string_view after_slash) {
  return after_slash.starts_with('/') ||
         (after_slash.starts_with('.') && isDotSegment(after_slash, "/?#;"));
}

size_t pathEnd(std::string_view text) {
  const size_t end = text.find_first_of("?#");
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

PathExtent scanPath(std::string_view text) {
  size_t at = 0;
  for (;;) {
    at += scan().findOddInPath(text.data() + at, text.size() - at);
    if (at == text.size() || text[at] == '?' || text[at] == '#') return {at, true};
    const std::string_view rest = text.substr(at);
    if (rest[0] == '/' && !isEmptyOrDotSegment(rest.substr(1)))
      at += 1;  // "/.well-known"
    else if (rest[0] == '%' && isCanonicalEscape(rest))
      at += 3;
    else
      return {pathEnd(text), false};
  }
}

namespace {

// Builds a canonical path one segment at a time. What is built always begins and, between segments,
// ends with '/'.
class PathBuilder {
 public:
  PathBuilder(std::string_view source, Arena& arena) : out_(arena.allocate(roomFor(source))) {
    out_[0] = '/';
  }

  // Returns the fault, or an empty sentence.
  std::string_view append(std::string_view segment, bool closed) {
    const size_t begin = length_;
    if (const std::string_view sentence = decode(segment); !sentence.empty()) return sentence;
    const std::string_view decoded(out_ + begin, length_ - begin);
    if (decoded.starts_with('.') && isDotSegment(decoded, ";")) return resolve(decoded, begin);
    if (closed) out_[length_++] = '/';
    return {};
  }

  std::string_view path() const { return {out_, length_}; }

 private:
  // Only bytes that become escapes grow; a request has none of them, a configured path may.
  static size_t roomFor(std::string_view source) {
    size_t room = source.size() + 1;
    for (const char c : source) room += isVisibleByte(c) ? 0 : 2;
    return room;
  }

  std::string_view decode(std::string_view text) {
    while (!text.empty()) {
      const auto c = static_cast<unsigned char>(text[0]);
      if (c < 0x20 || c == 0x7F) return kControl;
      if (c == '%') {
        const int octet = escapedOctet(text);
        if (octet < 0) return kBadEscape;
        if (octet < 0x20 || octet == 0x7F) return kControl;
        put(static_cast<unsigned char>(octet), isUnreservedByte(static_cast<char>(octet)));
        text.remove_prefix(3);
      } else {
        put(c, c > 0x20 && c < 0x80);
        text.remove_prefix(1);
      }
    }
    return {};
  }

  void put(unsigned char octet, bool plain) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    if (!plain) {
      out_[length_++] = '%';
      out_[length_++] = kHex[octet >> 4];
      out_[length_++] = kHex[octet & 15];
    } else {
      out_[length_++] = static_cast<char>(octet);
    }
  }

  std::string_view resolve(std::string_view dots, size_t begin) {
    if (dots.find(';') != std::string_view::npos) return kDotSemicolon;
    length_ = begin;
    if (dots.size() == 1) return {};
    if (begin == 1) return kAboveRoot;
    length_ = std::string_view(out_, begin - 1).rfind('/') + 1;
    return {};
  }

  char* out_;
  size_t length_ = 1;
};

}  // namespace

std::expected<std::string_view, TargetFault> rewritePath(std::string_view path, Arena& arena) {
  PathBuilder builder(path, arena);
  path.remove_prefix(1);
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const bool closed = slash != std::string_view::npos;
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(closed ? slash + 1 : path.size());
    if (segment.empty()) continue;
    const std::string_view sentence = builder.append(segment, closed);
    if (!sentence.empty()) return fault(sentence);
  }
  return builder.path();
}

std::expected<std::string_view, TargetFault> canonicalPath(std::string_view path, Arena& arena) {
  if (!path.starts_with('/')) return fault("The path does not begin with a slash");
  const PathExtent extent = scanPath(path);
  if (extent.end != path.size()) return fault("The path holds a '?' or a '#'");
  if (extent.canonical) return path;
  return rewritePath(path, arena);
}

}  // namespace fairlead::http
