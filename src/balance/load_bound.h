// `bounded_load`: no server gets much more than its part of the pool's load, however popular its
// keys are (Mirrokni, Thorup and Zadimoghaddam 2018).
#pragma once

#include <cstdint>
#include <span>

#include "balance/balancer.h"

namespace fairlead::balance {

// With the bound c an endpoint gets a request only if it then has at most c times what the pool's
// requests, this one among them, come to by weight, rounded up. The weights are the effective ones
// of the usable endpoints.
class LoadBound {
 public:
  LoadBound(std::span<Endpoint* const> endpoints, double bound);  // 0: unbounded

  bool isOn() const { return bound_ > 0; }
  // Before the first `allows` for a choice.
  void begin(const Choice& choice);
  bool allows(const Endpoint& endpoint, const Choice& choice);

 private:
  void weighUsable();

  std::span<Endpoint* const> endpoints_;
  double bound_;
  double whole_weight_ = 0;   // of all endpoints, were they usable
  double usable_weight_ = 0;  // as `weighUsable` found it
  bool is_weighed_ = false;   // for this choice
  TimePoint weighed_at_{};    // of long lists, whose weights are kept for a while
};

}  // namespace fairlead::balance
