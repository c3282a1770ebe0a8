// Bans as the API speaks of them, and whom it asks to list and to change them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firewall/bans.h"

namespace fairlead::admin {

// "by hand": who bans, when no rule does.
inline constexpr const char* kOperator = "by hand";

struct KnownBan {
  firewall::Ban ban;
  std::string by;   // the words of the rule and its place, or kOperator
  std::string why;  // may be empty
};

// What an operator wants.
struct BanOrder {
  Cidr network;
  Duration span{0};  // 0: until it is lifted
  std::string why;   // may be empty
};

struct BanDone {
  KnownBan ban;
  bool is_kept = false;  // it will outlive a restart
};

// On the thread of the listener. Each change is kept, where bans are kept, before it returns.
class BanBook {
 public:
  virtual ~BanBook() = default;

  // Those that hold, the newest first.
  virtual std::vector<KnownBan> all() = 0;
  // In the place of what there is of just this network. Nothing: the table has no room for it.
  virtual std::optional<BanDone> ban(const BanOrder& order) = 0;
  // False: there is no ban of just this network.
  virtual bool lift(const Cidr& network) = 0;
};

}  // namespace fairlead::admin
