// The figures of one or several runs as people and programs read them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "simulation/run.h"

namespace fairlead::simulation {

struct Report {
  std::string pool;
  std::string load;  // where it comes from, in words
  Duration duration{};
  uint64_t seed = 0;
  std::span<const Figures> runs;
};

// One line a run, columns in line, and what its errors were.
std::string tableOf(const Report& report);
// One line a server, for each run.
std::string serverTableOf(const Report& report);
// One JSON object.
std::string jsonOf(const Report& report);

}  // namespace fairlead::simulation
