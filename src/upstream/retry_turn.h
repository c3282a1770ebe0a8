// A request's way on to another server: its retries so far, its share of the budget, and the pause
// before the next one. Without I/O, for journeys and simulations alike.
#pragma once

#include <optional>

#include "balance/balancer.h"
#include "base/random.h"
#include "upstream/backoff.h"
#include "upstream/permit.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

class RetryTurn {
 public:
  // A server that dies fails all that is in flight to it in one moment, which may be more than the
  // budget. Retries are over in milliseconds as a rule, so the rest of them wait for their turn,
  // and ask every kTicketPause. When they have none for so long, the pool is in the trouble that
  // the budget is there for.
  static constexpr Duration kTicketPatience = std::chrono::milliseconds(250);
  static constexpr Duration kTicketPause = std::chrono::milliseconds(4);
  static constexpr uint32_t kFloor = 3;

  uint32_t retries() const { return retries_; }
  Duration pause() const { return pause_; }

  // Has it a share of the pool's budget, from before or now? It keeps it until `end`.
  bool takeTicket(Pool& pool, const RetrySettings& settings) {
    if (!ticket_)
      ticket_ = BudgetTicket::take(pool.retrying, pool.inFlight(), settings.budget, kFloor);
    return ticket_.has_value();
  }
  // The request is not in a retry any more.
  void end() { ticket_.reset(); }

  // Would it be worth waiting for a ticket? `has_other`: a server that was not tried.
  static bool mayGoOn(bool has_other, const RetrySettings& settings) {
    return has_other || settings.attempts > 1;
  }

  enum class Onward : uint8_t { Goes, NoServer, NoTicket };
  // Another server is tried at once. When all were tried, whoever asked for more than one more
  // attempt gets it from one that failed before, after a pause.
  template <typename HasOther>
  Onward goElsewhere(Pool& pool, balance::Tried& tried, const RetrySettings& settings,
                     HasOther hasOther, Random& random) {
    const bool has_other = hasOther(tried);
    if (!has_other && settings.attempts < 2) return Onward::NoServer;
    if (!has_other) {
      tried = {};
      if (!hasOther(tried)) return Onward::NoServer;
    }
    if (!takeTicket(pool, settings)) return Onward::NoTicket;
    ++retries_;
    pause_ = backoffBefore(has_other ? retries_ : retries_ + 1, random);
    return Onward::Goes;
  }
  // The same server again, at once.
  void stay() { pause_ = {}; }

 private:
  uint32_t retries_ = 0;
  Duration pause_{0};
  std::optional<BudgetTicket> ticket_;
};

}  // namespace fairlead::upstream
