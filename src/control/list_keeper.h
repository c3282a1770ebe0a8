// The lists of networks among the files that are kept as they are now.
#pragma once

#include "control/file_keeper.h"
#include "firewall/live_list.h"

namespace fairlead::control {

void keepLists(const firewall::Lists& lists, const Retire& retire, FileKeeper& keeper);

}  // namespace fairlead::control
