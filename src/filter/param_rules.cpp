// param_rules: the query is edited parameter by parameter, and what no rule names keeps its bytes.
#include "filter/param_rules.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "filter/entries.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"add", "{text}", "", "sets parameters in place, or appends them"},
    {"remove", "text... | {any}", "", "removes parameters"},
    {"append", "later", "", ""},
    {"set_if_missing", "later", "", ""},
    {"rename", "later", "", ""},
    {"replace", "later", "", ""},
};

// Calls `visit(param)` for each part between `&`, empty ones included.
template <typename Visit>
void forEachParam(std::string_view query, Visit visit) {
  for (;;) {
    const size_t end = query.find('&');
    visit(query.substr(0, end));
    if (end == std::string_view::npos) return;
    query.remove_prefix(end + 1);
  }
}

std::string_view nameOf(std::string_view param) { return param.substr(0, param.find('=')); }

// The next decoded byte, taken off the front: `+` is a blank, a `%` that escapes nothing is itself.
char takeDecoded(std::string_view& text) {
  char c = text[0];
  size_t used = 1;
  if (c == '+') c = ' ';
  if (c == '%' && text.size() >= 3) {
    const int high = ascii::hexValue(text[1]);
    const int low = ascii::hexValue(text[2]);
    if (high >= 0 && low >= 0) {
      c = static_cast<char>(high * 16 + low);
      used = 3;
    }
  }
  text.remove_prefix(used);
  return c;
}

bool equalsDecoded(std::string_view encoded, std::string_view name) {
  while (!encoded.empty() && !name.empty()) {
    if (takeDecoded(encoded) != name[0]) return false;
    name.remove_prefix(1);
  }
  return encoded.empty() && name.empty();
}

// Everything but unreserved characters (RFC 3986 section 2.3) as %XX.
void appendEncoded(std::string& to, std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (ascii::isAlpha(c) || ascii::isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~')
      to += c;
    else
      to += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

bool checkName(const Value& name, Diagnostics& out) {
  if (!name.text.empty()) return true;
  out.error(name.mark, "a parameter needs a name");
  return false;
}

}  // namespace

const Section kParamRuleKeys{"param_rules", "param_rules", kKeys};

void ParamRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kParamRuleKeys, out);
  readRemove(settings.take("remove"), out);
  readAdd(settings.take("add"), out);
  settings.finish();
}

void ParamRules::readAdd(const Value* value, Diagnostics& out) {
  if (!value) return;
  if (!value->isMap()) {
    out.error(value->mark, "this is not a mapping").expected = "names and values: { source: edge }";
    return;
  }
  for (const Value::Entry& entry : value->entries) {
    const auto text = readText(entry.value, out);
    if (!text || !checkName(entry.key, out)) continue;
    Add rule{.name = entry.key.text, .encoded = {}, .mark = entry.key.mark};
    appendEncoded(rule.encoded, rule.name);
    rule.encoded += '=';
    appendEncoded(rule.encoded, *text);
    std::erase_if(add_, [&](const Add& old) { return old.name == rule.name; });
    add_.push_back(std::move(rule));
  }
}

void ParamRules::readRemove(const Value* value, Diagnostics& out) {
  if (!value) return;
  for (const Value* name : readNames(*value, out)) {
    if (!checkName(*name, out)) continue;
    if (std::ranges::find(remove_, name->text, &Remove::name) == remove_.end())
      remove_.push_back({name->text, name->mark});
  }
}

const ParamRules::Remove* ParamRules::findRemove(std::string_view param) const {
  for (const Remove& rule : remove_)
    if (equalsDecoded(nameOf(param), rule.name)) return &rule;
  return nullptr;
}

const ParamRules::Add* ParamRules::findAdd(std::string_view param) const {
  for (const Add& rule : add_)
    if (equalsDecoded(nameOf(param), rule.name)) return &rule;
  return nullptr;
}

// Writes the edited query. There is room for all that was there and all that is added.
class ParamRules::Editor {
 public:
  Editor(const ParamRules& rules, std::string_view query, Arena& arena) : rules_(rules) {
    size_t room = query.size();
    for (const Add& rule : rules.add_) room += rule.encoded.size() + 1;
    begin_ = end_ = arena.allocate(room);
    placed_ = {arena.allocate(rules.add_.size()), rules.add_.size()};
    std::ranges::fill(placed_, char{0});
  }

  void take(std::string_view param) {
    if (rules_.findRemove(param)) return;
    const Add* added = rules_.findAdd(param);
    if (!added) {
      put(param);
    } else if (char& is_placed = placed_[static_cast<size_t>(added - rules_.add_.data())];
               !is_placed) {
      is_placed = 1;
      put(added->encoded);
    }
  }

  std::string_view finish() {
    for (size_t i = 0; i < placed_.size(); ++i)
      if (!placed_[i]) put(rules_.add_[i].encoded);
    return {begin_, static_cast<size_t>(end_ - begin_)};
  }

 private:
  void put(std::string_view param) {
    if (!is_first_) *end_++ = '&';
    is_first_ = false;
    if (!param.empty()) std::memcpy(end_, param.data(), param.size());
    end_ += param.size();
  }

  const ParamRules& rules_;
  char* begin_;
  char* end_;
  std::span<char> placed_;  // which of `add` stand in the query already
  bool is_first_ = true;
};

// Would the rules change anything? Most queries hold nothing that is removed.
bool ParamRules::touches(std::string_view query) const {
  if (!add_.empty()) return true;
  bool any = false;
  forEachParam(query, [&](std::string_view param) { any = any || findRemove(param); });
  return any;
}

void ParamRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  http::Target& target = head.target;
  if (target.form == http::TargetForm::Asterisk || target.form == http::TargetForm::Authority)
    return;
  if (!touches(target.query)) return;
  Editor editor(*this, target.query, scene.arena);
  if (!target.query.empty()) {
    forEachParam(target.query, [&](std::string_view param) {
      editor.take(param);
      const Remove* removed = scene.trace ? findRemove(param) : nullptr;
      if (removed) scene.trace->note("param_rules: remove " + removed->name, removed->mark);
    });
  }
  target.query = editor.finish();
  target.has_query = !target.query.empty();
  if (!scene.trace) return;
  for (const Add& rule : add_) scene.trace->note("param_rules: add " + rule.encoded, rule.mark);
}

std::vector<std::pair<std::string, Mark>> ParamRules::describe() const {
  std::vector<std::pair<std::string, Mark>> rules;
  for (const Remove& rule : remove_) rules.emplace_back("remove " + rule.name, rule.mark);
  for (const Add& rule : add_) rules.emplace_back("add " + rule.encoded, rule.mark);
  return rules;
}

}  // namespace fairlead::filter
