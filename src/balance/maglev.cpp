// `maglev`: keys are looked up in a table that the servers fill by turns, each with the free place
// that it likes best (Eisenbud et al. 2016, section 3.4; weights as turns in proportion). Shares
// are exact, one look-up finds the server, and few more keys than necessary move.
#include <algorithm>
#include <map>

#include "balance/keyed.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

// Sizes are primes. There are just two of them, because another size moves nearly all keys: a list
// that grows from 32 servers to 33 is spread anew, once. When one of n servers leaves the list, the
// keys that move are, of the 1/n that must: 1.03 of 10, 1.16 of 100, 4.9 of 1,000 (in the paper's
// table of 65,537: 1.02, 1.6, 7). A server that is down does not change the table.
// Memory for each pool: 128 KiB, or 1 MiB above 32 servers (2 MiB above 65,535).
constexpr size_t kShortList = 32;
constexpr uint32_t kSmallTable = 65'537;
constexpr uint32_t kLargeTable = 524'287;

uint32_t sizeFor(size_t endpoints) { return endpoints <= kShortList ? kSmallTable : kLargeTable; }

// A member's walk over the places, from the one that it likes best: each place once.
struct Walk {
  EndpointId id;
  uint32_t place;
  uint32_t step;

  Walk(const Member& member, uint32_t size)
      : id(member.id),
        place(static_cast<uint32_t>(scaledTo(size, hashOf(member.seed, 1)))),
        step(static_cast<uint32_t>(1 + scaledTo(size - 1, hashOf(member.seed, 2)))) {}

  void next(uint32_t size) {
    place += step;
    if (place >= size) place -= size;
  }
};

// Members of one weight w, who have their turns at the same times: in the middles of parts of 1/w,
// so that shares are rounded to the nearest.
struct Group {
  uint32_t weight;
  std::vector<Walk> walks;
  uint64_t turns = 0;  // that are over

  static bool isLater(const Group& a, const Group& b) {
    return (2 * a.turns + 1) * b.weight > (2 * b.turns + 1) * a.weight;
  }
};

std::vector<Group> groupsOf(const std::vector<Member>& members, uint32_t size) {
  std::map<uint32_t, Group> by_weight;
  for (const Member& member : members)
    by_weight.try_emplace(member.weight, Group{.weight = member.weight, .walks = {}})
        .first->second.walks.emplace_back(member, size);
  std::vector<Group> groups;
  for (auto& [weight, group] : by_weight) groups.push_back(std::move(group));
  return groups;
}

// `Slot` is large enough for any place in the list.
template <typename Slot>
class MaglevTable {
 public:
  MaglevTable(const std::vector<Member>& members, size_t endpoints)
      : owners_(members.empty() ? 0 : sizeFor(endpoints), kFree) {
    if (!members.empty()) fill(groupsOf(members, size()));
  }

  EndpointId ownerOf(uint64_t hash) const { return owners_[scaledTo(owners_.size(), hash)]; }

 private:
  static constexpr Slot kFree = static_cast<Slot>(-1);

  uint32_t size() const { return static_cast<uint32_t>(owners_.size()); }

  void fill(std::vector<Group> groups) {
    std::ranges::make_heap(groups, Group::isLater);
    for (size_t left = owners_.size(); left > 0;) {
      std::ranges::pop_heap(groups, Group::isLater);
      Group& group = groups.back();
      for (size_t i = 0; i < group.walks.size() && left > 0; ++i, --left) take(group.walks[i]);
      ++group.turns;
      std::ranges::push_heap(groups, Group::isLater);
    }
  }

  void take(Walk& walk) {
    while (owners_[walk.place] != kFree) walk.next(size());
    owners_[walk.place] = static_cast<Slot>(walk.id);
  }

  std::vector<Slot> owners_;
};

}  // namespace

std::shared_ptr<const Groundwork> layMaglev(std::span<Endpoint* const> endpoints) {
  if (endpoints.size() <= UINT16_MAX)
    return std::make_shared<KeyedGroundwork<MaglevTable<uint16_t>>>(endpoints);
  return std::make_shared<KeyedGroundwork<MaglevTable<uint32_t>>>(endpoints);
}

}  // namespace fairlead::balance
