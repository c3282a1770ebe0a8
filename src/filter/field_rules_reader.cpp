// Rules on fields, read, shown and told.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/glob.h"
#include "filter/entries.h"
#include "filter/field_names.h"
#include "filter/field_rules.h"
#include "http/semantics.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

using http::FieldId;

constexpr Key kReplaceKeys[] = {
    {"regex", "regex", "", "what is replaced in the value, wherever it occurs"},
    {"with", "text", "", "what it becomes; `{capture.1}` is the first group of the match"},
};

// By kind, in the order in which they are applied.
constexpr std::array<std::string_view, 6> kVerbs{"remove", "rename", "replace",
                                                 "add",    "append", "set_if_missing"};

// Of what the configuration says; rendered values may be longer.
constexpr size_t kLongestText = 8192;

// A template whose own text can stand in a field. Blanks around it stay: within a value they count.
std::optional<Template> readFieldText(const Value& value, Diagnostics& out, Allowed allowed = {}) {
  auto text = Template::read(value, Place::Field, out, allowed);
  if (!text || http::isFieldValue(ascii::trim(text->source()))) return text;
  out.error(value.mark, "a header value cannot hold line breaks or control characters");
  return std::nullopt;
}

}  // namespace

const Section kHeaderReplaceKeys{"header_replace", "`replace` of a header field", kReplaceKeys};

void FieldRules::read(Settings& settings) {
  Diagnostics& out = settings.diagnostics();
  if (const Value* names = settings.take("remove")) readRemove(*names, out);
  if (const Value* names = settings.take("rename")) readRename(*names, out);
  if (const Value* names = settings.take("replace")) readReplace(*names, out);
  for (const Kind kind : {Kind::Add, Kind::Append, Kind::SetIfMissing})
    if (const Value* names = settings.take(kVerbs[static_cast<size_t>(kind)]))
      readValues(*names, kind, out);
  noteHost();
  makeLines();
}

std::optional<FieldRules::Rule> FieldRules::begin(Kind kind, const Value& name,
                                                  Diagnostics& out) const {
  const bool is_good = kind == Kind::Remove ? checkFieldGlob(name, out) : checkFieldName(name, out);
  if (!is_good) return std::nullopt;
  Rule rule;
  rule.kind = kind;
  rule.name = name.text;
  rule.id = http::fieldIdOf(name.text);
  rule.is_host = head_ == HeadKind::Request && rule.id == FieldId::Host;
  rule.is_glob = kind == Kind::Remove && isGlob(rule.name);
  rule.names = rule.is_glob ? http::NameSet::all() : http::NameSet::of(rule.id, rule.name);
  rule.mark = name.mark;
  return rule;
}

// In the place of the rule of the same kind and name, but last of its kind.
void FieldRules::put(Rule rule) {
  std::erase_if(rules_, [&](const Rule& old) {
    return old.kind == rule.kind && ascii::equalsIgnoreCase(old.name, rule.name);
  });
  const auto behind = std::ranges::upper_bound(rules_, rule.kind, {}, &Rule::kind);
  rules_.insert(behind, std::move(rule));
}

void FieldRules::noteHost() {
  const auto hasRule = [this](auto... kinds) {
    return std::ranges::any_of(
        rules_, [&](const Rule& rule) { return rule.is_host && ((rule.kind == kinds) || ...); });
  };
  host_is_removed_ = hasRule(Kind::Remove);
  host_is_set_ = hasRule(Kind::Add, Kind::SetIfMissing);
}

std::string FieldRules::knownLine(const Rule& rule) {
  const std::string_view value = rule.is_constant ? rule.value.constant() : std::string_view();
  return rule.name + ": " + std::string(ascii::trim(value)) + "\r\n";
}

void FieldRules::makeLines() {
  std::string lines;
  for (const Rule& rule : rules_)
    if (rule.setsField()) lines += knownLine(rule);
  lines_ = std::make_shared<const std::string>(std::move(lines));
  std::string_view rest = *lines_;
  for (Rule& rule : rules_) {
    if (!rule.setsField()) continue;
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rule.field = http::Field::ofLine(line, rule.name.size(), rule.id);
    rest.remove_prefix(line.size());
  }
}

void FieldRules::readRemove(const Value& value, Diagnostics& out) {
  for (const Value* name : readNames(value, out))
    if (auto rule = begin(Kind::Remove, *name, out)) put(std::move(*rule));
}

void FieldRules::readRename(const Value& value, Diagnostics& out) {
  if (!requireMap(value, "old and new names: { X-Old: X-New }", out)) return;
  for (const Value::Entry& entry : value.entries) {
    auto rule = begin(Kind::Rename, entry.key, out);
    if (!readString(entry.value, out) || !rule || !checkFieldName(entry.value, out)) continue;
    const bool to_host = http::fieldIdOf(entry.value.text) == FieldId::Host;
    if (head_ == HeadKind::Request && (rule->is_host || to_host)) {
      out.error((rule->is_host ? entry.key : entry.value).mark,
                "a request has exactly one `Host`: it cannot be renamed, and nothing else to it")
          .suggestion = "`add: { Host: \"{header.X-Name}\" }` sets it to the value of a field";
      continue;
    }
    rule->value = Template(entry.value.text);
    put(std::move(*rule));
  }
}

void FieldRules::readReplace(const Value& value, Diagnostics& out) {
  constexpr std::string_view kExample = "{ X-Id: { regex: \"^0+\", with: \"\" } }";
  if (!requireMap(value, kExample, out)) return;
  for (const Value::Entry& entry : value.entries) {
    auto rule = begin(Kind::Replace, entry.key, out);
    Settings settings(entry.value, kHeaderReplaceKeys, out);
    const Value* const regex = settings.take("regex");
    const Value* const with = settings.take("with");
    settings.finish();
    if (!rule || !entry.value.isMap()) continue;
    if (!regex || !with) {
      if (entry.value.entries.size() < 2)  // else what stands there is told already
        out.error(entry.value.mark, "`replace` needs both `regex` and `with`").expected = kExample;
      continue;
    }
    rule->pattern = readPattern(*regex, out);
    if (!rule->pattern) continue;
    auto text = readFieldText(*with, out, allowedFor(*rule->pattern));
    if (!text) continue;
    rule->regex = regex->text;
    rule->value = std::move(*text);
    put(std::move(*rule));
  }
}

void FieldRules::readValues(const Value& value, Kind kind, Diagnostics& out) {
  if (!requireMap(value, "names and values: { X-Edge: fairlead }", out)) return;
  for (const Value::Entry& entry : value.entries) {
    auto rule = begin(kind, entry.key, out);
    auto text = readFieldText(entry.value, out);
    if (!rule || !text) continue;
    const std::string constant(ascii::trim(text->constant()));
    if (rule->name.size() + text->source().size() + 4 > kLongestText) {
      out.error(entry.value.mark, "this header field is longer than 8 KiB");
    } else if (rule->is_host && kind == Kind::Append) {
      out.error(entry.key.mark, "a request has one `Host` only").suggestion = "`add` replaces it";
    } else if (rule->is_host && text->isConstant() && !http::isValidAuthority(constant)) {
      out.error(entry.value.mark, "`" + constant + "` is not a host").expected =
          "a host name or address, with a port if needed";
    } else {
      rule->is_constant = text->isConstant();
      rule->value = std::move(*text);
      put(std::move(*rule));
    }
  }
}

std::string FieldRules::sentence(const Rule& rule, const http::Fields& fields) {
  std::string text(kVerbs[static_cast<size_t>(rule.kind)]);
  text += " " + rule.name;
  if (rule.kind == Kind::Rename) return text + " to " + rule.value.constant();
  if (rule.kind == Kind::Remove || rule.kind == Kind::Replace) return text;
  std::string_view value;
  for (const http::Field& field : fields)
    if (field.isNamed(rule.id, rule.name)) value = field.value();
  return text + ": " + std::string(value);
}

void FieldRules::showInto(Value& mapping) const {
  for (const Rule& rule : rules_) {
    const std::string verb(kVerbs[static_cast<size_t>(rule.kind)]);
    const bool is_list = rule.kind == Kind::Remove;
    const Value::Entry* const there = mapping.findEntry(verb);
    Value& rules = there ? mapping.entries.back().value
                         : mapping.put(verb, is_list ? Value::list() : Value::map());
    if (is_list) {
      rules.items.push_back(Value::scalar(rule.name, rule.mark));
    } else if (rule.kind == Kind::Replace) {
      Value& how = rules.put(rule.name, Value::map(rule.mark));
      how.put("regex", Value::scalar(rule.regex, rule.mark));
      how.put("with", Value::scalar(rule.value.source(), rule.mark));
    } else {
      rules.put(rule.name, Value::scalar(rule.value.source(), rule.mark));
    }
  }
}

}  // namespace fairlead::filter
