// What the parts of a simulation share: the clock, the pool, and its simulated servers.
#pragma once

#include <vector>

#include "simulation/load.h"
#include "simulation/origin.h"
#include "simulation/timeline.h"
#include "upstream/pool.h"

namespace fairlead::simulation {

struct Scene {
  const Load& load;
  Timeline& timeline;
  upstream::Pool& pool;
  std::vector<Origin>& origins;  // in the order of the roster's servers, which never changes here

  TimePoint now() const { return timeline.now(); }
};

}  // namespace fairlead::simulation
