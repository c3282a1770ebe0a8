// What a request holds of its pool while it is under way.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "base/result.h"
#include "upstream/pool.h"

namespace fairlead::upstream {

// One request's place in its pool, while it lives: counted against the pool's limits, and watched
// by its circuit breaker.
class Permit {
 public:
  // Lets a request in; BreakerOpen or Overloaded when not. One that comes from the queue stands
  // before newcomers.
  enum class Comes : uint8_t { New, FromQueue };
  static Result<Permit> take(Pool& pool, Comes comes, TimePoint now);

  Permit() = default;
  Permit(Pool& pool, BreakerTicket ticket) : pool_(&pool), ticket_(ticket) {}
  Permit(Permit&& other) noexcept { *this = std::move(other); }
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      giveBack();
      pool_ = std::exchange(other.pool_, nullptr);
      ticket_ = other.ticket_;
      verdict_ = std::exchange(other.verdict_, std::nullopt);
      at_ = other.at_;
    }
    return *this;
  }
  ~Permit() { giveBack(); }

  explicit operator bool() const { return pool_ != nullptr; }
  // How the request ended, for the circuit breaker; without a word it does not count.
  void judge(bool failed, TimePoint now) {
    verdict_ = failed;
    at_ = now;
  }
  void giveBack();

 private:
  Pool* pool_ = nullptr;
  BreakerTicket ticket_;
  std::optional<bool> verdict_;
  TimePoint at_{};
};

// A share of the pool's budget of retries, taken while it lives.
class BudgetTicket {
 public:
  BudgetTicket() = default;
  // Empty when the budget is used up: `share` of the requests in flight, never under `floor`.
  // An infinite share is never used up.
  static std::optional<BudgetTicket> take(std::atomic<uint32_t>& used, uint32_t in_flight,
                                          double share, uint32_t floor);
  BudgetTicket(BudgetTicket&& other) noexcept : used_(std::exchange(other.used_, nullptr)) {}
  BudgetTicket& operator=(BudgetTicket&& other) noexcept {
    if (this != &other) {
      giveBack();
      used_ = std::exchange(other.used_, nullptr);
    }
    return *this;
  }
  ~BudgetTicket() { giveBack(); }
  explicit operator bool() const { return used_ != nullptr; }

 private:
  explicit BudgetTicket(std::atomic<uint32_t>& used) : used_(&used) {}
  void giveBack() {
    if (used_) std::exchange(used_, nullptr)->fetch_sub(1, std::memory_order_relaxed);
  }
  std::atomic<uint32_t>* used_ = nullptr;
};

}  // namespace fairlead::upstream
