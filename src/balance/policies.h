// One maker a policy, or what lays the groundwork of its balancers; what each does stands in its
// own file.
#pragma once

#include "balance/balancer.h"

namespace fairlead::balance {

MakeBalancer makeP2c;
MakeBalancer makeRoundRobin;
MakeBalancer makeRandom;
MakeBalancer makeLeastConnections;
MakeBalancer makeLeastLatency;
MakeBalancer makeFirst;
LayGroundwork layMaglev;
LayGroundwork layRing;
LayGroundwork layRendezvous;

}  // namespace fairlead::balance
