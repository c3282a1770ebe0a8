// Seeds and their order.
#include "balance/members.h"

#include <algorithm>
#include <tuple>

#include "balance/key_hash.h"

namespace fairlead::balance {

// Endpoints of one identity, as one server that is listed twice has it, get seeds of their own: the
// second in the list one, the third another.
std::vector<Member> membersOf(std::span<Endpoint* const> endpoints) {
  std::vector<Member> members;
  for (EndpointId id = 0; id < endpoints.size(); ++id) {
    const Endpoint& endpoint = *endpoints[id];
    if (endpoint.weight > 0)
      members.push_back({endpoint.identity, id, endpoint.weight, 1.0 / endpoint.weight});
  }
  std::ranges::sort(members, {}, [](const Member& m) { return std::tuple(m.seed, m.id); });
  uint64_t copies = 0;
  uint64_t before = 0;
  for (Member& member : members) {
    copies = &member != members.data() && member.seed == before ? copies + 1 : 0;
    before = member.seed;
    member.seed = hashOf(member.seed, copies);
  }
  return members;
}

}  // namespace fairlead::balance
