// Taking and giving back.
#include "upstream/permit.h"

#include <cmath>

namespace fairlead::upstream {

Result<Permit> Permit::take(Pool& pool, Comes comes, TimePoint now) {
  if (comes == Comes::New && pool.waiting.any()) return std::unexpected(overloaded());
  if (!countIn(pool.in_flight, pool.limitNow())) return std::unexpected(overloaded());
  if (!pool.settings.breaker.on) return Permit(pool, {});
  const BreakerTicket ticket = pool.breaker.admit(now, pool.settings.breaker);
  if (ticket.how != Admit::Refuse) return Permit(pool, ticket);
  pool.in_flight.fetch_sub(1, std::memory_order_seq_cst);
  return std::unexpected(
      Failure{.kind = FailureKind::BreakerOpen, .step = Step::Choose, .side = Side::Upstream});
}

void Permit::giveBack() {
  Pool* const pool = std::exchange(pool_, nullptr);
  if (!pool) return;
  if (verdict_ && pool->settings.breaker.on)
    pool->breaker.record(ticket_, *verdict_, at_, pool->settings.breaker);
  else
    pool->breaker.forget(ticket_);
  pool->in_flight.fetch_sub(1, std::memory_order_seq_cst);
  if (pool->waiting.any()) pool->waiting.callNext();
}

std::optional<BudgetTicket> BudgetTicket::take(std::atomic<uint32_t>& used, uint32_t in_flight,
                                               double share, uint32_t floor) {
  const uint32_t before = used.fetch_add(1, std::memory_order_relaxed);
  BudgetTicket ticket(used);
  if (before >= floor && !std::isinf(share) &&
      static_cast<double>(before) >= share * static_cast<double>(in_flight))
    return std::nullopt;
  return ticket;
}

}  // namespace fairlead::upstream
