// header_rules: which fields of the request are changed on the way to the server, and which of the
// response on the way back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "filter/field_rules.h"

namespace fairlead::filter {

extern const Section kHeaderRuleKeys;
extern const Section kHeaderResponseKeys;

class HeaderRules {
 public:
  // Reads over what is there: entries replace those of the same kind and name, `remove` adds up.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return request_.empty(); }
  bool hasResponse() const { return !response_.empty(); }

  // Order: remove, rename, replace, add (which sets), append, set_if_missing. False: too many
  // fields, one that is too long, or a Host that is none. These rules must outlive the head.
  bool onRequest(http::RequestHead& head, const Scene& scene) const;
  bool onResponse(http::Fields& fields, const Scene& scene) const;
  // `remove: [Host]`: the chosen server's own address is sent as Host (the pipeline does that). A
  // rule that sets Host wins over it.
  bool removesHost() const { return request_.removesHost(); }

  Needs needs() const { return request_.needs(); }
  Needs responseNeeds() const { return response_.needs(); }
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same rules.
  Value show() const;

 private:
  FieldRules request_{HeadKind::Request};
  FieldRules response_{HeadKind::Response};
};

}  // namespace fairlead::filter
