// Given endpoints and one key, choose: pure arithmetic, with randomness passed in.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "balance/endpoint.h"
#include "base/random.h"
#include "base/time.h"

namespace fairlead::balance {

struct BalanceSettings;

using EndpointId = uint32_t;  // index into the list that the balancer was made for
inline constexpr EndpointId kNoEndpoint = UINT32_MAX;

// The servers that a request was sent to. It compares addresses and never follows them, so it stays
// good when the list changes between two attempts.
class Tried {
 public:
  static constexpr size_t kMost = 12;  // of more than that, the first are remembered

  void add(const Endpoint& endpoint) {
    if (count_ < kMost && !has(endpoint)) endpoints_[count_++] = &endpoint;
  }
  bool has(const Endpoint& endpoint) const {
    for (size_t i = 0; i < count_; ++i)
      if (endpoints_[i] == &endpoint) return true;
    return false;
  }
  bool empty() const { return count_ == 0; }

 private:
  std::array<const Endpoint*, kMost> endpoints_{};
  size_t count_ = 0;
};

// What a choice may look at beside the endpoints.
struct Choice {
  const Tried& tried;      // never chosen
  uint64_t key = 0;        // hash of the request's key, for policies that are keyed
  TimePoint now{};         // for policies that look at latencies or at bounds
  uint64_t in_flight = 0;  // of the whole pool without this, for `bounded_load`
};

// May this endpoint be chosen for this request?
inline bool isEligible(const Choice& choice, const Endpoint& endpoint) {
  return isUsable(endpoint) && !choice.tried.has(endpoint);
}

// One policy at work for one list of endpoints on one worker: it keeps state without locks.
class Balancer {
 public:
  virtual ~Balancer() = default;
  // A usable endpoint that was not tried yet, or kNoEndpoint when there is none: whoever would
  // rather go to the same server again than nowhere asks once more without the tried ones.
  virtual EndpointId choose(const Choice& choice, Random& random) = 0;
};

// The endpoints and the array behind the span outlive the balancer and never change: another list
// gets another balancer. `random` is used for the making only.
using MakeBalancer = std::unique_ptr<Balancer>(std::span<Endpoint* const> endpoints,
                                               const BalanceSettings& settings, Random& random);

// What a policy works out of a list once, for the balancers of all workers: the members in their
// order, and tables. Immutable, so that it may be made on any thread.
class Groundwork : public std::enable_shared_from_this<Groundwork> {
 public:
  virtual ~Groundwork() = default;
  // For one worker, of the very list that this was made for; keeps the groundwork.
  virtual std::unique_ptr<Balancer> balancer(std::span<Endpoint* const> endpoints,
                                             const BalanceSettings& settings) const = 0;
};
using LayGroundwork = std::shared_ptr<const Groundwork>(std::span<Endpoint* const> endpoints);

struct Policy {
  std::string_view name;
  std::string_view sentence;     // for documentation and `fairlead explain`
  bool keyed = false;            // a `method` of `hash`, not a word of its own
  MakeBalancer* make = nullptr;  // all by itself
  // Of policies whose balancers are dear to make; nullptr: of all others.
  LayGroundwork* lay = nullptr;
};

// All policies, by the name that `balance:` uses.
std::span<const Policy> policies();
const Policy* findPolicy(std::string_view name);

}  // namespace fairlead::balance
