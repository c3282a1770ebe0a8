// Choosing servers within their limits.
#include "upstream/upstream.h"

#include "upstream/retry_policy.h"

namespace fairlead::upstream {
namespace {

// Another worker may take a server's last place between the choice and the count.
constexpr int kChoiceRaces = 8;

}  // namespace

std::optional<RetryTicket> RetryTicket::take(const Pool& pool) {
  const uint32_t before = pool.retrying.fetch_add(1, std::memory_order_relaxed);
  RetryTicket ticket(pool);
  if (!withinBudget(before, pool.inFlight(), pool.retry.budget)) return std::nullopt;
  return ticket;
}

Upstream::Upstream(const Pool& pool, io::Reactor& reactor, io::BufferPool& buffers, Random& random,
                   size_t idle_per_server)
    : pool_(pool),
      random_(random),
      balancer_(pool.policy->make()),
      connections_(pool, reactor, buffers, idle_per_server) {}

Result<Chosen> Upstream::choose(const balance::Tried& tried, uint64_t key) {
  for (int race = 0; race < kChoiceRaces; ++race) {
    const balance::EndpointId id =
        balancer_->choose({.endpoints = pool_.endpoints, .tried = tried, .key = key}, random_);
    if (id == balance::kNoEndpoint) break;
    balance::Endpoint& endpoint = *pool_.endpoints[id];
    const uint32_t before = endpoint.in_flight.fetch_add(1, std::memory_order_relaxed);
    InFlight counted(endpoint);
    if (endpoint.max_requests != 0 && before >= endpoint.max_requests) continue;
    return Chosen{id, &endpoint, std::move(counted)};
  }
  return std::unexpected(
      Failure{.kind = FailureKind::NoServer, .step = Step::Choose, .side = Side::Upstream});
}

}  // namespace fairlead::upstream
