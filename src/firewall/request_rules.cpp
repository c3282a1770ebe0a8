// Reading and judging rules over methods, header fields and hosts.
#include "firewall/request_rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "filter/entries.h"
#include "filter/field_names.h"
#include "filter/substitution.h"
#include "http/semantics.h"

namespace fairlead::firewall {
namespace {

// Frameworks let these fields of a POST say another method.
constexpr std::array<std::string_view, 3> kOverrides{"X-HTTP-Method-Override", "X-HTTP-Method",
                                                     "X-Method-Override"};

Hit hitOf(Hit::Of of, std::string_view name, const Mark& mark) {
  return {.of = of, .rule = name, .origin = mark, .counted = mark, .counted_as = {}};
}

}  // namespace

// --- methods

void MethodRules::read(const Value& list, Diagnostics& out) {
  for (const Value* entry : readScalars(list, out)) {
    if (filter::checkMethodName(*entry, out))
      rules_.push_back(
          {entry->text, entry->mark, fmt::format("firewall method_reject {}", entry->text)});
  }
}

const MethodRules::Rule* MethodRules::find(std::string_view method, bool ignore_case) const {
  const auto found = std::ranges::find_if(rules_, [&](const Rule& rule) {
    return ignore_case ? ascii::equalsIgnoreCase(rule.method, method) : rule.method == method;
  });
  return found == rules_.end() ? nullptr : &*found;
}

std::optional<Hit> MethodRules::judge(const http::RequestHead& head) const {
  if (const Rule* rule = find(head.method_text, false))
    return hitOf(Hit::Of::Method, rule->name, rule->mark);
  for (const http::Field& field : head.fields) {
    if (field.id() != http::FieldId::Unknown) continue;
    const bool overrides = std::ranges::any_of(kOverrides, [&](std::string_view name) {
      return ascii::equalsIgnoreCase(name, field.name());
    });
    const Rule* rule = overrides ? find(field.value(), true) : nullptr;
    if (rule != nullptr) return hitOf(Hit::Of::Method, rule->name, rule->mark);
  }
  return std::nullopt;
}

Value MethodRules::show() const {
  Value list = Value::list();
  for (const Rule& rule : rules_) list.items.push_back(Value::scalar(rule.method, rule.mark));
  return list;
}

// --- header fields

void HeaderRules::read(const Value& map, Diagnostics& out) {
  if (!filter::requireMap(map, "header_reject: { User-Agent: \"(?i)badbot\" }", out)) return;
  for (const Value::Entry& entry : map.entries) {
    if (!http::isToken(entry.key.text)) {
      out.error(entry.key.mark, fmt::format("`{}` is no name of a field", entry.key.text))
          .expected = "a name such as User-Agent";
      continue;
    }
    for (const Value* pattern : readScalars(entry.value, out))
      readPattern(entry.key, *pattern, out);
  }
}

void HeaderRules::readPattern(const Value& name, const Value& pattern, Diagnostics& out) {
  route::Regex regex = filter::readPattern(pattern, out);
  if (!regex) return;
  rules_.push_back({.field = name.text,
                    .pattern = pattern.text,
                    .regex = std::move(regex),
                    .mark = pattern.mark,
                    .name = fmt::format("firewall header_reject {}: {}", name.text, pattern.text)});
}

std::optional<Hit> HeaderRules::judge(const http::RequestHead& head) const {
  for (const Rule& rule : rules_)
    for (const http::Field& field : head.fields)
      if (ascii::equalsIgnoreCase(field.name(), rule.field) &&
          re2::RE2::PartialMatch(field.value(), *rule.regex))
        return hitOf(Hit::Of::Field, rule.name, rule.mark);
  return std::nullopt;
}

Value HeaderRules::show() const {
  Value map = Value::map();
  for (const Rule& rule : rules_) {
    const auto same = [&](const Value::Entry& entry) { return entry.key.text == rule.field; };
    const auto known = std::ranges::find_if(map.entries, same);
    Value& list = known == map.entries.end() ? map.put(rule.field, Value::list()) : known->value;
    list.items.push_back(Value::scalar(rule.pattern, rule.mark));
  }
  return map;
}

// --- hosts

void HostRules::read(const Value& list, HostReader readHost, Diagnostics& out) {
  for (const Value* entry : readScalars(list, out)) {
    auto host = readHost(*entry, out);
    if (!host) continue;
    std::string name = fmt::format("firewall host_reject {}", *host);
    rules_.push_back({*std::move(host), entry->mark, std::move(name)});
  }
  std::vector<route::HostSpec> specs;
  for (const Rule& rule : rules_) specs.push_back({{rule.host}});
  table_ = std::make_shared<const route::HostTable>(specs);
}

std::optional<Hit> HostRules::judge(const http::RequestHead& head) const {
  const route::HostId found = table_ ? table_->find(head.host) : route::kNone;
  if (found == route::kNone) return std::nullopt;
  const Rule& rule = rules_[static_cast<size_t>(found)];
  return hitOf(Hit::Of::Host, rule.name, rule.mark);
}

Value HostRules::show() const {
  Value list = Value::list();
  for (const Rule& rule : rules_) list.items.push_back(Value::scalar(rule.host, rule.mark));
  return list;
}

}  // namespace fairlead::firewall
