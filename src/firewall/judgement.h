// What the firewall is asked of a request, and what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/hash.h"
#include "filter/filter.h"
#include "firewall/policy.h"

namespace fairlead::firewall {

// One request at one level.
struct Question {
  const http::RequestHead& head;
  const filter::ClientFacts& client;
  const filter::RequestFacts& request;
  Arena& arena;
  filter::Trace* trace = nullptr;  // null when traffic is served
};

// A rule that hits, or would. Views into the configuration or the exchange's arena.
struct Hit {
  enum class Of : uint8_t { Client, Host, Method, Path, Field, Connections, Limit };
  Of of = Of::Client;
  std::string_view rule;  // its name: "firewall ip_reject 10.0.0.0/8"
  Mark origin;            // where it stands; in a list file: the line there
  Mark counted;           // where what it is counted under stands: the list file's name, the rule
  std::string_view counted_as;  // the name of that; empty: `rule`
};

// Why a request over a rate is refused, for the fields of the answer. Seconds are rounded up.
struct RateFacts {
  uint32_t limit = 0;   // pass at once
  uint32_t window = 0;  // seconds until all of them may pass again after none did
  uint32_t reset = 0;
  uint32_t retry_after = 1;
};

// What counts as one client: an IPv4 address, and as many bits of an IPv6 one as a client is given,
// who changes addresses within them.
inline constexpr uint32_t kClientBits = 64;

inline Cidr clientOf(const IpAddress& address, uint32_t ipv6_prefix = kClientBits) {
  constexpr int kAddressBits = 128;
  const int bits = address.isV4() ? kAddressBits : static_cast<int>(ipv6_prefix);
  return {address.masked(bits), bits};
}

// Of a limit or a learned ban among all: what it says and where it stands. One that a reload moves
// counts anew.
inline uint64_t identityOf(std::string_view name, const Mark& mark) {
  return hashOfText(name,
                    mixed(uint64_t{mark.file} << 48 | uint64_t{mark.line} << 16 | mark.column));
}

// The verdict of all levels so far.
struct Judgement {
  std::optional<Hit> blocked;
  std::optional<Hit> observed;    // the first that would have blocked
  Action action;                  // when blocked
  std::optional<RateFacts> rate;  // when blocked by a limit
};

}  // namespace fairlead::firewall
