// Reading redirects: a URI is taken apart once, so that no request can move its host's end.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "filter/redirect.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"to", "text", "", "a URI or a path; placeholders have values; stands alone, but for `status`"},
    {"scheme", "'https' | 'http'", "", "without it: the client's"},
    {"host", "text", "", "without it: the one that was asked for"},
    {"port", "1..65535", "", "without it: the client's, unless the scheme changes"},
    {"path", "text", "", "the whole path; with a `?`, the query as well"},
    {"replace_prefix", "text", "", "a path that takes the place of the route's own"},
    {"status", "'301' | '302' | '303' | '307' | '308'", "",
     "308 where only the scheme becomes `https`, else 302"},
};

constexpr std::string_view kForm =
    "`https`, a URI such as https://{host}{path}, or a path that begins with `/`";
constexpr std::string_view kPlaceholderStart = "abcdefghijklmnopqrstuvwxyz_";

// Nobody has chosen a pool, and nobody will.
constexpr Allowed kAllowed{.server = false, .pool = false};

std::string didYouMean(std::string_view text) {
  return "did you mean `" + std::string(text) + "`?";
}

// The placeholder at the front of the text with its braces, or "".
std::string_view placeholderAt(std::string_view text) {
  if (!text.starts_with('{') || text.size() < 2 || !kPlaceholderStart.contains(text[1])) return {};
  const size_t end = text.find('}');
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

bool beginsPath(std::string_view text) {
  const std::string_view first = placeholderAt(text);
  return text.starts_with('/') || first == "{path}" || first == "{uri}";
}

// The first of these bytes that belongs to no placeholder, or the end of the text.
size_t findLiteral(std::string_view text, std::string_view bytes) {
  for (size_t at = 0; at < text.size();) {
    const std::string_view placeholder = placeholderAt(text.substr(at));
    if (placeholder.empty() && bytes.find(text[at]) != std::string_view::npos) return at;
    const bool is_escape = text.substr(at).starts_with("{{");
    at += is_escape ? 2 : std::max<size_t>(placeholder.size(), 1);
  }
  return text.size();
}

// Where the authority at the front of the text ends.
size_t authorityEnd(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && std::string_view("/?#\\").find(text[at]) == std::string_view::npos) {
    const std::string_view placeholder = placeholderAt(text.substr(at));
    if (placeholder == "{path}" || placeholder == "{uri}") return at;
    at += std::max<size_t>(placeholder.size(), 1);
  }
  return at;
}

bool hasQuery(std::string_view text) {
  return findLiteral(text, "?") < text.size() || text.find("{query}") != text.npos ||
         text.find("{uri}") != text.npos;
}

// The client's query is kept, before the fragment if there is one.
std::string withQuery(std::string_view text) {
  std::string whole(text);
  if (!hasQuery(text)) whole.insert(findLiteral(text, "#"), "?{query}");
  return whole;
}

bool isScheme(std::string_view text) {
  return !text.empty() && ascii::isAlpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

// Does the client choose what this placeholder stands for?
bool isClients(std::string_view placeholder) {
  static constexpr std::string_view kTheirs[] = {"{header.",  "{cookie.", "{param.",
                                                 "{capture.", "{query}",  "{method}"};
  return std::ranges::any_of(kTheirs,
                             [&](std::string_view own) { return placeholder.starts_with(own); });
}

// Whose host it is stands at its end.
enum class HostEnd : uint8_t { Fixed, OfClient, Open };

// What a client says must be followed by a label of the file, `.example.com`; where it is not
// divided from that by a dot, by two, since `x.com` may be anybody's.
HostEnd endOfHost(std::string_view host) {
  std::string behind;  // the last text of a client
  size_t placeholders = 0;
  bool has_text = false;
  bool is_clients = false;
  for (size_t at = 0; at < host.size() && host[at] != ':';) {
    const std::string_view placeholder = placeholderAt(host.substr(at));
    const bool is_theirs = isClients(placeholder);
    if (is_theirs) behind.clear();
    if (!is_theirs) behind += placeholder.empty() ? host.substr(at, 1) : "x.x";
    is_clients = is_clients || is_theirs;
    has_text = has_text || placeholder.empty();
    placeholders += placeholder.empty() ? 0 : 1;
    at += std::max<size_t>(placeholder.size(), 1);
  }
  while (behind.ends_with('.')) behind.pop_back();
  if (!is_clients) return HostEnd::Fixed;
  if (!has_text && placeholders == 1) return HostEnd::OfClient;
  const size_t dot = behind.find('.');
  const bool is_fixed =
      dot == 0 || (dot != std::string::npos && behind.find('.', dot + 1) != std::string::npos);
  return is_fixed ? HostEnd::Fixed : HostEnd::Open;
}

}  // namespace

const Section kRedirectKeys{"redirect", "redirect", kKeys};

class Redirect::Reader {
 public:
  Reader(Redirect& redirect, Diagnostics& out) : redirect_(redirect), out_(out) {}

  void readTo(const Value& value);
  void readParts(Settings& settings);
  void readStatus(const Value& value);
  void makeRest();

 private:
  bool isUriText(const Value& value, std::string_view text);
  void failTo(const Value& value);
  void takeUri(const Value& value, size_t colon);
  void readScheme(const Value& value);
  void readHost(const Value& value);
  void readPath(const Value& value);
  void readPrefix(const Value& value);
  void takeHost(std::string_view text, const Mark& mark);
  void checkEndOfHost(std::string_view host, const Mark& mark);
  std::optional<Text> textOf(std::string_view written, const Mark& mark, Place place);

  Redirect& redirect_;
  Diagnostics& out_;
};

void Redirect::read(const Value& value, Diagnostics& out) {
  mark_ = value.mark;
  Reader reader(*this, out);
  if (value.isScalar() && value.text != "https") {
    reader.readTo(value);
  } else if (value.isScalar()) {
    scheme_ = {value.text, value.mark};
  } else {
    Settings settings(value, kRedirectKeys, out);
    reader.readParts(settings);
    settings.finish();
  }
  reader.makeRest();
  if (status_mark_.isBuiltIn() && !to_ && changesSchemeOnly()) status_ = 308;
}

void Redirect::Reader::readParts(Settings& settings) {
  const Value* const to = settings.take("to");
  const Value* const scheme = settings.take("scheme");
  const Value* const host = settings.take("host");
  const Value* const port = settings.take("port");
  const Value* const path = settings.take("path");
  const Value* const prefix = settings.take("replace_prefix");
  const Value* const status = settings.take("status");
  if (status) readStatus(*status);
  const std::array parts{scheme, host, port, path, prefix};
  const auto* const part = std::ranges::find_if(parts, [](const Value* one) { return one; });
  if (to && part != parts.end()) {
    Diagnostic& finding = out_.error((*part)->mark, "`to` says all of it already");
    finding.expected = "`to`, or the parts that change";
    finding.also = to->mark;
    finding.also_message = "it stands here";
    return;
  }
  if (to) return readTo(*to);
  if (path && prefix) {
    Diagnostic& finding = out_.error(prefix->mark, "`path` is the whole path already");
    finding.expected = "`path` or `replace_prefix`";
    finding.also = path->mark;
    finding.also_message = "it stands here";
    return;
  }
  if (scheme) readScheme(*scheme);
  if (host) readHost(*host);
  if (port)
    if (const auto number = readCount(*port, 1, 65535, out_))
      redirect_.port_ = {static_cast<uint32_t>(*number), port->mark};
  if (path) readPath(*path);
  if (prefix) readPrefix(*prefix);
  const size_t others = status ? 1 : 0;
  if (settings.value().isMap() && settings.value().entries.size() == others)
    out_.error(settings.mark(), "this redirect leads nowhere").expected = kForm;
}

void Redirect::Reader::readStatus(const Value& value) {
  static constexpr std::array<std::string_view, 5> kWords{"301", "302", "303", "307", "308"};
  static constexpr std::array<uint16_t, 5> kStatuses{301, 302, 303, 307, 308};
  const auto word = readWord(value, kWords, out_);
  if (!word) return;
  redirect_.status_ = kStatuses[*word];
  redirect_.status_mark_ = value.mark;
}

// --- to

void Redirect::Reader::readTo(const Value& value) {
  const auto text = readString(value, out_);
  if (!text) return;
  redirect_.to_ = Setting<std::string>(*text, value.mark);
  if (text->starts_with("//") || text->starts_with("/\\")) {
    Diagnostic& finding = out_.error(value.mark, "a path that begins with two slashes is a host");
    finding.suggestion = didYouMean("https:" + *text);
    return;
  }
  if (!isUriText(value, *text)) return;
  if (beginsPath(*text)) {
    redirect_.is_relative_ = true;
    redirect_.path_ = textOf(*text, value.mark, Place::Location);
    return;
  }
  const size_t colon = text->find("://");
  if (colon == std::string::npos)
    failTo(value);
  else
    takeUri(value, colon);
}

void Redirect::Reader::failTo(const Value& value) {
  const std::string_view text = value.text;
  Diagnostic& finding =
      out_.error(value.mark, text.empty() ? "this redirect leads nowhere"
                                          : "`" + value.text + "` is neither a URI nor a path");
  finding.expected = kForm;
  const std::string_view host = text.substr(0, text.find('/'));
  if (text.find("://") != text.npos) return;
  if (text == "http")
    finding.suggestion = didYouMean("https");
  else if (http::isValidAuthority(host) && host.find('.') != host.npos)
    finding.suggestion = didYouMean("https://" + value.text);
  else if (http::isValidAuthority(host))
    finding.suggestion = didYouMean("/" + value.text);
}

void Redirect::Reader::takeUri(const Value& value, size_t colon) {
  const std::string_view text = value.text;
  const std::string_view scheme = text.substr(0, colon);
  if (scheme != "{scheme}" && !isScheme(scheme)) return failTo(value);
  if (scheme != "{scheme}") redirect_.scheme_ = {ascii::lowered(scheme), value.mark};
  const std::string_view behind = text.substr(colon + 3);
  const size_t end = authorityEnd(behind);
  takeHost(behind.substr(0, end), value.mark);
  redirect_.path_ = textOf(behind.substr(end), value.mark, Place::Location);
}

// Clients' text is escaped where it is put in; that of the file must be fit as it stands.
bool Redirect::Reader::isUriText(const Value& value, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool is_visible = byte > 0x20 && byte < 0x7F;
    if (is_visible && std::string_view("\"<>\\^`|").find(c) == std::string_view::npos) continue;
    static constexpr char kDigits[] = "0123456789ABCDEF";
    const char escape[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    out_.error(value.mark, is_visible || c == ' ' ? "a URI cannot hold `" + std::string(1, c) + "`"
                                                  : "a URI holds visible ASCII characters only")
        .suggestion = "write it as `" + std::string(escape, sizeof escape) + "`";
    return false;
  }
  return true;
}

// --- the parts

void Redirect::Reader::readScheme(const Value& value) {
  static constexpr std::array<std::string_view, 2> kWords{"https", "http"};
  if (const auto word = readWord(value, kWords, out_))
    redirect_.scheme_ = {std::string(kWords[*word]), value.mark};
}

void Redirect::Reader::readHost(const Value& value) {
  const auto text = readString(value, out_);
  if (!text) return;
  if (const size_t colon = text->find("://"); colon != std::string::npos) {
    Diagnostic& finding = out_.error(value.mark, "`" + *text + "` is a URI, not a host");
    const std::string behind = text->substr(colon + 3);
    finding.suggestion = didYouMean(behind.substr(0, authorityEnd(behind)));
    return;
  }
  const size_t bracket = text->starts_with('[') ? std::min(text->find(']'), text->size()) : 0;
  const size_t colon = bracket + findLiteral(std::string_view(*text).substr(bracket), ":");
  if (colon < text->size()) {
    out_.error(value.mark, "a port stands beside the host").suggestion =
        "did you mean `host: " + text->substr(0, colon) +
        "` and `port: " + text->substr(colon + 1) + "`?";
    return;
  }
  takeHost(*text, value.mark);
}

void Redirect::Reader::takeHost(std::string_view text, const Mark& mark) {
  auto host = textOf(text, mark, Place::Token);
  if (!host) return;
  if (host->made.isConstant() && !http::isValidAuthority(host->made.constant())) {
    out_.error(mark, "`" + host->made.constant() + "` is not a host").expected =
        "a host name or address, such as www.example.com";
    return;
  }
  checkEndOfHost(text, mark);
  redirect_.host_ = std::move(host);
}

void Redirect::Reader::checkEndOfHost(std::string_view host, const Mark& mark) {
  switch (endOfHost(host)) {
    case HostEnd::Fixed:
      return;
    case HostEnd::OfClient:
      out_.warning(mark, "this redirect leads to any host that a client says");
      return;
    case HostEnd::Open:
      out_.error(mark, "what a client says here can make another host of this one").expected =
          "a `/` between host and placeholder, or a host that ends with text of its own, such as "
          "{capture.1}.example.com";
      return;
  }
}

void Redirect::Reader::readPath(const Value& value) {
  const auto text = readString(value, out_);
  if (!text || !isUriText(value, *text)) return;
  if (!text->starts_with('/') && placeholderAt(*text).empty()) {
    out_.error(value.mark, "a path begins with `/`").suggestion = didYouMean("/" + *text);
    return;
  }
  redirect_.path_ = textOf(*text, value.mark, Place::Location);
}

void Redirect::Reader::readPrefix(const Value& value) {
  const auto text = readString(value, out_);
  if (!text || !isUriText(value, *text)) return;
  if (!text->starts_with('/')) {
    out_.error(value.mark, "a path begins with `/`").suggestion = didYouMean("/" + *text);
    return;
  }
  if (findLiteral(*text, "?#") < text->size() || hasQuery(*text)) {
    out_.error(value.mark, "a path ends before `?` and `#`").expected =
        "`path`, which may have a query of its own";
    return;
  }
  redirect_.prefix_ = textOf(*text, value.mark, Place::Location);
}

std::optional<Redirect::Text> Redirect::Reader::textOf(std::string_view written, const Mark& mark,
                                                       Place place) {
  auto made = Template::parse(written, mark, place, out_, kAllowed);
  if (!made) return std::nullopt;
  return Text{std::string(written), mark, *std::move(made)};
}

// Told without faults already, or of no use.
void Redirect::Reader::makeRest() {
  const std::string text =
      redirect_.path_ ? withQuery(redirect_.path_->written) : std::string("{path}?{query}");
  Diagnostics told;
  if (auto rest = Template::parse(text, {}, Place::Location, told, kAllowed))
    redirect_.rest_ = *std::move(rest);
}

}  // namespace fairlead::filter
