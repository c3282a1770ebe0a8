// Given endpoints and one key, choose: pure arithmetic, with randomness passed in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "balance/endpoint.h"
#include "base/random.h"

namespace fairlead::balance {

using EndpointId = uint32_t;  // index into the pool's endpoints
inline constexpr EndpointId kNoEndpoint = UINT32_MAX;

// The servers that this request has been sent to already; at most 64 endpoints are told apart,
// beyond that a retry may meet the same server again.
class Tried {
 public:
  void add(EndpointId id) { mask_ |= bit(id); }
  bool has(EndpointId id) const { return (mask_ & bit(id)) != 0 && id < 64; }
  bool empty() const { return mask_ == 0; }

 private:
  static uint64_t bit(EndpointId id) { return id < 64 ? uint64_t{1} << id : 0; }
  uint64_t mask_ = 0;
};

// What a choice may look at.
struct Choice {
  std::span<Endpoint* const> endpoints;
  Tried tried;       // avoided while another endpoint is usable
  uint64_t key = 0;  // hash of the request's key, for policies that are consistent
};

// One policy at work for one pool on one worker: it may keep state without locks. The endpoints'
// list given to `choose` is the same, in the same order, at every call.
class Balancer {
 public:
  virtual ~Balancer() = default;
  // A usable endpoint that was not tried yet, or kNoEndpoint when there is none.
  virtual EndpointId choose(const Choice& choice, Random& random) = 0;
};

struct Policy {
  std::string_view name;
  std::string_view sentence;  // for documentation and `fairlead explain`
  std::unique_ptr<Balancer> (*make)();
};

// All policies, by the name that `balance:` uses.
std::span<const Policy> policies();
const Policy* findPolicy(std::string_view name);

}  // namespace fairlead::balance
