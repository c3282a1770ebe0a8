// `ring`: servers have many points on a ring, and a key belongs to the next point (Karger et al.
// 1997). When a server leaves the list, its keys move and no others.
#include <algorithm>
#include <bit>
#include <cmath>

#include "balance/keyed.h"
#include "balance/policies.h"

namespace fairlead::balance {
namespace {

// Points in all are at least that many, and less than four times as many: with 46,341 (2^15.5) the
// shares of the keys are within 1 %. In long lists, which have more, the share of one server
// deviates by 5 to 15 % of itself.
// Memory for each pool: 256 KiB to 1 MiB up to 512 servers, 1 to 4 MiB above (and twice
// that above 65,535).
constexpr size_t kShortList = 512;
constexpr double kFewPoints = 46'341;
constexpr double kManyPoints = 4 * kFewPoints;

// Points for each part of a weight, as a power of two. It changes as seldom as possible, because
// then most keys move: only when the weight of all becomes four times as much (between 5 and 6, 22
// and 23, 90 and 91 ...) or the list a long one.
int densityFor(const std::vector<Member>& members, size_t endpoints) {
  double weight = 0;
  for (const Member& member : members) weight += member.weight;
  const double wanted = endpoints <= kShortList ? kFewPoints : kManyPoints;
  int density = -20;
  while (std::ldexp(weight, density) < wanted) density += 2;
  return density;
}

uint64_t pointsOf(const Member& member, int density) {
  return static_cast<uint64_t>(std::max(1.0, std::ldexp(member.weight, density)));
}

// The ring as equal arcs, each with the owner of the first point in or after it: a key is found in
// one step. `Slot` is large enough for any place in the list.
template <typename Slot>
class Ring {
 public:
  Ring(const std::vector<Member>& members, size_t endpoints) {
    if (members.empty()) return;
    const int density = densityFor(members, endpoints);
    uint64_t points = 0;
    for (const Member& member : members) points += pointsOf(member, density);
    const uint64_t arcs = 2 * std::bit_ceil(points);
    shift_ = 64 - std::countr_zero(arcs);
    owners_.resize(arcs);
    std::vector<uint32_t> first(arcs, kNone);  // point in the arc: its place there
    for (const Member& member : members)
      for (uint64_t i = pointsOf(member, density); i > 0; --i)
        addPoint(hashOf(member.seed, i), member.id, first);
    fillGaps(first);
  }

  EndpointId ownerOf(uint64_t hash) const { return owners_[hash >> shift_]; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  void addPoint(uint64_t hash, EndpointId owner, std::vector<uint32_t>& first) {
    const uint64_t arc = hash >> shift_;
    const auto place = static_cast<uint32_t>(hash << (64 - shift_) >> 32);
    if (place >= first[arc]) return;
    first[arc] = place;
    owners_[arc] = static_cast<Slot>(owner);
  }

  // From the end to the beginning, where the ring closes.
  void fillGaps(const std::vector<uint32_t>& first) {
    const auto begin = std::ranges::find_if(first, [](uint32_t place) { return place != kNone; });
    if (begin == first.end()) return;
    Slot owner = owners_[static_cast<size_t>(begin - first.begin())];
    for (size_t arc = owners_.size(); arc-- > 0;) {
      if (first[arc] == kNone) owners_[arc] = owner;
      owner = owners_[arc];
    }
  }

  std::vector<Slot> owners_;
  int shift_ = 0;
};

}  // namespace

std::shared_ptr<const Groundwork> layRing(std::span<Endpoint* const> endpoints) {
  if (endpoints.size() <= UINT16_MAX)
    return std::make_shared<KeyedGroundwork<Ring<uint16_t>>>(endpoints);
  return std::make_shared<KeyedGroundwork<Ring<uint32_t>>>(endpoints);
}

}  // namespace fairlead::balance
