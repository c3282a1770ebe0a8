// header_rules: the same operations for both directions.
#include "filter/header_rules.h"

#include <algorithm>
#include <span>

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"remove", "text... | {any}", "",
     "removes fields; `X-Internal-*` is all that begin with `X-Internal-`"},
    {"rename", "{text}", "", "gives fields another name: `{ X-Old: X-New }`"},
    {"replace", "{<header_replace>}", "", "replaces parts of the values of a field"},
    {"add", "{text}", "", "sets fields, replacing what is there"},
    {"append", "{text}", "", "adds a field beside those of its name"},
    {"set_if_missing", "{text}", "", "sets fields that are not there"},
    {"response", "<header_response>", "", "the same for the response"},
};
constexpr std::span<const Key> kBothWays = std::span(kKeys).first<6>();

}  // namespace

const Section kHeaderRuleKeys{"header_rules", "header_rules", kKeys};
const Section kHeaderResponseKeys{"header_response", "`response` of header_rules", kBothWays};

void HeaderRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kHeaderRuleKeys, out);
  request_.read(settings);
  if (const Value* response = settings.take("response")) {
    Settings inner(*response, kHeaderResponseKeys, out);
    response_.read(inner);
    inner.finish();
  }
  settings.finish();
}

bool HeaderRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  return request_.apply(head.fields, scene, "header_rules: ");
}

bool HeaderRules::onResponse(http::Fields& fields, const Scene& scene) const {
  return response_.apply(fields, scene, "header_rules.response: ");
}

int HeaderRules::highestCapture() const {
  return std::max(request_.highestCapture(), response_.highestCapture());
}

Value HeaderRules::show() const {
  Value shown = Value::map();
  request_.showInto(shown);
  if (hasResponse()) response_.showInto(shown.put("response", Value::map()));
  return shown;
}

}  // namespace fairlead::filter
