// A request at the firewall, and rules out of their text.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firewall/visit.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::firewall {

// Lower case is all that a test's host needs.
inline std::optional<std::string> readPlainHost(const Value& value, Diagnostics&) {
  return value.text;
}

inline FirewallRules rulesOf(std::string_view text) {
  Diagnostics out;
  Lists lists;
  FirewallRules rules;
  rules.read(filter::flow(text), {readPlainHost, lists, Geo(), out});
  EXPECT_EQ(filter::firstFinding(out), "") << text;
  return rules;
}

inline std::string faultOf(std::string_view text) {
  Diagnostics out;
  Lists lists;
  FirewallRules rules;
  rules.read(filter::flow(text), {readPlainHost, lists, Geo(), out});
  return filter::firstFinding(out);
}

struct Asked {
  using FieldList = std::vector<std::pair<std::string, std::string>>;

  explicit Asked(std::string_view target, const FieldList& fields = {}) : request(target, fields) {
    client("203.0.113.7");
    method("GET");
    host("shop.example.com");
  }

  Asked& client(std::string_view address) {
    request.facts.client = *IpAddress::parse(address);
    return *this;
  }
  Asked& method(std::string_view text) {
    request.head.method_text = request.arena.copy(text);
    request.asked.method = request.head.method_text;
    return *this;
  }
  Asked& host(std::string_view text) {
    request.head.host = request.arena.copy(text);
    request.asked.host = request.head.host;
    return *this;
  }

  Question question(filter::Trace* trace = nullptr) {
    return {request.head, request.facts, request.asked, request.arena, trace};
  }
  // The name of the rule that hits, or "".
  std::string hitBy(const FirewallRules& rules) {
    const auto hit = rules.findHit(question());
    return hit ? std::string(hit->rule) : "";
  }

  filter::Request request;
};

}  // namespace fairlead::firewall
