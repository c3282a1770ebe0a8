// cookie_rules of requests.
#include "filter/cookie_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/glob.h"
#include "filter/entries.h"
#include "filter/field_names.h"
#include "http/cookies.h"

namespace fairlead::filter {
namespace {

using http::Cookie;
using http::CookieEditor;
using http::Field;
using http::FieldId;

constexpr Key kKeys[] = {
    {"remove", "text... | {any}", "", "removes cookies; `utm_*` is all that begin with `utm_`"},
    {"rename", "{text}", "", "gives cookies another name: `{ old: new }`"},
    {"add", "{text}", "", "sets cookies in place, or adds them"},
    {"response", "<cookie_response>", "", "the attributes of the cookies that servers set"},
};
constexpr std::array<std::string_view, 3> kVerbs{"remove", "rename", "add"};

std::optional<Template> readValue(const Value& value, Diagnostics& out) {
  auto text = Template::read(value, Place::Cookie, out);
  if (!text) return std::nullopt;
  if (http::isCookieValue(text->isConstant() ? text->constant() : text->source())) return text;
  out.error(value.mark, "`" + value.text + "` cannot be the value of a cookie").expected =
      "visible ASCII without quotes, commas, semicolons and backslashes; %XX for other bytes";
  return std::nullopt;
}

}  // namespace

const Section kCookieRuleKeys{"cookie_rules", "cookie_rules", kKeys};

void CookieRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kCookieRuleKeys, out);
  if (const Value* names = settings.take("remove")) readRemove(*names, out);
  if (const Value* names = settings.take("rename")) readRename(*names, out);
  if (const Value* cookies = settings.take("add")) readAdd(*cookies, out);
  if (const Value* response = settings.take("response")) response_.read(*response, out);
  settings.finish();
}

void CookieRules::readRemove(const Value& value, Diagnostics& out) {
  for (const Value* name : readNames(value, out)) {
    if (!checkCookieName(*name, out)) continue;
    Rule rule;
    rule.kind = Kind::Remove;
    rule.name = name->text;
    rule.is_glob = isGlob(name->text);
    rule.mark = name->mark;
    put(std::move(rule));
  }
}

void CookieRules::readRename(const Value& value, Diagnostics& out) {
  if (!requireMap(value, "old and new names: { sid: session_id }", out)) return;
  for (const auto& [from, to] : value.entries) {
    const bool is_text = readString(to, out).has_value();
    if (!is_text || !checkCookieName(from, out) || !checkCookieName(to, out)) continue;
    Rule rule;
    rule.kind = Kind::Rename;
    rule.name = from.text;
    rule.value = Template(to.text);
    rule.mark = from.mark;
    put(std::move(rule));
  }
}

void CookieRules::readAdd(const Value& value, Diagnostics& out) {
  if (!requireMap(value, "names and values: { edge: fairlead }", out)) return;
  for (const auto& [name, given] : value.entries) {
    auto text = readValue(given, out);
    if (!checkCookieName(name, out) || !text) continue;
    Rule rule;
    rule.kind = Kind::Add;
    rule.name = name.text;
    if (text->isConstant()) rule.pair = rule.name + "=" + text->constant();
    rule.value = std::move(*text);
    rule.mark = name.mark;
    put(std::move(rule));
  }
}

// In the place of the rule of the same kind and name, but last of its kind.
void CookieRules::put(Rule rule) {
  std::erase_if(rules_,
                [&](const Rule& old) { return old.kind == rule.kind && old.name == rule.name; });
  const auto behind = std::ranges::upper_bound(rules_, rule.kind, {}, &Rule::kind);
  rules_.insert(behind, std::move(rule));
}

bool CookieRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  return std::ranges::all_of(rules_, [&](const Rule& rule) {
    return applyAndNote(
        head.fields, scene, rule.mark, [&] { return applyOne(rule, head.fields, scene); },
        [&] { return "cookie_rules: " + rule.sentence(scene); });
  });
}

bool CookieRules::applyOne(const Rule& rule, http::Fields& fields, const Scene& scene) {
  switch (rule.kind) {
    case Kind::Remove:
      http::removeCookies(fields, scene.arena,
                          [&](const Cookie& cookie) { return rule.matches(cookie.name); });
      return true;
    case Kind::Rename:
      return rename(rule, fields, scene.arena);
    case Kind::Add:
      return set(rule, fields, scene);
  }
  return true;
}

bool CookieRules::rename(const Rule& rule, http::Fields& fields, Arena& arena) {
  size_t count = 0;
  http::forEachCookie(fields, [&](const Cookie& cookie) { count += cookie.name == rule.name; });
  if (count == 0) return true;
  const std::string& name = rule.value.constant();
  return http::editCookies(fields, arena, count * name.size(),
                           [&](CookieEditor& editor, std::string_view part) {
                             const Cookie cookie = http::cookieOf(part);
                             if (cookie.name == rule.name)
                               editor.replace(part, cookie.name, name);
                             else
                               editor.keep(part);
                           });
}

bool CookieRules::set(const Rule& rule, http::Fields& fields, const Scene& scene) {
  const std::string_view pair = rule.pairText(scene);
  Cookie found;
  if (!http::findCookie(fields, rule.name, found)) return append(pair, fields, scene.arena);
  bool is_placed = false;
  const auto isFurther = [&](const Cookie& cookie) {
    return cookie.name == rule.name && std::exchange(is_placed, true);
  };
  http::removeCookies(fields, scene.arena, isFurther);
  return http::editCookies(fields, scene.arena, pair.size(),
                           [&](CookieEditor& editor, std::string_view part) {
                             if (http::cookieOf(part).name == rule.name)
                               editor.replace(part, ascii::trim(part), pair);
                             else
                               editor.keep(part);
                           });
}

// Behind the last cookie there is.
bool CookieRules::append(std::string_view pair, http::Fields& fields, Arena& arena) {
  for (size_t i = fields.size(); i > 0; --i) {
    if (fields[i - 1].id() != FieldId::Cookie) continue;
    CookieEditor editor(fields[i - 1].value(), arena, pair.size());
    editor.add(pair);
    return fields.setValue(i - 1, editor.text(), arena);
  }
  const auto field = Field::tryMake(arena, http::nameOf(FieldId::Cookie), pair);
  return field && fields.add(*field);
}

bool CookieRules::Rule::matches(std::string_view cookie) const {
  return is_glob ? matchesGlob(name, cookie) : name == cookie;
}

std::string_view CookieRules::Rule::pairText(const Scene& scene) const {
  return value.isConstant() ? std::string_view(pair)
                            : scene.arena.join(name, "=", value.render(scene));
}

std::string CookieRules::Rule::sentence(const Scene& scene) const {
  switch (kind) {
    case Kind::Remove:
      return "remove " + name;
    case Kind::Rename:
      return "rename " + name + " to " + value.constant();
    case Kind::Add:
      return "add " + std::string(pairText(scene));
  }
  return {};
}

Needs CookieRules::needs() const {
  Needs needs;
  for (const Rule& rule : rules_) needs |= rule.value.needs();
  return needs;
}

int CookieRules::highestCapture() const {
  int highest = response_.highestCapture();
  for (const Rule& rule : rules_) highest = std::max(highest, rule.value.highestCapture());
  return highest;
}

Value CookieRules::show() const {
  Value shown = Value::map();
  for (const Rule& rule : rules_) {
    const std::string verb(kVerbs[static_cast<size_t>(rule.kind)]);
    const bool is_list = rule.kind == Kind::Remove;
    Value& rules = shown.find(verb) ? shown.entries.back().value
                                    : shown.put(verb, is_list ? Value::list() : Value::map());
    if (is_list)
      rules.items.push_back(Value::scalar(rule.name, rule.mark));
    else
      rules.put(rule.name, Value::scalar(rule.value.source(), rule.mark));
  }
  if (hasResponse()) shown.put("response", response_.show());
  return shown;
}

}  // namespace fairlead::filter
