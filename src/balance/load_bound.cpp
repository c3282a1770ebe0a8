// The arithmetic of the bound, and when the weights are added up.
#include "balance/load_bound.h"

#include <chrono>

namespace fairlead::balance {
namespace {

// A list of up to this many endpoints is weighed for every choice that is in doubt, a longer one no
// more often than that.
constexpr size_t kShortList = 128;
constexpr Duration kWeighedEvery = std::chrono::milliseconds{10};

}  // namespace

LoadBound::LoadBound(std::span<Endpoint* const> endpoints, double bound)
    : endpoints_(endpoints), bound_(bound) {
  for (const Endpoint* endpoint : endpoints)
    whole_weight_ += static_cast<double>(uint64_t{endpoint->weight} * kWholeShare);
}

void LoadBound::begin(const Choice& choice) {
  const Duration age = choice.now - weighed_at_;
  if (endpoints_.size() <= kShortList || age < Duration{0} || age >= kWeighedEvery)
    is_weighed_ = false;
}

// in_flight + 1 <= ceil(x) says the same as in_flight < x. What is within the bound when all are
// usable is so all the more when some are not: only beyond that are the weights added up.
bool LoadBound::allows(const Endpoint& endpoint, const Choice& choice) {
  if (!isOn()) return true;
  const auto in_flight = static_cast<double>(endpoint.in_flight.load(std::memory_order_relaxed));
  const double part = bound_ * static_cast<double>(choice.in_flight + 1) *
                      static_cast<double>(effectiveWeight(endpoint));
  if (in_flight * whole_weight_ < part) return true;
  if (!is_weighed_) {
    weighUsable();
    weighed_at_ = choice.now;
    is_weighed_ = true;
  }
  return in_flight * usable_weight_ < part;
}

void LoadBound::weighUsable() {
  uint64_t sum = 0;
  for (const Endpoint* endpoint : endpoints_)
    if (isUsable(*endpoint)) sum += effectiveWeight(*endpoint);
  usable_weight_ = static_cast<double>(sum);
}

}  // namespace fairlead::balance
