// Rules applied to the fields of a head.
#include "filter/field_rules.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/glob.h"
#include "filter/field_names.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;

}  // namespace

struct FieldRules::Head {
  Fields& fields;
  http::NameSet names;

  bool mayHave(const Rule& rule) const { return names.mayShare(rule.names); }
};

bool FieldRules::apply(Fields& fields, const Scene& scene, std::string_view prefix) const {
  Head head{fields, fields.names()};
  return std::ranges::all_of(rules_, [&](const Rule& rule) {
    if (scene.trace && rule.kind == Kind::Remove && rule.is_host && removesHost())
      scene.trace->note(std::string(prefix) + "remove Host, the server's own address is sent",
                        rule.mark);
    return applyAndNote(
        fields, scene, rule.mark, [&] { return applyOne(rule, head, scene); },
        [&] { return std::string(prefix) + sentence(rule, fields); });
  });
}

bool FieldRules::applyOne(const Rule& rule, Head& head, const Scene& scene) const {
  if (rule.setsField()) return set(rule, head, scene);
  if (!head.mayHave(rule)) return true;
  if (rule.kind == Kind::Rename) return rename(rule, head, scene.arena);
  if (rule.kind == Kind::Replace) return replace(rule, head.fields, scene);
  remove(rule, head.fields);
  return true;
}

// A glob means neither the fields that no rule may touch nor the Host of a request.
void FieldRules::remove(const Rule& rule, Fields& fields) const {
  if (rule.is_host) return;
  if (!rule.is_glob) {
    fields.erase(rule.id, rule.name);
    return;
  }
  fields.eraseIf([&](const Field& field) {
    if (isProtectedField(field.id())) return false;
    if (head_ == HeadKind::Request && field.id() == FieldId::Host) return false;
    return matchesGlobIgnoreCase(rule.name, field.name());
  });
}

bool FieldRules::rename(const Rule& rule, Head& head, Arena& arena) {
  Fields& fields = head.fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].isNamed(rule.id, rule.name)) continue;
    const auto renamed = Field::tryMake(arena, rule.value.constant(), fields[i].value());
    if (!renamed) return false;
    fields.replace(i, *renamed);
    head.names |= http::NameSet::of(renamed->id(), renamed->name());
  }
  return true;
}

bool FieldRules::replace(const Rule& rule, Fields& fields, const Scene& scene) const {
  if (rule.is_host && host_is_removed_) return true;
  const Substitution how{
      .pattern = *rule.pattern, .with = rule.value, .limit = Field::kLongestLine};
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!fields[i].isNamed(rule.id, rule.name)) continue;
    const Substituted result = substitute(fields[i].value(), how, scene);
    if (result.outcome == Substituted::Outcome::NoMatch) continue;
    if (result.outcome == Substituted::Outcome::TooLong) return false;
    const std::string_view value = ascii::trim(result.text);
    if (rule.is_host && !http::isValidAuthority(value)) return false;
    if (!fields.setValue(i, value, scene.arena)) return false;
  }
  return true;
}

bool FieldRules::set(const Rule& rule, Head& head, const Scene& scene) const {
  const bool keeps_what_is_there =
      rule.kind == Kind::SetIfMissing && !(rule.is_host && host_is_removed_);
  if (keeps_what_is_there && head.mayHave(rule) && head.fields.find(rule.id, rule.name))
    return true;
  if (rule.is_constant) return place(rule.field, rule, head);
  const std::optional<Field> field = rendered(rule, scene);
  return field && place(*field, rule, head);
}

// Nothing of that name is looked for where there can be none.
bool FieldRules::place(const Field& field, const Rule& rule, Head& head) {
  const bool is_new = rule.kind == Kind::Append || !head.mayHave(rule);
  head.names |= rule.names;
  return is_new ? head.fields.add(field) : head.fields.set(field);
}

std::optional<Field> FieldRules::rendered(const Rule& rule, const Scene& scene) {
  constexpr std::string_view kEnd = "\r\n";
  std::string_view begin = rule.field.line();
  begin.remove_suffix(kEnd.size());
  const std::string_view line = rule.value.renderBetween(begin, kEnd, scene);
  const std::string_view text = line.substr(begin.size(), line.size() - begin.size() - kEnd.size());
  const std::string_view value = ascii::trim(text);
  if (rule.is_host && !http::isValidAuthority(value)) return std::nullopt;
  if (value.size() != text.size()) return Field::tryMake(scene.arena, rule.name, value);
  if (line.size() > Field::kLongestLine) return std::nullopt;
  return Field::ofLine(line, rule.name.size(), rule.id);
}

Needs FieldRules::needs() const {
  Needs needs;
  for (const Rule& rule : rules_) needs |= rule.value.needs();
  return needs;
}

int FieldRules::highestCapture() const {
  int highest = -1;
  for (const Rule& rule : rules_) highest = std::max(highest, rule.value.highestCapture());
  return highest;
}

}  // namespace fairlead::filter
