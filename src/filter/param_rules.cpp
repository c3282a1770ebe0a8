// param_rules, read and shown.
#include "filter/param_rules.h"

#include <algorithm>

#include "filter/entries.h"
#include "http/percent.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"remove", "text... | {any}", "", "removes parameters; `utm_*` is all that begin with `utm_`"},
    {"rename", "{text}", "", "gives parameters another name: `{ old: new }`"},
    {"replace", "{<param_replace>}", "", "replaces parts of the values of a parameter"},
    {"add", "{text}", "", "sets parameters in place, or appends them"},
    {"append", "{text}", "", "adds a parameter beside those of its name"},
    {"set_if_missing", "{text}", "", "appends parameters that are not there"},
};

constexpr Key kReplaceKeys[] = {
    {"regex", "regex", "", "what is replaced in the decoded value, wherever it occurs"},
    {"with", "text", "", "what it becomes; `{capture.1}` is the first group of the match"},
};

constexpr std::string_view kAssignKeys[] = {"add", "append", "set_if_missing"};

bool checkName(const Value& name, Diagnostics& out) {
  if (!name.text.empty()) return true;
  out.error(name.mark, "a parameter needs a name");
  return false;
}

std::string encoded(std::string_view text) {
  Arena arena;
  return std::string(http::percentEncoded(text, arena));
}

template <typename Rule, typename Name>
void putInPlaceOf(std::vector<Rule>& rules, Name Rule::* name, Rule rule) {
  std::erase_if(rules, [&](const Rule& old) { return old.*name == rule.*name; });
  rules.push_back(std::move(rule));
}

}  // namespace

const Section kParamRuleKeys{"param_rules", "param_rules", kKeys};
const Section kParamReplaceKeys{"param_replace", "`replace` of a parameter", kReplaceKeys};

void ParamRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kParamRuleKeys, out);
  if (const Value* remove = settings.take("remove")) readRemove(*remove, out);
  if (const Value* rename = settings.take("rename")) readRename(*rename, out);
  if (const Value* replace = settings.take("replace")) readReplace(*replace, out);
  for (const Mode mode : {Mode::Set, Mode::Append, Mode::SetIfMissing})
    readAssign(settings.take(kAssignKeys[static_cast<size_t>(mode)]), mode, out);
  settings.finish();
}

void ParamRules::readRemove(const Value& value, Diagnostics& out) {
  for (const Value* name : readNames(value, out)) {
    if (!checkName(*name, out)) continue;
    if (std::ranges::find(remove_, name->text, &Remove::name) == remove_.end())
      remove_.push_back({name->text, name->mark});
  }
}

void ParamRules::readRename(const Value& value, Diagnostics& out) {
  if (!requireMap(value, "old and new names: { q: query }", out)) return;
  for (const auto& [from, to] : value.entries) {
    const auto name = readString(to, out);
    if (!name || !checkName(from, out) || !checkName(to, out)) continue;
    putInPlaceOf(rename_, &Rename::from, {from.text, *name, encoded(*name), from.mark});
  }
}

void ParamRules::readReplace(const Value& value, Diagnostics& out) {
  if (!requireMap(value, "names and what is replaced: { id: { regex: \"^0+\", with: \"\" } }", out))
    return;
  for (const auto& [name, rule] : value.entries) {
    Settings settings(rule, kParamReplaceKeys, out);
    const Value* const regex = settings.take("regex");
    const Value* const with = settings.take("with");
    settings.finish();
    if (!checkName(name, out) || !rule.isMap()) continue;
    if (!regex || !with) {
      if (rule.entries.size() < 2)  // else what stands there is told already
        out.error(rule.mark, "`replace` needs both `regex` and `with`").expected =
            "what is replaced by what: { regex: \"^0+\", with: \"\" }";
      continue;
    }
    Pattern pattern = readPattern(*regex, out);
    if (!pattern) continue;
    auto text = Template::read(*with, Place::Param, out, allowedFor(*pattern));
    if (!text) continue;
    putInPlaceOf(replace_, &Replace::name,
                 {name.text, regex->text, std::move(pattern), std::move(*text), name.mark});
  }
}

void ParamRules::readAssign(const Value* value, Mode mode, Diagnostics& out) {
  if (!value || !requireMap(*value, "names and values: { source: edge }", out)) return;
  for (const auto& [name, given] : value->entries) {
    auto text = Template::read(given, Place::Param, out);
    if (!checkName(name, out) || !text) continue;
    std::string start = encoded(name.text) + "=";
    if (text->isConstant()) start += text->constant();
    putInPlaceOf(assigns_[static_cast<size_t>(mode)], &Assign::name,
                 {name.text, std::move(start), std::move(*text), name.mark});
  }
}

bool ParamRules::empty() const {
  return remove_.empty() && rename_.empty() && replace_.empty() &&
         std::ranges::all_of(assigns_, [](const auto& rules) { return rules.empty(); });
}

template <typename Visit>
void ParamRules::forEachTemplate(Visit visit) const {
  for (const Replace& rule : replace_) visit(rule.with);
  for (const auto& rules : assigns_)
    for (const Assign& rule : rules) visit(rule.value);
}

Needs ParamRules::needs() const {
  Needs needs;
  forEachTemplate([&](const Template& text) { needs |= text.needs(); });
  return needs;
}

int ParamRules::highestCapture() const {
  int highest = -1;
  forEachTemplate(
      [&](const Template& text) { highest = std::max(highest, text.highestCapture()); });
  return highest;
}

Value ParamRules::show() const {
  Value shown = Value::map();
  if (!remove_.empty()) {
    Value& names = shown.put("remove", Value::list());
    for (const Remove& rule : remove_) names.items.push_back(Value::scalar(rule.name, rule.mark));
  }
  if (!rename_.empty()) {
    Value& names = shown.put("rename", Value::map());
    for (const Rename& rule : rename_) names.put(rule.from, Value::scalar(rule.to, rule.mark));
  }
  if (!replace_.empty()) {
    Value& names = shown.put("replace", Value::map());
    for (const Replace& rule : replace_) {
      Value& how = names.put(rule.name, Value::map(rule.mark));
      how.put("regex", Value::scalar(rule.source, rule.mark));
      how.put("with", Value::scalar(rule.with.source(), rule.mark));
    }
  }
  for (size_t mode = 0; mode < kModes; ++mode) {
    if (assigns_[mode].empty()) continue;
    Value& names = shown.put(std::string(kAssignKeys[mode]), Value::map());
    for (const Assign& rule : assigns_[mode])
      names.put(rule.name, Value::scalar(rule.value.source(), rule.mark));
  }
  return shown;
}

}  // namespace fairlead::filter
