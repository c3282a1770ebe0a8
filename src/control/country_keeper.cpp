// Opening a database anew.
#include "control/country_keeper.h"

#include <fmt/format.h>

#include <utility>

namespace fairlead::control {
namespace {

Contents read(const std::shared_ptr<firewall::LiveDatabase>& live, const std::string& bytes,
              const Retire& retire) {
  Contents contents;
  auto database = firewall::CountryDatabase::open(bytes);
  if (!database) {
    contents.faults = {fmt::format("{} cannot be used: {}", live->name(), database.error())};
    return contents;
  }
  contents.summary = (*database)->summary();
  contents.publish = [live, retire, next = *std::move(database)]() mutable {
    retire(live->replace(std::move(next)));
  };
  return contents;
}

}  // namespace

void keepCountries(const std::shared_ptr<firewall::LiveDatabase>& live, const Retire& retire,
                   FileKeeper& keeper) {
  keeper.add(
      {.name = live->name(),
       .hash = live->hash(),
       .summary = live->current()->summary(),
       .read = [live, retire](const std::string& bytes) { return read(live, bytes, retire); }});
}

}  // namespace fairlead::control
