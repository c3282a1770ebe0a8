// Reading a list anew.
#include "control/list_keeper.h"

#include "base/units.h"

namespace fairlead::control {
namespace {

std::string summaryOf(const firewall::NetworkList& list) {
  return fmt::format("{} network{}", units::formatCount(list.count()),
                     list.count() == 1 ? "" : "s");
}

// "blocklist.txt:7:1: `foo` is not an IP address or network"
std::string sentenceOf(const Diagnostic& finding, const std::string& name) {
  return fmt::format("{}:{}:{}: {}{}{}", name, finding.mark.line, finding.mark.column,
                     finding.message, finding.suggestion.empty() ? "" : "; ", finding.suggestion);
}

Contents read(const std::shared_ptr<firewall::LiveList>& live, std::string bytes,
              const Retire& retire) {
  Contents contents;
  Diagnostics out;
  out.files.push_back({live->name(), std::move(bytes)});
  auto list = firewall::readNetworkList(0, out);
  for (const Diagnostic& finding : out.all())
    contents.faults.push_back(sentenceOf(finding, live->name()));
  if (!list) return contents;
  contents.summary = summaryOf(*list);
  contents.publish = [live, retire, list = std::move(list)]() mutable {
    retire(live->replace(std::move(list)));
  };
  return contents;
}

}  // namespace

void keepLists(const firewall::Lists& lists, const Retire& retire, FileKeeper& keeper) {
  for (const auto& live : lists.all())
    keeper.add({.name = live->name(),
                .hash = live->hash(),
                .summary = summaryOf(*live->current()),
                .read = [live, retire](std::string bytes) {
                  return read(live, std::move(bytes), retire);
                }});
}

}  // namespace fairlead::control
