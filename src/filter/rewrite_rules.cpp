// rewrite_rules: text within the canonical path is replaced, and the result is canonical again.
#include "filter/rewrite_rules.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "filter/entries.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"replace", "{text}", "", "every occurrence of a text in the path is replaced"},
    {"strip_prefix", "later", "", ""},
    {"replace_prefix", "later", "", ""},
    {"add_prefix", "later", "", ""},
    {"replace_path", "later", "", ""},
    {"regex", "later", "", ""},
    {"host", "later", "", ""},
    {"method", "later", "", ""},
    {"rewrite_location", "later", "", ""},
};

// Longer paths are no help to anybody; a rule that makes a path grow without end stops here.
constexpr size_t kLongestPath = 32 * 1024;

// Where `from` occurs next, never with its beginning inside of an escape: "20" does not occur in
// "%20".
size_t findFrom(std::string_view path, std::string_view from, size_t at) {
  for (;;) {
    at = path.find(from, at);
    if (at == std::string_view::npos) return at;
    const bool in_escape = (at >= 1 && path[at - 1] == '%') || (at >= 2 && path[at - 2] == '%');
    if (!in_escape) return at;
    ++at;
  }
}

size_t countOf(std::string_view path, std::string_view from) {
  size_t count = 0;
  for (size_t at = findFrom(path, from, 0); at != std::string_view::npos;
       at = findFrom(path, from, at + from.size()))
    ++count;
  return count;
}

char* append(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// The path with every `from` replaced, in the arena. `count` is how often it occurs.
std::string_view replaceAll(std::string_view path, std::string_view from, std::string_view to,
                            size_t count, Arena& arena) {
  const size_t size = path.size() - count * from.size() + count * to.size();
  char* const begin = arena.allocate(size);
  char* end = begin;
  size_t done = 0;
  for (size_t at = findFrom(path, from, 0); at != std::string_view::npos;
       at = findFrom(path, from, done)) {
    end = append(end, path.substr(done, at - done));
    end = append(end, to);
    done = at + from.size();
  }
  append(end, path.substr(done));
  return {begin, size};
}

// A canonical path has no dot segments. Should deleting text put one together, then somebody tries
// to climb past the rules that judged the path before: "/a/.v1./b" must not become "/b".
bool hasDotSegment(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

std::optional<std::string_view> finished(std::string_view path, Arena& arena) {
  if (path.size() > kLongestPath || hasDotSegment(path)) return std::nullopt;
  if (!path.starts_with('/')) path = arena.join("/", path);
  const auto canonical = http::canonicalPath(path, arena);
  if (!canonical) return std::nullopt;
  return *canonical;
}

void warnOfPartialSegments(const Value& from, Diagnostics& out) {
  const std::string& text = from.text;
  if (text.size() > 1 && text.starts_with('/') && text.ends_with('/')) return;
  out.warning(from.mark,
              "`" + text + "` is replaced wherever it occurs in the path, also within a segment")
      .expected = "a text between slashes, such as `/v1/`, where only whole segments are meant";
}

}  // namespace

const Section kRewriteRuleKeys{"rewrite_rules", "rewrite_rules", kKeys};

void RewriteRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kRewriteRuleKeys, out);
  if (const Value* replace = settings.take("replace")) readReplace(*replace, out);
  settings.finish();
}

void RewriteRules::readReplace(const Value& value, Diagnostics& out) {
  if (!value.isMap()) {
    out.error(value.mark, "this is not a mapping").expected = "old and new text: { /v1/: /v2/ }";
    return;
  }
  bool is_warned = false;
  for (const Value::Entry& entry : value.entries) {
    auto from = readPathText(entry.key, out);
    auto to = readPathText(entry.value, out);
    if (!from || !to) continue;
    if (from->empty()) {
      out.error(entry.key.mark, "there is no text to replace");
      continue;
    }
    if (!is_warned) warnOfPartialSegments(entry.key, out);
    is_warned = true;
    std::erase_if(replace_, [&](const Replace& old) { return old.from == *from; });
    replace_.push_back({std::move(*from), std::move(*to), entry.key.mark});
  }
}

bool RewriteRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  if (!head.target.path.starts_with('/')) return true;  // the `*` of OPTIONS
  std::string_view path = head.target.path;
  bool is_changed = false;
  for (const Replace& rule : replace_) {
    const size_t count = countOf(path, rule.from);
    if (count == 0) continue;
    if (path.size() + count * rule.to.size() > kLongestPath + count * rule.from.size())
      return false;
    path = replaceAll(path, rule.from, rule.to, count, scene.arena);
    is_changed = true;
    if (scene.trace)
      scene.trace->note(
          "rewrite_rules: replace " + rule.from + " by " + rule.to + ": " + std::string(path),
          rule.mark);
  }
  if (!is_changed) return true;
  const auto canonical = finished(path, scene.arena);
  if (!canonical) return false;
  head.target.path = *canonical;
  return true;
}

std::vector<std::pair<std::string, Mark>> RewriteRules::describe() const {
  std::vector<std::pair<std::string, Mark>> rules;
  for (const Replace& rule : replace_)
    rules.emplace_back("replace " + rule.from + " by " + rule.to, rule.mark);
  return rules;
}

}  // namespace fairlead::filter
