// The lists of networks among the files that are kept as they are now.
#pragma once

#include <functional>
#include <memory>

#include "control/file_keeper.h"
#include "firewall/live_list.h"

namespace fairlead::control {

// Takes what workers may still be reading, and drops it when none does any more.
using Retire = std::function<void(std::shared_ptr<const void>)>;

void keepLists(const firewall::Lists& lists, const Retire& retire, FileKeeper& keeper);

}  // namespace fairlead::control
