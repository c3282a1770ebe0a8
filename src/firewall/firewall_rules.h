// `firewall_rules` of one level of the file (global, host, path): what they refuse, and what they
// limit. Each level is judged alone.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firewall/address_rules.h"
#include "firewall/auto_ban.h"
#include "firewall/country_rules.h"
#include "firewall/judgement.h"
#include "firewall/limits.h"
#include "firewall/path_rules.h"
#include "firewall/request_rules.h"

namespace fairlead::firewall {

extern const Section kFirewallKeys;

// What reading rules needs beside their text.
struct Reading {
  HostReader readHost;
  Lists& lists;
  const Geo& geo;
  Diagnostics& out;
  bool knows_route = true;  // false: these rules are judged before the route is looked for
};

class FirewallRules {
 public:
  // Adds what a mapping of `firewall_rules` says.
  void read(const Value& value, const Reading& reading);

  bool empty() const { return !rejects_ && !limits() && !body_; }
  // Is there anything that has to count? Then a request comes to `Visit` as well.
  bool limits() const {
    return !rates_.empty() || !connections_.empty() || !requests_.empty() || !bans_.empty();
  }

  // The first rule that hits, whatever the mode: addresses, then countries, hosts, methods, paths,
  // fields.
  std::optional<Hit> findHit(const Question& question) const;
  // Is the client named by `ip_allow`, so that no ban of this level is learned for it?
  bool exempts(const IpAddress& client) const;

  const Policy& policy() const { return policy_; }
  std::span<const RateLimit> rates() const { return rates_; }
  std::span<const ClientLimit> connections() const { return connections_; }
  std::span<const ClientLimit> requests() const { return requests_; }
  const std::optional<BodyLimit>& body() const { return body_; }
  std::span<const AutoBan> bans() const { return bans_; }
  std::span<AutoBan> bans() { return bans_; }

  // As a mapping of the file, every entry with its place.
  Value show() const;

 private:
  void readLimits(Settings& settings, const Reading& reading);
  std::optional<Hit> judgeClient(const Question& question) const;
  std::optional<Hit> judgePaths(const Question& question) const;
  void showLimits(Value& rules) const;

  bool rejects_ = false;  // there is a rule that refuses
  Policy policy_{403};
  AddressRules addresses_;
  CountryRules countries_;
  HostRules hosts_;
  MethodRules methods_;
  PathRules paths_;
  HeaderRules headers_;
  std::vector<RateLimit> rates_;
  std::vector<ClientLimit> connections_;
  std::vector<ClientLimit> requests_;
  std::optional<BodyLimit> body_;  // the smallest
  std::vector<AutoBan> bans_;
};

}  // namespace fairlead::firewall
