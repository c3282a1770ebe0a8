// One walk for each kind of escape, told to count or to write.
#include "filter/escape.h"

#include <array>

#include "base/short_copy.h"
#include "base/utf8.h"
#include "http/byte_class.h"
#include "http/percent.h"
#include "http/scan.h"

namespace fairlead::filter {
namespace {

using http::byte_class_detail::isOneOf;
using http::byte_class_detail::tableOf;
using ByteTable = std::array<bool, 256>;

// Visible ASCII that no reader of a URI takes for its end or for something else.
constexpr bool passesInUri(unsigned char c) {
  return c > 0x20 && c < 0x7F && !isOneOf(c, "\"<>\\^`{|}#");
}

constexpr ByteTable kNoLineBreaks =
    tableOf([](unsigned char c) { return c != '\r' && c != '\n' && c != '\0'; });
constexpr ByteTable kNoControls = tableOf([](unsigned char c) { return c >= 0x20 && c != 0x7F; });
constexpr ByteTable kUri = tableOf(passesInUri);
constexpr ByteTable kPath = tableOf([](unsigned char c) { return passesInUri(c) && c != '?'; });
constexpr ByteTable kPlainHtml =
    tableOf([](unsigned char c) { return !isOneOf(c, "&<>\"'\r\n") && c != '\0'; });
constexpr ByteTable kPlainJson =
    tableOf([](unsigned char c) { return c >= 0x20 && c < 0x7F && !isOneOf(c, "\"\\"); });

struct Counter {
  size_t size = 0;
  void put(std::string_view text) { size += text.size(); }
  void putPercent(char) { size += 3; }
};

struct Writer {
  char* to;
  void put(std::string_view text) { to = append(to, text); }
  void putPercent(char byte) { to = http::putPercentEncoded(to, byte); }
};

// Runs that pass are put whole; `special(text)` puts what stands at the front of the text
// and returns how many bytes that was.
template <typename Sink, typename Special>
void walk(const ByteTable& passes, std::string_view text, Sink& sink, Special special) {
  while (!text.empty()) {
    size_t run = 0;
    while (run < text.size() && passes[static_cast<unsigned char>(text[run])]) ++run;
    if (run > 0) sink.put(text.substr(0, run));
    text.remove_prefix(run);
    if (!text.empty()) text.remove_prefix(special(text));
  }
}

template <typename Sink>
void walkPercent(const ByteTable& passes, std::string_view text, Sink& sink) {
  walk(passes, text, sink, [&](std::string_view rest) {
    sink.putPercent(rest.front());
    return size_t{1};
  });
}

std::string_view htmlReference(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\r':
      return "&#13;";
    case '\n':
      return "&#10;";
    default:
      return "&#65533;";  // NUL, which HTML cannot hold at all
  }
}

template <typename Sink>
size_t putJsonSpecial(std::string_view rest, Sink& sink) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(rest.front());
  if (byte == '"' || byte == '\\') {
    const char escaped[] = {'\\', rest.front()};
    sink.put({escaped, sizeof escaped});
    return 1;
  }
  if (byte < 0x80) {
    const char escaped[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
    sink.put({escaped, sizeof escaped});
    return 1;
  }
  const size_t length = utf8::multiByteLength(rest, 0);
  sink.put(length == 0 ? std::string_view("\\ufffd") : rest.substr(0, length));
  return length == 0 ? 1 : length;
}

template <typename Sink>
void escape(Escape how, std::string_view text, Sink& sink) {
  switch (how) {
    case Escape::LineBreaks:
      return walkPercent(kNoLineBreaks, text, sink);
    case Escape::Controls:
      return walkPercent(kNoControls, text, sink);
    case Escape::Cookie:
      return walkPercent(http::kCookieBytes, text, sink);
    case Escape::Unreserved:
      return walkPercent(http::kUnreservedBytes, text, sink);
    case Escape::Path:
      return walkPercent(kPath, text, sink);
    case Escape::Uri:
      return walkPercent(kUri, text, sink);
    case Escape::Html:
      return walk(kPlainHtml, text, sink, [&](std::string_view rest) {
        sink.put(htmlReference(rest.front()));
        return size_t{1};
      });
    case Escape::Json:
      return walk(kPlainJson, text, sink,
                  [&](std::string_view rest) { return putJsonSpecial(rest, sink); });
  }
}

}  // namespace

size_t escapedSize(Escape how, std::string_view text) {
  Counter counter;
  if (how == Escape::LineBreaks || how == Escape::Controls) {  // visible ASCII passes
    counter.size = http::scan().findNonVisible(text.data(), text.size());
    text.remove_prefix(counter.size);
  }
  escape(how, text, counter);
  return counter.size;
}

char* writeEscaped(Escape how, std::string_view text, char* to) {
  Writer writer{to};
  escape(how, text, writer);
  return writer.to;
}

}  // namespace fairlead::filter
