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

// No field is longer than that.
constexpr size_t kLongestValue = UINT16_MAX;

bool hasName(const Field& field, FieldId id, std::string_view name) {
  return field.id() == id && ascii::equalsIgnoreCase(field.name(), name);
}

}  // namespace

bool FieldRules::apply(Fields& fields, const Scene& scene, std::string_view prefix) const {
  return std::ranges::all_of(rules_, [&](const Rule& rule) {
    if (scene.trace && rule.kind == Kind::Remove && rule.is_host && removesHost())
      scene.trace->note(std::string(prefix) + "remove Host, the server's own address is sent",
                        rule.mark);
    return applyAndNote(
        fields, scene, rule.mark, [&] { return applyOne(rule, fields, scene); },
        [&] { return std::string(prefix) + sentence(rule, fields); });
  });
}

bool FieldRules::applyOne(const Rule& rule, Fields& fields, const Scene& scene) const {
  switch (rule.kind) {
    case Kind::Remove:
      remove(rule, fields);
      return true;
    case Kind::Rename:
      return rename(rule, fields, scene.arena);
    case Kind::Replace:
      return replace(rule, fields, scene);
    case Kind::SetIfMissing:
      if (fields.find(rule.name) && !(rule.is_host && host_is_removed_)) return true;
      break;
    case Kind::Add:
    case Kind::Append:
      break;
  }
  const std::optional<Field> field = fieldOf(rule, scene);
  if (!field) return false;
  return rule.kind == Kind::Append ? fields.add(*field) : fields.set(*field);
}

// A glob means neither the fields that no rule may touch nor the Host of a request.
void FieldRules::remove(const Rule& rule, Fields& fields) const {
  if (rule.is_host) return;
  if (!rule.is_glob) {
    fields.erase(rule.name);
    return;
  }
  fields.eraseIf([&](const Field& field) {
    if (isProtectedField(field.id())) return false;
    if (head_ == HeadKind::Request && field.id() == FieldId::Host) return false;
    return matchesGlobIgnoreCase(rule.name, field.name());
  });
}

bool FieldRules::rename(const Rule& rule, Fields& fields, Arena& arena) {
  if (!fields.mayHave(http::maskOf(rule.id))) return true;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!hasName(fields[i], rule.id, rule.name)) continue;
    const auto renamed = Field::tryMake(arena, rule.value.constant(), fields[i].value());
    if (!renamed) return false;
    fields.replace(i, *renamed);
  }
  return true;
}

bool FieldRules::replace(const Rule& rule, Fields& fields, const Scene& scene) const {
  if (!fields.mayHave(http::maskOf(rule.id)) || (rule.is_host && host_is_removed_)) return true;
  const Substitution how{.pattern = *rule.pattern, .with = rule.value, .limit = kLongestValue};
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!hasName(fields[i], rule.id, rule.name)) continue;
    const Substituted result = substitute(fields[i].value(), how, scene);
    if (result.outcome == Substituted::Outcome::NoMatch) continue;
    if (result.outcome == Substituted::Outcome::TooLong) return false;
    const std::string_view value = ascii::trim(result.text);
    if (rule.is_host && !http::isValidAuthority(value)) return false;
    if (!fields.setValue(i, value, scene.arena)) return false;
  }
  return true;
}

std::optional<Field> FieldRules::fieldOf(const Rule& rule, const Scene& scene) {
  if (rule.value.isConstant()) return rule.field();
  const std::string_view value = ascii::trim(rule.value.render(scene));
  if (rule.is_host && !http::isValidAuthority(value)) return std::nullopt;
  return Field::tryMake(scene.arena, rule.name, value);
}

Field FieldRules::Rule::field() const {
  const size_t value_begin = name.size() + 2;
  return {line.data(),
          static_cast<uint16_t>(name.size()),
          static_cast<uint16_t>(value_begin),
          static_cast<uint16_t>(line.size() - value_begin - 2),
          static_cast<uint16_t>(line.size()),
          id};
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
