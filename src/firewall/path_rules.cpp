// Paths compiled for lookup: one search for prefixes, one hash for exact paths, one set of regexes.
#include "firewall/path_rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "filter/entries.h"
#include "filter/path_text.h"
#include "filter/substitution.h"
#include "firewall/plain_path.h"
#include "http/target.h"

namespace fairlead::firewall {
namespace {

constexpr Key kPathPattern[] = {
    {"exact", "path", "", "this path only, and nothing below it"},
    {"glob", "text", "", "the whole path: `*` is any text within a segment, `**` any text"},
    {"regex", "regex", "", "the path has a match of this pattern (RE2)"},
};
constexpr std::array<std::string_view, 4> kKindWords{"", "exact", "glob", "regex"};

// Segment order: `/` before every other byte, so that a path stands directly before all that is
// below it.
bool isBefore(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<uint8_t>(c); };
  return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
}

}  // namespace

const Section kPathPatternKeys{"path_pattern", "an entry of path_reject", kPathPattern};

std::string regexOfGlob(std::string_view glob) {
  std::string regex = "^";
  for (size_t at = 0; at < glob.size();) {
    const std::string_view rest = glob.substr(at);
    const std::string_view star = rest.starts_with("**/")  ? rest.substr(0, 3)
                                  : rest.starts_with("**") ? rest.substr(0, 2)
                                  : rest.starts_with('*')  ? rest.substr(0, 1)
                                                           : std::string_view{};
    if (star.empty()) {
      const size_t plain = std::min(rest.find('*'), rest.size());
      regex += re2::RE2::QuoteMeta(std::string(rest.substr(0, plain)));
      at += plain;
    } else {
      regex += star.size() == 3 ? "(?:.*/)?" : star.size() == 2 ? ".*" : "[^/]*";
      at += star.size();
    }
  }
  return regex + "$";
}

void PathRules::read(const Value& list, Diagnostics& out) {
  for (const Value* entry : filter::readEntries(list, out)) readEntry(*entry, out);
  index();
}

void PathRules::readEntry(const Value& entry, Diagnostics& out) {
  if (entry.isMap())
    readPattern(entry, out);
  else if (auto path = filter::readPath(entry, out))
    add(Rule::Kind::Prefix, *std::move(path), entry.mark);
}

void PathRules::readPattern(const Value& entry, Diagnostics& out) {
  Settings settings(entry, kPathPatternKeys, out);
  const Value* exact = settings.take("exact");
  const Value* glob = settings.take("glob");
  const Value* regex = settings.take("regex");
  settings.finish();
  if ((exact != nullptr) + (glob != nullptr) + (regex != nullptr) != 1) {
    if (entry.entries.size() != 1 || entry.find("exact") || entry.find("glob") ||
        entry.find("regex"))
      out.error(entry.mark, "an entry is one path or one pattern").expected =
          "`/path`, `{ exact: /path }`, `{ glob: \"/**/*.php\" }` or `{ regex: ... }`";
    return;
  }
  if (exact != nullptr) {
    if (auto path = filter::readExactPath(*exact, out))
      add(Rule::Kind::Exact, *std::move(path), exact->mark);
  } else if (glob != nullptr) {
    readGlob(*glob, out);
  } else if (const filter::Pattern pattern = filter::readPattern(*regex, out)) {
    add(Rule::Kind::Regex, regex->text, regex->mark);
    patterns_.push_back(pattern);
    pattern_rules_.push_back(static_cast<uint32_t>(rules_.size() - 1));
  }
}

void PathRules::readGlob(const Value& value, Diagnostics& out) {
  const auto text = filter::readPathText(value, out);
  if (!text) return;
  if (!text->starts_with('/') && !text->starts_with("**")) {
    out.error(value.mark, "this pattern matches no path").expected =
        "a pattern that begins with `/` or `**`";
    return;
  }
  auto pattern = std::make_shared<re2::RE2>(regexOfGlob(*text), re2::RE2::Quiet);
  if (!pattern->ok()) {
    out.error(value.mark, fmt::format("this pattern is too large: {}", pattern->error()));
    return;
  }
  add(Rule::Kind::Glob, *text, value.mark);
  patterns_.push_back(std::move(pattern));
  pattern_rules_.push_back(static_cast<uint32_t>(rules_.size() - 1));
}

void PathRules::add(Rule::Kind kind, std::string text, Mark mark) {
  const std::string_view word = kKindWords[static_cast<size_t>(kind)];
  std::string name =
      fmt::format("firewall path_reject {}{}{}", word, word.empty() ? "" : ":", text);
  std::string plain = plainPath(text);
  rules_.push_back({kind, std::move(text), std::move(plain), mark, std::move(name)});
}

void PathRules::index() {
  std::vector<uint32_t> prefixes;
  exact_.clear();
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].kind == Rule::Kind::Prefix) prefixes.push_back(i);
    if (rules_[i].kind == Rule::Kind::Exact) exact_.emplace(rules_[i].plain, i);
  }
  std::ranges::sort(prefixes, isBefore,
                    [&](uint32_t i) { return std::string_view(rules_[i].plain); });
  order_.clear();
  for (const uint32_t i : prefixes)
    if (order_.empty() || !http::isAtOrBelow(rules_[i].plain, rules_[order_.back()].plain))
      order_.push_back(i);
  set_ = std::make_shared<const route::RegexSet>(patterns_);
}

const PathRules::Rule* PathRules::find(std::string_view path) const {
  PlainPathRoom room;
  const std::string_view plain = plainPath(path, room);
  if (const Rule* prefix = findPrefix(plain)) return prefix;
  if (const auto exact = exact_.find(plain); exact != exact_.end()) return &rules_[exact->second];
  if (const Rule* found = findPattern(path)) return found;
  return plain.data() == path.data() ? nullptr : findPattern(plain);
}

const PathRules::Rule* PathRules::findPattern(std::string_view path) const {
  const Rule* found = nullptr;
  if (set_)
    set_->forEachMatch(path, [&](size_t index) {
      found = &rules_[pattern_rules_[index]];
      return true;
    });
  return found;
}

// Only the last entry that does not come after the path can have it at or below itself.
const PathRules::Rule* PathRules::findPrefix(std::string_view plain) const {
  const auto after = std::upper_bound(
      order_.begin(), order_.end(), plain,
      [&](std::string_view p, uint32_t i) { return isBefore(p, rules_[i].plain); });
  if (after == order_.begin()) return nullptr;
  const Rule& candidate = rules_[*(after - 1)];
  return http::isAtOrBelow(plain, candidate.plain) ? &candidate : nullptr;
}

Value PathRules::show() const {
  Value list = Value::list();
  for (const Rule& rule : rules_) {
    Value text = Value::scalar(rule.text, rule.mark);
    if (rule.kind == Rule::Kind::Prefix) {
      list.items.push_back(std::move(text));
      continue;
    }
    Value pattern = Value::map(rule.mark);
    pattern.put(std::string(kKindWords[static_cast<size_t>(rule.kind)]), std::move(text));
    list.items.push_back(std::move(pattern));
  }
  return list;
}

}  // namespace fairlead::firewall
