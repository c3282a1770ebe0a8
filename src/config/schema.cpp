// Sections become objects, forms become what their values must be.
#include "config/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "balance/settings.h"
#include "config/admin_settings.h"
#include "config/conditions.h"
#include "config/config_reader.h"
#include "config/log_settings.h"
#include "config/pool_table.h"
#include "config/proxy_protocol.h"
#include "config/route_reader.h"
#include "config/scalar_kind.h"
#include "config/surroundings.h"
#include "config/test_reader.h"
#include "config/yaml.h"

namespace fairlead::config {
namespace {

using Json = nlohmann::ordered_json;
using Kind = Form::Kind;

// What forms may name. (Sections that only lend their keys to others are found through these.)
constexpr const Section* kNamed[] = {
    &kFileKeys,
    &kListenKeys,
    &kProxyProtocolKeys,
    &kLogKeys,
    &kAdminKeys,
    &kAccessLogKeys,
    &kDnsKeys,
    &kGeoKeys,
    &kDefaultKeys,
    &kPoolKeys,
    &kServerKeys,
    &kHostKeys,
    &balance::kBalanceKeys,
    &kPathKeys,
    &kValueMatchKeys,
    &kTestKeys,
    &kTestRequestKeys,
    &upstream::kHealthKeys,
    &upstream::kHealthExpectKeys,
    &upstream::kPassiveKeys,
    &upstream::kTimeoutKeys,
    &upstream::kRetryKeys,
    &upstream::kHedgeKeys,
    &upstream::kStickyKeys,
    &upstream::kQueueKeys,
    &upstream::kBreakerKeys,
    &firewall::kFirewallKeys,
    &firewall::kPathPatternKeys,
    &firewall::kRateLimitKeys,
    &firewall::kClientLimitKeys,
    &firewall::kAutoBanKeys,
    &firewall::kActionKeys,
    &filter::kHeaderRuleKeys,
    &filter::kHeaderReplaceKeys,
    &filter::kHeaderResponseKeys,
    &filter::kParamRuleKeys,
    &filter::kParamReplaceKeys,
    &filter::kRewriteRuleKeys,
    &filter::kRegexRuleKeys,
    &filter::kCookieRuleKeys,
    &filter::kCookieResponseKeys,
    &filter::kCookieAttributeKeys,
    &filter::kCorsKeys,
    &filter::kErrorPageKeys,
    &filter::kErrorPageEntryKeys,
    &filter::kRedirectKeys,
    &filter::kRespondKeys,
    &filter::kMirrorKeys,
};

Form parsed(std::string_view text) {
  auto form = parseForm(text);
  if (!form) throw std::logic_error(fmt::format("a form that is none: {}", form.error()));
  return *std::move(form);
}

const Section& sectionOf(const Form& form) {
  const Section* section = findSection(form.name);
  if (section == nullptr) throw std::logic_error(fmt::format("no section <{}>", form.name));
  return *section;
}

const ScalarKind& kindOf(const Form& form) {
  const ScalarKind* kind = findScalarKind(form.name);
  if (kind == nullptr) throw std::logic_error(fmt::format("no kind of value `{}`", form.name));
  return *kind;
}

// The form without what a later version will bring; nothing, if nothing is left.
std::optional<Form> pruned(Form form) {
  if (form.is(Kind::Section) && !isCurrent(sectionOf(form))) return std::nullopt;
  if (form.is(Kind::Scalar)) kindOf(form);
  const size_t whole = form.parts.size();
  std::vector<Form> parts;
  for (Form& part : form.parts)
    if (auto kept = pruned(std::move(part))) parts.push_back(*std::move(kept));
  form.parts = std::move(parts);
  if (form.parts.empty() && whole > 0) return std::nullopt;
  if (form.is(Kind::Either) && form.parts.size() == 1) return Form(form.parts.front());
  return form;
}

void visitSections(const Form& form, std::vector<const Section*>& found);

void visitSection(const Section& section, std::vector<const Section*>& found) {
  if (std::find(found.begin(), found.end(), &section) != found.end()) return;
  found.push_back(&section);
  for (const Key& key : section.keys) visitSections(parsed(key.form), found);
  if (!section.names.empty()) visitSections(parsed(section.names), found);
  for (const Section* lender : section.also) visitSection(*lender, found);
}

void visitSections(const Form& form, std::vector<const Section*>& found) {
  if (form.is(Kind::Section)) visitSection(sectionOf(form), found);
  for (const Form& part : form.parts) visitSections(part, found);
}

// --- single values

// A string with a variable in it may become anything.
constexpr std::string_view kVariable = "[$][{]";

Json referenceTo(std::string_view place) { return {{"$ref", fmt::format("#/$defs/{}", place)}}; }

Json textSchema() { return {{"type", {"string", "number", "boolean"}}}; }

Json choiceSchema(Json choices) {
  return {{"anyOf", {{{"enum", std::move(choices)}}, referenceTo("variable")}}};
}

Json kindSchema(const ScalarKind& kind) {
  if (kind.is_text) return textSchema();
  if (kind.has_choices) return choiceSchema(choicesOf(kind));
  Json types = Json::array();
  if (kind.is_boolean) types.push_back("boolean");
  if (kind.high > 0) types.push_back(kind.has_fractions ? "number" : "integer");
  if (const std::string pattern = patternOf(kind); types.empty() && pattern.empty())
    return Json::object();
  types.push_back("string");
  Json schema{{"type", types.size() == 1 ? types.front() : types}};
  if (kind.high > 0) schema.update({{"minimum", kind.low}, {"maximum", kind.high}});
  const std::string pattern = patternOf(kind);
  schema["pattern"] =
      pattern.empty() ? std::string(kVariable) : fmt::format("{}|{}", pattern, kVariable);
  return schema;
}

std::string kindPlace(const ScalarKind& kind) { return fmt::format("value_{}", kind.name); }

// A word as YAML reads it: `false` is a boolean, `502` a number (or, with quotes, a string).
void addWord(std::string_view word, Json& to) {
  if (word == "true" || word == "false") {
    to.push_back(word == "true");
    return;
  }
  if (word.find_first_not_of("0123456789") == std::string_view::npos)
    to.push_back(std::stoul(std::string(word)));
  to.push_back(word);
}

// --- forms

class FormSchema {
 public:
  static Json of(const Form& form) {
    FormSchema schema;
    schema.add(form);
    return schema.finish();
  }

 private:
  void add(const Form& form) {
    switch (form.kind) {
      case Kind::Scalar:
        takes_variables_ = true;
        return ways_.push_back(referenceTo(kindPlace(kindOf(form))));
      case Kind::Word:
        return addWord(form.name, words_);
      case Kind::Range:
        takes_variables_ = true;
        return ways_.push_back({{"type", {"integer", "string"}},
                                {"minimum", form.low},
                                {"maximum", form.high},
                                {"pattern", kVariable}});
      case Kind::Section:
        return ways_.push_back(referenceTo(form.name));
      case Kind::List:
        return ways_.push_back({{"type", "array"}, {"items", of(form.parts[0])}});
      case Kind::OneOrList:
        add(form.parts[0]);
        return ways_.push_back({{"type", "array"}, {"items", of(form.parts[0])}});
      case Kind::Map:
        return ways_.push_back({{"type", "object"}, {"additionalProperties", of(form.parts[0])}});
      case Kind::Either:
      case Kind::Later:
        for (const Form& part : form.parts) add(part);
        return;
    }
  }

  Json finish() {
    if (!words_.empty()) ways_.insert(ways_.begin(), Json::object({{"enum", words_}}));
    if (!words_.empty() && !takes_variables_) ways_.push_back(referenceTo("variable"));
    return ways_.size() == 1 ? ways_.front() : Json{{"anyOf", ways_}};
  }

  Json::array_t ways_;
  Json words_ = Json::array();
  bool takes_variables_ = false;  // some way does
};

// --- sections

Json jsonOf(const Value& value) {
  if (value.isList()) {
    Json list = Json::array();
    for (const Value& item : value.items) list.push_back(jsonOf(item));
    return list;
  }
  if (value.text == "true" || value.text == "false") return value.text == "true";
  const bool is_number = !value.text.empty() && value.text.size() < 18 &&
                         value.text.find_first_not_of("0123456789") == std::string::npos;
  if (is_number) return std::stoul(value.text);
  return value.text;
}

Json defaultOf(const Key& key) {
  Diagnostics out;
  out.files.push_back({"", std::string(key.initial)});
  const auto no_variables = [](std::string_view) -> std::optional<std::string> {
    return std::nullopt;
  };
  const auto value = readYaml(0, no_variables, out);
  if (!value) throw std::logic_error(fmt::format("{}: the default is no YAML", key.name));
  return jsonOf(*value);
}

constexpr std::string_view kOfLater = "not supported by this version";

// Nothing: the key is of a later version, and no word of it is accepted.
std::optional<Json> keySchema(const Key& key) {
  const auto form = currentForm(key.form);
  if (!form || (form->is(Kind::Later) && form->parts.empty())) return std::nullopt;
  Json schema;
  if (const auto meaning = key.isLater() ? kOfLater : key.meaning; !meaning.empty())
    schema["description"] = meaning;
  if (!key.initial.empty()) schema["default"] = defaultOf(key);
  schema.update(FormSchema::of(*form));
  return schema;
}

// The keys that a section lends to others stand in its own definition only.
void addLent(const Section& lender, Json& properties) {
  for (const Key& key : lender.keys)
    if (keySchema(key))
      properties[std::string(key.name)] =
          referenceTo(fmt::format("{}/properties/{}", lender.name, key.name));
  for (const Section* further : lender.also) addLent(*further, properties);
}

Json sectionSchema(const Section& section) {
  Json properties = Json::object();
  for (const Key& key : section.keys)
    if (auto schema = keySchema(key)) properties[std::string(key.name)] = *std::move(schema);
  for (const Section* lender : section.also) addLent(*lender, properties);
  Json schema{{"title", section.what}, {"type", "object"}, {"properties", properties}};
  const auto names = section.names.empty() ? std::nullopt : currentForm(section.names);
  schema["additionalProperties"] = names ? FormSchema::of(*names) : Json(false);
  return schema;
}

}  // namespace

const Section* findSection(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kNamed), std::end(kNamed),
                   [&](const Section* section) { return section->name == name; });
  return found == std::end(kNamed) ? nullptr : *found;
}

std::vector<const Section*> allSections() {
  std::vector<const Section*> found;
  visitSection(kFileKeys, found);
  return found;
}

std::optional<Form> currentForm(std::string_view form) { return pruned(parsed(form)); }

bool isCurrent(const Section& section) {
  bool is_current = !section.names.empty();
  section.forEach([&](const Key& key) { is_current = is_current || !key.isLater(); });
  return is_current;
}

std::string renderSchema() {
  Json defs;
  for (const Section* section : allSections())
    if (isCurrent(*section)) defs[std::string(section->name)] = sectionSchema(*section);
  for (const ScalarKind& kind : scalarKinds()) defs[kindPlace(kind)] = kindSchema(kind);
  defs["variable"] = {{"description", "${NAME}: the value of an environment variable"},
                      {"type", "string"},
                      {"pattern", kVariable}};
  const Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "fairlead.yaml"},
                    {"description", "The configuration of fairlead"},
                    {"$ref", "#/$defs/file"},
                    {"$defs", defs}};
  return schema.dump(2) + "\n";
}

}  // namespace fairlead::config
