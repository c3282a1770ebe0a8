// Reading templates: finding the placeholders of a text, and telling what is wrong with them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "filter/template.h"
#include "http/cookies.h"
#include "http/percent.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

struct Word {
  std::string_view name;
  Placeholder kind;
};

// `{uri}` is not among them: it is `{path}` and the query with its mark.
constexpr Word kWords[] = {
    {"client_ip", Placeholder::ClientIp},
    {"client_port", Placeholder::ClientPort},
    {"scheme", Placeholder::Scheme},
    {"host", Placeholder::Host},
    {"port", Placeholder::Port},
    {"method", Placeholder::Method},
    {"path", Placeholder::Path},
    {"query", Placeholder::Query},
    {"request_id", Placeholder::RequestId},
    {"route", Placeholder::Route},
    {"pool", Placeholder::Pool},
    {"server", Placeholder::Server},
    {"time", Placeholder::Time},
    {"status", Placeholder::Status},
    {"reason", Placeholder::Reason},
};
constexpr std::string_view kUri = "uri";

// Placeholders of the form `{group.name}`.
struct Group {
  std::string_view name;
  Placeholder kind;
  std::string_view example;
};
constexpr Group kGroups[] = {
    {"header", Placeholder::Header, "{header.User-Agent}"},
    {"cookie", Placeholder::Cookie, "{cookie.session}"},
    {"param", Placeholder::Param, "{param.id}"},
    {"capture", Placeholder::Capture, "{capture.1}"},
};

constexpr size_t kMostCaptures = 99;

template <typename Known>
std::vector<std::string_view> namesOf(const Known& known) {
  std::vector<std::string_view> names;
  for (const auto& one : known) names.push_back(one.name);
  return names;
}

const Group* findGroup(std::string_view name) {
  const auto* found = std::ranges::find(kGroups, name, &Group::name);
  return found == std::end(kGroups) ? nullptr : found;
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

bool needsRequest(Placeholder kind) {
  switch (kind) {
    case Placeholder::Text:
    case Placeholder::ClientIp:
    case Placeholder::ClientPort:
    case Placeholder::Scheme:
    case Placeholder::Port:
    case Placeholder::OwnCapture:
      return false;
    default:
      return true;
  }
}

// Why this has no value in a template that may hold only so much, or "".
std::string_view whyMissing(Placeholder kind, const Allowed& allowed) {
  switch (kind) {
    case Placeholder::Server:
      return allowed.server ? "" : "no server has been chosen";
    case Placeholder::Pool:
      return allowed.pool ? "" : "no pool has been chosen";
    case Placeholder::Status:
    case Placeholder::Reason:
      return allowed.answer ? "" : "there is no answer yet";
    default:
      return "";
  }
}
bool isCapture(Placeholder kind) {
  return kind == Placeholder::Capture || kind == Placeholder::OwnCapture;
}
bool isOfPath(Placeholder kind) { return kind == Placeholder::Path || isCapture(kind); }
bool isOfUri(Placeholder kind) {
  return isOfPath(kind) || kind == Placeholder::Query || kind == Placeholder::QueryWithMark;
}

Escape escapeFor(Place place, Placeholder kind) {
  switch (place) {
    case Place::Field:
    case Place::Token:
      return Escape::Controls;
    case Place::Cookie:
      return Escape::Cookie;
    case Place::Path:
      return isOfPath(kind) ? Escape::Path : Escape::Unreserved;
    case Place::Uri:
      return isOfUri(kind) ? Escape::Uri : Escape::Unreserved;
    case Place::Param:
      return Escape::Unreserved;
    case Place::Location:
      return isOfUri(kind) || kind == Placeholder::Host ? Escape::Uri : Escape::Unreserved;
    case Place::Text:
      return Escape::LineBreaks;
    case Place::Html:
      return Escape::Html;
    case Place::Json:
      return Escape::Json;
  }
  return Escape::Unreserved;
}

// What stands between braces: `{word}`, `{word.name}`; empty when the brace begins no name.
struct Braced {
  std::string_view whole;
  std::string_view word;
  std::string_view name;
  bool has_name = false;
};

bool isWordByte(char c) { return ascii::isAlpha(c) || c == '_'; }

Braced bracedAt(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && isWordByte(text[end])) ++end;
  Braced braced;
  braced.word = text.substr(1, end - 1);
  if (braced.word.empty() || end == text.size()) return {};
  if (text[end] == '.') {
    braced.has_name = true;
    const size_t close = text.find_first_of("{}", end);
    if (close == std::string_view::npos) return {};
    braced.name = text.substr(end + 1, close - end - 1);
    end = close;
  }
  if (text[end] != '}') return {};
  braced.whole = text.substr(0, end + 1);
  return braced;
}

}  // namespace

class Template::Parser {
 public:
  Parser(Mark at, Place place, Diagnostics& out, Allowed allowed)
      : at_(at), place_(place), out_(out), allowed_(allowed) {}

  std::optional<Template> parse(std::string_view text) {
    result_.source_ = text;
    while (!text.empty()) text.remove_prefix(takeNext(text));
    if (!is_good_) return std::nullopt;
    if (result_.parts_.empty()) {
      result_.text_ = std::move(literal_);
      return std::move(result_);
    }
    endLiteral();
    if (place_ == Place::Location) linkEmptyQueries();
    return std::move(result_);
  }

 private:
  size_t takeNext(std::string_view text);
  void take(const Braced& braced);
  void takeWord(const Braced& braced);
  void takeNamed(const Braced& braced, const Group& group);
  void takeCapture(const Braced& braced);
  bool isNameGood(const Braced& braced, const Group& group);
  void add(Placeholder kind, std::string_view name = {}, size_t index = 0);
  void addLiteral(std::string_view text);
  void endLiteral();
  void linkEmptyQueries();
  Diagnostic& fail(std::string message);
  void failUnknown(const Braced& braced);

  Mark at_;
  Place place_;
  Diagnostics& out_;
  Allowed allowed_;
  Template result_;
  std::string literal_;  // read, but not yet a part
  bool is_good_ = true;
};

// Takes the text up to the next brace, or what the brace at the front begins.
size_t Template::Parser::takeNext(std::string_view text) {
  size_t used = std::min(text.find('{'), text.size());
  if (used == 0) {
    const Braced braced = bracedAt(text);
    if (!braced.whole.empty()) {
      take(braced);
      return braced.whole.size();
    }
    addLiteral("{");
    return text.starts_with("{{") ? 2 : 1;
  }
  addLiteral(text.substr(0, used));
  return used;
}

void Template::Parser::addLiteral(std::string_view text) {
  Arena arena;
  literal_ += place_ == Place::Param ? http::percentEncoded(text, arena) : text;
}

void Template::Parser::take(const Braced& braced) {
  if (!braced.has_name) return takeWord(braced);
  const Group* group = findGroup(braced.word);
  if (!group) return failUnknown(braced);
  if (group->kind == Placeholder::Capture) return takeCapture(braced);
  takeNamed(braced, *group);
}

void Template::Parser::takeWord(const Braced& braced) {
  if (braced.word == kUri) {
    add(Placeholder::Path);
    add(Placeholder::QueryWithMark);
    return;
  }
  if (const Group* group = findGroup(braced.word)) {
    fail(quoted(braced.whole) + " needs a name").expected = quoted(group->example);
    return;
  }
  const auto* word = std::ranges::find(kWords, braced.word, &Word::name);
  if (word == std::end(kWords)) return failUnknown(braced);
  if (const std::string_view why = whyMissing(word->kind, allowed_); !why.empty())
    fail(quoted(braced.whole) + " has no value here: " + std::string(why));
  else
    add(word->kind);
}

bool Template::Parser::isNameGood(const Braced& braced, const Group& group) {
  if (group.kind == Placeholder::Param) return !braced.name.empty();
  return group.kind == Placeholder::Cookie ? http::isCookieName(braced.name)
                                           : http::isToken(braced.name);
}

void Template::Parser::takeNamed(const Braced& braced, const Group& group) {
  if (isNameGood(braced, group)) return add(group.kind, braced.name);
  std::string message = braced.name.empty() ? quoted(braced.whole) + " needs a name"
                        : group.kind == Placeholder::Cookie
                            ? quoted(braced.name) + " is not the name of a cookie"
                            : quoted(braced.name) + " is not the name of a header field";
  fail(std::move(message)).expected = quoted(group.example);
}

void Template::Parser::takeCapture(const Braced& braced) {
  const bool is_own = allowed_.own_captures >= 0;
  size_t index = 0;
  for (const char c : braced.name) {
    const bool is_good = ascii::isDigit(c) && index <= kMostCaptures;
    index = is_good ? index * 10 + static_cast<size_t>(c - '0') : kMostCaptures * 10 + 1;
  }
  if (braced.name.empty() || index > kMostCaptures) {
    fail(quoted(braced.whole) + " is not the number of a group").expected =
        "`{capture.0}` for the whole match, `{capture.1}` for the first group";
  } else if (is_own && index > static_cast<size_t>(allowed_.own_captures)) {
    const int groups = allowed_.own_captures;
    fail(quoted(braced.whole) + ": the regex has " +
         (groups == 0   ? "no group"
          : groups == 1 ? "one group only"
                        : std::to_string(groups) + " groups only"));
  } else {
    add(is_own ? Placeholder::OwnCapture : Placeholder::Capture, {}, index);
    if (!is_own)
      result_.highest_capture_ = std::max(result_.highest_capture_, static_cast<int>(index));
  }
}

void Template::Parser::add(Placeholder kind, std::string_view name, size_t index) {
  endLiteral();
  Part part;
  part.kind = kind;
  part.escape = escapeFor(place_, kind);
  part.index = static_cast<uint16_t>(index);
  part.text = name;
  result_.parts_.push_back(std::move(part));
  Needs needs;
  needs.request = needsRequest(kind);
  needs.captures = kind == Placeholder::Capture;
  needs.server = kind == Placeholder::Server;
  needs.fields = kind == Placeholder::Header || kind == Placeholder::Cookie;
  needs.time = kind == Placeholder::Time;
  result_.needs_ |= needs;
}

void Template::Parser::endLiteral() {
  if (literal_.empty()) return;
  Part part;
  part.text = std::exchange(literal_, {});
  result_.parts_.push_back(std::move(part));
}

// `?{query}` vanishes when there is no query; of `?{query}&a=1`, `?a=1` stays.
void Template::Parser::linkEmptyQueries() {
  std::vector<Part>& parts = result_.parts_;
  for (size_t i = 1; i < parts.size(); ++i) {
    Part& before = parts[i - 1];
    if (parts[i].kind != Placeholder::Query || before.kind != Placeholder::Text) continue;
    if (!before.text.ends_with('?')) continue;
    if (i + 1 < parts.size() && parts[i + 1].kind == Placeholder::Text &&
        parts[i + 1].text.starts_with('&'))
      parts[i + 1].drops_first = true;
    else
      before.drops_last = true;
  }
}

Diagnostic& Template::Parser::fail(std::string message) {
  is_good_ = false;
  return out_.error(at_, std::move(message));
}

void Template::Parser::failUnknown(const Braced& braced) {
  Diagnostic& finding = fail("unknown placeholder " + quoted(braced.whole));
  std::vector<std::string_view> words;
  for (const Word& word : kWords)
    if (whyMissing(word.kind, allowed_).empty()) words.push_back(word.name);
  words.push_back(kUri);
  const std::vector<std::string_view> known = braced.has_name ? namesOf(kGroups) : words;
  const std::string_view nearest = nearestWord(braced.word, known);
  if (!nearest.empty()) {
    const std::string name = braced.has_name ? "." + std::string(braced.name) : "";
    finding.suggestion = "did you mean `{" + std::string(nearest) + name + "}`?";
    return;
  }
  finding.expected = "one of";
  for (const std::string_view word : words) finding.expected += " {" + std::string(word) + "}";
  for (const Group& group : kGroups) finding.expected += " " + std::string(group.example);
  finding.expected += ", or `{{` where a brace is meant";
}

Template::Template(std::string text) : text_(std::move(text)) {
  for (const char c : text_) source_.append(c == '{' ? 2 : 1, c);
}

std::optional<Template> Template::read(const Value& value, Place place, Diagnostics& out,
                                       Allowed allowed) {
  const auto text = readString(value, out);
  if (!text) return std::nullopt;
  return parse(*text, value.mark, place, out, allowed);
}

std::optional<Template> Template::parse(std::string_view text, Mark at, Place place,
                                        Diagnostics& out, Allowed allowed) {
  return Parser(at, place, out, allowed).parse(text);
}

}  // namespace fairlead::filter
