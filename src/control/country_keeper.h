// The database of countries among the files that are kept as they are now.
#pragma once

#include <memory>

#include "control/file_keeper.h"
#include "firewall/country_database.h"

namespace fairlead::control {

void keepCountries(const std::shared_ptr<firewall::LiveDatabase>& live, const Retire& retire,
                   FileKeeper& keeper);

}  // namespace fairlead::control
