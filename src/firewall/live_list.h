// The list files that rules name: each is parsed once and shared, however many rules name it.
#pragma once

#include <memory>
#include <vector>

#include "base/settings.h"
#include "firewall/live_file.h"
#include "firewall/network_list.h"

namespace fairlead::firewall {

using LiveList = LiveFile<NetworkList>;

// The networks of `out.files[file]`, one a line. Each broken line is an error there, up to
// kMostFaults; nothing when there is one.
inline constexpr size_t kMostFaults = 100;
std::unique_ptr<const NetworkList> readNetworkList(uint32_t file, Diagnostics& out);

// Filled while the configuration is read, fixed from then on.
class Lists {
 public:
  // The list that "@file" names; nullptr when it has errors, which are reported once.
  std::shared_ptr<LiveList> open(const Value& named, Diagnostics& out);

  // Those without errors, in the order in which they were first named.
  const std::vector<std::shared_ptr<LiveList>>& all() const { return lists_; }

 private:
  std::vector<std::shared_ptr<LiveList>> lists_;
  std::vector<uint32_t> broken_;  // files
};

}  // namespace fairlead::firewall
