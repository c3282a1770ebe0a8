// rewrite_rules, applied to path, host and method of a request.
#include <algorithm>

#include "filter/path_edit.h"
#include "filter/rewrite_rules.h"
#include "http/byte_class.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

constexpr size_t kLongestHost = 255 + sizeof(":65535") - 1;  // a name (RFC 1035) and a port
constexpr size_t kLongestMethod = 64;

std::string_view withoutSlashAtEnd(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// May these bytes stand in a request line as a query?
bool isQuery(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return http::isVisibleByte(c) && c != '#'; });
}

}  // namespace

// All rules over one head. Each step is false when its result cannot be sent.
class RewriteRules::Run {
 public:
  Run(const RewriteRules& rules, http::RequestHead& head, const Scene& scene, PathMapping& mapping)
      : rules_(rules), head_(head), target_(head.target), scene_(scene), mapping_(mapping) {}

  bool apply() {
    const bool has_path = target_.path.starts_with('/');  // not the `*` of OPTIONS
    return (!has_path || (stripPrefix() && replacePrefix() && addPrefix() && replacePath() &&
                          replaceTexts() && replaceMatches())) &&
           setHost() && (!has_path || setMethod());
  }

 private:
  bool stripPrefix() {
    if (!rules_.strip_) return true;
    const auto prefix = prefixOf(*rules_.strip_);
    if (!prefix) return false;
    const std::string_view source =
        rules_.strip_->is_route ? "true" : std::string_view(rules_.strip_->path.source);
    return exchangePrefix(*prefix, {}, rules_.strip_->mark, "strip_prefix ", source);
  }

  bool replacePrefix() {
    if (!rules_.replace_prefix_ || !rules_.route_path_) return true;
    const Prefix& rule = *rules_.replace_prefix_;
    const auto prefix = prefixOf(rule);
    return prefix && exchangePrefix(*rules_.route_path_, *prefix, rule.mark, "replace_prefix ",
                                    rule.path.source);
  }

  bool addPrefix() {
    if (!rules_.add_prefix_) return true;
    const Prefix& rule = *rules_.add_prefix_;
    const auto prefix = prefixOf(rule);
    return prefix && exchangePrefix({}, *prefix, rule.mark, "add_prefix ", rule.path.source);
  }

  bool replacePath() {
    if (!rules_.replace_path_) return true;
    const PathRule& rule = *rules_.replace_path_;
    return setPath(rule.path.text.render(scene_), rule.mark, "replace_path ", rule.path.source);
  }

  bool replaceTexts() {
    return std::ranges::all_of(rules_.replace_, [this](const Replace& rule) {
      const auto path = replaceText(target_.path, rule.from.text.constant(),
                                    rule.to.text.render(scene_), scene_.arena);
      return path &&
             setPath(*path, rule.mark, "replace ", rule.from.source, " by ", rule.to.source);
    });
  }

  bool replaceMatches() {
    return std::ranges::all_of(rules_.regexes_, [this](const Regex& rule) {
      const bool has_query = rule.is_over_uri && target_.has_query;
      const std::string_view uri =
          has_query ? scene_.arena.join(target_.path, "?", target_.query) : target_.path;
      const Substituted result = substitute(
          uri, {.pattern = *rule.pattern, .with = rule.with.text, .limit = kLongestPath}, scene_);
      if (result.outcome != Substituted::Outcome::Done)
        return result.outcome == Substituted::Outcome::NoMatch;
      return rule.is_over_uri
                 ? setUri(result.text, rule)
                 : setPath(result.text, rule.mark, "regex ", rule.source, " by ", rule.with.source);
    });
  }

  // Path and query; there need be none.
  bool setUri(std::string_view uri, const Regex& rule) {
    const size_t mark = uri.find('?');
    const auto path = canonicalAgain(uri.substr(0, mark), scene_.arena);
    const bool has_query = mark != std::string_view::npos;
    const std::string_view query = has_query ? uri.substr(mark + 1) : std::string_view();
    if (!path || !isQuery(query)) return false;
    const bool is_path_changed = *path != target_.path;
    const bool is_same =
        !is_path_changed && has_query == target_.has_query && query == target_.query;
    if (is_same) return true;
    if (is_path_changed) mapping_.forgetPrefix();
    storePath(*path);
    target_.query = query;
    target_.has_query = has_query;
    note(rule.mark, "regex ", rule.source, " by ", rule.with.source);
    return true;
  }

  bool setHost() {
    if (!rules_.host_) return true;
    const std::string_view host = rules_.host_->text.render(scene_);
    if (host.size() > kLongestHost || !http::isValidAuthority(host)) return false;
    if (head_.fields.valueOf(http::FieldId::Host) == host) return true;
    if (!head_.fields.set(http::Field::make(scene_.arena, http::FieldId::Host, host))) return false;
    mapping_.host_changed = true;
    tell(rules_.host_->mark, "host ", host);
    return true;
  }

  // The answer to HEAD has no body; no other method's is like it.
  bool setMethod() {
    if (!rules_.method_ || head_.method == http::Method::Head) return true;
    const std::string_view text = rules_.method_->text.render(scene_);
    const http::Method method = http::methodOf(text);
    const bool is_good =
        http::isToken(text) && method != http::Method::Head && method != http::Method::Connect;
    if (!is_good || text.size() > kLongestMethod) return false;
    if (text == head_.method_text) return true;
    head_.method = method;
    head_.method_text = text;
    tell(rules_.method_->mark, "method ", text);
    return true;
  }

  // In canonical form, without slash at the end; the root is "".
  std::optional<std::string_view> prefixOf(const Prefix& rule) {
    if (rule.is_route) return rules_.route_path_ ? *rules_.route_path_ : std::string_view();
    if (rule.path.text.isConstant()) return rule.constant;
    const auto path = canonicalAgain(rule.path.text.render(scene_), scene_.arena);
    if (!path) return std::nullopt;
    return withoutSlashAtEnd(*path);
  }

  // Canonical prefixes, so that the result is canonical as it stands.
  bool exchangePrefix(std::string_view from, std::string_view to, const Mark& mark,
                      std::string_view verb, std::string_view source) {
    if (from == to || !http::isAtOrBelow(target_.path, from.empty() ? "/" : from)) return true;
    const std::string_view rest = target_.path.substr(from.size());
    if (to.size() + rest.size() > kLongestPath) return false;
    mapping_.replacePrefix(from, to, scene_.arena);
    if (to.empty())
      storePath(rest.empty() ? "/" : rest);
    else
      storePath(scene_.arena.join(to, rest));
    note(mark, verb, source);
    return true;
  }

  template <typename... Parts>
  bool setPath(std::string_view path, const Mark& mark, const Parts&... parts) {
    const auto canonical = canonicalAgain(path, scene_.arena);
    if (!canonical) return false;
    if (*canonical == target_.path) return true;
    mapping_.forgetPrefix();
    storePath(*canonical);
    note(mark, parts...);
    return true;
  }

  // With `path_policy: raw` as well it is the rewritten path that is sent.
  void storePath(std::string_view path) { target_.path = target_.raw_path = path; }

  // The rule, and what it made of the target.
  template <typename... Parts>
  void note(const Mark& mark, const Parts&... parts) {
    if (!scene_.trace) return;
    if (target_.has_query)
      tell(mark, parts..., ": ", target_.path, "?", target_.query);
    else
      tell(mark, parts..., ": ", target_.path);
  }

  template <typename... Parts>
  void tell(const Mark& mark, const Parts&... parts) {
    if (!scene_.trace) return;
    std::string line = "rewrite_rules: ";
    (line.append(parts), ...);
    scene_.trace->note(std::move(line), mark);
  }

  const RewriteRules& rules_;
  http::RequestHead& head_;
  http::Target& target_;
  const Scene& scene_;
  PathMapping& mapping_;
};

bool RewriteRules::onRequest(http::RequestHead& head, const Scene& scene,
                             PathMapping& mapping) const {
  return Run(*this, head, scene, mapping).apply();
}

}  // namespace fairlead::filter
