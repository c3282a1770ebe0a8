// One pool under one load in virtual time, and what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulation/load.h"
#include "upstream/pool.h"

namespace fairlead::simulation {

struct ServerFigures {
  std::string name;
  uint64_t requests = 0;  // attempts that were sent to it
  uint64_t failures = 0;  // of those, as its health counts them
  uint32_t ejections = 0;
  uint32_t downs = 0;      // by active checks
  double share = 0;        // of all attempts
  double fair_share = 0;   // by weight; 0 for one that stands in for others
  double utilisation = 0;  // of its workers, during the load
};

struct Figures {
  std::string balance;    // "p2c"
  uint64_t requests = 0;  // that clients made; each ended once
  uint64_t good = 0;      // of those
  uint64_t errors = 0;    // the others: answered with 5xx, by the server or by fairlead
  uint64_t attempts = 0;
  uint64_t retries = 0;  // that count against the attempts of `retry`
  uint32_t ejections = 0;
  uint32_t downs = 0;
  // Of the requests that went well, from their arrival to their answer.
  Duration mean{};
  Duration p50{};
  Duration p99{};
  Duration max{};
  double skew = 0;  // the busiest server's requests over its fair share
  std::map<std::string, uint64_t, std::less<>> errors_by;  // "connect_refused", "status_503"
  std::vector<ServerFigures> servers;
};

// The same settings and load give the same figures, always. One list of servers in `load.origins`
// and in the settings.
Figures simulate(const upstream::PoolSettings& settings, const Load& load);

}  // namespace fairlead::simulation
