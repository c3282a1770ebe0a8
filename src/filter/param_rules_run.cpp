// param_rules, applied to the query of a request.
#include "base/glob.h"
#include "filter/param_rules.h"
#include "filter/query_editor.h"
#include "http/percent.h"

namespace fairlead::filter {
namespace {

// No server takes longer ones; a rule that makes values grow without end stops here.
constexpr size_t kLongestQuery = 32 * 1024;

}  // namespace

std::string_view ParamRules::Assign::text(const Scene& scene) const {
  return value.isConstant() ? encoded : scene.arena.join(encoded, value.render(scene));
}

// All rules over one query. When somebody watches, the target is brought up to date before each
// note.
class ParamRules::Run {
 public:
  Run(const ParamRules& rules, http::Target& target, const Scene& scene)
      : rules_(rules),
        target_(target),
        scene_(scene),
        editor_(target.query, room(rules), scene.arena) {}

  // False: the query has become too long.
  bool apply() {
    for (const Remove& rule : rules_.remove_) remove(rule);
    for (const Rename& rule : rules_.rename_) rename(rule);
    for (const Replace& rule : rules_.replace_)
      if (!replace(rule)) return false;
    for (const Assign& rule : rules_.assigns(Mode::Set)) set(rule);
    for (const Assign& rule : rules_.assigns(Mode::Append)) append("append ", rule);
    for (const Assign& rule : rules_.assigns(Mode::SetIfMissing))
      if (!editor_.has(rule.name)) append("set_if_missing ", rule);
    if (is_changed_) store();
    return !is_changed_ || target_.query.size() <= kLongestQuery;
  }

  static size_t room(const ParamRules& rules) {
    size_t more = 0;
    for (const auto& kind : rules.assigns_) more += kind.size();
    return more;
  }

 private:
  void remove(const Remove& rule) {
    const bool is_changed =
        isGlob(rule.name) ? editor_.removeMatching(rule.name) : editor_.remove(rule.name);
    if (is_changed) changed(rule.mark, "remove ", rule.name);
  }

  void rename(const Rename& rule) {
    if (editor_.rename(rule.from, rule.to, rule.encoded_to))
      changed(rule.mark, "rename ", rule.from, " to ", rule.to);
  }

  bool replace(const Replace& rule) {
    bool fits = true;
    const bool is_changed = editor_.changeValues(rule.name, [&](std::string_view value) {
      return fits ? replaced(value, rule, fits) : value;
    });
    if (is_changed && fits)
      changed(rule.mark, "replace ", rule.name, ": ", rule.source, " by ", rule.with.source());
    return fits;
  }

  // The value in which every match is replaced; a value that says the same afterwards keeps its
  // bytes.
  std::string_view replaced(std::string_view value, const Replace& rule, bool& fits) {
    const std::string_view decoded = http::queryDecoded(value, scene_.arena);
    const Substituted result = substitute(
        decoded,
        {.pattern = *rule.pattern, .with = rule.with, .limit = left_, .encodes_between = true},
        scene_);
    fits = result.outcome != Substituted::Outcome::TooLong;
    if (result.outcome != Substituted::Outcome::Done) return value;
    left_ -= result.text.size();
    return result.text == http::percentEncoded(decoded, scene_.arena) ? value : result.text;
  }

  void set(const Assign& rule) {
    const std::string_view text = rule.text(scene_);
    if (editor_.set(rule.name, text)) changed(rule.mark, "add ", text);
  }

  void append(std::string_view verb, const Assign& rule) {
    const std::string_view text = rule.text(scene_);
    editor_.append(rule.name, text);
    changed(rule.mark, verb, text);
  }

  void store() {
    target_.query = editor_.query();
    target_.has_query = !target_.query.empty();
  }

  template <typename... Parts>
  void changed(const Mark& mark, const Parts&... parts) {
    is_changed_ = true;
    if (!scene_.trace) return;
    store();
    std::string line = "param_rules: ";
    (line.append(parts), ...);
    scene_.trace->note(std::move(line), mark);
  }

  const ParamRules& rules_;
  http::Target& target_;
  const Scene& scene_;
  QueryEditor editor_;
  size_t left_ = kLongestQuery;  // for all values that are replaced
  bool is_changed_ = false;
};

bool ParamRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  http::Target& target = head.target;
  const bool has_query_part = target.form == http::TargetForm::Origin ||
                              (target.form == http::TargetForm::Absolute && target.path != "*");
  if (!has_query_part || (target.query.empty() && Run::room(*this) == 0)) return true;
  return Run(*this, target, scene).apply();
}

}  // namespace fairlead::filter
