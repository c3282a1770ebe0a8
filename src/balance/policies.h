// One maker a policy; what each does stands in its own file.
#pragma once

#include "balance/balancer.h"

namespace fairlead::balance {

MakeBalancer makeP2c;
MakeBalancer makeRoundRobin;
MakeBalancer makeRandom;
MakeBalancer makeLeastConnections;
MakeBalancer makeLeastLatency;
MakeBalancer makeFirst;
MakeBalancer makeMaglev;
MakeBalancer makeRing;
MakeBalancer makeRendezvous;

}  // namespace fairlead::balance
