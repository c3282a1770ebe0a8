// How a pool chooses its servers, as the configuration says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "balance/balancer.h"
#include "base/settings.h"
#include "http/request_key.h"

namespace fairlead::balance {

extern const Section kBalanceKeys;

using http::KeySource;

struct BalanceSettings {
  Setting<const Policy*> policy{findPolicy("p2c")};
  Setting<KeySource> key{KeySource::None};  // None: the policy is not keyed
  std::string key_name;                     // of the field, the cookie or the parameter
  Setting<double> bounded_load{0.0};        // 0: unbounded; else at least 1

  // A word is all there is to say; a mapping is read key by key over a mapping of the outer level.
  void read(const Value& value, Diagnostics& out);
  // "p2c", "maglev by header:X-User", "ring by client_ip, bounded to 1.25"
  std::string text() const;
  Value show() const;
};

}  // namespace fairlead::balance
