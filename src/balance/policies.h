// One maker a policy; what each does stands in its own file.
#pragma once

#include <memory>

#include "balance/balancer.h"

namespace fairlead::balance {

std::unique_ptr<Balancer> makeRoundRobin();
std::unique_ptr<Balancer> makeRandom();
std::unique_ptr<Balancer> makeP2c();
std::unique_ptr<Balancer> makeLeastConnections();

}  // namespace fairlead::balance
