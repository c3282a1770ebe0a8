// The way through the groups.
#include "upstream/chooser.h"

#include <algorithm>

namespace fairlead::upstream {
namespace {

// Another worker may take a server's last place between the choice and the count.
constexpr int kChoiceRaces = 8;

}  // namespace

Chooser::Chooser(Pool& pool, Random& random) : pool_(pool), random_(random) { adopt(); }

bool Chooser::adopt() {
  if (pool_.rosterVersion() == version_) return false;
  version_ = pool_.rosterVersion();
  groups_.clear();  // before the roster that they use: the pool frees it
  roster_ = pool_.roster();
  const balance::BalanceSettings& settings = pool_.settings.balance;
  for (const ServerGroup& group : roster_->groups)
    groups_.push_back(
        {group.endpoints, group.groundwork
                              ? group.groundwork->balancer(group.endpoints, settings)
                              : settings.policy.value->make(group.endpoints, settings, random_)});
  return true;
}

bool Chooser::chooseFrom(uint32_t group, const Wish& wish, TimePoint now, Pick& pick) {
  // Where it is counted, the request itself is in it already.
  const uint32_t in_flight = pool_.in_flight.load(std::memory_order_relaxed);
  const balance::Choice choice{.tried = wish.tried,
                               .key = wish.key,
                               .now = now,
                               .in_flight = in_flight - std::min(in_flight, 1U)};
  for (int race = 0; race < kChoiceRaces; ++race) {
    const balance::EndpointId id = groups_[group].balancer->choose(choice, random_);
    if (id == balance::kNoEndpoint) return false;
    auto& server = static_cast<Server&>(*groups_[group].endpoints[id]);
    if (!server.beginRequest()) continue;
    pick = {.server = &server, .group = group, .id = id};
    return true;
  }
  return false;
}

Result<Pick> Chooser::choose(const Wish& wish, TimePoint now) {
  if (wish.wanted && balance::isUsable(*wish.wanted->server) &&
      !wish.tried.has(*wish.wanted->server) && wish.wanted->server->beginRequest())
    return *wish.wanted;
  Pick pick;
  for (uint32_t group = 0; group < groups_.size(); ++group)
    if (chooseFrom(group, wish, now, pick)) return pick;
  return failOpen(wish, now);
}

Result<Pick> Chooser::failOpen(const Wish& wish, TimePoint now) {
  bool is_full = false;
  Pick least;
  for (uint32_t group = 0; group < groups_.size(); ++group) {
    for (balance::EndpointId id = 0; id < groups_[group].endpoints.size(); ++id) {
      auto& server = static_cast<Server&>(*groups_[group].endpoints[id]);
      if (wish.tried.has(server)) continue;
      is_full =
          is_full || (server.share.load(std::memory_order_relaxed) > 0 && balance::isFull(server));
      if (!server.mayFailOpen(now)) continue;
      if (!least.server || server.in_flight.load(std::memory_order_relaxed) <
                               least.server->in_flight.load(std::memory_order_relaxed))
        least = {.server = &server, .group = group, .id = id};
    }
  }
  if (least.server && !is_full) {
    if (least.server->beginRequest()) return least;
    is_full = true;
  }
  return std::unexpected(is_full ? overloaded() : noServer());
}

bool Chooser::hasOther(const balance::Tried& tried) const {
  for (const Group& group : groups_)
    for (const balance::Endpoint* endpoint : group.endpoints)
      if (balance::isUsable(*endpoint) && !tried.has(*endpoint)) return true;
  return false;
}

bool Chooser::mightFit() const {
  return pool_.in_flight.load(std::memory_order_seq_cst) < pool_.limitNow() && hasOther({});
}

}  // namespace fairlead::upstream
