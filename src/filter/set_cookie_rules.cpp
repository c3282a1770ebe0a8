// Attributes of Set-Cookie (RFC 6265 section 4.1.1), read and applied.
#include "filter/set_cookie_rules.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "filter/field_names.h"
#include "http/cookies.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

using http::Cookie;
using http::CookieEditor;
using http::FieldId;

// In the order of the attributes.
constexpr Key kKeys[] = {
    {"secure", "boolean", "", "sets Secure, or removes it"},
    {"http_only", "boolean", "", "sets HttpOnly, or removes it"},
    {"same_site", "'strict' | 'lax' | 'none'", "", "sets SameSite"},
    {"domain", "text | 'off'", "", "sets Domain; `off` removes it"},
    {"path", "text", "", "sets Path"},
};
constexpr std::array<std::string_view, 5> kNames{"Secure", "HttpOnly", "SameSite", "Domain",
                                                 "Path"};
constexpr std::array<std::string_view, 3> kSameSiteWords{"strict", "lax", "none"};
constexpr std::array<std::string_view, 3> kSameSiteNames{"Strict", "Lax", "None"};

bool isDomain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::isAlpha(c) || ascii::isDigit(c) || c == '-' || c == '.';
  });
}

// av-octets: a placeholder's value is held to less.
bool isAttributeText(std::string_view text) {
  return http::isFieldValue(text) && text.find(';') == std::string_view::npos;
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

}  // namespace

const Section kCookieResponseKeys{
    "cookie_response", "`response` of cookie_rules", kKeys, {}, "<cookie_attributes>"};
const Section kCookieAttributeKeys{"cookie_attributes", "the attributes of a cookie", kKeys};

void SetCookieRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kCookieResponseKeys, out);
  readAttributes(settings, {});
  settings.finish();
  for (const Value::Entry& entry : value.entries)
    if (!kCookieResponseKeys.find(entry.key.text)) readCookie(entry, out);
  warnOfInsecure(out);
}

void SetCookieRules::readCookie(const Value::Entry& entry, Diagnostics& out) {
  const std::string& name = entry.key.text;
  if (!entry.value.isMap()) {
    Diagnostic& finding =
        out.error(entry.key.mark, "unknown key " + quoted(name) + " in `response` of cookie_rules");
    std::vector<std::string_view> keys;
    for (const Key& key : kKeys) keys.push_back(key.name);
    if (const std::string_view nearest = nearestWord(name, keys); !nearest.empty())
      finding.suggestion = "did you mean " + quoted(nearest) + "?";
    else
      finding.expected =
          "an attribute, or a cookie's name with a mapping: { " + name + ": { secure: true } }";
    return;
  }
  if (!checkCookieName(entry.key, out)) return;
  if (name.starts_with(kOwnCookiePrefix)) {
    out.error(entry.key.mark,
              quoted(name) + " is a cookie of fairlead's own, which rules leave alone");
    return;
  }
  Settings settings(entry.value, kCookieAttributeKeys, out, "the attributes of " + quoted(name));
  readAttributes(settings, name);
  settings.finish();
}

void SetCookieRules::readAttributes(Settings& settings, const std::string& cookie) {
  Diagnostics& out = settings.diagnostics();
  const auto rule = [&](Attribute attribute) {
    Rule result;
    result.cookie = cookie;
    result.attribute = attribute;
    return result;
  };
  readFlag(settings.take("secure"), rule(Attribute::Secure), out);
  readFlag(settings.take("http_only"), rule(Attribute::HttpOnly), out);
  readSameSite(settings.take("same_site"), rule(Attribute::SameSite), out);
  readDomain(settings.take("domain"), rule(Attribute::Domain), out);
  readPath(settings.take("path"), rule(Attribute::Path), out);
}

void SetCookieRules::readFlag(const Value* value, Rule rule, Diagnostics& out) {
  if (!value) return;
  const auto is_set = readBool(*value, out);
  if (!is_set) return;
  rule.removes = !*is_set;
  rule.mark = value->mark;
  put(std::move(rule));
}

void SetCookieRules::readSameSite(const Value* value, Rule rule, Diagnostics& out) {
  if (!value) return;
  const auto word = readWord(*value, kSameSiteWords, out);
  if (!word) return;
  rule.value = Template(std::string(kSameSiteNames[*word]));
  rule.mark = value->mark;
  put(std::move(rule));
}

void SetCookieRules::readDomain(const Value* value, Rule rule, Diagnostics& out) {
  if (!value) return;
  rule.mark = value->mark;
  rule.removes = value->isOff();
  if (!rule.removes) {
    auto text = Template::read(*value, Place::Cookie, out);
    if (!text) return;
    if (text->isConstant() ? !isDomain(text->constant()) : !isAttributeText(text->source())) {
      out.error(value->mark, quoted(value->text) + " is not a domain").expected =
          "a name such as example.com, or `off`";
      return;
    }
    rule.value = std::move(*text);
  }
  put(std::move(rule));
}

void SetCookieRules::readPath(const Value* value, Rule rule, Diagnostics& out) {
  if (!value) return;
  auto text = Template::read(*value, Place::Cookie, out);
  if (!text) return;
  if (!isAttributeText(text->source())) {
    out.error(value->mark, "the path of a cookie cannot hold `;` or control characters");
  } else if (text->isConstant() && !text->constant().starts_with('/')) {
    out.error(value->mark, "a path begins with `/`").suggestion =
        "did you mean " + quoted("/" + value->text) + "?";
  } else {
    rule.value = std::move(*text);
    rule.mark = value->mark;
    put(std::move(rule));
  }
}

void SetCookieRules::put(Rule rule) {
  const auto order = [](const Rule& one) { return std::tie(one.cookie, one.attribute); };
  const auto place = std::ranges::lower_bound(rules_, order(rule), {}, order);
  if (place != rules_.end() && order(*place) == order(rule))
    *place = std::move(rule);
  else
    rules_.insert(place, std::move(rule));
}

const SetCookieRules::Rule* SetCookieRules::find(std::string_view cookie,
                                                 Attribute attribute) const {
  for (const Rule& rule : rules_)
    if (rule.cookie == cookie && rule.attribute == attribute) return &rule;
  return nullptr;
}

void SetCookieRules::warnOfInsecure(Diagnostics& out) const {
  for (const Rule& rule : rules_) {
    if (rule.attribute != Attribute::SameSite || rule.value.constant() != "None") continue;
    const Rule* secure = find(rule.cookie, Attribute::Secure);
    if (!secure) secure = find({}, Attribute::Secure);
    if (!secure || secure->removes)
      out.warning(rule.mark, "browsers refuse cookies with SameSite=None that are not Secure")
          .suggestion = "add `secure: true`";
  }
}

bool SetCookieRules::apply(http::Fields& fields, const Scene& scene) const {
  if (!fields.mayHave(http::maskOf(FieldId::SetCookie))) return true;
  return std::ranges::all_of(rules_, [&](const Rule& rule) {
    return applyAndNote(
        fields, scene, rule.mark, [&] { return applyOne(rule, fields, scene); },
        [&] { return "cookie_rules.response: " + rule.sentence(); });
  });
}

// A placeholder without a value leaves all as it is.
bool SetCookieRules::applyOne(const Rule& rule, http::Fields& fields, const Scene& scene) const {
  const std::string_view wanted = rule.value.render(scene);
  if (wanted.empty() && !rule.value.isConstant()) return true;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id() != FieldId::SetCookie) continue;
    const std::string_view value = fields[i].value();
    const std::string_view name = http::cookieOf(value.substr(0, value.find(';'))).name;
    if (name.starts_with(kOwnCookiePrefix)) continue;
    const bool is_meant = rule.cookie.empty() ? !find(name, rule.attribute) : rule.cookie == name;
    if (!is_meant) continue;
    const std::string_view result = rule.edit(value, wanted, scene.arena);
    if (result.data() != value.data() && !fields.setValue(i, result, scene.arena)) return false;
  }
  return true;
}

// The value itself when nothing changes. Of several attributes of one name one stays.
std::string_view SetCookieRules::Rule::edit(std::string_view set_cookie, std::string_view wanted,
                                            Arena& arena) const {
  const std::string_view name = kNames[static_cast<size_t>(attribute)];
  const std::string_view text = wanted.empty() ? name : arena.join(name, "=", wanted);
  CookieEditor editor(set_cookie, arena, text.size());
  bool is_pair = true;
  bool is_set = false;
  http::forEachCookiePart(set_cookie, [&](std::string_view part) {
    const Cookie there = http::cookieOf(part);
    if (std::exchange(is_pair, false) || !ascii::equalsIgnoreCase(there.name, name))
      return editor.keep(part);
    if (removes || std::exchange(is_set, true)) return editor.drop(part);
    if (isSame(there.value, wanted)) return editor.keep(part);
    editor.replace(part, ascii::trim(part), text);
  });
  if (!removes && !is_set) editor.add(text);
  return editor.isChanged() ? editor.text() : set_cookie;
}

bool SetCookieRules::Rule::isSame(std::string_view there, std::string_view wanted) const {
  switch (attribute) {
    case Attribute::Secure:
    case Attribute::HttpOnly:
      return true;
    case Attribute::SameSite:
    case Attribute::Domain:
      return ascii::equalsIgnoreCase(there, wanted);
    case Attribute::Path:
      return there == wanted;
  }
  return false;
}

std::string_view SetCookieRules::Rule::key() const {
  return kKeys[static_cast<size_t>(attribute)].name;
}

Value SetCookieRules::Rule::shown() const {
  switch (attribute) {
    case Attribute::Secure:
    case Attribute::HttpOnly:
      return Value::scalar(removes ? "false" : "true", mark);
    case Attribute::SameSite:
      return Value::scalar(ascii::lowered(value.constant()), mark);
    case Attribute::Domain:
    case Attribute::Path:
      break;
  }
  if (removes) return Value::scalar("off", mark);
  Value text = Value::scalar(value.source(), mark);
  text.quoted = attribute == Attribute::Domain;  // `off` in quotes is a name
  return text;
}

std::string SetCookieRules::Rule::sentence() const {
  std::string text = cookie.empty() ? "" : cookie + ": ";
  return text.append(key()) + ": " + shown().text;
}

Needs SetCookieRules::needs() const {
  Needs needs;
  for (const Rule& rule : rules_) needs |= rule.value.needs();
  return needs;
}

int SetCookieRules::highestCapture() const {
  int highest = -1;
  for (const Rule& rule : rules_) highest = std::max(highest, rule.value.highestCapture());
  return highest;
}

Value SetCookieRules::show() const {
  Value shown = Value::map();
  for (const Rule& rule : rules_) {
    if (rule.cookie.empty()) {
      shown.put(std::string(rule.key()), rule.shown());
      continue;
    }
    Value& cookie =
        shown.find(rule.cookie) ? shown.entries.back().value : shown.put(rule.cookie, Value::map());
    cookie.put(std::string(rule.key()), rule.shown());
  }
  return shown;
}

}  // namespace fairlead::filter
