// `ip_reject` and `ip_allow` of one level: networks that stand in the configuration, and lists in
// files of their own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/settings.h"
#include "firewall/live_list.h"

namespace fairlead::firewall {

class AddressRules {
 public:
  // The rule that has an address.
  struct Found {
    bool allow = false;
    Cidr cidr;
    Mark mark;              // of the network: a line of the list file
    Mark rule;              // of the entry in the configuration: the "@file"
    std::string_view name;  // "firewall ip_reject 10.0.0.0/8", "firewall ip_allow @office.txt";
                            // lives as long as the rules
  };

  // Adds the entries of one of the two lists to those that are there.
  void read(const Value& list, bool allow, Lists& lists, Diagnostics& out);

  bool empty() const { return inline_.empty() && files_.empty(); }
  // The longest network that has the address, over all lists; allow beats reject at equal length.
  std::optional<Found> find(const IpAddress& client) const;
  // One of the two lists, as written.
  Value show(bool allow) const;

 private:
  struct Inline {
    Cidr cidr;
    bool allow = false;
    Mark mark;
    std::string name;
  };
  struct FromFile {
    std::shared_ptr<const LiveList> list;
    bool allow = false;
    Value entry;  // "@blocklist.txt"
    std::string name;
  };

  void index();

  std::vector<Inline> inline_;                  // what is allowed first
  std::shared_ptr<const NetworkList> indexed_;  // `inline_`; the line of an entry is its position
  std::vector<FromFile> files_;
};

}  // namespace fairlead::firewall
