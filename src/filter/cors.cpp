// Reading who may come, answering pre-flights, and the fields of actual responses.
#include "filter/cors.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"
#include "filter/entries.h"
#include "http/byte_class.h"
#include "http/semantics.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

using http::Field;
using http::FieldId;

constexpr std::string_view kUsualMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr std::string_view kOriginForm =
    "an origin, such as https://app.example.com, https://*.example.com, or \"*\"";

constexpr Key kKeys[] = {
    {"origins", "origin...", "",
     "whose pages may come: `https://app.example.com`, `https://*.example.com`, `\"*\"`"},
    {"methods", "text...", "[GET, HEAD, POST, PUT, PATCH, DELETE]",
     "what they may do; `\"*\"`: anything"},
    {"headers", "text...", "\"*\"", "the header fields that they may send"},
    {"credentials", "boolean", "false", "may they send cookies and authorization?"},
    {"max_age", "duration | 'off'", "", "how long a browser may rely on the answer"},
    {"expose", "text...", "", "the header fields of responses that their scripts may read"},
};

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowMethods = "Access-Control-Allow-Methods";
constexpr std::string_view kAllowHeaders = "Access-Control-Allow-Headers";
constexpr std::string_view kRequestMethod = "Access-Control-Request-Method";
constexpr std::string_view kRequestHeaders = "Access-Control-Request-Headers";

Field allowCredentials() {
  return {"Access-Control-Allow-Credentials: true\r\n", 32, 34, 4, 40, FieldId::Unknown};
}
Field varyByOrigin() { return {"Vary: Origin\r\n", 4, 6, 6, 14, FieldId::Vary}; }

bool isAccessControl(const Field& field) {
  static constexpr std::string_view kPrefix = "access-control-";
  return ascii::equalsIgnoreCase(field.name().substr(0, kPrefix.size()), kPrefix);
}

bool variesByOrigin(const http::Fields& fields) {
  bool varies = false;
  for (const Field& field : fields) {
    if (field.id() != FieldId::Vary) continue;
    ascii::forEachListElement(field.value(), [&](std::string_view name) {
      varies = varies || name == "*" || ascii::equalsIgnoreCase(name, "Origin");
    });
  }
  return varies;
}

bool areTokens(std::string_view list) {
  bool good = true;
  ascii::forEachListElement(list,
                            [&](std::string_view name) { good = good && http::isToken(name); });
  return good;
}

// --- reading

std::string didYouMean(std::string_view text) {
  return "did you mean `" + std::string(text) + "`?";
}

bool isScheme(std::string_view text) {
  const auto may = [](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && ascii::isAlpha(text[0]) && std::ranges::all_of(text, may);
}

// Browsers leave the default port out.
std::string_view withoutDefaultPort(std::string_view scheme, std::string_view authority) {
  if (scheme == "http" && authority.ends_with(":80")) authority.remove_suffix(3);
  if (scheme == "https" && authority.ends_with(":443")) authority.remove_suffix(4);
  return authority;
}

Diagnostic& notAnOrigin(const Value& value, Diagnostics& out) {
  Diagnostic& finding = out.error(value.mark, "`" + value.text + "` is not an origin");
  finding.expected = kOriginForm;
  return finding;
}

}  // namespace

const Section kCorsKeys{"cors", "cors", kKeys};

void Cors::read(const Value& value, Diagnostics& out) {
  mark_ = value.mark;
  on_ = !value.isOff();
  if (!on_) return;
  if (value.isMap()) {
    Settings settings(value, kCorsKeys, out);
    if (const Value* origins = settings.take("origins")) readOrigins(*origins, out);
    readWords(settings.take("methods"), Kind::Method, methods_, out);
    readWords(settings.take("headers"), Kind::Header, headers_, out);
    settings.take("credentials", credentials_);
    readMaxAge(settings.take("max_age"), out);
    readWords(settings.take("expose"), Kind::Header, expose_, out);
    settings.finish();
  } else {
    readOrigins(value, out);
  }
  checkCredentials(out);
  prepare();
}

void Cors::readOrigins(const Value& value, Diagnostics& out) {
  if (value.isList() && value.items.empty())
    out.error(value.mark, "there is no origin in this list").expected = kOriginForm;
  origins_.clear();
  names_origins_ = true;
  for (const Value* item : readScalars(value, out))
    if (auto origin = readOrigin(*item, out)) origins_.push_back(*std::move(origin));
}

std::optional<Cors::Origin> Cors::readOrigin(const Value& value, Diagnostics& out) {
  Origin origin{value.text, {}, {}, value.mark};
  if (origin.isAny()) return origin;
  if (value.text == "null") {
    out.error(value.mark, "any page can make itself the origin `null`").expected = kOriginForm;
    return std::nullopt;
  }
  const std::string text = ascii::lowered(value.text);
  const size_t colon = text.find("://");
  if (colon == std::string::npos) {
    Diagnostic& finding = notAnOrigin(value, out);
    if (http::isValidAuthority(text)) finding.suggestion = didYouMean("https://" + text);
    return std::nullopt;
  }
  const std::string_view scheme = std::string_view(text).substr(0, colon);
  std::string_view authority = std::string_view(text).substr(colon + 3);
  if (const size_t end = authority.find_first_of("/?#"); end != std::string_view::npos) {
    Diagnostic& finding = out.error(value.mark, "an origin ends with its host and port");
    finding.suggestion = didYouMean(text.substr(0, colon + 3 + end));
    return std::nullopt;
  }
  authority = withoutDefaultPort(scheme, authority);
  const bool has_star = authority.starts_with("*.");
  const std::string_view named = authority.substr(has_star ? 2 : 0);
  if (!isScheme(scheme) || named.find('*') != std::string_view::npos ||
      !http::isValidAuthority(named)) {
    notAnOrigin(value, out);
    return std::nullopt;
  }
  origin.text = std::string(scheme) + "://" + std::string(authority);
  if (has_star) {
    origin.before = std::string(scheme) + "://";
    origin.behind = authority.substr(1);
  }
  return origin;
}

void Cors::readWords(const Value* value, Kind kind, std::optional<Words>& into, Diagnostics& out) {
  if (!value) return;
  Words words;
  size_t length = 0;
  for (const Value* item : readScalars(*value, out)) {
    const std::string& text = item->text;
    if (!http::isToken(text)) {
      out.error(item->mark, "`" + text + "` is not " +
                                (kind == Kind::Method ? "a method" : "the name of a header field"))
          .expected = kind == Kind::Method ? "a method, such as GET" : "a name, such as X-Token";
      continue;
    }
    std::string upper = text;
    for (char& c : upper) c = ascii::upper(c);
    if (kind == Kind::Method && upper != text && http::methodOf(upper) != http::Method::Other) {
      out.error(item->mark, "methods are told apart by letter case").suggestion = didYouMean(upper);
      continue;
    }
    length += text.size() + 2;
    words.push_back({text, item->mark});
  }
  if (length > ReadyLine::kLongest) {
    out.error(value->mark, "this list is longer than 8 KiB");
    return;
  }
  into = std::move(words);
}

void Cors::readMaxAge(const Value* value, Diagnostics& out) {
  if (!value) return;
  if (value->isOff())
    max_age_.reset();
  else if (const auto age = readDuration(*value, out))
    max_age_ = Setting<Duration>(*age, value->mark);
}

void Cors::checkCredentials(Diagnostics& out) const {
  if (!credentials_) return;
  const auto any = std::ranges::find_if(origins_, &Origin::isAny);
  if (any != origins_.end()) {
    Diagnostic& finding = out.error(credentials_.origin, "credentials cannot be had by any origin");
    finding.expected = "the origins that may send them, by name";
    finding.also = any->mark;
    finding.also_message = "`*` stands here";
  }
  if (!expose_) return;
  for (const Word& word : *expose_)
    if (word.text == "*")
      out.error(word.mark, "`*` exposes nothing when there are credentials").expected =
          "the names of the header fields";
}

void Cors::prepare() {
  const auto line = [](std::string_view name, const std::optional<Words>& words) {
    std::string list;
    if (words)
      for (const Word& word : *words) list += (list.empty() ? "" : ", ") + word.text;
    return list.empty() ? ReadyLine() : ReadyLine(name, list);
  };
  methods_line_ =
      methods_ ? line(kAllowMethods, methods_) : ReadyLine(kAllowMethods, kUsualMethods);
  headers_line_ = line(kAllowHeaders, headers_);
  expose_line_ = line("Access-Control-Expose-Headers", expose_);
  max_age_line_ = ReadyLine();
  if (!max_age_) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(max_age_->value).count();
  max_age_line_ = ReadyLine("Access-Control-Max-Age", std::to_string(seconds));
}

bool Cors::isAny(const std::optional<Words>& words) {
  return words && std::ranges::any_of(*words, [](const Word& word) { return word.text == "*"; });
}

// --- answering

bool Cors::Origin::matches(std::string_view origin) const {
  if (behind.empty()) return isAny() || origin == text;
  if (origin.size() <= before.size() + behind.size()) return false;
  if (!origin.starts_with(before) || !origin.ends_with(behind)) return false;
  const std::string_view labels =
      origin.substr(before.size(), origin.size() - before.size() - behind.size());
  const auto may = [](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || c == '-' || c == '_' || c == '.';
  };
  return std::ranges::all_of(labels, may);
}

bool Cors::allows(std::string_view origin) const {
  return !origin.empty() &&
         std::ranges::any_of(origins_, [&](const Origin& own) { return own.matches(origin); });
}

bool Cors::allowsAny() const { return std::ranges::any_of(origins_, &Origin::isAny); }

std::optional<Mark> Cors::lacksOrigins() const {
  if (on_ && !names_origins_) return mark_;
  return std::nullopt;
}

bool Cors::isPreflight(const http::RequestHead& head) {
  return head.method == http::Method::Options && head.fields.find(FieldId::Origin) &&
         head.fields.find(kRequestMethod);
}

std::string_view Cors::askedMethod(const http::RequestHead& head) {
  const Field* asked = head.fields.find(kRequestMethod);
  return asked ? asked->value() : std::string_view{};
}

Field Cors::allowOrigin(std::string_view origin, Arena& arena) const {
  return Field::make(arena, kAllowOrigin, allowsAny() ? "*" : origin);
}

Answer Cors::preflight(const http::RequestHead& head, Arena& arena) const {
  constexpr size_t kMost = 6;
  const std::span<Field> fields = arena.array<Field>(kMost);
  size_t count = 0;
  const auto add = [&](const Field& field) { fields[count++] = field; };
  const auto addLine = [&](const ReadyLine& line) {
    if (!line.empty()) add(line.field());
  };
  // What was asked for, where everything may be.
  const auto addAsked = [&](std::string_view name, std::string_view asked) {
    const Field* const field = head.fields.find(asked);
    if (field && !field->value().empty() && areTokens(field->value()))
      add(Field::make(arena, name, field->value()));
  };
  const std::string_view origin = head.fields.valueOf(FieldId::Origin);
  if (!allowsAny()) add(varyByOrigin());
  if (allows(origin)) {
    add(allowOrigin(origin, arena));
    if (credentials_) add(allowCredentials());
    if (isAny(methods_))
      addAsked(kAllowMethods, kRequestMethod);
    else
      addLine(methods_line_);
    if (!headers_ || isAny(headers_))
      addAsked(kAllowHeaders, kRequestHeaders);
    else
      addLine(headers_line_);
    addLine(max_age_line_);
  }
  Answer answer;
  answer.status = 204;
  answer.fields = fields.first(count);
  answer.rule = "cors";
  answer.origin = mark_;
  return answer;
}

bool Cors::onResponse(http::Fields& fields, std::string_view origin, Arena& arena) const {
  bool fits = allowsAny() || variesByOrigin(fields) || fields.add(varyByOrigin());
  if (!allows(origin)) return fits;
  fields.eraseIf(isAccessControl);
  fits = fits && fields.add(allowOrigin(origin, arena));
  if (credentials_) fits = fits && fields.add(allowCredentials());
  if (!expose_line_.empty()) fits = fits && fields.add(expose_line_.field());
  return fits;
}

// --- showing

Value Cors::show() const {
  if (!on_) return Value::scalar("off", mark_);
  Value shown = Value::map(mark_);
  const auto put = [&](const char* key, const auto& words) {
    Value& list = shown.put(key, Value::list(mark_));
    for (const auto& word : words) list.items.push_back(Value::scalar(word.text, word.mark));
  };
  if (!origins_.empty()) put("origins", origins_);
  if (methods_) put("methods", *methods_);
  if (headers_) put("headers", *headers_);
  shown.put("credentials", Value::scalar(credentials_ ? "true" : "false", credentials_.origin));
  if (max_age_)
    shown.put("max_age", Value::scalar(units::formatDuration(*max_age_), max_age_->origin));
  if (expose_) put("expose", *expose_);
  return shown;
}

}  // namespace fairlead::filter
