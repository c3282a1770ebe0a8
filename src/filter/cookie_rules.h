// cookie_rules: which cookies of the request are changed on the way to the server, and which
// attributes of Set-Cookie on the way back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filter/set_cookie_rules.h"
#include "filter/template.h"

namespace fairlead::filter {

extern const Section kCookieRuleKeys;

class CookieRules {
 public:
  // Reads over what is there: entries replace those of the same kind and name, `remove` adds up.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return rules_.empty(); }
  bool hasResponse() const { return !response_.empty(); }

  // Order: remove, rename, add, which replaces the first cookie of its name (further ones go) or
  // comes last. Other cookies keep their bytes and order. False: too many fields, or one that is
  // too long.
  bool onRequest(http::RequestHead& head, const Scene& scene) const;
  // The attributes of each Set-Cookie but those of fairlead's own cookies. False: one is too long.
  bool onResponse(http::Fields& fields, const Scene& scene) const {
    return response_.apply(fields, scene);
  }

  Needs needs() const;
  Needs responseNeeds() const { return response_.needs(); }
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same rules.
  Value show() const;

 private:
  enum class Kind : uint8_t { Remove, Rename, Add };  // in the order in which they are applied
  struct Rule {
    Kind kind = Kind::Add;
    std::string name;  // Remove: may be a glob
    bool is_glob = false;
    Template value;    // what is set; the new name
    std::string pair;  // of a constant value: "name=value"
    Mark mark;

    bool matches(std::string_view cookie) const;
    std::string_view pairText(const Scene& scene) const;
    std::string sentence(const Scene& scene) const;
  };

  void readRemove(const Value& value, Diagnostics& out);
  void readRename(const Value& value, Diagnostics& out);
  void readAdd(const Value& value, Diagnostics& out);
  void put(Rule rule);

  static bool applyOne(const Rule& rule, http::Fields& fields, const Scene& scene);
  static bool rename(const Rule& rule, http::Fields& fields, Arena& arena);
  static bool set(const Rule& rule, http::Fields& fields, const Scene& scene);
  static bool append(std::string_view pair, http::Fields& fields, Arena& arena);

  std::vector<Rule> rules_;  // by kind
  SetCookieRules response_;
};

}  // namespace fairlead::filter
