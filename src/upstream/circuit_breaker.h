// The circuit breaker of a pool: when too many of its requests fail, it gets none for a while, and
// then a few probes decide.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "upstream/failure_window.h"
#include "upstream/overload_settings.h"

namespace fairlead::upstream {

enum class Admit : uint8_t { Pass, Probe, Refuse };

// What the breaker said to a request; goes back to it with the request's end, exactly once.
struct BreakerTicket {
  Admit how = Admit::Pass;
  uint8_t batch = 0;    // of the probes
  uint16_t period = 0;  // counts how often the breaker opened, so that late ends are told apart
};

// Closed -> Open: more than `errors` of at least `min_requests` in the window failed. Open ->
// HalfOpen: by the first request after `open`, which is a probe. HalfOpen -> Closed: three probes
// were good, and none bad before; -> Open: one was bad. At most three probes are out at a time;
// when three have been out for `open` without a word, they are given up and others go.
//
// Shared by all workers; its state is one word that changes by compare-and-swap, so that the number
// of probes is exact. Times are kept in milliseconds.
class alignas(64) CircuitBreaker {
 public:
  static constexpr uint32_t kProbes = 3;

  BreakerTicket admit(TimePoint now, const BreakerSettings& settings);
  void record(BreakerTicket ticket, bool failed, TimePoint now, const BreakerSettings& settings);
  // The request ended without a verdict on the pool: the client left, or it was never sent.
  void forget(BreakerTicket ticket);

  BreakerState state(TimePoint now, const BreakerSettings& settings) const;
  std::optional<TimePoint> openUntil(TimePoint now) const;  // Open: when it half-opens
  FailureWindow::Count openedBecause() const;               // of the last time that it opened
  FailureWindow::Count counted(TimePoint now, const BreakerSettings& settings) const {
    return window_.count(now, settings.window);
  }

 private:
  struct Word {
    uint64_t state : 2 = static_cast<uint64_t>(BreakerState::Closed);
    uint64_t period : 12 = 0;
    uint64_t batch : 6 = 0;
    uint64_t out : 3 = 0;    // probes of this batch without an end
    uint64_t good : 3 = 0;   // probes of this period
    uint64_t time : 38 = 0;  // ms; Open: its end; HalfOpen: when probes that are out are given up

    bool is(BreakerState wanted) const { return state == static_cast<uint64_t>(wanted); }
  };
  static_assert(sizeof(Word) == 8 && std::atomic<Word>::is_always_lock_free);

  static uint64_t timeAfter(TimePoint now, Duration span);
  static bool isPast(const Word& word, TimePoint now);
  static Word opened(Word word, TimePoint now, Duration open);
  static BreakerTicket probe(const Word& word);
  static bool matches(const Word& word, BreakerTicket ticket);
  void recordPass(BreakerTicket ticket, bool failed, TimePoint now,
                  const BreakerSettings& settings);
  void recordProbe(BreakerTicket ticket, bool failed, TimePoint now,
                   const BreakerSettings& settings);

  std::atomic<Word> word_{Word{}};
  std::atomic<uint64_t> because_{0};  // packed count
  FailureWindow window_;              // counts while closed
};

}  // namespace fairlead::upstream
