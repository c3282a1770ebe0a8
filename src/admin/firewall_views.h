// Bans, and what the firewall's rules did, as JSON. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/bans.h"
#include "admin/views.h"
#include "firewall/client_table.h"
#include "firewall/ledger.h"

namespace fairlead::admin {

// Times are told as in views.h.
Json viewOf(const KnownBan& ban, const Moment& moment);
Json viewOfBans(std::span<const KnownBan> bans, const Moment& moment);
Json viewOf(const BanDone& done, const Moment& moment);

struct FirewallFacts {
  struct Rule {
    firewall::RuleReport report;
    std::string place;  // "edge.yaml:7"; empty: it stands nowhere
  };
  std::vector<Rule> rules;  // the one with the most hits first
  firewall::ClientTable::Facts table;
  uint64_t table_bytes = 0;
};

// What those who count say at the moment. `files`: of the configuration, as marks count them.
FirewallFacts factsOf(const firewall::Ledger& ledger, const firewall::ClientTable& table,
                      uint64_t table_bytes, std::span<const std::string> files, TimePoint now);

// With so many clients of each rule at the most.
Json viewOf(const FirewallFacts& facts, size_t clients, const Moment& moment);

}  // namespace fairlead::admin
