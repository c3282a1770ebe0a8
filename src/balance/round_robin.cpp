// `round_robin`: each server in turn, spread as evenly as the weights allow. The cost grows with
// the number of different weights (as its logarithm), not with that of the servers.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "balance/policies.h"

namespace fairlead::balance {
namespace {

// One round gives a server of weight 1 one turn; times are fractions of it. They wrap around, which
// the comparison allows for: all turns that are waiting lie within one round of each other.
constexpr uint64_t kRound = uint64_t{1} << 50;

// Servers of one weight follow each other evenly, round and round.
struct Group {
  std::vector<EndpointId> ids;
  uint64_t step = 0;    // from one server's turn to the next one's
  size_t next = 0;      // in `ids`
  size_t refused = 0;   // in a row, in the choice that is being made
  uint64_t choice = 0;  // to which `refused` belongs

  EndpointId takeNext() {
    const EndpointId id = ids[next];
    next = next + 1 == ids.size() ? 0 : next + 1;
    return id;
  }
};

// When the next server of a group has its turn.
struct Turn {
  uint64_t at = 0;
  uint32_t group = 0;
};

bool isLater(const Turn& a, const Turn& b) {
  if (a.at == b.at) return a.group > b.group;
  return static_cast<int64_t>(a.at - b.at) > 0;
}

// A heap of turns, one a group: n servers of weight w have one every 1/(n w) round, so that a heavy
// server is interleaved with many light ones (5:1:1 gives abaaaca).
class RoundRobin final : public Balancer {
 public:
  RoundRobin(std::span<Endpoint* const> endpoints, Random& random)
      : endpoints_(endpoints), saved_(endpoints.size()) {
    // So that servers that start slowly together do not all take the same turns.
    for (uint32_t& saved : saved_) saved = static_cast<uint32_t>(random.below(kWholeShare));
    build(random);
    std::ranges::make_heap(turns_, isLater);
  }

  // Servers that may not be chosen now lose their turn and keep their place in the cycle.
  EndpointId choose(const Choice& choice, Random& /*random*/) override {
    ++choice_;
    out_.clear();
    while (!turns_.empty()) {
      Turn turn = popTurn();
      const uint64_t now = turn.at;
      Group& group = groups_[turn.group];
      turn.at += group.step;
      const EndpointId id = group.takeNext();
      const bool is_eligible = isEligible(choice, *endpoints_[id]);
      if (countRefusals(group, is_eligible) == group.ids.size()) {
        out_.push_back(turn);
        continue;
      }
      pushTurn(turn);
      if (!is_eligible || !savesUp(id)) continue;
      for (const Turn& lost : out_) skipTo(now, lost);
      return id;
    }
    for (const Turn& lost : out_) takeBack(lost);
    return kNoEndpoint;
  }

 private:
  // The start within each cycle is random, so that workers do not march in step.
  void build(Random& random) {
    std::map<uint32_t, Group> by_weight;
    for (EndpointId id = 0; id < endpoints_.size(); ++id)
      if (endpoints_[id]->weight > 0) by_weight[endpoints_[id]->weight].ids.push_back(id);
    for (auto& [weight, group] : by_weight) {
      group.step = kRound / weight / group.ids.size();
      group.next = random.below(group.ids.size());
      turns_.push_back({group.step / 2, static_cast<uint32_t>(groups_.size())});
      groups_.push_back(std::move(group));
    }
    out_.reserve(turns_.size());
  }

  size_t countRefusals(Group& group, bool is_eligible) const {
    if (std::exchange(group.choice, choice_) != choice_ || is_eligible) group.refused = 0;
    if (!is_eligible) ++group.refused;
    return group.refused;
  }

  // Each turn saves up the server's share of one. Is it a whole one now?
  bool savesUp(EndpointId id) {
    uint32_t& saved = saved_[id];
    saved += endpoints_[id]->share.load(std::memory_order_relaxed);
    if (saved < kWholeShare) return false;
    saved = std::min(saved - kWholeShare, kWholeShare - 1);
    return true;
  }

  // A group that is out goes on with its first turn after `now`.
  void skipTo(uint64_t now, Turn turn) {
    const uint64_t step = groups_[turn.group].step;
    const auto behind = static_cast<int64_t>(now - turn.at);
    if (behind >= 0) turn.at += (static_cast<uint64_t>(behind) / step + 1) * step;
    pushTurn(turn);
  }

  // Nobody was chosen, so nobody has lost a turn: the whole cycle of refusals did not happen.
  void takeBack(Turn turn) {
    const Group& group = groups_[turn.group];
    turn.at -= group.step * group.ids.size();
    pushTurn(turn);
  }

  Turn popTurn() {
    std::ranges::pop_heap(turns_, isLater);
    const Turn turn = turns_.back();
    turns_.pop_back();
    return turn;
  }

  void pushTurn(const Turn& turn) {
    turns_.push_back(turn);
    std::ranges::push_heap(turns_, isLater);
  }

  std::span<Endpoint* const> endpoints_;
  std::vector<Group> groups_;
  std::vector<Turn> turns_;      // a heap, the next turn in front
  std::vector<Turn> out_;        // of groups that have nobody for the choice that is being made
  std::vector<uint32_t> saved_;  // parts of a turn, by endpoint
  uint64_t choice_ = 0;          // counts
};

}  // namespace

std::unique_ptr<Balancer> makeRoundRobin(std::span<Endpoint* const> endpoints,
                                         const BalanceSettings& /*settings*/, Random& random) {
  return std::make_unique<RoundRobin>(endpoints, random);
}

}  // namespace fairlead::balance
