// Judging and normalising configured path text around its placeholders.
#include "filter/path_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/percent.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

enum class Within : uint8_t { Path, Uri };

struct Fault {
  std::string_view message;  // empty: there is none
  std::string_view expected;
};

constexpr Fault kControls{"a path cannot hold control characters", ""};
constexpr Fault kBadEscape{"`%` is not followed by two hexadecimal digits",
                           "`%25` for a percent sign that is meant itself"};
constexpr Fault kEnded{
    "a path ends before `?` and `#`",
    "a path alone; `param_rules` change the query, and `regex` with `over: uri`"};
constexpr Fault kFragment{"a request has no fragment: `#` ends its URI",
                          "`%23` for a number sign that is meant itself"};

void appendEscape(std::string& to, int byte) {
  char escape[3];
  http::putPercentEncoded(escape, static_cast<char>(byte));
  to.append(escape, sizeof escape);
}

bool isControl(int byte) { return byte < 0x20 || byte == 0x7f; }

// The length of the placeholder, known or not, that begins here, as templates read it; or 0.
size_t placeholderLength(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && (text[end] == '_' || (text[end] >= 'a' && text[end] <= 'z'))) ++end;
  if (!text.starts_with('{') || end == 1 || end == text.size()) return 0;
  if (text[end] == '.') end = text.find_first_of("{}", end);
  return end != std::string_view::npos && text[end] == '}' ? end + 1 : 0;
}

// Calls `placeholder(text)` for each placeholder, `literal(text)` for what stands between.
template <typename Literal, typename Placeholder>
void forEachPart(std::string_view text, Literal literal, Placeholder placeholder) {
  size_t done = 0;
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
    const size_t length = placeholderLength(text.substr(at));
    if (length == 0) {
      at += text.substr(at).starts_with("{{") ? 2 : 1;
      continue;
    }
    literal(text.substr(done, at - done));
    placeholder(text.substr(at, length));
    done = at += length;
  }
  literal(text.substr(done));
}

// In a URI `?` begins the query, where a `%` need not escape anything.
Fault faultOf(std::string_view text, Within within) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (isControl(byte)) return kControls;
    if (byte == '#' && within == Within::Uri) return kFragment;
    if (byte == '#' || (byte == '?' && within == Within::Path)) return kEnded;
    if (byte != '%' || within == Within::Uri) continue;
    const int escaped = http::escapedOctet(text.substr(i));
    if (escaped < 0) return kBadEscape;
    if (isControl(escaped)) return kControls;
  }
  return {};
}

std::string normalised(std::string_view text, Within within) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == '%' && within == Within::Path) {
      const int escaped = http::escapedOctet(text.substr(i));
      if (http::isUnreserved(static_cast<char>(escaped)))
        result += static_cast<char>(escaped);
      else
        appendEscape(result, escaped);
      i += 2;
    } else if (byte == ' ' || byte >= 0x80) {
      appendEscape(result, byte);
    } else {
      result += static_cast<char>(byte);
    }
  }
  return result;
}

// A literal of a template as one that is read as the same text, whatever stands beside it.
std::string asLiteral(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    result.append(text[i] == '{' ? 2 : 1, text[i]);
    if (text.substr(i).starts_with("{{")) ++i;
  }
  return result;
}

std::optional<PathTemplate> readWithin(const Value& value, Within within, Diagnostics& out,
                                       Allowed allowed) {
  auto text = readString(value, out);
  if (!text) return std::nullopt;
  std::string canonical;
  Fault fault;
  const auto take = [&](std::string_view literal) {
    if (fault.message.empty()) fault = faultOf(literal, within);
    if (fault.message.empty()) canonical += asLiteral(normalised(literal, within));
  };
  forEachPart(*text, take, [&](std::string_view placeholder) { canonical += placeholder; });
  if (!fault.message.empty()) {
    out.error(value.mark, std::string(fault.message)).expected = fault.expected;
    return std::nullopt;
  }
  const Place place = within == Within::Path ? Place::Path : Place::Uri;
  auto parsed = Template::parse(canonical, value.mark, place, out, allowed);
  if (!parsed) return std::nullopt;
  return PathTemplate{std::move(*parsed), std::move(*text)};
}

// Is this segment one dot or two, escaped or not?
bool isDots(std::string_view segment) {
  size_t dots = 0;
  while (!segment.empty() && dots <= 2) {
    const bool is_escaped =
        segment.starts_with("%2") && segment.size() > 2 && ascii::lower(segment[2]) == 'e';
    if (!is_escaped && segment[0] != '.') return false;
    segment.remove_prefix(is_escaped ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

}  // namespace

std::string_view faultOfPathText(std::string_view text) {
  return faultOf(text, Within::Path).message;
}

std::string normalisedPathText(std::string_view text) { return normalised(text, Within::Path); }

std::optional<PathTemplate> readPathTemplate(const Value& value, Diagnostics& out,
                                             Allowed allowed) {
  return readWithin(value, Within::Path, out, allowed);
}

std::optional<PathTemplate> readUriTemplate(const Value& value, Diagnostics& out, Allowed allowed) {
  return readWithin(value, Within::Uri, out, allowed);
}

std::optional<PathTemplate> readWholePathTemplate(const Value& value, Diagnostics& out) {
  auto path = readPathTemplate(value, out);
  if (!path) return std::nullopt;
  if (!path->source.starts_with('/') && placeholderLength(path->source) == 0) {
    out.error(value.mark, "a path begins with `/`").suggestion =
        "did you mean `/" + value.text + "`?";
    return std::nullopt;
  }
  if (hasDotSegment(path->source)) {
    out.error(value.mark, "the path of a rule has no `.` and `..` segments").expected =
        "the path that is meant, without them";
    return std::nullopt;
  }
  if (!path->text.isConstant()) return path;
  Arena arena;
  const auto canonical = http::canonicalPath(path->text.constant(), arena);
  if (canonical) return path;
  out.error(value.mark, std::string(canonical.error().sentence));
  return std::nullopt;
}

bool hasDotSegment(std::string_view path) {
  for (;;) {
    const size_t slash = path.find('/');
    if (isDots(path.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace fairlead::filter
