// rewrite_rules, read and shown.
#include "filter/rewrite_rules.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "filter/entries.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"strip_prefix", "text | boolean | 'off'", "",
     "takes this path off the front; `true`: the route's own path"},
    {"replace_prefix", "text | 'off'", "", "what stands in the place of the route's path"},
    {"add_prefix", "text | 'off'", "", "a path that is put before the path"},
    {"replace_path", "text | 'off'", "", "what stands in the place of the whole path"},
    {"replace", "{text}", "", "every occurrence of a text in the path is replaced"},
    {"regex", "'off' | <regex_rule>...", "",
     "every match of a regular expression is replaced; several rules go in order"},
    {"host", "text | 'off'", "", "the Host that is sent to the server"},
    {"method", "text | 'off'", "",
     "the method that is sent to the server; HEAD requests keep theirs"},
    {"rewrite_location", "boolean", "true",
     "map Location, Content-Location and cookie paths of the server back to the client's paths"},
};

constexpr Key kRegexKeys[] = {
    {"match", "regex", "", "what is replaced, wherever it occurs"},
    {"with", "text", "", "what it becomes; `{capture.1}` is the first group of the match"},
    {"over", "'path' | 'uri'", "path", "where it is looked for: `uri` is the path and its query"},
};

constexpr std::array<std::string_view, 2> kOver{"path", "uri"};

void warnOfPartialSegments(const Value& from, Diagnostics& out) {
  const std::string& text = from.text;
  if (text.size() > 1 && text.starts_with('/') && text.ends_with('/')) return;
  out.warning(from.mark,
              "`" + text + "` is replaced wherever it occurs in the path, also within a segment")
      .expected = "a text between slashes, such as `/v1/`, where only whole segments are meant";
}

std::string withoutSlashAtEnd(std::string path) {
  if (path.ends_with('/')) path.pop_back();
  return path;
}

bool isWord(const Value& value, std::string_view word) {
  return value.isScalar() && !value.quoted && value.text == word;
}

// A rule that stands alone: the inner one replaces the outer one, `off` takes it away.
template <typename Rule, typename Read>
void readOver(const Value* value, std::optional<Rule>& into, Diagnostics& out, Read read) {
  if (value == nullptr) return;
  if (value->isOff() || isWord(*value, "false"))
    into.reset();
  else if (auto rule = read(*value, out))
    into = std::move(*rule);
}

bool checkHost(const Template& host, const Value& value, Diagnostics& out) {
  if (!host.isConstant() || http::isValidAuthority(host.constant())) return true;
  out.error(value.mark, "`" + value.text + "` is not a host").expected =
      "a host name or address, with a port if needed";
  return false;
}

bool checkMethod(const Template& method, const Value& value, Diagnostics& out) {
  if (!method.isConstant()) return true;
  const std::string& text = method.constant();
  std::string capitals = text;
  std::ranges::transform(capitals, capitals.begin(), ascii::upper);
  const bool is_known = http::methodOf(capitals) != http::Method::Other;
  if (!http::isToken(text)) {
    out.error(value.mark, "`" + text + "` is not a method").expected = "a method, such as POST";
  } else if (is_known && capitals != text) {
    out.error(value.mark, "`" + text + "` is not a method: letter case counts").suggestion =
        "did you mean `" + capitals + "`?";
  } else if (text == "HEAD" || text == "CONNECT") {
    out.error(value.mark, "a request cannot be made a " + text +
                              " request: its answer would not be one to what the client asked");
  } else {
    return true;
  }
  return false;
}

Value shownText(const std::string& text, const Mark& mark) {
  Value value = Value::scalar(text, mark);
  value.quoted = text == "off" || text == "true" || text == "false";
  return value;
}

}  // namespace

const Section kRewriteRuleKeys{"rewrite_rules", "rewrite_rules", kKeys};
const Section kRegexRuleKeys{"regex_rule", "`regex` of rewrite_rules", kRegexKeys};

void RewriteRules::read(const Value& value, Diagnostics& out) {
  const auto readWhole = [](const Value& given, Diagnostics& to) -> std::optional<PathRule> {
    auto path = readWholePathTemplate(given, to);
    if (!path) return std::nullopt;
    return PathRule{std::move(*path), given.mark};
  };
  const auto readToken = [](auto check) {
    return [check](const Value& given, Diagnostics& to) -> std::optional<Token> {
      auto text = Template::read(given, Place::Token, to);
      if (!text || !check(*text, given, to)) return std::nullopt;
      return Token{std::move(*text), given.mark};
    };
  };
  Settings settings(value, kRewriteRuleKeys, out);
  readOver(settings.take("strip_prefix"), strip_, out, readStrip);
  readOver(settings.take("replace_prefix"), replace_prefix_, out, readPrefix);
  readOver(settings.take("add_prefix"), add_prefix_, out, readPrefix);
  readOver(settings.take("replace_path"), replace_path_, out, readWhole);
  if (const Value* replace = settings.take("replace")) readReplace(*replace, out);
  if (const Value* regex = settings.take("regex")) readRegexes(*regex, out);
  readOver(settings.take("host"), host_, out, readToken(checkHost));
  readOver(settings.take("method"), method_, out, readToken(checkMethod));
  settings.take("rewrite_location", rewrite_location_);
  settings.finish();
  const bool touches_prefix = value.find("strip_prefix") || value.find("replace_prefix");
  if (touches_prefix && strip_ && strip_->is_route && replace_prefix_)
    out.warning(replace_prefix_->mark,
                "`strip_prefix: true` goes first and leaves nothing for `replace_prefix`")
        .expected = "`replace_prefix` alone, or `add_prefix`";
}

std::optional<RewriteRules::Prefix> RewriteRules::readPrefix(const Value& value, Diagnostics& out) {
  auto path = readWholePathTemplate(value, out);
  if (!path) return std::nullopt;
  Prefix prefix{.path = std::move(*path), .constant = {}, .mark = value.mark};
  if (!prefix.path.text.isConstant()) return prefix;
  Arena arena;
  prefix.constant =
      withoutSlashAtEnd(std::string(*http::canonicalPath(prefix.path.text.constant(), arena)));
  return prefix;
}

std::optional<RewriteRules::Prefix> RewriteRules::readStrip(const Value& value, Diagnostics& out) {
  if (isWord(value, "true"))
    return Prefix{.path = {}, .constant = {}, .is_route = true, .mark = value.mark};
  return readPrefix(value, out);
}

void RewriteRules::readReplace(const Value& value, Diagnostics& out) {
  if (!value.isMap()) {
    out.error(value.mark, "this is not a mapping").expected = "old and new text: { /v1/: /v2/ }";
    return;
  }
  bool is_warned = false;
  for (const auto& [key, with] : value.entries) {
    auto from = readPathTemplate(key, out);
    auto to = readPathTemplate(with, out);
    if (!from || !to) continue;
    if (!from->text.isConstant()) {
      out.error(key.mark, "the text that is replaced cannot hold placeholders").expected =
          "a text; a brace that is meant itself is written `{{`";
      continue;
    }
    if (from->text.constant().empty()) {
      out.error(key.mark, "there is no text to replace");
      continue;
    }
    if (!is_warned) warnOfPartialSegments(key, out);
    is_warned = true;
    std::erase_if(replace_, [&](const Replace& old) {
      return old.from.text.constant() == from->text.constant();
    });
    replace_.push_back({std::move(*from), std::move(*to), key.mark});
  }
}

void RewriteRules::readRegexes(const Value& value, Diagnostics& out) {
  regexes_.clear();
  if (value.isOff()) return;
  if (!value.isList()) return readRegex(value, out);
  for (const Value& item : value.items) readRegex(item, out);
}

void RewriteRules::readRegex(const Value& value, Diagnostics& out) {
  Settings settings(value, kRegexRuleKeys, out);
  const Value* const match = settings.take("match");
  const Value* const with = settings.take("with");
  const Value* const over = settings.take("over");
  settings.finish();
  if (!value.isMap()) return;
  if (!match || !with) {
    if (value.entries.size() >= 2 + (over ? 1 : 0)) return;  // what stands there is told already
    out.error(value.mark, "`regex` needs both `match` and `with`").expected =
        "what is replaced by what: { match: \"^/v([0-9]+)/\", with: \"/api/{capture.1}/\" }";
    return;
  }
  const std::optional<size_t> where = over ? readWord(*over, kOver, out) : 0;
  Pattern pattern = readPattern(*match, out);
  if (!where || !pattern) return;
  const bool is_over_uri = *where == 1;
  auto text = is_over_uri ? readUriTemplate(*with, out, allowedFor(*pattern))
                          : readPathTemplate(*with, out, allowedFor(*pattern));
  if (text)
    regexes_.push_back(
        {match->text, std::move(pattern), std::move(*text), is_over_uri, match->mark});
}

void RewriteRules::bindTo(std::string route_path) {
  route_path_ = withoutSlashAtEnd(std::move(route_path));
}

std::optional<Mark> RewriteRules::needsPrefix() const {
  if (strip_ && strip_->is_route) return strip_->mark;
  if (replace_prefix_) return replace_prefix_->mark;
  return std::nullopt;
}

bool RewriteRules::empty() const {
  return !strip_ && !replace_prefix_ && !add_prefix_ && !replace_path_ && replace_.empty() &&
         regexes_.empty() && !host_ && !method_;
}

template <typename Visit>
void RewriteRules::forEachTemplate(Visit visit) const {
  for (const auto* prefix : {&strip_, &replace_prefix_, &add_prefix_})
    if (*prefix) visit((*prefix)->path.text);
  if (replace_path_) visit(replace_path_->path.text);
  for (const Replace& rule : replace_) visit(rule.to.text);
  for (const Regex& rule : regexes_) visit(rule.with.text);
  for (const auto* token : {&host_, &method_})
    if (*token) visit((*token)->text);
}

Needs RewriteRules::needs() const {
  Needs needs;
  forEachTemplate([&](const Template& text) { needs |= text.needs(); });
  return needs;
}

int RewriteRules::highestCapture() const {
  int highest = -1;
  forEachTemplate(
      [&](const Template& text) { highest = std::max(highest, text.highestCapture()); });
  return highest;
}

Value RewriteRules::show() const {
  Value shown = Value::map();
  const auto put = [&](std::string key, const std::string& source, const Mark& mark) {
    shown.put(std::move(key), shownText(source, mark));
  };
  if (strip_ && strip_->is_route)
    shown.put("strip_prefix", Value::scalar("true", strip_->mark));
  else if (strip_)
    put("strip_prefix", strip_->path.source, strip_->mark);
  if (replace_prefix_) put("replace_prefix", replace_prefix_->path.source, replace_prefix_->mark);
  if (add_prefix_) put("add_prefix", add_prefix_->path.source, add_prefix_->mark);
  if (replace_path_) put("replace_path", replace_path_->path.source, replace_path_->mark);
  if (!replace_.empty()) {
    Value& texts = shown.put("replace", Value::map());
    for (const Replace& rule : replace_)
      texts.put(rule.from.source, shownText(rule.to.source, rule.mark));
  }
  if (!regexes_.empty()) {
    Value& rules = shown.put("regex", Value::list());
    for (const Regex& rule : regexes_) {
      Value& one = rules.items.emplace_back(Value::map(rule.mark));
      one.put("match", shownText(rule.source, rule.mark));
      one.put("with", shownText(rule.with.source, rule.mark));
      if (rule.is_over_uri) one.put("over", Value::scalar("uri", rule.mark));
    }
  }
  if (host_) put("host", host_->text.source(), host_->mark);
  if (method_) put("method", method_->text.source(), method_->mark);
  if (!rewrite_location_.origin.isBuiltIn())
    shown.put("rewrite_location",
              Value::scalar(rewrite_location_ ? "true" : "false", rewrite_location_.origin));
  return shown;
}

}  // namespace fairlead::filter
