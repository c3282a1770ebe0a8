// The attributes of the cookies that servers set: Secure, HttpOnly, SameSite, Domain and Path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filter/template.h"

namespace fairlead::filter {

extern const Section kCookieResponseKeys;
extern const Section kCookieAttributeKeys;

// Settings for every Set-Cookie, or for the cookies of one name, which go before the general ones.
// fairlead's own cookies are left alone.
class SetCookieRules {
 public:
  // Reads over what is there, attribute by attribute. Warns of SameSite=None without Secure.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return rules_.empty(); }
  // An attribute is changed in place or comes last; others keep their bytes. False: a field has
  // become too long.
  bool apply(http::Fields& fields, const Scene& scene) const;

  Needs needs() const;
  int highestCapture() const;
  Value show() const;

 private:
  enum class Attribute : uint8_t { Secure, HttpOnly, SameSite, Domain, Path };
  struct Rule {
    std::string cookie;  // empty: all that have no rule of their own for this attribute
    Attribute attribute = Attribute::Secure;
    bool removes = false;
    Template value;  // of SameSite, Domain and Path
    Mark mark;

    std::string_view key() const;
    Value shown() const;
    std::string sentence() const;
    bool isSame(std::string_view there, std::string_view wanted) const;
    std::string_view edit(std::string_view set_cookie, std::string_view wanted, Arena& arena) const;
  };

  void readAttributes(Settings& settings, const std::string& cookie);
  void readFlag(const Value* value, Rule rule, Diagnostics& out);
  void readSameSite(const Value* value, Rule rule, Diagnostics& out);
  void readDomain(const Value* value, Rule rule, Diagnostics& out);
  void readPath(const Value* value, Rule rule, Diagnostics& out);
  void readCookie(const Value::Entry& entry, Diagnostics& out);
  void put(Rule rule);
  const Rule* find(std::string_view cookie, Attribute attribute) const;
  void warnOfInsecure(Diagnostics& out) const;
  bool applyOne(const Rule& rule, http::Fields& fields, const Scene& scene) const;

  std::vector<Rule> rules_;  // the general ones first; by cookie, then by attribute
};

}  // namespace fairlead::filter
