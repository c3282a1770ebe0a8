// Limits of a level: how often, how many at once, how large. Settings only; what is counted lies in
// the client table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firewall/judgement.h"
#include "firewall/rate.h"
#include "http/request_key.h"

namespace fairlead::firewall {

extern const Section kRateLimitKeys;
extern const Section kClientLimitKeys;

// One of `rate_limit`.
struct RateLimit {
  double per_second = 0;
  std::string rate;         // as written: "100/s"
  Setting<uint32_t> burst;  // pass at once; one second's worth when nothing is written, at least 1
  Rate schedule;            // the two of them, as they are counted
  http::RequestKey key{.source = http::KeySource::ClientIp, .name = {}};
  Setting<uint32_t> ipv6_prefix{kClientBits};
  Policy policy{429};
  Mark mark;
  std::string name;       // "firewall rate_limit 100/s by client_ip"
  uint64_t identity = 0;  // of this limit among all
};

// `connection_limit` or `request_limit`: how many at once from one client.
struct ClientLimit {
  uint32_t limit = 0;
  Setting<uint32_t> ipv6_prefix{kClientBits};
  Policy policy{429};
  Mark mark;
  std::string name;  // "firewall connection_limit 100"
  uint64_t identity = 0;
};

// `max_body`.
struct BodyLimit {
  uint64_t bytes = 0;
  Mark mark;
  std::string name;  // "firewall max_body 1MiB"
};

// `mode`: of the level, for limits that have none of their own.
void readRateLimits(const Value& value, const Setting<Mode>& mode, std::vector<RateLimit>& into,
                    Diagnostics& out);
void readClientLimits(const Value& value, std::string_view key, const Setting<Mode>& mode,
                      std::vector<ClientLimit>& into, Diagnostics& out);
// The smaller one holds.
void readBodyLimit(const Value& value, std::optional<BodyLimit>& into, Diagnostics& out);

Value shown(const RateLimit& limit);
Value shown(const ClientLimit& limit);

}  // namespace fairlead::firewall
