// `round_robin`: each server in turn, spread as evenly as the weights allow, in O(log n) a choice.
#include <algorithm>
#include <utility>
#include <vector>

#include "balance/policies.h"
#include "balance/weighted_draw.h"

namespace fairlead::balance {
namespace {

// One round gives a server of weight 1 one turn; times are fractions of it. They wrap around, which
// the comparison allows for: all turns that are waiting lie within one round of each other.
constexpr uint64_t kRound = uint64_t{1} << 40;

struct Turn {
  uint64_t at = 0;
  EndpointId id = 0;
};

bool isLater(const Turn& a, const Turn& b) {
  if (a.at == b.at) return a.id > b.id;
  return static_cast<int64_t>(a.at - b.at) > 0;
}

// A heap of turns: a server of weight w has one every 1/w round. Servers of one weight are spread
// evenly over their interval, so that a heavy server is interleaved with many light ones (5:1:1
// gives abaaaca).
class RoundRobin final : public Balancer {
 public:
  EndpointId choose(const Choice& choice, Random& random) override {
    if (built_for_.data() != choice.endpoints.data() ||
        built_for_.size() != choice.endpoints.size()) {
      build(choice.endpoints, random);
    }
    return turns_.empty() ? kNoEndpoint : takeTurn(choice);
  }

 private:
  static uint64_t interval(const Endpoint& endpoint) { return kRound / endpoint.weight; }

  // The start within the cycle is random, so that workers do not march in step.
  void build(std::span<Endpoint* const> endpoints, Random& random) {
    built_for_ = endpoints;
    turns_.clear();
    passed_.clear();
    passed_.reserve(endpoints.size());
    std::vector<EndpointId> ids;
    for (EndpointId id = 0; id < endpoints.size(); ++id)
      if (endpoints[id]->weight > 0) ids.push_back(id);
    const auto weightOf = [&](EndpointId id) { return endpoints[id]->weight; };
    std::ranges::sort(ids, {}, [&](EndpointId id) { return std::pair(weightOf(id), id); });
    for (auto begin = ids.begin(); begin != ids.end();) {
      const auto end = std::find_if(
          begin, ids.end(), [&](EndpointId id) { return weightOf(id) != weightOf(*begin); });
      std::rotate(begin,
                  begin + static_cast<ptrdiff_t>(random.below(static_cast<uint64_t>(end - begin))),
                  end);
      spread({begin, end}, interval(*endpoints[*begin]));
      begin = end;
    }
    std::ranges::make_heap(turns_, isLater);
  }

  // The first turns of the servers of one weight: the middles of equal parts of their interval.
  void spread(std::span<const EndpointId> ids, uint64_t each) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto part = static_cast<unsigned __int128>(each) * (2 * i + 1) / (2 * ids.size());
      turns_.push_back({static_cast<uint64_t>(part), ids[i]});
    }
  }

  // Servers that may not be chosen now lose their turn and keep their place in the cycle.
  EndpointId takeTurn(const Choice& choice) {
    if (!isEligible(choice, turns_.front().id) && isNobodyEligible(choice)) return kNoEndpoint;
    passed_.clear();
    while (!turns_.empty()) {
      std::ranges::pop_heap(turns_, isLater);
      passed_.push_back(turns_.back());
      turns_.pop_back();
      if (!isEligible(choice, passed_.back().id)) continue;
      const Turn chosen = passed_.back();
      for (const Turn& turn : passed_) putBack(turn, chosen.at);
      return chosen.id;
    }
    turns_.swap(passed_);  // the last one went down meanwhile; in order is a heap as well
    return kNoEndpoint;
  }

  bool isNobodyEligible(const Choice& choice) const {
    return std::ranges::none_of(turns_, [&](const Turn& t) { return isEligible(choice, t.id); });
  }

  void putBack(Turn turn, uint64_t now) {
    const uint64_t each = interval(*built_for_[turn.id]);
    const uint64_t behind = now - turn.at;
    turn.at += (behind / each + 1) * each;
    turns_.push_back(turn);
    std::ranges::push_heap(turns_, isLater);
  }

  std::vector<Turn> turns_;   // a heap, the next turn in front
  std::vector<Turn> passed_;  // taken off the heap by the choice that is being made
  std::span<Endpoint* const> built_for_;
};

}  // namespace

std::unique_ptr<Balancer> makeRoundRobin() { return std::make_unique<RoundRobin>(); }

}  // namespace fairlead::balance
