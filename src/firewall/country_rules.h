// `country_reject` and `country_allow` of one level.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "firewall/country_database.h"
#include "firewall/judgement.h"

namespace fairlead::firewall {

class CountryRules {
 public:
  // Adds the entries of one of the two lists to those that are there.
  void read(const Value& list, bool allow, const Geo& geo, Diagnostics& out);

  bool empty() const { return entries_.empty(); }
  // What refuses the client, which no address rule of the level names. Where countries are
  // allowed, that is every country that is not, and none at all.
  std::optional<Hit> judge(const Question& question) const;
  // One of the two lists, as written.
  Value show(bool allow) const;

 private:
  struct Entry {
    CountryCode country;
    bool allow = false;
    Mark mark;
    std::string name;  // "firewall country_reject CN"
  };

  void add(Entry entry, Diagnostics& out);
  const Entry* find(CountryCode country) const;

  std::vector<Entry> entries_;      // by country, each once
  std::optional<Mark> allow_list_;  // the first `country_allow`
  std::shared_ptr<const LiveDatabase> database_;
};

}  // namespace fairlead::firewall
