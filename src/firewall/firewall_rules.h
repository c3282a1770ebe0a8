// Rejects by client address and by path; one FirewallRules a level (global, host, path), each
// judged alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "filter/filter.h"
#include "firewall/address_rules.h"

namespace fairlead::firewall {

extern const Section kFirewallKeys;
extern const Section kPathPatternKeys;

class FirewallRules {
 public:
  // Reads the mapping of `firewall_rules`: ip_reject, ip_allow (addresses and CIDRs; longest match
  // wins, allow beats reject at equal length), path_reject (whole segments and all below). The
  // other keys of the language are reported as not supported by this version.
  void read(const Value& value, Lists& lists, Diagnostics& out);

  bool empty() const;
  // The answer when a rule rejects; path is canonical.
  std::optional<filter::Answer> judge(const IpAddress& client, std::string_view path,
                                      filter::Trace* trace) const;
  // As a mapping of the file, every entry with its place.
  Value show() const;

 private:
  struct Path {
    std::string path;   // canonical
    std::string plain;  // as rules compare it
    Mark mark;
    std::string rule;
  };
  void readPathRules(const Value& list, Diagnostics& out);
  void index();
  const Path* findPath(std::string_view canonical) const;

  AddressRules addresses_;
  std::vector<Path> paths_;      // as written
  std::vector<uint32_t> order_;  // of `paths_`, without those below another one
};

}  // namespace fairlead::firewall
